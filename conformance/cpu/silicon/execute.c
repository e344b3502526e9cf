/*
 * Executes single x86-64 instructions on the host's processor from a given register state.
 * stdin: cases of CASE_BYTES (struct below), until end of file; stdout: the same structs with the state afterwards.
 *
 * Build: gcc -O1 -o execute execute.c        See README.md beside it.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

enum { CODE_BYTES = 15, MEMORY_BYTES = 128 };

struct test_case {
  uint8_t length; /* of the instruction; afterwards: the signal it raised, or 0 */
  uint8_t code[CODE_BYTES];
  uint64_t rax, rcx, rdx, rflags;
  uint8_t memory[MEMORY_BYTES]; /* RDI points here */
  uint8_t reserved[80];
  uint8_t fx[512]; /* FXSAVE64 image: x87, MXCSR, XMM */
} __attribute__((aligned(64)));

_Static_assert(sizeof(struct test_case) == 768, "layout shared with record.ts");

static struct test_case test __attribute__((aligned(64)));
static uint8_t host_fx[512] __attribute__((aligned(64)));
static uint8_t *code;
static const uint8_t *code_end;
static volatile int raised;

/* Leaves the faulting instruction for the stub's tail, with the state as the fault left it. */
static void on_signal(int number, siginfo_t *info, void *context) {
  (void)info;
  ucontext_t *uc = context;
  raised = number;
  uc->uc_mcontext.gregs[REG_RIP] = (greg_t)code_end;
}

static void put(uint8_t **at, const void *bytes, size_t count) {
  memcpy(*at, bytes, count);
  *at += count;
}

static void run_one(void) {
  static const uint8_t ret = 0xc3;
  uint8_t *at = code;
  put(&at, test.code, test.length);
  code_end = at;
  put(&at, &ret, 1);
  raised = 0;
  __asm__ volatile("fxsave64 %[host]\n\t"
                   "fxrstor64 %[fx]\n\t"
                   "pushfq\n\t"
                   "push %[flags]\n\t"
                   "popfq\n\t"
                   "call *%[entry]\n\t"
                   "pushfq\n\t"
                   "pop %[flags]\n\t"
                   "popfq\n\t"
                   "fxsave64 %[fx]\n\t"
                   "fxrstor64 %[host]\n\t"
                   : "+a"(test.rax), "+c"(test.rcx), "+d"(test.rdx), [flags] "+r"(test.rflags), [fx] "+m"(test.fx),
                     [host] "+m"(host_fx)
                   : [entry] "r"(code), "D"(test.memory)
                   : "memory", "cc");
  test.length = (uint8_t)raised;
}

int main(void) {
  code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (code == MAP_FAILED) return 1;
  struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_NODEFER};
  sigaction(SIGFPE, &action, NULL);
  sigaction(SIGILL, &action, NULL);
  sigaction(SIGSEGV, &action, NULL);
  while (fread(&test, sizeof test, 1, stdin) == 1) {
    run_one();
    fwrite(&test, sizeof test, 1, stdout);
  }
  return 0;
}
