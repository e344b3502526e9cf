import type { AccessSize } from '../../bus/access.js';
import type { GuestMemory } from '../../memory/guest-memory.js';
import { TSC_HZ } from '../../time/frequencies.js';
import { cpuidLeaves, type CpuidLeaf } from '../cpuid.js';
import { CPU_FEATURES, featuresMissed, knownFeatures, withoutFeatures, type CpuFeature } from '../cpu-features.js';
import type { RegisterAccess, VcpuBus, VcpuEngine, VcpuExit, VcpuStats } from '../engine.js';
import type { InterpreterEngine } from '../interpreter.js';
import type { CpuState } from '../registers.js';
import { initState, powerOnState } from '../reset-state.js';
import type { ArgumentMemory } from './argument-memory.js';
import { CoalescedWrites, type CoalescedZone } from './coalesced-writes.js';
import { filterCpuid, lackingFeatures } from './cpuid-filter.js';
import { InstructionFallback } from './instruction-fallback.js';
import { VCPU_IOCTL } from './ioctls.js';
import { ERRNO, type KvmAlarm } from './kernel-port.js';
import { callError, featuresError, KvmError } from './kvm-error.js';
import { KvmRegisters } from './kvm-registers.js';
import type { KvmSystem } from './kvm-system.js';
import { KvmVm, type CpuidEntry, type KvmVcpu } from './kvm-vm.js';
import { MemorySlots } from './memory-slots.js';
import { enableMsrExits } from './msr-exits.js';
import { EXIT } from './run-page.js';
import { TscKeeper } from './tsc-keeper.js';
import { eventInFlight, readVcpuState, writeVcpuState } from './vcpu-state.js';

/** Longest time in the guest without a look around, should everything that wants one be lost: alarms are not free. */
const SLICE_NS = 100e6;
/** Shortest alarm worth setting: an earlier deadline is due already. */
const MIN_ALARM_NS = 2000;

const MSR_APIC_BASE = 0x1b;
/** How often an event on its way into the guest is given a run to get there before its state is saved. */
const SETTLE_RUNS = 1000;
const SETTLE_NS = 50_000;

const BUDGET: VcpuExit = { reason: 'budget' };
const HALT: VcpuExit = { reason: 'halt' };
const INTERRUPTED: VcpuExit = { reason: 'interrupted' };
const SHUTDOWN: VcpuExit = { reason: 'shutdown' };

/** Where writes need no answer, or get one by a read, which exits: POST codes, the debug ports, the VGA's window. */
const UNHURRIED: readonly CoalescedZone[] = [
  { space: 'port', address: 0x80, bytes: 1 },
  { space: 'port', address: 0xe9, bytes: 1 },
  { space: 'port', address: 0x402, bytes: 1 },
  { space: 'memory', address: 0xa_0000, bytes: 0x2_0000 },
];

export interface KvmEngineOptions {
  readonly system: KvmSystem;
  readonly memory: GuestMemory;
  readonly bus: VcpuBus;
  /** The calls' own corner of the machine's memory. */
  readonly arguments: ArgumentMemory;
  /** Makes what executes instructions that this kernel does not; without it they end the machine. */
  readonly createInterpreter?: () => InterpreterEngine;
  /** Features the guest is not to know of besides those this host lacks. A state that is loaded brings its own. */
  readonly withheldFeatures?: readonly CpuFeature[];
}

/**
 * The hardware engine: the kernel runs the guest's instructions on the processor, the machine's own chips answer what it
 * exits for. The interrupt controllers are ours as well, so that a machine is the same under every engine.
 */
export class KvmEngine implements VcpuEngine {
  readonly kind = 'kvm';
  readonly registers: RegisterAccess;
  private readonly bus: VcpuBus;
  private readonly vm: KvmVm;
  private readonly vcpu: KvmVcpu;
  private readonly slots: MemorySlots;
  private readonly alarm: KvmAlarm;
  private readonly access: KvmRegisters;
  private readonly tsc: TscKeeper;
  private readonly writes: CoalescedWrites;
  private readonly fallback: InstructionFallback | undefined;
  private readonly leaves: readonly CpuidLeaf[];
  private readonly hostCpuid: readonly CpuidEntry[];
  private readonly lacking: readonly CpuFeature[];
  private withheldFeatures: readonly CpuFeature[] = [];
  private cpuidSet = false;
  private readonly exits = new Array<number>(32).fill(0);
  private kicks = 0;
  private coalesced = 0;
  private interpreted = 0;
  private keptMsrs: Readonly<Record<number, bigint>> = {};
  private interruptRequested = false;
  private exitRequested = false;
  private halted = false;
  private mappingStale = true;
  private a20 = true;
  /** The last exit's instruction is not finished: the kernel completes it at the next run. */
  private unfinished = false;
  private alarmAt = 0;

