/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-network.cc: the network's operations without weights against
 * cpu/reference/ops.c, in all element types, dense and as slices of a
 * concatenation, one image and several.
 */
#include "common.h"
#include "tests/cuda/cases/network.h"

#include <functional>

/* Runs @body for all types, shapes, layouts and batches with an input of random
 * values, each under a seed of its own, and for what is timed of @operation, in
 * one type. */
static void
for_all (const char *what, NetworkOperation operation,
    std::function<void (NucsegCudaType, Tensor &, Layout, unsigned)> body)
{
  NucsegRandom random = { g_str_hash (what) };
  unsigned seed = 0;

  for (unsigned round = 0; round < test_seeds (1); round++)
    for (NucsegCudaType type : all_types)
      for (auto &s : network_shapes) {
        unsigned n_launches[2];

        for (unsigned i = 0; i < 2; i++, seed++) {
          Tensor in (type, s.shape.height, s.shape.width, s.shape.channels,
              s.shape.channels + s.in.pitch, s.in.before, all_batches[i]);

          in.fill (&random);
          emulation::set_seed (seed);
          n_launches[i] = emulation::n_launches ();
          body (type, in, s.out, seed);
          n_launches[i] = emulation::n_launches () - n_launches[i];
        }
        /* All images at once. */
        g_assert_cmpuint (n_launches[0], ==, n_launches[1]);
      }
  for (auto &c : network_timed) {
    if (c.operation != operation)
      continue;
    Tensor in (NUCSEG_CUDA_BF16, c.in.height, c.in.width, c.in.channels);

    in.fill (&random);
    emulation::set_seed (seed);
    body (NUCSEG_CUDA_BF16, in, c.out, seed++);
  }
}

/* --- Operations without weights ------------------------------------------- */

static void
test_copy (void)
{
  for_all ("copy", NETWORK_COPY,
      [] (NucsegCudaType, Tensor &in, Layout layout, unsigned seed) {
        for (NucsegCudaType type : all_types) {
          auto out = new_tensor (type, in.shape (), layout, in.t.batch);
          std::vector<gfloat> expected (
              in.dense ().get (), in.dense ().get () + in.dense ().size ());

          check_cuda (nucseg_cuda_copy (&in.t, &out->t, nullptr), "copy", seed);
          out->check ("copy", seed, rounded (type, expected).data ());
        }
      });
}

