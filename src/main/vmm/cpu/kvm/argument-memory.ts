import { PAGE_SIZE } from '../../memory/layout.js';
import type { GuestMemory } from '../../memory/guest-memory.js';

/** Room for the largest argument: a list of all CPUID leaves or MSRs, or an XSAVE area. */
const ARGUMENT_BYTES = 16 << 10;
const REGS_AT = 0x3800;
const SREGS_AT = 0x3a00;
/** Room for the pages shared with one vCPU: kvm_run, its port data, and the ring of coalesced writes. */
const RUN_BYTES = 64 << 10;

/** The largest slot that is not RAM. */
const MAX_VIDEO_BYTES = 64 << 20;

/**
 * What KVM's calls work on, inside the machine's own memory: a buffer for arguments and the place the run page is mapped
 * over. Allocated once for a machine, since its memory takes nothing back; engines of this machine take turns with it.
 */
export class ArgumentMemory {
  readonly view: DataView;
  readonly bytes: Uint8Array;
  /** Offset of the argument buffer, from the start of the view. */
  readonly argument: number;
  /** Offset of the place for the run page. */
  readonly runPage: number;
  readonly runBytes = RUN_BYTES;
  /** Offset of the bits of a memory slot's dirty log: one for each page of the largest slot there can be. */
  readonly dirtyBits: number;

  /** @param base where the machine's memory lies in the process */
  constructor(
    memory: Pick<GuestMemory, 'view' | 'bytes' | 'allocate' | 'ramBytes'>,
    readonly base: number,
  ) {
    this.view = memory.view;
    this.bytes = memory.bytes;
    this.runPage = memory.allocate(RUN_BYTES);
    this.argument = memory.allocate(ARGUMENT_BYTES);
    this.dirtyBits = memory.allocate(Math.max(memory.ramBytes, MAX_VIDEO_BYTES) / PAGE_SIZE / 8);
  }

  /** Offset of a copy of the general registers, and of the system registers, kept between calls. */
  get regs(): number {
    return this.argument + REGS_AT;
  }

  get sregs(): number {
    return this.argument + SREGS_AT;
  }

  /** Address of the argument buffer, as the kernel takes it. */
  get address(): number {
    return this.base + this.argument;
  }

  /** Address of the place for the run page. */
  get runAddress(): number {
    return this.base + this.runPage;
  }

  clear(bytes: number): void {
    this.bytes.fill(0, this.argument, this.argument + bytes);
  }
}