  /** @throws KvmError */
  constructor(options: KvmEngineOptions) {
    const { system, memory, bus, arguments: argumentMemory, createInterpreter, withheldFeatures = [] } = options;
    this.bus = bus;
    this.fallback = createInterpreter && new InstructionFallback(memory, createInterpreter);
    this.vm = new KvmVm(system, argumentMemory);
    enableMsrExits(system, this.vm);
    this.vcpu = this.vm.createVcpu();
    this.writes = new CoalescedWrites(system, this.vm, this.vcpu);
    for (const zone of UNHURRIED) this.writes.add(zone);
    this.slots = new MemorySlots(this.vm, memory);
    this.alarm = system.kernel.createAlarm();
    this.useAlarm();
    this.tsc = new TscKeeper(this.vcpu, TSC_HZ);
    this.leaves = cpuidLeaves({ tscHz: this.tsc.hz });
    this.hostCpuid = this.vm.supportedCpuid();
    this.lacking = lackingFeatures(this.leaves, this.hostCpuid);
    this.withhold(withheldFeatures);
    this.access = new KvmRegisters(this.vcpu, () => this.finishInstruction());
    this.registers = this.access;
    memory.observe({
      mappingChanged: () => (this.mappingStale = true),
      codeWritten: () => undefined,
      reportWrites: () => this.slots.reportWrites(),
    });
    this.reset();
  }

  /** Whether the guest's time-stamp counter runs at the rate it has under every other engine. */
  get keepsTscRate(): boolean {
    return this.tsc.hz === TSC_HZ;
  }

  run(): VcpuExit {
    try {
      return this.runSlice();
    } catch (error) {
      if (!(error instanceof KvmError)) throw error;
      return { reason: 'internal-error', message: error.message };
    }
  }

  setInterruptRequest(asserted: boolean): void {
    this.interruptRequested = asserted;
  }

  raiseNmi(): void {
    this.halted = false;
    this.vcpu.call(VCPU_IOCTL.nmi, 0);
  }

  requestExit(): void {
    this.exitRequested = true;
  }

  reset(init = false): void {
    const { withheldFeatures } = this;
    this.loadState(init ? initState(this.saveState()) : { ...powerOnState(), cr8: 0n, withheldFeatures });
  }

  setA20(enabled: boolean): void {
    this.a20 = enabled;
    this.mappingStale = true;
  }

  saveState(): CpuState {
    this.settle();
    return this.stateNow();
  }

  /** The state of a vCPU that has nothing in flight. */
  private stateNow(): CpuState {
    const state = readVcpuState(this.vcpu, {
      cr8: this.bus.readTaskPriority(),
      halted: this.halted,
      tscOffset: this.tsc.offset(this.bus.nowNs()),
      keptMsrs: this.keptMsrs,
    });
    return { ...state, withheldFeatures: this.withheldFeatures };
  }

  loadState(state: CpuState): void {
    if (state.version !== 1) throw new RangeError('CPU state of an unknown version');
    if (state.xcr0 & ~3n || !(state.xcr0 & 1n)) throw new RangeError('CPU state with components this engine lacks');
    this.finishInstruction();
    this.access.flush();
    if (state.withheldFeatures) this.withholdAsBefore(knownFeatures(state.withheldFeatures));
    const base = this.bus.readMsr(MSR_APIC_BASE);
    const apicBase = base ? BigInt(base.low) | (BigInt(base.high) << 32n) : 0xfee0_0900n;
    writeVcpuState(this.vcpu, state, apicBase);
    this.tsc.restore(this.bus.nowNs(), state.msrs[0x10] ?? 0n);
    this.keptMsrs = state.msrs;
    this.halted = state.halted;
    this.bus.writeTaskPriority(Number(state.cr8));
    this.vcpu.run.cr8 = Number(state.cr8);
  }

  get stats(): VcpuStats {
    const named = Object.entries(EXIT).map(([name, reason]) => [`kvm.${name}`, this.exits[reason]] as const);
    const counted = Object.fromEntries(named.filter(([, count]) => (count ?? 0) > 0)) as Record<string, number>;
    const { kicks, coalesced, interpreted } = this;
    const own = { 'kvm.kicks': kicks, 'kvm.coalesced': coalesced, 'kvm.interpreted': interpreted };
    return { instructions: 0, counters: { ...counted, ...own } };
  }

