// What the KVM engine is measured against: the same loop natively, and the same exits through the same ioctl from C.
// Prints two numbers: nanoseconds of the loop, nanoseconds of an exit.
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

static double loop(unsigned rounds) {
  double start = now();
  unsigned long a = 0, d = 0, b = 0;
  __asm__ volatile(
      "1: add %%rcx, %%rax\n xor %%rax, %%rdx\n shr $3, %%rdx\n lea (%%rax,%%rdx,4), %%rbx\n dec %%ecx\n jnz 1b"
      : "+a"(a), "+d"(d), "+b"(b), "+c"(rounds));
  return now() - start;
}

static double exits(int count) {
  int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
  int vm = ioctl(kvm, KVM_CREATE_VM, 0);
  unsigned char *memory = mmap(0, 0x2000, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  memcpy(memory + 0x1000, "\xe6\x42\xeb\xfc", 4); // out 42h, al; jmp
  struct kvm_userspace_memory_region region = {0, 0, 0, 0x2000, (unsigned long)memory};
  ioctl(vm, KVM_SET_TSS_ADDR, 0xfeffc000);
  ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region);
  int vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
  struct kvm_sregs sregs;
  ioctl(vcpu, KVM_GET_SREGS, &sregs);
  sregs.cs.base = sregs.cs.selector = 0;
  ioctl(vcpu, KVM_SET_SREGS, &sregs);
  struct kvm_regs regs = {.rip = 0x1000, .rflags = 2};
  ioctl(vcpu, KVM_SET_REGS, &regs);
  for (int i = 0; i < 1000; i++) ioctl(vcpu, KVM_RUN, 0);
  double start = now();
  for (int i = 0; i < count; i++) ioctl(vcpu, KVM_RUN, 0);
  return (now() - start) / count;
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  printf("%.0f %.1f\n", loop(strtoul(argv[1], 0, 10)), exits(atoi(argv[2])));
}
