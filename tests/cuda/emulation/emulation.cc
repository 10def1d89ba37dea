/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * emulation.cc: the scheduler: which thread of which block runs next.
 */
#include "emulation.h"
#include "fiber.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

namespace emulation {
namespace {
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

Grid *grid;
Block *block; /* that runs now */
unsigned current; /* thread of it */

/* Fibers that have no thread. */
struct Idle : std::vector<Fiber *> {
  ~Idle ()
  {
    for (Fiber *fiber : *this)
      fiber_free (fiber);
  }
} idle;

uint64_t random_state = 1;
char message[512];
bool failed;
unsigned launches;

unsigned
draw ()
{
  /* splitmix64 */
  uint64_t z = random_state += 0x9e3779b97f4a7c15u;

  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return (unsigned) (z >> 32);
}

void __attribute__ ((format (printf, 1, 2))) fail (const char *format, ...)
{
  va_list arguments;

  if (failed)
    return;
  failed = true;
  va_start (arguments, format);
  vsnprintf (message, sizeof (message), format, arguments);
  va_end (arguments);
}

bool
same (Site a, Site b)
{
  return a.line == b.line && strcmp (a.file, b.file) == 0;
}

/* --- Shared memory ------------------------------------------------------- */

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

/* --- Order --------------------------------------------------------------- */

/* The threads of a block in the order in which they will run next, from the
 * back: ascending, descending, warps in any order, or threads in any order. */
void
fill_ready (Block *b)
{
  unsigned n = (unsigned) b->threads.size (), kind = draw () % 4;
  unsigned n_warps = (n + 31) / 32;

  b->ready.clear ();
  if (kind < 2) {
    for (unsigned i = 0; i < n; i++)
      b->ready.push_back (kind == 0 ? i : n - 1 - i);
    return;
  }
  if (kind == 2) {
    std::vector<unsigned> warps;

    for (unsigned w = 0; w < n_warps; w++)
      warps.push_back (w);
    for (unsigned w = n_warps; w > 1; w--)
      std::swap (warps[w - 1], warps[draw () % w]);
    for (unsigned w : warps)
      for (unsigned i = std::min (n, w * 32 + 32); i > w * 32; i--)
        b->ready.push_back (i - 1);
    return;
  }
  for (unsigned i = 0; i < n; i++)
    b->ready.push_back (i);
  for (unsigned i = n; i > 1; i--)
    std::swap (b->ready[i - 1], b->ready[draw () % i]);
}

void
make_ready (Block *b, unsigned thread)
{
  b->threads[thread].state = READY;
  b->ready.push_back (thread);
  std::swap (b->ready.back (), b->ready[draw () % b->ready.size ()]);
}

void
start_block (unsigned number)
{
  std::unique_ptr<Block> b (new Block ());
  unsigned n = grid->block.x * grid->block.y * grid->block.z;

  b->index = { number % grid->grid.x, number / grid->grid.x % grid->grid.y,
    number / grid->grid.x / grid->grid.y };
  b->threads.resize (n);
  for (unsigned i = 0; i < n; i++)
    b->threads[i].index = { i % grid->block.x,
      i / grid->block.x % grid->block.y, i / grid->block.x / grid->block.y };
  fill_ready (b.get ());
  grid->resident.push_back (std::move (b));
}

/* --- Running ------------------------------------------------------------- */

void
enter_thread (unsigned thread)
{
  current = thread;
  threadIdx = block->threads[thread].index;
}

/* What every fiber does: threads from their start to their end. */
void
work ()
{
  for (;;) {
    grid->body (grid->data);
    block->threads[current].state = DONE;
    block->threads[current].fiber = nullptr;
    block->n_done++;
    /* A thread that has not started needs no other stack. */
    if (!failed && !block->ready.empty ()
        && block->threads[block->ready.back ()].state == NEW) {
      unsigned next = block->ready.back ();

      block->ready.pop_back ();
      enter_thread (next);
      continue;
    }
    fiber_leave ();
  }
}

void
wait ()
{
  Block *own = block;
  unsigned thread = current;

  fiber_leave ();
  block = own;
  enter_thread (thread);
}

void
run_thread ()
{
  unsigned next = block->ready.back ();
  Thread *thread = &block->threads[next];
  Fiber *fiber = thread->fiber;

  block->ready.pop_back ();
  if (fiber == nullptr) {
    if (idle.empty ())
      idle.push_back (fiber_new (work));
    fiber = idle.back ();
    idle.pop_back ();
  }
  enter_thread (next);
  fiber_enter (fiber);
  /* The fiber may have gone through several threads: the last one that it
   * ran either waits on it or is done. */
  if (block->threads[current].state == DONE)
    idle.push_back (fiber);
  else
    block->threads[current].fiber = fiber;
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

void
run_grid ()
{
  unsigned most = 1 + draw () % 3;

  block = nullptr;
  while (!failed && (!grid->order.empty () || !grid->resident.empty ())) {
    std::vector<Block *> able;

    while (grid->resident.size () < most && !grid->order.empty ()) {
      start_block (grid->order.back ());
      grid->order.pop_back ();
    }
    for (auto &b : grid->resident)
      if (!b->ready.empty ())
        able.push_back (b.get ());
    if (able.empty ()) {
      for (auto &b : grid->resident)
        describe_stall (b.get ());
      break;
    }
    block = able[draw () % able.size ()];
    blockIdx = block->index;
    for (unsigned i = 1 + draw () % 64;
         i > 0 && !failed && !block->ready.empty (); i--)
      run_thread ();

    if (block->n_done == block->threads.size ())
      for (auto b = grid->resident.begin (); b != grid->resident.end (); b++)
        if (b->get () == block) {
          grid->resident.erase (b);
          block = nullptr;
          break;
        }
  }

  /* What still waits after a failure will never go on. */
  for (auto &b : grid->resident)
    for (Thread &thread : b->threads)
      if (thread.fiber != nullptr)
        fiber_free (thread.fiber);
  grid->resident.clear ();
  block = nullptr;
}
} // namespace

/* --- What kernels call --------------------------------------------------- */

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

/* --- What tests and launchers call ---------------------------------------- */

void
set_seed (unsigned seed)
{
  random_state = seed * 0x2545f4914f6cdd1du + 1;
}

const char *
last_error ()
{
  return message;
}

unsigned
n_launches ()
{
  return launches;
}

cudaError_t
run (void (*body) (void *), void *data, dim3 size, dim3 threads, size_t shared)
{
  /* what runs, where, is in one place for all threads of the host */
  static std::mutex device;
  std::lock_guard<std::mutex> taken (device);
  Grid g = { body, data, size, threads, shared, {}, {} };
  uint64_t n_blocks = (uint64_t) size.x * size.y * size.z;
  uint64_t n_threads = (uint64_t) threads.x * threads.y * threads.z;

  launches++;
  failed = false;
  if (n_blocks == 0 || n_threads == 0 || n_threads > 1024 || threads.z > 64
      || size.x > 0x7fffffff || size.y > 65535 || size.z > 65535
      || shared > 48 * 1024) {
    fail ("a launch of %ux%ux%u blocks of %ux%ux%u threads with %zu bytes of "
          "shared memory",
        size.x, size.y, size.z, threads.x, threads.y, threads.z, shared);
    return cudaErrorInvalidConfiguration;
  }

  for (unsigned i = 0; i < n_blocks; i++)
    g.order.push_back (i);
  switch (draw () % 3) {
  case 0:
    std::reverse (g.order.begin (), g.order.end ());
    break;
  case 1:
    for (size_t i = g.order.size (); i > 1; i--)
      std::swap (g.order[i - 1], g.order[draw () % i]);
    break;
  default:
    break;
  }
  gridDim = size;
  blockDim = threads;
  grid = &g;
  run_grid ();
  grid = nullptr;
  return failed ? cudaErrorLaunchFailure : cudaSuccess;
}
} // namespace emulation

cudaError_t
cudaMemsetAsync (void *memory, int value, size_t size, cudaStream_t)
{
  memset (memory, value, size);
  return cudaSuccess;
}

const char *
cudaGetErrorString (cudaError_t error)
{
  switch (error) {
  case cudaSuccess:
    return "no error";
  case cudaErrorInvalidValue:
    return "invalid value";
  case cudaErrorInvalidConfiguration:
    return "invalid configuration";
  default:
    return emulation::last_error ();
  }
}
