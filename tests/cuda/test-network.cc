/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-network.cc: the network's operations without weights against
 * cpu/reference/ops.c, in all element types, dense and as slices of a
 * concatenation.
 */
#include "common.h"

#include <functional>

static const struct {
  NucsegShape shape;
  Layout in, out;
} shapes[] = {
  { { 16, 16, 16 }, dense, slice },
  { { 7, 5, 8 }, slice, dense },
  { { 9, 33, 3 }, odd, odd },
  { { 1, 1, 40 }, dense, dense },
  { { 2, 65, 64 }, dense, slice },
  { { 6, 4, 1 }, dense, odd },
};

/* Runs @body for all types, shapes and layouts with an input of random values.
 */
static void
for_all (const char *what,
    std::function<void (NucsegCudaType, Tensor &, Layout, unsigned)> body)
{
  NucsegRandom random = { g_str_hash (what) };
  unsigned seed = 0;

  for (NucsegCudaType type : all_types)
    for (auto &s : shapes) {
      Tensor in (type, s.shape.height, s.shape.width, s.shape.channels,
          s.shape.channels + s.in.pitch, s.in.before);

      in.fill (&random);
      emulation::set_seed (seed++);
      body (type, in, s.out, seed);
    }
}

/* --- Operations without weights ------------------------------------------- */

static void
test_copy (void)
{
  for_all (
      "copy", [] (NucsegCudaType, Tensor &in, Layout layout, unsigned seed) {
        for (NucsegCudaType type : all_types) {
          auto out = new_tensor (type, in.shape (), layout);
          std::vector<gfloat> expected (
              in.dense ().get (), in.dense ().get () + count (in.shape ()));

          check_cuda (nucseg_cuda_copy (&in.t, &out->t, nullptr), "copy", seed);
          out->check ("copy", seed, rounded (type, expected).data ());
        }
      });
}

static void
test_add (void)
{
  NucsegRandom random = { 7 };

  for_all ("add",
      [&] (NucsegCudaType type, Tensor &in, Layout layout, unsigned seed) {
        for (unsigned n = 2; n <= 8; n += 3) {
          auto out = new_tensor (type, in.shape (), layout);
          std::vector<std::unique_ptr<Tensor> > others;
          std::vector<NucsegCudaTensor> all = { in.t };
          std::vector<gfloat> expected (count (in.shape ()));

          nucseg_ref_add (in.dense (), expected.data (), in.shape ());
          for (unsigned i = 1; i < n; i++) {
            others.push_back (
                new_tensor (type, in.shape (), i % 2 ? dense : slice));
            others.back ()->fill (&random);
            all.push_back (others.back ()->t);
            nucseg_ref_add (
                others.back ()->dense (), expected.data (), in.shape ());
          }
          check_cuda (
              nucseg_cuda_add (n, all.data (), &out->t, nullptr), "add", seed);
          out->check ("add", seed, rounded (type, expected).data ());
          /* In place. */
          check_cuda (
              nucseg_cuda_add (n, all.data (), &in.t, nullptr), "add", seed);
          in.check ("add in place", seed, rounded (type, expected).data ());
        }
      });
}