  /** Gives the vCPU back to the kernel; the engine is of no use afterwards. */
  close(): void {
    this.alarm.close();
    this.vcpu.close();
    this.vm.close();
  }

  /** @throws KvmError if the guest was told of something that this host lacks */
  private withholdAsBefore(features: readonly CpuFeature[]): void {
    const missed = featuresMissed(this.lacking, features);
    if (missed.length > 0) throw featuresError(missed);
    this.withhold(features);
  }

  /** Tells the guest of what is left of the processor without these features and those the host lacks. */
  private withhold(features: readonly CpuFeature[]): void {
    const all = CPU_FEATURES.filter((feature) => features.includes(feature) || this.lacking.includes(feature));
    // The kernel takes no other table once the vCPU has run (api.rst, 4.20).
    if (this.cpuidSet && all.join() === this.withheldFeatures.join()) return;
    this.withheldFeatures = all;
    this.cpuidSet = true;
    this.vcpu.setCpuid(filterCpuid(withoutFeatures(this.leaves, all), this.hostCpuid));
  }

  private runSlice(): VcpuExit {
    if (this.halted && !this.wakes()) {
      this.exitRequested = false;
      return HALT;
    }
    this.halted = false;
    this.tsc.follow(this.bus.nowNs());
    const until = this.bus.nowNs() + SLICE_NS;
    this.alarmAt = 0;
    for (;;) {
      if (this.exitRequested) {
        this.exitRequested = false;
        this.finishInstruction();
        return INTERRUPTED;
      }
      const exit = this.enter(until);
      if (exit) {
        this.finishInstruction();
        return exit;
      }
    }
  }

  /** One run of the kernel's, and what it came back for. @returns why the slice ends, if it does */
  private enter(until: number): VcpuExit | undefined {
    if (this.mappingStale) this.remap();
    this.access.flush();
    this.offerInterrupt();
    const { run } = this.vcpu;
    run.cr8 = this.bus.readTaskPriority();
    this.setAlarm(until);
    const result = this.vcpu.enter();
    this.unfinished = false;
    this.coalesced += this.writes.drain(this.bus);
    if (run.cr8 !== this.bus.readTaskPriority()) this.bus.writeTaskPriority(run.cr8);
    if (result < 0) return this.kicked(-result);
    const reason = run.exitReason;
    this.exits[reason] = (this.exits[reason] ?? 0) + 1;
    return this.serve(reason);
  }

  private kicked(errno: number): VcpuExit {
    if (errno !== ERRNO.EINTR && errno !== ERRNO.EAGAIN) throw callError('KVM_RUN', errno);
    this.alarm.acknowledge();
    this.alarmAt = 0;
    this.kicks++;
    return BUDGET;
  }

  private serve(reason: number): VcpuExit | undefined {
    switch (reason) {
      case EXIT.io:
        return this.servePort();
      case EXIT.mmio:
        return this.serveMmio();
      case EXIT.halt:
        if (this.interruptRequested && this.vcpu.run.interruptFlag) return undefined;
        this.halted = true;
        return HALT;
      case EXIT.readMsr:
        this.unfinished = true;
        this.vcpu.run.answerMsr(this.tsc.readMsr(this.bus, this.vcpu.run.msrIndex));
        return undefined;
      case EXIT.writeMsr:
        return this.serveMsrWrite();
      case EXIT.shutdown:
        return SHUTDOWN;
      case EXIT.interruptWindow:
      case EXIT.setTpr:
        return undefined;
      case EXIT.interrupted:
        return BUDGET;
      default:
        if (reason === EXIT.internalError && this.vcpu.run.notEmulated && this.fallback && !eventInFlight(this.vcpu)) {
          return this.interpret(this.fallback);
        }
        return { reason: 'internal-error', message: this.describeFailure(reason) };
    }
  }

  /** Has one instruction done that the kernel has no code for. @returns why the slice ends, if it does */
  private interpret(fallback: InstructionFallback): VcpuExit | undefined {
    this.interpreted++;
    const { state, exit } = fallback.step(this.stateNow(), this.a20);
    this.loadState(state);
    return exit.reason === 'budget' || exit.reason === 'interrupted' ? undefined : exit;
  }

  private servePort(): undefined {
    const { run } = this.vcpu;
    const { ioPort: port, ioSize: size, ioCount: count, ioData: data } = run;
    this.unfinished = true;
    if (run.ioIsOutput) {
      if (count === 1) return void this.bus.portWrite(port, this.load(data, size), size);
      const values = Array.from({ length: count }, (_, i) => this.load(data + i * size, size));
      for (const value of values) this.bus.portWrite(port, value, size);
      return undefined;
    }
    for (let i = 0; i < count; i++) this.store(data + i * size, this.bus.portRead(port, size), size);
    return undefined;
  }

