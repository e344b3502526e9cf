; random-io r|w MIB: a thousand reads or writes of 4 KiB, one at a time, past the page cache, at random places of the
; first MIB MiB of /dev/sda. A static x86-64 ELF program; system calls as syscall(2) has them.
        bits 64
        org 0x400000

SYS_OPEN     equ 2
SYS_PREAD64  equ 17
SYS_PWRITE64 equ 18
SYS_EXIT     equ 60
O_RDWR       equ 2
O_DIRECT     equ 0x4000
COUNT        equ 1000
BYTES        equ 4096

elf:    db 0x7f, "ELF", 2, 1, 1, 0              ; ELF-64 header (System V ABI, gABI 4.1)
        dq 0
        dw 2, 62
        dd 1
        dq start, program - elf, 0
        dd 0
        dw 64, 56, 1, 0, 0, 0
program:
        dd 1, 7                                 ; PT_LOAD, readable, writable, executable
        dq 0, elf, elf, end - elf, 0x3000, 0x1000

start:  mov rsi, [rsp + 16]                     ; r or w
        mov r12d, SYS_PREAD64
        cmp byte [rsi], 'r'
        je .size
        mov r12d, SYS_PWRITE64
.size:  mov rsi, [rsp + 24]                     ; decimal MiB, a power of two
        xor r13d, r13d
.digit: movzx eax, byte [rsi]
        inc rsi
        sub eax, '0'
        js .open
        imul r13, r13, 10
        add r13, rax
        jmp .digit
.open:  shl r13, 8                              ; blocks of 4 KiB
        dec r13
        mov eax, SYS_OPEN
        lea rdi, [disk]
        mov esi, O_RDWR | O_DIRECT
        syscall
        test eax, eax
        js .fail
        mov r14d, eax
        mov r15d, COUNT
        mov rbx, 0x2545f4914f6cdd1d
.next:  mov rax, rbx                            ; xorshift64 (Marsaglia 2003)
        shl rax, 13
        xor rbx, rax
        mov rax, rbx
        shr rax, 7
        xor rbx, rax
        mov rax, rbx
        shl rax, 17
        xor rbx, rax
        mov r10, rbx
        and r10, r13
        shl r10, 12
        mov eax, r12d
        mov edi, r14d
        lea rsi, [buffer]
        mov edx, BYTES
        syscall
        cmp rax, BYTES
        jne .fail
        dec r15d
        jnz .next
        xor edi, edi
        jmp .exit
.fail:  mov edi, 1
.exit:  mov eax, SYS_EXIT
        syscall

disk:   db "/dev/sda", 0
end:
buffer  equ 0x401000
