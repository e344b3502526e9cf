/** Suberror of EXIT.internalError. */
const EMULATION_FAILED = 1;

/** Why KVM_RUN came back (kvm_run.exit_reason). */
export const EXIT = {
  unknown: 0, exception: 1, io: 2, hypercall: 3, debug: 4, halt: 5, mmio: 6, interruptWindow: 7, shutdown: 8,
  failEntry: 9, interrupted: 10, setTpr: 11, tprAccess: 12, internalError: 17, systemEvent: 24, readMsr: 29,
  writeMsr: 30,
} as const; // prettier-ignore

/** Register sets of the synchronised area (kvm_valid_regs, kvm_dirty_regs). */
export const SYNC_REGS = 1;
export const SYNC_SREGS = 2;
export const SYNC_EVENTS = 4;

const REQUEST_INTERRUPT_WINDOW = 0;
const IMMEDIATE_EXIT = 1;
const EXIT_REASON = 8;
const READY_FOR_INTERRUPT = 12;
const IF_FLAG = 13;
const CR8 = 16;
const APIC_BASE = 24;
/** The union of what each exit reports. */
const DETAIL = 32;
const VALID_REGS = 288;
const DIRTY_REGS = 296;
const SYNCED = 304;

/** Where the synchronised structures lie, from the start of the page. */
export const SYNCED_REGS = SYNCED;
export const SYNCED_SREGS = SYNCED + 144;
export const SYNCED_EVENTS = SYNCED + 144 + 312;

/**
 * The page a vCPU shares with the kernel (struct kvm_run), mapped over a page of the machine's memory so that it is read
 * through a plain view. Nothing is copied: every field is what the kernel holds now.
 */
export class RunPage {
  /** @param offset of the page from the start of `view` */
  constructor(
    readonly view: DataView,
    readonly offset: number,
  ) {}

  get exitReason(): number {
    return this.view.getUint32(this.offset + EXIT_REASON, true);
  }

  /** KVM_RUN comes back as soon as the guest could take an external interrupt. */
  set requestInterruptWindow(on: boolean) {
    this.view.setUint8(this.offset + REQUEST_INTERRUPT_WINDOW, on ? 1 : 0);
  }

  /** KVM_RUN finishes the instruction in flight and comes back with EINTR at once. */
  set immediateExit(on: boolean) {
    this.view.setUint8(this.offset + IMMEDIATE_EXIT, on ? 1 : 0);
  }

  get readyForInterrupt(): boolean {
    return this.view.getUint8(this.offset + READY_FOR_INTERRUPT) !== 0;
  }

  /** RFLAGS.IF at the last exit. */
  get interruptFlag(): boolean {
    return this.view.getUint8(this.offset + IF_FLAG) !== 0;
  }

  /** Task priority class; without the in-kernel APIC it goes both ways at each run. */
  get cr8(): number {
    return this.view.getUint32(this.offset + CR8, true);
  }

  set cr8(value: number) {
    this.view.setUint32(this.offset + CR8, value, true);
    this.view.setUint32(this.offset + CR8 + 4, 0, true);
  }

  set apicBase(value: number) {
    this.view.setUint32(this.offset + APIC_BASE, value, true);
    this.view.setUint32(this.offset + APIC_BASE + 4, 0, true);
  }

  /** Which register sets the kernel writes to the page at each exit. */
  set validRegs(sets: number) {
    this.view.setUint32(this.offset + VALID_REGS, sets, true);
  }

  /** Which of them it takes from there at the next run; it clears this itself. */
  get dirtyRegs(): number {
    return this.view.getUint32(this.offset + DIRTY_REGS, true);
  }

  set dirtyRegs(sets: number) {
    this.view.setUint32(this.offset + DIRTY_REGS, sets, true);
  }

  // EXIT.io
  get ioIsOutput(): boolean {
    return this.view.getUint8(this.offset + DETAIL) !== 0;
  }
  get ioSize(): 1 | 2 | 4 {
    return this.view.getUint8(this.offset + DETAIL + 1) as 1 | 2 | 4;
  }
  get ioPort(): number {
    return this.view.getUint16(this.offset + DETAIL + 2, true);
  }
  get ioCount(): number {
    return this.view.getUint32(this.offset + DETAIL + 4, true);
  }
  /** Of the data, from the start of the view; bounded by the mapping. */
  get ioData(): number {
    return this.offset + this.view.getUint32(this.offset + DETAIL + 8, true);
  }

  // EXIT.mmio
  get mmioAddressLow(): number {
    return this.view.getUint32(this.offset + DETAIL, true);
  }
  get mmioAddressHigh(): number {
    return this.view.getUint32(this.offset + DETAIL + 4, true);
  }
  /** Of up to 8 bytes. */
  get mmioData(): number {
    return this.offset + DETAIL + 8;
  }
  get mmioLength(): number {
    return this.view.getUint32(this.offset + DETAIL + 16, true);
  }
  get mmioIsWrite(): boolean {
    return this.view.getUint8(this.offset + DETAIL + 20) !== 0;
  }

  // EXIT.readMsr, EXIT.writeMsr
  get msrIndex(): number {
    return this.view.getUint32(this.offset + DETAIL + 12, true);
  }
  get msrLow(): number {
    return this.view.getUint32(this.offset + DETAIL + 16, true);
  }
  get msrHigh(): number {
    return this.view.getUint32(this.offset + DETAIL + 20, true);
  }
  /** Answers the access; `undefined` raises #GP in the guest. */
  answerMsr(value: { readonly low: number; readonly high: number } | undefined): void {
    this.view.setUint8(this.offset + DETAIL, value ? 0 : 1);
    this.view.setUint32(this.offset + DETAIL + 16, value?.low ?? 0, true);
    this.view.setUint32(this.offset + DETAIL + 20, value?.high ?? 0, true);
  }

  // EXIT.internalError (suberror) and EXIT.failEntry (hardware reason)
  get errorCode(): number {
    return this.view.getUint32(this.offset + DETAIL, true);
  }
  /** Extra words of an internal error, as numbers. */
  get errorData(): number[] {
    const count = Math.min(16, this.view.getUint32(this.offset + DETAIL + 4, true));
    return Array.from({ length: count }, (_, i) => this.view.getUint32(this.offset + DETAIL + 8 + i * 8, true));
  }

  /** Whether an internal error is an instruction the kernel could not emulate. */
  get notEmulated(): boolean {
    return this.errorCode === EMULATION_FAILED;
  }

  // EXIT.debug
  get debugException(): number {
    return this.view.getUint32(this.offset + DETAIL, true);
  }
  get debugDr6(): bigint {
    return this.view.getBigUint64(this.offset + DETAIL + 16, true);
  }
}
