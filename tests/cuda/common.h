/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * common.h: what the tests of the CUDA kernels share. They run the kernels'
 * own sources on the host (emulation/emulation.h), each case under several
 * seeds, next to the plain-C twins. "Device memory" is ordinary memory of the
 * exact size, full of rubbish, so that the address sanitizer sees its ends.
 */
#ifndef NUCSEG_TESTS_CUDA_COMMON_H
#define NUCSEG_TESTS_CUDA_COMMON_H

#include "cuda/kernels.h"
#include "cpu/reference/reference.h"
#include "emulation.h"
#include "modelbuilder.h"
#include "tests/cuda/cases/frame.h"
#include "tests/cuda/cases/layout.h"

#include <glib.h>
#include <stdlib.h>

#include <memory>
#include <vector>

extern "C" {
#include "tests/parity/maps.h"
#include "tests/parity/parity.h"
#include "tests/parity/pictures.h"
}

#define TEST_SEEDS 4

/* How many seeds a case has that usually has @n: as many again for each round
 * more that the environment variable NUCSEG_TEST_SEEDS asks for. */
unsigned test_seeds (unsigned n);

/* @n elements, aligned as CUDA aligns allocations. */
template <typename T> class Memory {
public:
  explicit Memory (size_t n) : data_ (nullptr), n_ (n)
  {
    void *memory = nullptr;

    g_assert_cmpint (posix_memalign (&memory, 256, n * sizeof (T) + !n), ==, 0);
    data_ = static_cast<T *> (memory);
    memset (memory, 0xcd, n * sizeof (T));
  }
  ~Memory ()
  {
    free (data_);
  }
  Memory (const Memory &) = delete;
  Memory &operator= (const Memory &) = delete;
  operator T * () const
  {
    return data_;
  }
  T *
  operator->() const
  {
    return data_;
  }
  T *
  get () const
  {
    return data_;
  }
  size_t
  size () const
  {
    return n_;
  }

private:
  T *data_;
  size_t n_;
};

/* Fails the test with what the emulation found, if @error is one. */
void check_cuda (cudaError_t error, const char *what, unsigned seed);

NucsegCudaPlanes planes_of (const NucsegFrame *frame);

/* --- Tensors -------------------------------------------------------------- */

/* A tensor of rubbish; @before elements stand in front of each pixel's. */
class Tensor {
public:
  Tensor (NucsegCudaType type, gint height, gint width, gint channels,
      gint pitch = 0, gint before = 0, gint batch = 1);
  /* Random values that the type holds exactly, others in each image. */
  void fill (NucsegRandom *random, float low = -2, float high = 2);
  /* All values, dense, image after image. */
  Memory<gfloat> &dense ();
  /* Of an image. */
  NucsegShape shape () const;
  /* Fails the test where a value differs from @expected (dense, all images) by
   * more than @relative x |expected| + @absolute, or where a byte outside the
   * tensor's channels has been written. */
  void check (const char *what, unsigned seed, const gfloat *expected,
      double relative = 0, double absolute = 0) const;

  NucsegCudaTensor t;

private:
  size_t place (gint n, gint y, gint x, gint c) const;
  float at (gint n, gint y, gint x, gint c) const;
  void put (gint n, gint y, gint x, gint c, float value);
  gint before_;
  Memory<guint8> bytes_;
  Memory<gfloat> dense_;
};

static const Layout dense = DENSE, slice = SLICE;

std::unique_ptr<Tensor> new_tensor (
    NucsegCudaType type, NucsegShape shape, Layout layout, gint batch = 1);
size_t count (NucsegShape shape);

/* Calls @twin (n, in, out) for each of @batch images of @shape, @out of @to, as
 * the twins know one image alone; all images of the results. */
template <typename F>
std::vector<gfloat>
for_images (
    gint batch, const gfloat *in, NucsegShape shape, NucsegShape to, F twin)
{
  std::vector<gfloat> out (batch * count (to));

  for (gint n = 0; n < batch; n++)
    twin (n, in + n * count (shape), out.data () + n * count (to));
  return out;
}

/* How many images the tests of the network's operations have. */
extern const gint all_batches[2];

extern const NucsegCudaType all_types[3];
const char *type_name (NucsegCudaType type);
/* @value as @type holds it. */
float round_to (NucsegCudaType type, float value);
std::vector<gfloat> rounded (NucsegCudaType type, std::vector<gfloat> values);

#endif /* NUCSEG_TESTS_CUDA_COMMON_H */
