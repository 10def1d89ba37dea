/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * emulation.h: runs CUDA kernels on the host, for tests alone. The .cu sources
 * are compiled as C++ with this folder in front of the include path.
 *
 * Each CUDA thread is a fiber; one runs at a time, on one thread of the host.
 * It runs until it waits (barrier, warp function), ends, or is interrupted at
 * an atomic or a fence. What runs next is drawn by a seed: the order of
 * blocks, of warps and of threads, where threads are interrupted, and how many
 * blocks (1 to 3) are under way at a time. So a kernel that depends on an order
 * gives other results under other seeds, and one that reads shared memory
 * before it wrote it reads rubbish that the seed draws too.
 *
 * Found and reported: work in another stream than the one that the calling
 * thread is at (emulation_set_stream()); a barrier that part of a block doesn't
 * reach, or reaches at another line; a warp function whose lanes disagree on
 * mask or line, or that names lanes that have ended; launches beyond the limits
 * of the hardware. Accesses out of bounds of shared and global memory are for
 * the address sanitizer. Not seen: what depends on a GPU's caches and memory
 * order beyond such interruptions, and all of its speed.
 */
#ifndef NUCSEG_EMULATION_H
#define NUCSEG_EMULATION_H

#include <cuda_runtime.h>

#include <tuple>
#include <utility>

namespace emulation {
/* The seed of all launches from here on; starts the random numbers anew. */
void set_seed (unsigned seed);

/* What was wrong with the last launch that failed; "" if none has yet. */
const char *last_error ();

/* Number of launches so far, for tests that count them. */
unsigned n_launches ();

cudaError_t run (void (*body) (void *), void *data, dim3 grid, dim3 block,
    size_t shared, cudaStream_t stream);

/* kernel<<<grid, block, shared, stream>>> (arguments...) */
template <typename... P, typename... A>
cudaError_t
launch (void (*kernel) (P...), dim3 grid, dim3 block, size_t shared,
    cudaStream_t stream, A... arguments)
{
  typedef std::pair<void (*) (P...), std::tuple<P...> > Call;
  Call call (kernel, std::tuple<P...> (arguments...));

  return run (
      [] (void *data) {
        Call *c = (Call *) data;
        std::tuple<P...> copy (c->second);

        std::apply (c->first, copy);
      },
      &call, grid, block, shared, stream);
}
} // namespace emulation

#endif /* NUCSEG_EMULATION_H */
