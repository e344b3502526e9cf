/**
 * Requests and capabilities of the KVM interface (Linux Documentation/virt/kvm/api.rst; include/uapi/linux/kvm.h).
 * A request encodes direction, argument size, type AEh and number (asm-generic/ioctl.h).
 */
const TYPE = 0xae;

const plain = (number: number): number => (TYPE << 8) | number;
/** The kernel reads a structure of that size. */
const writes = (number: number, bytes: number): number => (0x4000_0000 | (bytes << 16) | plain(number)) >>> 0;
/** The kernel fills it. */
const reads = (number: number, bytes: number): number => (0x8000_0000 | (bytes << 16) | plain(number)) >>> 0;
const both = (number: number, bytes: number): number => (0xc000_0000 | (bytes << 16) | plain(number)) >>> 0;

/** Sizes of the argument structures in bytes. */
export const SIZE = {
  regs: 144, sregs: 312, fpu: 416, xsave: 4096, xcrs: 392, lapic: 1024, vcpuEvents: 64, debugRegs: 128, mpState: 4,
  coalescedZone: 16, irqfd: 32, ioeventfd: 64, irqLevel: 8, pitConfig: 64,
  guestDebug: 72, deviceAttr: 24, memoryRegion: 32, dirtyLog: 16, enableCap: 104, msrFilter: 392, interrupt: 4,
  /** Headers of structures with a list behind them. */
  cpuidHeader: 8, msrsHeader: 8, signalMaskHeader: 4,
  cpuidEntry: 40, msrEntry: 16,
} as const; // prettier-ignore

/** On the descriptor of /dev/kvm. */
export const SYSTEM_IOCTL = {
  getApiVersion: plain(0x00),
  createVm: plain(0x01),
  checkExtension: plain(0x03),
  getVcpuMmapSize: plain(0x04),
  getSupportedCpuid: both(0x05, SIZE.cpuidHeader),
} as const;

/** On a VM's descriptor; {@link SYSTEM_IOCTL.checkExtension} works there as well. */
export const VM_IOCTL = {
  createVcpu: plain(0x41),
  getDirtyLog: writes(0x42, SIZE.dirtyLog),
  setUserMemoryRegion: writes(0x46, SIZE.memoryRegion),
  setTssAddress: plain(0x47),
  setIdentityMapAddress: writes(0x48, 8),
  createIrqchip: plain(0x60),
  setIrqLine: writes(0x61, SIZE.irqLevel),
  registerCoalesced: writes(0x67, SIZE.coalescedZone),
  assignIrqfd: writes(0x76, SIZE.irqfd),
  createPit: writes(0x77, SIZE.pitConfig),
  assignIoeventfd: writes(0x79, SIZE.ioeventfd),
  enableCap: writes(0xa3, SIZE.enableCap),
  setMsrFilter: writes(0xc6, SIZE.msrFilter),
} as const;

/** On a vCPU's descriptor. */
export const VCPU_IOCTL = {
  run: plain(0x80),
  getRegs: reads(0x81, SIZE.regs),
  setRegs: writes(0x82, SIZE.regs),
  getSregs: reads(0x83, SIZE.sregs),
  setSregs: writes(0x84, SIZE.sregs),
  interrupt: writes(0x86, SIZE.interrupt),
  getMsrs: both(0x88, SIZE.msrsHeader),
  setMsrs: writes(0x89, SIZE.msrsHeader),
  setSignalMask: writes(0x8b, SIZE.signalMaskHeader),
  getFpu: reads(0x8c, SIZE.fpu),
  setFpu: writes(0x8d, SIZE.fpu),
  getLapic: reads(0x8e, SIZE.lapic),
  setLapic: writes(0x8f, SIZE.lapic),
  setCpuid: writes(0x90, SIZE.cpuidHeader),
  getMpState: reads(0x98, SIZE.mpState),
  setMpState: writes(0x99, SIZE.mpState),
  nmi: plain(0x9a),
  setGuestDebug: writes(0x9b, SIZE.guestDebug),
  getVcpuEvents: reads(0x9f, SIZE.vcpuEvents),
  setVcpuEvents: writes(0xa0, SIZE.vcpuEvents),
  getDebugRegs: reads(0xa1, SIZE.debugRegs),
  setDebugRegs: writes(0xa2, SIZE.debugRegs),
  setTscKhz: plain(0xa2),
  getTscKhz: plain(0xa3),
  getXsave: reads(0xa4, SIZE.xsave),
  setXsave: writes(0xa5, SIZE.xsave),
  getXcrs: reads(0xa6, SIZE.xcrs),
  setXcrs: writes(0xa7, SIZE.xcrs),
  setDeviceAttr: writes(0xe1, SIZE.deviceAttr),
  getDeviceAttr: writes(0xe2, SIZE.deviceAttr),
  hasDeviceAttr: writes(0xe3, SIZE.deviceAttr),
} as const;

/** Answers of {@link SYSTEM_IOCTL.checkExtension}: 0 is missing. */
export const CAPABILITY = {
  irqchip: 0, userMemory: 3, setTssAddress: 4, vcpus: 9, memorySlots: 10, destroyMemoryRegion: 21, mpState: 14,
  coalescedMmio: 15, irqfd: 32, ioeventfd: 36, coalescedPorts: 162, syncMmu: 16, userNmi: 22, guestDebug: 23, vcpuEvents: 41, debugRegs: 50, xsave: 55, xcrs: 56,
  tscControl: 60, getTscKhz: 61, tscDeadlineTimer: 72, syncRegs: 74, readonlyMemory: 81, immediateExit: 136,
  userSpaceMsr: 188, msrFilter: 189, xsave2: 208,
} as const; // prettier-ignore

/** The one stable version of the interface since Linux 2.6.22. */
export const API_VERSION = 12;
