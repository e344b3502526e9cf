import { listing } from '../../conformance/popek-goldberg/listing.js';

/** Rounds are printed as two hexadecimal numbers, eight and sixteen digits wide. */
export const CHECKSUM_LINE = /^[0-9a-f]{8} [0-9a-f]{16}$/;

const SECTOR_BYTES = 512;
const FLOPPY_BYTES = 1_474_560;

/** Real mode: loads what is behind it, makes tables and goes to 64-bit mode. At 7C00h. */
const BOOT_SECTOR = listing`
    31 c0 ; start: xor ax, ax
    8e d8 ; mov ds, ax
    8e c0 ; mov es, ax
    8e d0 ; mov ss, ax
    bc 00 7c ; mov sp, 0x7c00
    b8 03 02 ; mov ax, 0x0203 ; three sectors behind this one
    bb 00 7e ; mov bx, 0x7e00
    b9 02 00 ; mov cx, 2
    30 f6 ; xor dh, dh
    cd 13 ; int 0x13
    fa ; cli
    b0 ff ; mov al, 0xff ; both 8259A masked
    e6 21 ; out 0x21, al
    e6 a1 ; out 0xa1, al
    bf 00 10 ; mov di, 0x1000 ; tables: PML4 1000h, PDPT 2000h, PD 3000h, PD of the APIC 4000h
    b9 00 18 ; mov cx, 0x1800
    66 31 c0 ; xor eax, eax
    f3 66 ab ; rep stosd
    66 c7 06 00 10 07 20 00 00 ; mov dword [0x1000], 0x2007
    66 c7 06 00 20 07 30 00 00 ; mov dword [0x2000], 0x3007
    66 c7 06 18 20 03 40 00 00 ; mov dword [0x2018], 0x4003
    66 c7 06 00 30 87 00 00 00 ; mov dword [0x3000], 0x87 ; 2 MiB for all
    66 c7 06 b8 4f 9b 00 e0 fe ; mov dword [0x4fb8], 0xfee0009b ; the APIC, uncached
    0f 01 16 90 7c ; lgdt [gdtr]
    66 b8 20 06 00 00 ; mov eax, 0x620 ; PAE, OSFXSR, OSXMMEXCPT
    0f 22 e0 ; mov cr4, eax
    66 b8 00 10 00 00 ; mov eax, 0x1000
    0f 22 d8 ; mov cr3, eax
    66 b9 80 00 00 c0 ; mov ecx, 0xc0000080
    66 b8 01 01 00 00 ; mov eax, 0x101 ; LME, SCE
    66 31 d2 ; xor edx, edx
    0f 30 ; wrmsr
    66 b8 33 00 00 80 ; mov eax, 0x80000033 ; PG, NE, ET, MP, PE
    0f 22 c0 ; mov cr0, eax
    ea 38 7e 08 00 ; jmp 0x08:kernel
    90 90 ; align 8
    37 00 ; gdtr: dw 0x37
    00 7e 00 00 ; dd gdt
  `;

/**
 * 64-bit mode, at 7E00h. Ring 3 works on a checksum in which everything takes part that an engine has to carry over: general
 * registers, FS and GS by their bases, SSE with rounding upwards, an x87 stack with rounding upwards to 53 bits, control
 * and status registers. UD2 has ring 0 print round and sum on COM1, and the APIC's timer interrupts every 10 ms.
 */
