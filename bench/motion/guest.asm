; A guest that draws without end: every pixel of 1024 x 768 x 32 new in each frame, computed one by one.
; Multiboot 1 (specification 0.6.96, section 3.1), flat binary; starts in 32-bit protected mode.
        bits 32
        org 0x100000

MAGIC   equ 0x1badb002
FLAGS   equ 1 << 16                     ; the header says where to load
DISPI   equ 0x1ce                       ; index port, data at 1cfh

header: dd MAGIC, FLAGS, -(MAGIC + FLAGS)
        dd header, header, end, end, start

start:  cli
        mov dx, 0xcf8                   ; BAR 0 of the display adapter, 0:2.0
        mov eax, 0x80001010
        out dx, eax
        mov dx, 0xcfc
        in eax, dx
        and eax, 0xfffffff0
        mov ebp, eax
        mov esi, modes
        mov ecx, 5
.set:   mov dx, DISPI
        lodsw
        out dx, ax
        inc dx
        lodsw
        out dx, ax
        loop .set
        xor ebx, ebx
frame:  mov edi, ebp
        mov ecx, 1024 * 768
        mov eax, ebx
pixel:  mov [edi], eax
        add eax, 0x00010305
        add edi, 4
        dec ecx
        jnz pixel
        add ebx, 0x00070b0d
        jmp frame

; enable off; width, height, depth; enable with linear frame buffer
modes:  dw 4, 0, 1, 1024, 2, 768, 3, 32, 4, 0x41
end:
