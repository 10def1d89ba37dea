/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fiber.cc: switching of stacks. A few instructions on x86-64; elsewhere (and
 * with NUCSEG_EMULATION_UCONTEXT) ucontext, which costs a system call a switch.
 */
#include "fiber.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#if defined(__x86_64__) && !defined(NUCSEG_EMULATION_UCONTEXT)
#define BY_HAND
#else
#include <ucontext.h>
#endif

#if defined(__has_feature) /* clang */
#if __has_feature(address_sanitizer) && !defined(__SANITIZE_ADDRESS__)
#define __SANITIZE_ADDRESS__
#endif
#endif

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#define STACK_BYTES (256 * 1024)
#else
#define STACK_BYTES (64 * 1024)
#endif
#define GUARD_BYTES (16 * 1024) /* a whole number of pages everywhere */

namespace emulation {
struct Fiber {
  char *memory; /* guard, then the stack */
  void (*entry) ();
#ifdef BY_HAND
  void *top; /* of the saved stack */
#else
  ucontext_t context;
#endif
#ifdef __SANITIZE_ADDRESS__
  void *fake;
#endif
};

static Fiber *running;
#ifdef BY_HAND
static void *host_top;
#else
static ucontext_t host_context;
#endif
#ifdef __SANITIZE_ADDRESS__
static void *host_fake;
static const void *host_bottom;
static size_t host_bytes;
#endif

static char *
bottom_of (const Fiber *fiber)
{
  return fiber->memory + GUARD_BYTES;
}

static void
begin ()
{
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber (nullptr, &host_bottom, &host_bytes);
#endif
  running->entry ();
  abort ();
}

#ifdef BY_HAND
/* Saves what a function must preserve and the stack's top in *@save, and goes
 * on from @top. */
extern "C" void nucseg_emulation_switch (void **save, void *top);
__asm__(".text\n"
        ".type nucseg_emulation_switch, @function\n"
        "nucseg_emulation_switch:\n"
        "  pushq %rbp\n"
        "  pushq %rbx\n"
        "  pushq %r12\n"
        "  pushq %r13\n"
        "  pushq %r14\n"
        "  pushq %r15\n"
        "  movq %rsp, (%rdi)\n"
        "  movq %rsi, %rsp\n"
        "  popq %r15\n"
        "  popq %r14\n"
        "  popq %r13\n"
        "  popq %r12\n"
        "  popq %rbx\n"
        "  popq %rbp\n"
        "  ret\n"
        ".size nucseg_emulation_switch, . - nucseg_emulation_switch\n");

static void
prepare (Fiber *fiber)
{
  void **top = (void **) (bottom_of (fiber) + STACK_BYTES);

  /* begin() is entered by a `ret`: the stack must look as after a call. */
  *--top = nullptr;
  *--top = (void *) begin;
  for (int i = 0; i < 6; i++)
    *--top = nullptr;
  fiber->top = top;
}
#else
static void
prepare (Fiber *fiber)
{
  getcontext (&fiber->context);
  fiber->context.uc_stack.ss_sp = bottom_of (fiber);
  fiber->context.uc_stack.ss_size = STACK_BYTES;
  fiber->context.uc_link = nullptr;
  makecontext (&fiber->context, begin, 0);
}
#endif

Fiber *
fiber_new (void (*entry) ())
{
  Fiber *fiber = (Fiber *) calloc (1, sizeof (Fiber));
  void *memory =
      mmap (nullptr, GUARD_BYTES + STACK_BYTES, PROT_READ | PROT_WRITE,
          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

  if (fiber == nullptr || memory == MAP_FAILED
      || mprotect (memory, GUARD_BYTES, PROT_NONE) != 0) {
    fprintf (stderr, "emulation: no memory for a fiber's stack\n");
    abort ();
  }
  fiber->memory = (char *) memory;
  fiber->entry = entry;
  prepare (fiber);
  return fiber;
}

void
fiber_free (Fiber *fiber)
{
#ifdef __SANITIZE_ADDRESS__
  /* The next mapping at this place must not inherit red zones. */
  __asan_unpoison_memory_region (bottom_of (fiber), STACK_BYTES);
#endif
  munmap (fiber->memory, GUARD_BYTES + STACK_BYTES);
  free (fiber);
}

void
fiber_enter (Fiber *fiber)
{
  running = fiber;
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_start_switch_fiber (&host_fake, bottom_of (fiber), STACK_BYTES);
#endif
#ifdef BY_HAND
  nucseg_emulation_switch (&host_top, fiber->top);
#else
  swapcontext (&host_context, &fiber->context);
#endif
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber (host_fake, nullptr, nullptr);
#endif
  running = nullptr;
}

void
fiber_leave ()
{
  Fiber *self = running;

#ifdef __SANITIZE_ADDRESS__
  __sanitizer_start_switch_fiber (&self->fake, host_bottom, host_bytes);
#endif
#ifdef BY_HAND
  nucseg_emulation_switch (&self->top, host_top);
#else
  swapcontext (&self->context, &host_context);
#endif
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber (self->fake, &host_bottom, &host_bytes);
#endif
}
} // namespace emulation
