import type { Assembler } from './assembler.js';
import { CODE_SEGMENT } from './bios-rom.js';

const CODE_SELECTOR = 0x10;
const DATA_SELECTOR = 0x18;

/**
 * From real mode into a kernel's 32-bit entry point: protected mode, paging off, flat 4 GiB segments with the selectors
 * the Linux boot protocol names (10h and 18h), interrupts off. ECX is the entry; EAX, EBX, ESI, EBP and EDI go through.
 */
export function assembleKernelEntry(asm: Assembler): void {
  asm.align(8).label('kernelGdt').dd(0, 0, 0, 0);
  asm.dd(0x0000_ffff, 0x00cf_9b00, 0x0000_ffff, 0x00cf_9300);
  asm.label('kernelGdtRegister').dw(0x1f).ddLabel('kernelGdt');
  asm.label('kernelEntry').disableInterrupts();
  asm.db(0x2e, 0x66, 0x0f, 0x01, 0x16).dwLabel('kernelGdtRegister'); // lgdt cs:[...], 32-bit base
  asm.db(0x0f, 0x20, 0xc2, 0x80, 0xca, 0x01, 0x0f, 0x22, 0xc2); // mov edx, cr0; or dl, 1; mov cr0, edx
  asm.db(0x66, 0xea).ddLabel('kernelEntry32').dw(CODE_SELECTOR); // jmp 10h:kernelEntry32
  asm.label('kernelEntry32');
  asm.db(0xba).dd(DATA_SELECTOR); // mov edx, 18h
  for (const segment of [0xda, 0xc2, 0xd2, 0xe2, 0xea]) asm.db(0x8e, segment); // mov ds/es/ss/fs/gs, dx
  asm.db(0x31, 0xd2, 0xff, 0xe1); // xor edx, edx; jmp ecx
}

/** Real-mode far address of the entry. */
export const KERNEL_ENTRY_SEGMENT = CODE_SEGMENT;