const KERNEL = listing`
    00 00 00 00 00 00 00 00 ; gdt: dq 0
    00 00 00 00 00 9b 20 00 ; dq 0x00209b0000000000 ; 08 code
    00 00 00 00 00 93 00 00 ; dq 0x0000930000000000 ; 10 data
    00 00 00 00 00 f3 00 00 ; dq 0x0000f30000000000 ; 1b user data
    00 00 00 00 00 fb 20 00 ; dq 0x0020fb0000000000 ; 23 user code
    67 00 00 58 00 89 00 00 ; dq 0x00008900_5800_0067 ; 28 TSS at 5800h
    00 00 00 00 00 00 00 00 ; dq 0
    66 b8 10 00 ; kernel: mov ax, 0x10
    8e d0 ; mov ss, ax
    8e d8 ; mov ds, ax
    8e c0 ; mov es, ax
    31 c0 ; xor eax, eax ; null, so that the way to ring 3 leaves their bases alone
    8e e0 ; mov fs, ax
    8e e8 ; mov gs, ax
    bc 00 70 00 00 ; mov rsp, 0x7000
    48 c7 04 25 04 58 00 00 00 70 00 00 ; mov qword [0x5804], 0x7000 ; RSP0
    66 b8 28 00 ; mov ax, 0x28
    0f 00 d8 ; ltr ax
    b8 18 7f 00 00 ; mov eax, tick ; IDT at 6000h: vector 40h
    66 89 04 25 00 64 00 00 ; mov [0x6400], ax
    c7 04 25 02 64 00 00 08 00 00 8e ; mov dword [0x6402], 0x8e000008
    b8 2f 7f 00 00 ; mov eax, print ; and vector 6
    66 89 04 25 60 60 00 00 ; mov [0x6060], ax
    c7 04 25 62 60 00 00 08 00 00 8e ; mov dword [0x6062], 0x8e000008
    0f 01 1c 25 0e 7f 00 00 ; lidt [idtr]
    b9 00 01 00 c0 ; mov ecx, 0xc0000100 ; FS
    b8 80 80 00 00 ; mov eax, values
    31 d2 ; xor edx, edx
    0f 30 ; wrmsr
    ff c1 ; inc ecx ; GS
    83 c0 10 ; add eax, 16
    0f 30 ; wrmsr
    ff c1 ; inc ecx ; KERNEL_GS
    b8 44 33 22 11 ; mov eax, 0x11223344
    ba 66 55 00 00 ; mov edx, 0x00005566
    0f 30 ; wrmsr
    b9 81 00 00 c0 ; mov ecx, 0xc0000081 ; STAR
    b8 04 03 02 01 ; mov eax, 0x01020304
    ba 08 00 10 00 ; mov edx, 0x00100008
    0f 30 ; wrmsr
    bf 00 00 e0 fe ; mov edi, 0xfee00000
    c7 87 f0 00 00 00 ff 01 00 00 ; mov dword [rdi+0xf0], 0x1ff ; APIC on
    c7 87 e0 03 00 00 0b 00 00 00 ; mov dword [rdi+0x3e0], 0xb ; by 1
    c7 87 20 03 00 00 40 00 02 00 ; mov dword [rdi+0x320], 0x20040 ; periodic, vector 40h
    c7 87 80 03 00 00 80 96 98 00 ; mov dword [rdi+0x380], 10000000
    6a 1b ; push 0x1b ; to ring 3
    68 00 90 00 00 ; push 0x9000
    68 02 02 00 00 ; push 0x202
    6a 23 ; push 0x23
    68 73 7f 00 00 ; push user
    48 cf ; iretq
    ff 0f ; idtr: dw 0xfff
    00 60 00 00 00 00 00 00 ; dq 0x6000
    50 ; tick: push rax
    48 ff 04 25 be 80 00 00 ; inc qword [ticks]
    b8 b0 00 e0 fe ; mov eax, 0xfee000b0
    c7 00 00 00 00 00 ; mov dword [rax], 0
    58 ; pop rax
    48 cf ; iretq
    50 ; print: push rax
    51 ; push rcx
    52 ; push rdx
    57 ; push rdi
    41 50 ; push r8
    41 51 ; push r9
    89 ef ; mov edi, ebp ; round, then sum, as text on COM1
    48 c1 e7 20 ; shl rdi, 32
    41 b9 08 00 00 00 ; mov r9d, 8
    e8 00 01 00 00 ; call hex
    b0 20 ; mov al, ' '
    e8 18 01 00 00 ; call put
    48 89 df ; mov rdi, rbx
    41 b9 10 00 00 00 ; mov r9d, 16
    e8 eb 00 00 00 ; call hex
    b0 0a ; mov al, 10
    e8 03 01 00 00 ; call put
    41 59 ; pop r9
    41 58 ; pop r8
    5f ; pop rdi
    5a ; pop rdx
    59 ; pop rcx
    58 ; pop rax
    48 83 04 24 02 ; add qword [rsp], 2 ; behind UD2
    48 cf ; iretq
    0f ae 14 25 a8 80 00 00 ; user: ldmxcsr [mxcsr]
    db e3 ; fninit
    d9 2c 25 ac 80 00 00 ; fldcw [control]
    d9 e8 ; fld1
    d9 eb ; fldpi
    d9 ea ; fldl2e
    d9 ed ; fldln2
    0f 10 04 25 80 80 00 00 ; movups xmm0, [values]
    0f 10 0c 25 88 80 00 00 ; movups xmm1, [values+8]
    44 0f 10 3c 25 90 80 00 00 ; movups xmm15, [values+16]
    49 bf ef cd ab 89 67 45 23 01 ; mov r15, 0x0123456789abcdef
    31 db ; xor ebx, ebx
    31 ed ; xor ebp, ebp
    b9 40 0d 03 00 ; round: mov ecx, ITERATIONS
    48 c1 c3 05 ; .mix: rol rbx, 5
    4c 31 fb ; xor rbx, r15
    64 48 03 1c 25 08 00 00 00 ; add rbx, [fs:8]
    65 48 33 1c 25 00 00 00 00 ; xor rbx, [gs:0]
    49 01 df ; add r15, rbx
    f2 48 0f 2a d3 ; cvtsi2sd xmm2, rbx
    f2 0f 5e d1 ; divsd xmm2, xmm1 ; rounded as MXCSR says
    f2 0f 58 c2 ; addsd xmm0, xmm2
    66 44 0f ef fa ; pxor xmm15, xmm2
    66 44 0f d4 f8 ; paddq xmm15, xmm0
    d8 c1 ; fadd st1 ; rounded as the control word says
    d8 f3 ; fdiv st3
    d9 ca ; fxch st2
    ff c9 ; dec ecx
    75 c3 ; jnz .mix
    66 4c 0f 7e f8 ; movq rax, xmm15
    48 31 c3 ; xor rbx, rax
    66 48 0f 7e c0 ; movq rax, xmm0
    48 01 c3 ; add rbx, rax
    d9 c0 ; fld st0
    db 3c 25 ae 80 00 00 ; fstp tword [scratch]
    48 33 1c 25 ae 80 00 00 ; xor rbx, [scratch]
    0f b7 04 25 b6 80 00 00 ; movzx eax, word [scratch+8]
    48 01 c3 ; add rbx, rax
    0f ae 1c 25 ae 80 00 00 ; stmxcsr [scratch]
    d9 3c 25 b2 80 00 00 ; fnstcw [scratch+4]
    dd 3c 25 b4 80 00 00 ; fnstsw [scratch+6]
    48 03 1c 25 ae 80 00 00 ; add rbx, [scratch]
    ff c5 ; inc ebp
    0f 0b ; ud2 ; prints round and sum
    e9 6b ff ff ff ; jmp round
    48 c1 c7 04 ; hex: rol rdi, 4
    89 f8 ; mov eax, edi
    83 e0 0f ; and eax, 15
    3c 0a ; cmp al, 10
    18 e4 ; sbb ah, ah
    80 e4 27 ; and ah, 39
    04 57 ; add al, 87
    28 e0 ; sub al, ah
    e8 06 00 00 00 ; call put
    41 ff c9 ; dec r9d
    75 e2 ; jnz hex
    c3 ; ret
    41 89 c0 ; put: mov r8d, eax
    ba fd 03 00 00 ; mov edx, 0x3fd
    ec ; .wait: in al, dx
    a8 20 ; test al, 0x20
    74 fb ; jz .wait
    44 89 c0 ; mov eax, r8d
    b2 f8 ; mov dl, 0xf8
    ee ; out dx, al
    c3 ; ret
    90 90 90 90 90 ; align 16
    bc 0a 89 67 45 23 f1 3f 18 2d 44 54 fb 21 09 40 78 69 5a 4b 3c 2d 1e 0f bc 9a 78 56 34 12 d0 3f ; values: dq 0x3ff1234567890abc, 0x400921fb54442d18, 0x0f1e2d3c4b5a6978, 0x3fd0123456789abc
    ff ee dd cc bb aa 99 88 ; dq 0x8899aabbccddeeff
    a0 5f 00 00 ; mxcsr: dd 0x5fa0 ; round up, all masked, PE set
    7f 0a ; control: dw 0x0a7f ; round up, 53 bits
    00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 ; scratch: dq 0, 0
    00 00 00 00 00 00 00 00 ; ticks: dq 0
  `;

/** A diskette that starts the guest. */
export function checksumFloppy(): Uint8Array {
  const image = new Uint8Array(FLOPPY_BYTES);
  image.set(BOOT_SECTOR);
  image.set([0x55, 0xaa], SECTOR_BYTES - 2);
  image.set(KERNEL, SECTOR_BYTES);
  return image;
}

/** Whole lines of what it has printed. */
export function checksumLines(serial: string): string[] {
  return serial.split('\n').slice(0, -1);
}
