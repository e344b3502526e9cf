import type { RegisterAccess } from '../../cpu/engine.js';
import type { GeneralRegister, SegmentName } from '../../cpu/registers.js';
import type { TrapSite } from '../rom/bios-rom.js';
import type { AddressSpace } from './address-space.js';

export const FLAG_CARRY = 0x001;
export const FLAG_ZERO = 0x040;
export const FLAG_INTERRUPT = 0x200;
export const FLAG_VIRTUAL_8086 = 0x2_0000;

/** What a waiting service waits for: an interrupt the guest's handlers see (a key), or news for the machine (a disk). */
export type Wait = 'interrupt' | 'event';

/**
 * A service: ends at once, or is a coroutine that yields what it waits for. A waiting one leaves the registers alone
 * until it ends, so that it can be started afresh after the machine was saved and restored in between.
 */
export type Service = (call: ServiceCall) => void | Generator<Wait, void>;

/** The registers and flags of the program that called a service. Reads and writes the vCPU directly. */
export class ServiceCall {
  private returns: TrapSite['returns'] = 'directly';

  constructor(
    private readonly cpu: RegisterAccess,
    readonly memory: AddressSpace,
  ) {}

  /** @internal The dispatcher says how the stub will return. */
  begin(returns: TrapSite['returns']): void {
    this.returns = returns;
  }

  get eax(): number {
    return this.cpu.get32('rax') >>> 0;
  }
  set eax(value: number) {
    this.cpu.set32('rax', value >>> 0);
  }
  get ebx(): number {
    return this.cpu.get32('rbx') >>> 0;
  }
  set ebx(value: number) {
    this.cpu.set32('rbx', value >>> 0);
  }
  get ecx(): number {
    return this.cpu.get32('rcx') >>> 0;
  }
  set ecx(value: number) {
    this.cpu.set32('rcx', value >>> 0);
  }
  get edx(): number {
    return this.cpu.get32('rdx') >>> 0;
  }
  set edx(value: number) {
    this.cpu.set32('rdx', value >>> 0);
  }
  get esi(): number {
    return this.cpu.get32('rsi') >>> 0;
  }
  set esi(value: number) {
    this.cpu.set32('rsi', value >>> 0);
  }
  get edi(): number {
    return this.cpu.get32('rdi') >>> 0;
  }
  set edi(value: number) {
    this.cpu.set32('rdi', value >>> 0);
  }
  get ebp(): number {
    return this.cpu.get32('rbp') >>> 0;
  }
  set ebp(value: number) {
    this.cpu.set32('rbp', value >>> 0);
  }

  get ax(): number {
    return this.word('rax');
  }
  set ax(value: number) {
    this.setWord('rax', value);
  }
  get bx(): number {
    return this.word('rbx');
  }
  set bx(value: number) {
    this.setWord('rbx', value);
  }
  get cx(): number {
    return this.word('rcx');
  }
  set cx(value: number) {
    this.setWord('rcx', value);
  }
  get dx(): number {
    return this.word('rdx');
  }
  set dx(value: number) {
    this.setWord('rdx', value);
  }
  get si(): number {
    return this.word('rsi');
  }
  set si(value: number) {
    this.setWord('rsi', value);
  }
  get di(): number {
    return this.word('rdi');
  }
  set di(value: number) {
    this.setWord('rdi', value);
  }
  get bp(): number {
    return this.word('rbp');
  }
  set bp(value: number) {
    this.setWord('rbp', value);
  }
  get sp(): number {
    return this.word('rsp');
  }
  set sp(value: number) {
    this.setWord('rsp', value);
  }

  get al(): number {
    return this.word('rax') & 0xff;
  }
  set al(value: number) {
    this.setLow('rax', value);
  }
  get ah(): number {
    return this.word('rax') >>> 8;
  }
  set ah(value: number) {
    this.setHigh('rax', value);
  }
  get bl(): number {
    return this.word('rbx') & 0xff;
  }
  set bl(value: number) {
    this.setLow('rbx', value);
  }
  get bh(): number {
    return this.word('rbx') >>> 8;
  }
  set bh(value: number) {
    this.setHigh('rbx', value);
  }
  get cl(): number {
    return this.word('rcx') & 0xff;
  }
  set cl(value: number) {
    this.setLow('rcx', value);
  }
  get ch(): number {
    return this.word('rcx') >>> 8;
  }
  set ch(value: number) {
    this.setHigh('rcx', value);
  }
  get dl(): number {
    return this.word('rdx') & 0xff;
  }
  set dl(value: number) {
    this.setLow('rdx', value);
  }
  get dh(): number {
    return this.word('rdx') >>> 8;
  }
  set dh(value: number) { this.setHigh('rdx', value); } // prettier-ignore

  get es(): number {
    return this.cpu.selector('es');
  }

  get ds(): number {
    return this.cpu.selector('ds');
  }

  setSegment(segment: SegmentName, selector: number): void {
    this.cpu.setRealModeSegment(segment, selector);
  }

  /** Linear address of `segment:offset`, the offset wrapping at 64 KiB. */
  address(segment: SegmentName, offset: number): number {
    return (this.cpu.base(segment) + (offset & 0xffff)) >>> 0;
  }

  /** Linear address of the stack top: identifies one activation of a service. */
  get stack(): number {
    return this.address('ss', this.sp);
  }

  push(value: number): void {
    this.sp = this.sp - 2;
    this.memory.write16(this.stack, value);
  }

  /** Continues at a label of the ROM instead of after the trap. */
  jump(linear: number): void {
    this.cpu.setEip((linear - this.cpu.base('cs')) >>> 0);
  }

  /** The flags the caller gets back. */
  get flags(): number {
    return this.returns === 'iret' ? this.memory.read16(this.address('ss', this.sp + 4)) : this.cpu.eflags;
  }

  set carry(on: boolean) {
    this.setFlag(FLAG_CARRY, on);
  }

  set zero(on: boolean) {
    this.setFlag(FLAG_ZERO, on);
  }

  get virtual8086(): boolean {
    return (this.cpu.eflags & FLAG_VIRTUAL_8086) !== 0;
  }

  private setFlag(flag: number, on: boolean): void {
    const flags = on ? this.flags | flag : this.flags & ~flag;
    if (this.returns === 'iret') this.memory.write16(this.address('ss', this.sp + 4), flags);
    else this.cpu.setEflags(flags);
  }

  private word(register: GeneralRegister): number {
    return this.cpu.get32(register) & 0xffff;
  }

  private setWord(register: GeneralRegister, value: number): void {
    this.cpu.set32(register, ((this.cpu.get32(register) & 0xffff_0000) | (value & 0xffff)) >>> 0);
  }

  private setLow(register: GeneralRegister, value: number): void {
    this.setWord(register, (this.word(register) & 0xff00) | (value & 0xff));
  }

  private setHigh(register: GeneralRegister, value: number): void {
    this.setWord(register, (this.word(register) & 0xff) | ((value & 0xff) << 8));
  }
}