static void
test_add (void)
{
  NucsegRandom random = { 7 };

  for_all ("add", NETWORK_ADD,
      [&] (NucsegCudaType type, Tensor &in, Layout layout, unsigned seed) {
        for (unsigned n = 2; n <= 8; n += 3) {
          const gint batch = in.t.batch;
          NucsegShape shape = in.shape ();
          auto out = new_tensor (type, shape, layout, batch);
          std::vector<std::unique_ptr<Tensor> > others;
          std::vector<NucsegCudaTensor> all = { in.t };
          std::vector<gfloat> expected (batch * count (shape));

          for (unsigned i = 1; i < n; i++) {
            others.push_back (
                new_tensor (type, shape, i % 2 ? dense : slice, batch));
            others.back ()->fill (&random);
            all.push_back (others.back ()->t);
          }
          for (unsigned i = 0; i < n; i++) {
            Tensor &summand = i == 0 ? in : *others[i - 1];
            const gfloat *values = summand.dense ();

            for (gint k = 0; k < batch; k++)
              nucseg_ref_add (values + k * count (shape),
                  expected.data () + k * count (shape), shape);
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

  for_all ("scale_pool", NETWORK_SCALE_POOL,
      [&] (NucsegCudaType type, Tensor &in, Layout layout, unsigned seed) {
        const gint batch = in.t.batch;
        NucsegShape shape = in.shape ();
        NucsegShape half = { shape.height / 2, shape.width / 2,
          shape.channels };
        Memory<gfloat> weights ((size_t) batch * shape.channels);
        auto scale = [&] () {
          return rounded (type,
              for_images (batch, in.dense (), shape, shape,
                  [&] (gint n, const gfloat *from, gfloat *to) {
                    nucseg_ref_mul (
                        from, weights.get () + n * shape.channels, to, shape);
                  }));
        };

        for (size_t i = 0; i < weights.size (); i++)
          weights[i] = parity_uniform (&random, 0, 2);
        for (int kind = 0; kind < 6; kind++) {
          bool weigh = kind < 3, pool = kind % 3 != 1, whole = kind % 3 != 2;
          auto full = new_tensor (type, shape, layout, batch);
          std::vector<gfloat> scaled, most;
          std::unique_ptr<Tensor> pooled;

          if (pool && (half.height == 0 || half.width == 0)) {
            pool = false;
            whole = true;
          }
          if (weigh)
            scaled = scale ();
          else
            scaled.assign (
                in.dense ().get (), in.dense ().get () + in.dense ().size ());
          if (pool) {
            most = for_images (batch, scaled.data (), shape, half,
                [&] (gint, const gfloat *from, gfloat *to) {
                  nucseg_ref_max_pool (2, 2, from, shape, to, half);
                });
            pooled = new_tensor (type, half, dense, batch);
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
        std::vector<gfloat> scaled = scale ();

        check_cuda (
            nucseg_cuda_scale_pool (&in.t, weights, &in.t, NULL, nullptr),
            "scale_pool", seed);
        in.check ("scale_pool in place", seed, scaled.data ());
      });
}

static void
test_max_pool (void)
{
  for_all ("max_pool", NETWORK_MAX_POOL,
      [] (NucsegCudaType type, Tensor &in, Layout layout, unsigned seed) {
        for (gint kernel = 1; kernel <= 4; kernel++)
          for (gint stride = 1; stride <= 3; stride++) {
            NucsegShape shape = in.shape ();
            NucsegShape small = { (shape.height - kernel) / stride + 1,
              (shape.width - kernel) / stride + 1, shape.channels };

            if (shape.height < kernel || shape.width < kernel)
              continue;
            auto out = new_tensor (type, small, layout, in.t.batch);
            std::vector<gfloat> expected = for_images (in.t.batch, in.dense (),
                shape, small, [&] (gint, const gfloat *from, gfloat *to) {
                  nucseg_ref_max_pool (kernel, stride, from, shape, to, small);
                });

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
  for_all ("avg_pool", NETWORK_AVG_POOL,
      [] (NucsegCudaType, Tensor &in, Layout layout, unsigned seed) {
        for (auto &grid : network_grids) {
          NucsegShape cells = { grid[0], grid[1], in.shape ().channels };
          auto out = new_tensor (NUCSEG_CUDA_F32, cells, layout, in.t.batch);
          std::vector<gfloat> expected = for_images (in.t.batch, in.dense (),
              in.shape (), cells, [&] (gint, const gfloat *from, gfloat *to) {
                nucseg_ref_avg_pool (from, in.shape (), to, cells);
              });

          check_cuda (
              nucseg_cuda_avg_pool (&in.t, &out->t, nullptr), "avg_pool", seed);
          out->check ("avg_pool", seed, expected.data (), AVERAGE_RELATIVE,
              AVERAGE_ABSOLUTE);
        }
      });
}

static void
test_upsample (void)
{
  for_all ("upsample", NETWORK_UPSAMPLE,
      [] (NucsegCudaType type, Tensor &in, Layout layout, unsigned seed) {
        for (NucsegUpsample mode :
            { NUCSEG_UPSAMPLE_NEAREST, NUCSEG_UPSAMPLE_BILINEAR }) {
          NucsegShape shape = in.shape ();
          NucsegShape twice = { 2 * shape.height, 2 * shape.width,
            shape.channels };
          auto out = new_tensor (type, twice, layout, in.t.batch);
          std::vector<gfloat> expected = for_images (in.t.batch, in.dense (),
              shape, twice, [&] (gint, const gfloat *from, gfloat *to) {
                nucseg_ref_upsample (mode, from, shape, to, twice);
              });

          check_cuda (nucseg_cuda_upsample (mode, &in.t, &out->t, nullptr),
              "upsample", seed);
          out->check ("upsample", seed, rounded (type, expected).data ());
        }
      });
}

static void
test_space_to_depth (void)
{
  for_all ("space_to_depth", NETWORK_SPACE_TO_DEPTH,
      [] (NucsegCudaType, Tensor &in, Layout layout, unsigned seed) {
        for (gint block = 1; block <= 4; block++)
          for (NucsegCudaType type : all_types) {
            NucsegShape deep = in.shape (), flat = in.shape ();

            if (flat.height % block != 0 || flat.width % block != 0)
              continue;
            deep.height /= block;
            deep.width /= block;
            deep.channels *= block * block;
            /* Two channels more than are filled. */
            NucsegShape more = deep;
            more.channels += 2;
            auto out = new_tensor (type, more, layout, in.t.batch);
            std::vector<gfloat> expected = for_images (in.t.batch, in.dense (),
                flat, more, [&] (gint, const gfloat *from, gfloat *to) {
                  std::vector<gfloat> packed (count (deep));

                  nucseg_ref_space_to_depth (
                      block, from, flat, packed.data (), deep);
                  nucseg_ref_concat (packed.data (), deep, 0, to, more);
                });

            check_cuda (
                nucseg_cuda_space_to_depth (block, &in.t, &out->t, nullptr),
                "space_to_depth", seed);
            out->check (
                "space_to_depth", seed, rounded (type, expected).data ());
          }
      });
}

static void
test_depth_to_space (void)
{
  for_all ("depth_to_space", NETWORK_DEPTH_TO_SPACE,
      [] (NucsegCudaType, Tensor &in, Layout layout, unsigned seed) {
        for (gint block = 1; block <= 4; block++)
          for (NucsegCudaType type : all_types) {
            NucsegShape deep = in.shape ();

            if (deep.channels < block * block)
              continue;
            NucsegShape flat = { deep.height * block, deep.width * block,
              deep.channels / (block * block) };
            auto out = new_tensor (type, flat, layout, in.t.batch);
            NucsegShape used = { deep.height, deep.width,
              flat.channels * block * block };
            std::vector<gfloat> expected = for_images (in.t.batch, in.dense (),
                deep, flat, [&] (gint, const gfloat *from, gfloat *to) {
                  std::vector<gfloat> cut (count (used));

                  for (size_t i = 0; i < cut.size (); i++)
                    cut[i] = from[i / used.channels * deep.channels
                        + i % used.channels];
                  nucseg_ref_depth_to_space (
                      block, cut.data (), used, to, flat);
                });

            check_cuda (
                nucseg_cuda_depth_to_space (block, &in.t, &out->t, nullptr),
                "depth_to_space", seed);
            out->check (
                "depth_to_space", seed, rounded (type, expected).data ());
          }
      });
}

/* Where one tensor has another number of images, or a number that no tensor
 * has. */
static void
test_refused_batches (void)
{
  Tensor one (NUCSEG_CUDA_F32, 4, 4, 16), small (NUCSEG_CUDA_F32, 2, 2, 16);
  Tensor two (NUCSEG_CUDA_F32, 4, 4, 16, 0, 0, 2);
  Tensor two_small (NUCSEG_CUDA_F32, 2, 2, 16, 0, 0, 2);
  Tensor flat (NUCSEG_CUDA_F32, 4, 4, 4), deep (NUCSEG_CUDA_F32, 8, 8, 4);
  NucsegCudaTensor sum[2] = { two.t, one.t };
  const cudaError_t found[] = {
    nucseg_cuda_copy (&two.t, &one.t, nullptr),
    nucseg_cuda_add (2, sum, &two.t, nullptr),
    nucseg_cuda_scale_pool (&two.t, NULL, &one.t, NULL, nullptr),
    nucseg_cuda_scale_pool (&two.t, NULL, NULL, &small.t, nullptr),
    nucseg_cuda_max_pool (2, 2, &two.t, &small.t, nullptr),
    nucseg_cuda_avg_pool (&two.t, &small.t, nullptr),
    nucseg_cuda_upsample (
        NUCSEG_UPSAMPLE_NEAREST, &two_small.t, &one.t, nullptr),
    nucseg_cuda_space_to_depth (2, &flat.t, &two_small.t, nullptr),
    nucseg_cuda_depth_to_space (2, &two.t, &deep.t, nullptr),
  };

  for (cudaError_t error : found)
    g_assert_cmpint (error, ==, cudaErrorInvalidValue);
  for (gint batch : { -1, 0, 65536 }) {
    NucsegCudaTensor bad = one.t;

    bad.batch = batch;
    g_assert_cmpint (
        nucseg_cuda_copy (&bad, &bad, nullptr), ==, cudaErrorInvalidValue);
  }
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
  g_test_add_func ("/cuda/network/space-to-depth", test_space_to_depth);
  g_test_add_func ("/cuda/network/depth-to-space", test_depth_to_space);
  g_test_add_func ("/cuda/network/refused", test_refused);
  g_test_add_func ("/cuda/network/refused-batches", test_refused_batches);
  return g_test_run ();
}
