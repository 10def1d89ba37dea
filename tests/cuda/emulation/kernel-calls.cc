/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * kernel-calls.cc: what kernels call: barriers, warp functions, places where
 * another thread may come in between, shared memory.
 */
#include "scheduler.h"

#include <stdio.h>
#include <stdlib.h>

#include <string>
#include <utility>

namespace emulation {
namespace {
bool
same (Site a, Site b)
{
  return a.line == b.line && strcmp (a.file, b.file) == 0;
}

/* @bytes of rubbish, exactly, so that the sanitizer sees where they end. */
void *
new_shared (size_t bytes)
{
  void *memory = nullptr;
  unsigned rubbish = draw ();

  if (posix_memalign (&memory, 16, bytes) != 0) {
    fprintf (stderr, "emulation: no memory for a block\n");
    abort ();
  }
  for (size_t i = 0; i < bytes; i++)
    ((uint8_t *) memory)[i] = (uint8_t) (rubbish >> (8 * (i % 4)));
  return memory;
}

void
make_ready (Block *b, unsigned thread)
{
  b->threads[thread].state = READY;
  b->ready.push_back (thread);
  std::swap (b->ready.back (), b->ready[draw () % b->ready.size ()]);
}

std::string
describe_wait (const Thread &thread)
{
  char text[200], mask[40] = "";

  if (thread.state == AT_WARP)
    snprintf (mask, sizeof (mask), " with mask 0x%08x", thread.mask);
  snprintf (text, sizeof (text), "thread (%u, %u, %u) waits at %s:%d%s",
      thread.index.x, thread.index.y, thread.index.z, thread.site.file,
      thread.site.line, mask);
  return text;
}
} // namespace

void
describe_stall (const Block *b)
{
  unsigned n = (unsigned) b->threads.size ();
  const Thread *first = nullptr, *other = nullptr;

  for (const Thread &thread : b->threads) {
    if (thread.state != AT_BARRIER && thread.state != AT_WARP)
      continue;
    if (first == nullptr)
      first = &thread;
    else if (!same (first->site, thread.site) || first->state != thread.state
        || (thread.state == AT_WARP && first->mask != thread.mask))
      other = &thread;
  }
  if (first == nullptr)
    return;
  fail ("block (%u, %u, %u): %s%s%s; %u of %u threads have ended", b->index.x,
      b->index.y, b->index.z, describe_wait (*first).c_str (),
      other != nullptr ? ", " : "",
      other != nullptr ? describe_wait (*other).c_str () : "", b->n_done, n);
}

int
barrier (Site site, int value)
{
  Thread *self = &block->threads[current];

  self->state = AT_BARRIER;
  self->site = site;
  self->value = value;
  if (++block->n_at_barrier == block->threads.size ()) {
    int sum = 0;

    for (Thread &thread : block->threads) {
      if (!same (thread.site, site))
        describe_stall (block);
      sum += thread.value;
      thread.state = READY;
    }
    for (Thread &thread : block->threads)
      thread.value = sum;
    block->n_at_barrier = 0;
    fill_ready (block);
  }
  wait ();
  return block->threads[current].value;
}

void
warp (Site site, unsigned mask, uint64_t value, uint64_t values[32])
{
  unsigned first = current / 32 * 32;
  unsigned n = (unsigned) block->threads.size ();
  Thread *self = &block->threads[current];

  self->state = AT_WARP;
  self->site = site;
  self->mask = mask;
  self->bits = value;
  self->lanes = values;
  if (!(mask >> (current - first) & 1))
    fail ("%s:%d: lane %u calls with mask 0x%08x, which lacks it", site.file,
        site.line, current - first, mask);

  for (unsigned i = 0; i < 32 && !failed; i++) {
    if (!(mask >> i & 1))
      continue;
    if (first + i >= n || block->threads[first + i].state == DONE) {
      fail ("%s:%d: mask 0x%08x names lane %u, which %s", site.file, site.line,
          mask, i, first + i >= n ? "is not there" : "has ended");
      break;
    }
    const Thread &other = block->threads[first + i];
    /* A lane that is elsewhere may still come; if it never does, nothing
     * can run any more, and describe_stall() says so. */
    if (other.state != AT_WARP || other.mask != mask
        || !same (other.site, site)) {
      wait ();
      return;
    }
  }
  if (failed) {
    wait ();
    return;
  }

  for (unsigned i = 0; i < 32; i++) {
    if (!(mask >> i & 1))
      continue;
    for (unsigned k = 0; k < 32; k++)
      if (mask >> k & 1)
        block->threads[first + i].lanes[k] = block->threads[first + k].bits;
    make_ready (block, first + i);
  }
  wait ();
}

void
pause ()
{
  /* A fence or an atomic outside any kernel would be a mistake of the test. */
  if (block == nullptr || draw () % 16 != 0)
    return;
  make_ready (block, current);
  wait ();
}

void *
shared (const void *tag, size_t bytes)
{
  for (auto &variable : block->shared)
    if (variable.first == tag)
      return variable.second;
  block->shared.emplace_back (tag, new_shared (bytes));
  return block->shared.back ().second;
}

void *
dynamic_shared ()
{
  return shared (grid, grid->shared);
}
} // namespace emulation