static void
test_scale_pool (void)
{
  NucsegRandom random = { 8 };

  for_all ("scale_pool",
      [&] (NucsegCudaType type, Tensor &in, Layout layout, unsigned seed) {
        NucsegShape shape = in.shape ();
        NucsegShape half = { shape.height / 2, shape.width / 2,
          shape.channels };
        Memory<gfloat> weights (shape.channels);

        for (gint c = 0; c < shape.channels; c++)
          weights[c] = parity_uniform (&random, 0, 2);
        for (int kind = 0; kind < 6; kind++) {
          bool weigh = kind < 3, pool = kind % 3 != 1, whole = kind % 3 != 2;
          auto full = new_tensor (type, shape, layout);
          std::vector<gfloat> scaled (count (shape)), most;
          std::unique_ptr<Tensor> pooled;

          if (pool && (half.height == 0 || half.width == 0)) {
            pool = false;
            whole = true;
          }
          if (weigh)
            nucseg_ref_mul (in.dense (), weights, scaled.data (), shape);
          else
            memcpy (
                scaled.data (), in.dense (), count (shape) * sizeof (gfloat));
          scaled = rounded (type, scaled);
          if (pool) {
            most.resize (count (half));
            nucseg_ref_max_pool (
                2, 2, scaled.data (), shape, most.data (), half);
            pooled = new_tensor (type, half, dense);
          }
          check_cuda (
              nucseg_cuda_scale_pool (&in.t, weigh ? weights.get () : NULL,
                  whole ? &full->t : NULL, pool ? &pooled->t : NULL, nullptr),
              "scale_pool", seed);
          if (whole)
            full->check ("scale_pool full", seed, scaled.data ());
          if (pool)
            pooled->check ("scale_pool pooled", seed, most.data ());
        }
        /* Over the input itself. */
        std::vector<gfloat> scaled (count (shape));

        nucseg_ref_mul (in.dense (), weights, scaled.data (), shape);
        check_cuda (
            nucseg_cuda_scale_pool (&in.t, weights, &in.t, NULL, nullptr),
            "scale_pool", seed);
        in.check ("scale_pool in place", seed, rounded (type, scaled).data ());
      });
}

static void
test_max_pool (void)
{
  for_all ("max_pool",
      [] (NucsegCudaType type, Tensor &in, Layout layout, unsigned seed) {
        for (gint kernel = 1; kernel <= 4; kernel++)
          for (gint stride = 1; stride <= 3; stride++) {
            NucsegShape shape = in.shape ();
            NucsegShape small = { (shape.height - kernel) / stride + 1,
              (shape.width - kernel) / stride + 1, shape.channels };

            if (shape.height < kernel || shape.width < kernel)
              continue;
            auto out = new_tensor (type, small, layout);
            std::vector<gfloat> expected (count (small));

            nucseg_ref_max_pool (
                kernel, stride, in.dense (), shape, expected.data (), small);
            check_cuda (
                nucseg_cuda_max_pool (kernel, stride, &in.t, &out->t, nullptr),
                "max_pool", seed);
            out->check ("max_pool", seed, expected.data ());
          }
      });
}

static void
test_avg_pool (void)
{
  static const gint grids[][2] = { { 1, 1 }, { 4, 4 }, { 3, 5 }, { 20, 1 } };

  for_all ("avg_pool",
      [] (NucsegCudaType, Tensor &in, Layout layout, unsigned seed) {
        for (auto &grid : grids) {
          NucsegShape cells = { grid[0], grid[1], in.shape ().channels };
          auto out = new_tensor (NUCSEG_CUDA_F32, cells, layout);
          std::vector<gfloat> expected (count (cells));

          nucseg_ref_avg_pool (
              in.dense (), in.shape (), expected.data (), cells);
          check_cuda (
              nucseg_cuda_avg_pool (&in.t, &out->t, nullptr), "avg_pool", seed);
          /* Sums of a row of up to 65 values within 2 are f32. */
          out->check ("avg_pool", seed, expected.data (), 0x1p-23, 2e-6);
        }
      });
}

static void
test_upsample (void)
{
  for_all ("upsample",
      [] (NucsegCudaType type, Tensor &in, Layout layout, unsigned seed) {
        for (NucsegUpsample mode :
            { NUCSEG_UPSAMPLE_NEAREST, NUCSEG_UPSAMPLE_BILINEAR }) {
          NucsegShape shape = in.shape ();
          NucsegShape twice = { 2 * shape.height, 2 * shape.width,
            shape.channels };
          auto out = new_tensor (type, twice, layout);
          std::vector<gfloat> expected (count (twice));

          nucseg_ref_upsample (
              mode, in.dense (), shape, expected.data (), twice);
          check_cuda (nucseg_cuda_upsample (mode, &in.t, &out->t, nullptr),
              "upsample", seed);
          out->check ("upsample", seed, rounded (type, expected).data ());
        }
      });
}