  private serveMmio(): undefined {
    const { run } = this.vcpu;
    const { mmioAddressLow: address, mmioLength: length, mmioData: data } = run;
    // The board ends at 4 GiB: beyond it nothing answers.
    const mapped = run.mmioAddressHigh === 0;
    const isWrite = run.mmioIsWrite;
    this.unfinished = true;
    for (let done = 0; done < length;) {
      const size: AccessSize = length - done >= 4 ? 4 : length - done >= 2 ? 2 : 1;
      const at = (address + done) >>> 0;
      if (!isWrite) this.store(data + done, mapped ? this.bus.mmioRead(at, size) : 0xffff_ffff, size);
      else if (mapped) this.bus.mmioWrite(at, this.load(data + done, size), size);
      done += size;
    }
    return undefined;
  }

  private serveMsrWrite(): undefined {
    const { run } = this.vcpu;
    this.unfinished = true;
    const { msrIndex, msrLow, msrHigh } = run;
    run.answerMsr(this.tsc.writeMsr(this.bus, msrIndex, msrLow, msrHigh) ? { low: msrLow, high: msrHigh } : undefined);
    return undefined;
  }

  /** Hands an interrupt over if the guest can take it, else asks to be told when. */
  private offerInterrupt(): void {
    const { run } = this.vcpu;
    if (this.interruptRequested && !this.unfinished && run.readyForInterrupt && run.interruptFlag) {
      const vector = this.bus.acknowledgeInterrupt();
      if (vector >= 0) {
        this.vcpu.memory.view.setUint32(this.vcpu.memory.argument, vector, true);
        this.vcpu.set(VCPU_IOCTL.interrupt);
      }
    }
    run.requestInterruptWindow = this.interruptRequested;
  }

  /** Whether something ends a halt: an NMI has done so already. */
  private wakes(): boolean {
    return this.interruptRequested && (this.access.eflags & 0x200) !== 0;
  }

  /** Rings at the end of the slice or at the next deadline, whichever is earlier. */
  private setAlarm(until: number): void {
    const at = Math.min(until, this.bus.deadlineNs());
    if (at === this.alarmAt) return;
    this.alarmAt = at;
    this.alarm.arm(Math.max(MIN_ALARM_NS, Math.min(SLICE_NS, at - this.bus.nowNs())));
  }

  private useAlarm(): void {
    const { view, bytes, argument } = this.vcpu.memory;
    view.setUint32(argument, 8, true);
    bytes.set(this.alarm.maskInside, argument + 4);
    this.vcpu.set(VCPU_IOCTL.setSignalMask);
  }

  private remap(): void {
    this.mappingStale = false;
    this.slots.update(this.a20);
  }

  /** Lets the kernel complete the instruction of the last exit without running another. */
  private finishInstruction(): void {
    if (!this.unfinished) return;
    this.unfinished = false;
    this.access.flush();
    this.vcpu.run.immediateExit = true;
    this.vcpu.enter();
    this.vcpu.run.immediateExit = false;
    this.coalesced += this.writes.drain(this.bus);
  }

  /** Brings the vCPU to a point the common state can describe. */
  private settle(): void {
    this.finishInstruction();
    this.access.flush();
    const requested = this.interruptRequested;
    for (let i = 0; i < SETTLE_RUNS && eventInFlight(this.vcpu); i++) {
      this.interruptRequested = false;
      this.enter(this.bus.nowNs() + SETTLE_NS);
      this.interruptRequested ||= requested;
      this.finishInstruction();
    }
  }

  private load(at: number, size: AccessSize): number {
    const { view } = this.vcpu.memory;
    return size === 1 ? view.getUint8(at) : size === 2 ? view.getUint16(at, true) : view.getUint32(at, true);
  }

  private store(at: number, value: number, size: AccessSize): void {
    const { view } = this.vcpu.memory;
    if (size === 1) view.setUint8(at, value);
    else if (size === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
  }

  private describeFailure(reason: number): string {
    const name = Object.entries(EXIT).find(([, value]) => value === reason)?.[0] ?? 'unknown reason';
    const { run } = this.vcpu;
    const at = `${this.access.selector('cs').toString(16)}:${this.access.eip.toString(16)}`;
    const detail = reason === EXIT.internalError ? ` ${run.errorCode} [${run.errorData.map((word) => word.toString(16)).join(' ')}]` : ` ${run.errorCode.toString(16)}h`; // prettier-ignore
    return `KVM gave the guest up at ${at}: exit ${reason} (${name})${detail}`;
  }
}
