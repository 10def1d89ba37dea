/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fiber.h: stacks between which one thread of the host switches.
 */
#ifndef NUCSEG_EMULATION_FIBER_H
#define NUCSEG_EMULATION_FIBER_H

#include <stddef.h>

namespace emulation {
struct Fiber;

/* A fiber that will run @entry, which must never return. */
Fiber *fiber_new (void (*entry) ());
void fiber_free (Fiber *fiber);
/* From the host's own stack into @fiber; returns at its fiber_leave(). */
void fiber_enter (Fiber *fiber);
/* From the running fiber back to who entered it. */
void fiber_leave ();
} // namespace emulation

#endif /* NUCSEG_EMULATION_FIBER_H */