static void
test_depth (void)
{
  for_all (
      "depth", [] (NucsegCudaType, Tensor &in, Layout layout, unsigned seed) {
        for (gint block = 1; block <= 4; block++)
          for (NucsegCudaType type : all_types) {
            NucsegShape deep = in.shape (), flat = in.shape ();

            if (flat.height % block == 0 && flat.width % block == 0) {
              deep.height /= block;
              deep.width /= block;
              deep.channels *= block * block;
              /* Two channels more than are filled. */
              NucsegShape more = deep;
              more.channels += 2;
              auto out = new_tensor (type, more, layout);
              std::vector<gfloat> packed (count (deep)),
                  expected (count (more));

              nucseg_ref_space_to_depth (
                  block, in.dense (), flat, packed.data (), deep);
              nucseg_ref_concat (
                  packed.data (), deep, 0, expected.data (), more);
              check_cuda (
                  nucseg_cuda_space_to_depth (block, &in.t, &out->t, nullptr),
                  "space_to_depth", seed);
              out->check (
                  "space_to_depth", seed, rounded (type, expected).data ());
            }
            deep = in.shape ();
            if (deep.channels < block * block)
              continue;
            flat = { deep.height * block, deep.width * block,
              deep.channels / (block * block) };
            auto out = new_tensor (type, flat, layout);
            const gfloat *values = in.dense ();
            std::vector<gfloat> cut ((size_t) deep.height * deep.width
                * flat.channels * block * block);
            std::vector<gfloat> expected (count (flat));
            NucsegShape used = { deep.height, deep.width,
              flat.channels * block * block };

            for (size_t i = 0; i < cut.size (); i++)
              cut[i] =
                  values[i / used.channels * deep.channels + i % used.channels];
            nucseg_ref_depth_to_space (
                block, cut.data (), used, expected.data (), flat);
            check_cuda (
                nucseg_cuda_depth_to_space (block, &in.t, &out->t, nullptr),
                "depth_to_space", seed);
            out->check (
                "depth_to_space", seed, rounded (type, expected).data ());
          }
      });
}

static void
test_refused (void)
{
  Tensor a (NUCSEG_CUDA_F32, 4, 4, 8), b (NUCSEG_CUDA_F32, 4, 5, 8);
  Tensor half (NUCSEG_CUDA_F16, 4, 4, 8);
  NucsegCudaTensor sum[2] = { a.t, b.t };
  NucsegCudaTensor bad = a.t;

  bad.pitch = 7;
  g_assert_cmpint (
      nucseg_cuda_copy (&a.t, &b.t, nullptr), ==, cudaErrorInvalidValue);
  g_assert_cmpint (
      nucseg_cuda_copy (&bad, &a.t, nullptr), ==, cudaErrorInvalidValue);
  g_assert_cmpint (
      nucseg_cuda_add (2, sum, &a.t, nullptr), ==, cudaErrorInvalidValue);
  g_assert_cmpint (nucseg_cuda_scale_pool (&a.t, NULL, NULL, NULL, nullptr), ==,
      cudaErrorInvalidValue);
  g_assert_cmpint (nucseg_cuda_scale_pool (&a.t, NULL, &half.t, NULL, nullptr),
      ==, cudaErrorInvalidValue);
  g_assert_cmpint (nucseg_cuda_max_pool (5, 1, &a.t, &a.t, nullptr), ==,
      cudaErrorInvalidValue);
  g_assert_cmpint (
      nucseg_cuda_upsample (NUCSEG_UPSAMPLE_NEAREST, &a.t, &a.t, nullptr), ==,
      cudaErrorInvalidValue);
  g_assert_cmpint (nucseg_cuda_space_to_depth (9, &a.t, &a.t, nullptr), ==,
      cudaErrorInvalidValue);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cuda/network/copy", test_copy);
  g_test_add_func ("/cuda/network/add", test_add);
  g_test_add_func ("/cuda/network/scale-pool", test_scale_pool);
  g_test_add_func ("/cuda/network/max-pool", test_max_pool);
  g_test_add_func ("/cuda/network/avg-pool", test_avg_pool);
  g_test_add_func ("/cuda/network/upsample", test_upsample);
  g_test_add_func ("/cuda/network/depth", test_depth);
  g_test_add_func ("/cuda/network/refused", test_refused);
  return g_test_run ();
}
