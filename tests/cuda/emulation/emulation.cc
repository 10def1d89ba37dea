/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * emulation.cc: launches: which thread of which block runs next.
 */
#include "scheduler.h"

#include <stdarg.h>
#include <stdio.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <vector>

uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

namespace emulation {
Grid *grid;
Block *block;
unsigned current;
bool failed;

namespace {
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
unsigned launches;
} // namespace

unsigned
draw ()
{
  /* splitmix64 */
  uint64_t z = random_state += 0x9e3779b97f4a7c15u;

  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return (unsigned) (z >> 32);
}

void
fail (const char *format, ...)
{
  va_list arguments;

  if (failed)
    return;
  failed = true;
  va_start (arguments, format);
  vsnprintf (message, sizeof (message), format, arguments);
  va_end (arguments);
}

/* --- Order --------------------------------------------------------------- */

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

namespace {
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

void
wait ()
{
  Block *own = block;
  unsigned thread = current;

  fiber_leave ();
  block = own;
  enter_thread (thread);
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

static thread_local cudaStream_t at;

/* Whether the calling thread's work is for @stream. */
static bool
is_at (cudaStream_t stream)
{
  if (stream == at)
    return true;
  fail ("work in another stream than the one it is for");
  return false;
}

cudaError_t
run (void (*body) (void *), void *data, dim3 size, dim3 threads, size_t shared,
    cudaStream_t stream)
{
  /* what runs, where, is in one place for all threads of the host */
  static std::mutex device;
  std::lock_guard<std::mutex> taken (device);
  Grid g = { body, data, size, threads, shared, {}, {} };
  uint64_t n_blocks = (uint64_t) size.x * size.y * size.z;
  uint64_t n_threads = (uint64_t) threads.x * threads.y * threads.z;

  launches++;
  failed = false;
  if (!is_at (stream))
    return cudaErrorInvalidValue;
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

void
emulation_set_stream (cudaStream_t stream)
{
  emulation::at = stream;
}

cudaStream_t
emulation_get_stream (void)
{
  return emulation::at;
}

cudaError_t
cudaMemsetAsync (void *memory, int value, size_t size, cudaStream_t stream)
{
  if (!emulation::is_at (stream))
    return cudaErrorInvalidValue;
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
  case cudaErrorIllegalAddress:
    return "an illegal memory access was encountered";
  default:
    return emulation::last_error ();
  }
}

const char *
cudaGetErrorName (cudaError_t error)
{
  switch (error) {
  case cudaErrorIllegalAddress:
    return "cudaErrorIllegalAddress";
  case cudaErrorLaunchFailure:
    return "cudaErrorLaunchFailure";
  default:
    return "the emulation";
  }
}

cudaError_t
cudaGetLastError (void)
{
  return cudaSuccess;
}
