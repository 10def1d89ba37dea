/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * scheduler.h: blocks and threads under way: emulation.cc runs them,
 * kernel-calls.cc has where they wait.
 */
#ifndef NUCSEG_EMULATION_SCHEDULER_H
#define NUCSEG_EMULATION_SCHEDULER_H

#include "emulation.h"
#include "fiber.h"

#include <stdlib.h>

#include <memory>
#include <utility>
#include <vector>

namespace emulation {
enum State { NEW, READY, AT_BARRIER, AT_WARP, DONE };

struct Thread {
  State state;
  uint3 index;
  Fiber *fiber;
  Site site;
  int value; /* for the barrier; then its sum */
  unsigned mask;
  uint64_t bits; /* for the warp function */
  uint64_t *lanes; /* where the others' bits are wanted */
};

struct Block {
  uint3 index;
  std::vector<Thread> threads;
  std::vector<unsigned> ready; /* the last runs next */
  unsigned n_at_barrier, n_done;
  std::vector<std::pair<const void *, void *> > shared; /* by its tag */

  ~Block ()
  {
    for (auto &variable : shared)
      free (variable.second);
  }
};

struct Grid {
  void (*body) (void *);
  void *data;
  dim3 grid, block;
  size_t shared;
  std::vector<unsigned> order; /* blocks to come; the last is next */
  std::vector<std::unique_ptr<Block> > resident;
};

extern Grid *grid;
extern Block *block; /* that runs now */
extern unsigned current; /* thread of it */
extern bool failed;

/* The next random number of the seed. */
unsigned draw ();

/* The launch goes no further; the first message is kept. */
void __attribute__ ((format (printf, 1, 2))) fail (const char *format, ...);

/* The threads of a block in the order in which they will run next, from the
 * back: ascending, descending, warps in any order, or threads in any order. */
void fill_ready (Block *b);

/* Lets other threads run, until the current one is ready and drawn again. */
void wait ();

/* Fails with what the threads of @b wait for that will never come. */
void describe_stall (const Block *b);
} // namespace emulation

#endif /* NUCSEG_EMULATION_SCHEDULER_H */
