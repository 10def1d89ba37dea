/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-conv.cc: direct convolutions, the head and the attention chain against
 * cpu/reference/conv.c and ops.c, in all element types, one image and several.
 */
#include "common.h"
#include "tests/cuda/cases/conv.h"

#include <math.h>

/* --- Convolutions --------------------------------------------------------- */

/* A convolution with random weights, for both sides. */
class Conv {
public:
  Conv (NucsegRandom *random, NucsegCudaType type, gint in, gint out,
      gint kernel_h, gint kernel_w, gint groups, NucsegActivation activation,
      bool has_bias, gint stride = 1, gint dilation = 1, gint padding = 0)
      : weight_ ((size_t) out * (in / groups) * kernel_h * kernel_w),
        bias_ (out), reference_ (weight_.size ()), packed_ (weight_.size ()),
        sums_ (out)
  {
    size_t terms = weight_.size () / out;

    for (size_t i = 0; i < weight_.size (); i++)
      weight_[i] =
          parity_uniform (random, -1, 1) / sqrtf ((gfloat) terms) * 1.7f;
    for (gint i = 0; i < out; i++)
      bias_[i] = parity_uniform (random, -1, 1);
    plain = { weight_, has_bias ? bias_.get () : NULL, out, in, kernel_h,
      kernel_w, stride, dilation, padding, groups, activation };
    nucseg_ref_conv_pack (&plain,
        type == NUCSEG_CUDA_F16        ? NUCSEG_PRECISION_F16
            : type == NUCSEG_CUDA_BF16 ? NUCSEG_PRECISION_BF16
                                       : NUCSEG_PRECISION_F32,
        reference_);
    nucseg_cuda_conv_pack (&plain, type, packed_);
    g_assert_cmpmem (reference_.get (), weight_.size () * sizeof (gfloat),
        packed_.get (), weight_.size () * sizeof (gfloat));
    device = { packed_, has_bias ? bias_.get () : NULL, in, out, kernel_h,
      kernel_w, stride, dilation, padding, groups, activation };
  }
  NucsegShape
  shape (NucsegShape in) const
  {
    return { (in.height + 2 * plain.padding
                 - plain.dilation * (plain.kernel_h - 1) - 1)
              / plain.stride
          + 1,
      (in.width + 2 * plain.padding - plain.dilation * (plain.kernel_w - 1) - 1)
              / plain.stride
          + 1,
      plain.out_channels };
  }
  /* Of @batch images. */
  std::vector<gfloat>
  run (gint batch, const gfloat *in, NucsegShape shape_in)
  {
    NucsegShape to = shape (shape_in);

    return for_images (
        batch, in, shape_in, to, [&] (gint, const gfloat *image, gfloat *out) {
          nucseg_ref_conv (&plain, reference_, sums_, image, shape_in, out, to);
        });
  }

  NucsegConv plain;
  NucsegCudaConv device;

private:
  Memory<gfloat> weight_, bias_, reference_, packed_;
  Memory<gdouble> sums_;
};

static void
run_conv (const ConvCase *c, NucsegCudaType type, NucsegCudaType out_type,
    gint batch, unsigned seed, NucsegRandom *random)
{
  unsigned n_launches = emulation::n_launches ();
  Conv conv (random, type, c->in.channels, c->out, c->kernel_h, c->kernel_w,
      c->groups, c->activation, c->bias, c->stride, c->dilation, c->padding);
  Tensor in (type, c->in.height, c->in.width, c->in.channels,
      c->in.channels + c->in_layout.pitch, c->in_layout.before, batch);
  auto out = new_tensor (out_type, conv.shape (c->in), c->out_layout, batch);

  in.fill (random);
  emulation::set_seed (seed);
  check_cuda (
      nucseg_cuda_conv (&conv.device, &in.t, &out->t, nullptr), c->name, seed);
  out->check (c->name, seed, conv.run (batch, in.dense (), c->in).data (),
      conv_unit (out_type), CONV_ABSOLUTE);
  g_assert_cmpuint (emulation::n_launches (), ==, n_launches + 1);
}

static void
test_conv (gconstpointer data)
{
  const ConvCase *c = (const ConvCase *) data;
  NucsegRandom random = { g_str_hash (c->name) };

  for (NucsegCudaType type : all_types)
    for (NucsegCudaType out_type : { type, NUCSEG_CUDA_F32 })
      for (unsigned seed = 0; seed < test_seeds (TEST_SEEDS); seed++)
        run_conv (c, type, out_type, all_batches[seed % 2], seed, &random);
}

/* What is timed, once. */
static void
test_timed_conv (gconstpointer data)
{
  const ConvCase *c = (const ConvCase *) data;
  NucsegRandom random = { g_str_hash (c->name) };

  run_conv (c, NUCSEG_CUDA_BF16, NUCSEG_CUDA_BF16, 1, 1, &random);
}

static void
run_head (const HeadCase &c, NucsegCudaType type, NucsegCudaType round,
    gint batch, NucsegRandom *random, unsigned seed)
{
  gint cells = c.block * c.block * c.maps;
  Conv conv (
      random, type, c.channels, cells, 1, 1, 1, NUCSEG_ACTIVATION_NONE, true);
  Tensor in (type, c.height, c.width, c.channels, c.channels + c.layout.pitch,
      c.layout.before, batch);
  NucsegShape flat = { c.height * c.block, c.width * c.block, c.maps };
  NucsegShape deep = conv.shape (in.shape ());
  auto maps = new_tensor (NUCSEG_CUDA_F32, flat, dense, batch);
  std::vector<gfloat> expected;

  in.fill (random);
  expected = for_images (batch,
      rounded (round, conv.run (batch, in.dense (), in.shape ())).data (), deep,
      flat, [&] (gint, const gfloat *from, gfloat *to) {
        nucseg_ref_depth_to_space (c.block, from, deep, to, flat);
      });
  emulation::set_seed (seed);
  check_cuda (nucseg_cuda_head (&conv.device, c.block, round, FALSE, &in.t,
                  &maps->t, nullptr),
      "head", seed);
  maps->check (
      "head", seed, expected.data (), conv_unit (round), HEAD_ABSOLUTE);

  /* and on top of what is there: exactly the sum */
  const gsize n = expected.size ();
  std::vector<gfloat> sum (n);
  memcpy (sum.data (), maps->dense (), n * sizeof (gfloat));
  maps->fill (random);
  const gfloat *before = maps->dense ();
  for (gsize i = 0; i < n; i++)
    sum[i] += before[i];
  check_cuda (nucseg_cuda_head (
                  &conv.device, c.block, round, TRUE, &in.t, &maps->t, nullptr),
      "head on top", seed);
  maps->check ("head on top", seed, sum.data ());
}

static void
test_head (void)
{
  NucsegRandom random = { 11 };
  unsigned seed = 0;

  for (unsigned round = 0; round < test_seeds (1); round++)
    for (auto &c : head_cases)
      for (NucsegCudaType type : all_types)
        for (NucsegCudaType to : { type, NUCSEG_CUDA_F32 })
          for (gint batch : all_batches)
            run_head (c, type, to, batch, &random, seed++);
  for (auto &c : head_timed)
    run_head (c, NUCSEG_CUDA_BF16, NUCSEG_CUDA_BF16, 1, &random, seed++);
}

/* --- Attention ------------------------------------------------------------ */

static void
run_attention (const AttentionCase &c, NucsegCudaType type, gint batch,
    NucsegRandom *random, unsigned n_seeds = TEST_SEEDS)
{
  gint n = c.x.channels;
  Tensor x (type, c.x.height, c.x.width, n, n + c.layout.pitch, c.layout.before,
      batch);
  Conv reduce (random, NUCSEG_CUDA_F32, n, n, c.rows, c.columns, n,
      NUCSEG_ACTIVATION_RELU, true);
  Conv gate (
      random, NUCSEG_CUDA_F32, n, n, 1, 1, 1, NUCSEG_ACTIVATION_SIGMOID, true);
  Conv expand (random, NUCSEG_CUDA_F32, MAX (c.lower, 1), n, 1, 1, 1,
      NUCSEG_ACTIVATION_SIGMOID, true);
  Tensor lower (NUCSEG_CUDA_F32, 1, 1, MAX (c.lower, 1), 0, 0, batch);
  Tensor own (NUCSEG_CUDA_F32, 1, 1, n, 0, 0, batch);
  Tensor weights (NUCSEG_CUDA_F32, 1, 1, n, 0, 0, batch);
  Memory<guint8> workspace (
      nucseg_cuda_attention_workspace (batch, c.rows, c.columns, n));
  Memory<guint> counters (batch);
  NucsegCudaAttention a = {};
  NucsegShape cells = { c.rows, c.columns, n };
  std::vector<gfloat> pooled, mine, sum;

  x.fill (random);
  lower.fill (random, 0, 1);
  a.x = x.t;
  a.rows = c.rows;
  a.columns = c.columns;
  a.reduce = reduce.device;
  a.gate = gate.device;
  a.own = (gfloat *) own.t.data;
  a.weights = (gfloat *) weights.t.data;
  a.workspace = workspace.get ();
  a.counters = counters;
  for (gint i = 0; i < batch; i++)
    counters[i] = 0;
  if (c.lower > 0) {
    a.expand = expand.device;
    a.lower = (const gfloat *) lower.t.data;
  }

  pooled = for_images (batch, x.dense (), c.x, cells,
      [&] (gint, const gfloat *from, gfloat *to) {
        nucseg_ref_avg_pool (from, c.x, to, cells);
      });
  mine = gate.run (
      batch, reduce.run (batch, pooled.data (), cells).data (), { 1, 1, n });
  sum = c.lower > 0 ? expand.run (batch, lower.dense (), lower.shape ()) : mine;
  for (size_t i = 0; i < sum.size (); i++)
    sum[i] += mine[i];
  for (unsigned seed = 0; seed < test_seeds (n_seeds); seed++) {
    unsigned n_launches = emulation::n_launches ();

    emulation::set_seed (seed);
    check_cuda (nucseg_cuda_attention (&a, nullptr), "attention", seed);
    g_assert_cmpuint (emulation::n_launches (), ==, n_launches + 1);
    own.check ("attention: own", seed, mine.data (), 0, ATTENTION_OWN);
    weights.check (
        "attention: weights", seed, sum.data (), 0, ATTENTION_WEIGHTS);
    for (gint i = 0; i < batch; i++)
      g_assert_cmpuint (counters[i], ==, 0);
  }
}

static void
test_attention (void)
{
  NucsegRandom random = { 12 };

  for (auto &c : attention_cases)
    for (NucsegCudaType type : all_types)
      for (gint batch : all_batches)
        run_attention (c, type, batch, &random);
  for (auto &c : attention_timed)
    run_attention (c, NUCSEG_CUDA_BF16, 1, &random, 1);
}

static void
test_refused (void)
{
  Tensor a (NUCSEG_CUDA_F32, 4, 4, 8);
  NucsegCudaAttention attention = {};
  NucsegCudaConv conv = {};

  g_assert_cmpint (
      nucseg_cuda_conv (&conv, &a.t, &a.t, nullptr), ==, cudaErrorInvalidValue);
  g_assert_cmpint (
      nucseg_cuda_head (&conv, 1, NUCSEG_CUDA_F32, FALSE, &a.t, &a.t, nullptr),
      ==, cudaErrorInvalidValue);
  g_assert_cmpint (
      nucseg_cuda_attention (&attention, nullptr), ==, cudaErrorInvalidValue);
}

/* Where one tensor has another number of images. */
static void
test_refused_batches (void)
{
  NucsegRandom random = { 13 };
  Conv conv (
      &random, NUCSEG_CUDA_F32, 8, 8, 1, 1, 1, NUCSEG_ACTIVATION_NONE, false);
  Tensor one (NUCSEG_CUDA_F32, 4, 4, 8);
  Tensor two (NUCSEG_CUDA_F32, 4, 4, 8, 0, 0, 2);

  g_assert_cmpint (nucseg_cuda_conv (&conv.device, &two.t, &one.t, nullptr), ==,
      cudaErrorInvalidValue);
  g_assert_cmpint (nucseg_cuda_head (&conv.device, 1, NUCSEG_CUDA_F32, FALSE,
                       &two.t, &one.t, nullptr),
      ==, cudaErrorInvalidValue);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (auto &c : conv_cases) {
    g_autofree gchar *path = g_strdup_printf ("/cuda/conv/%s", c.name);

    g_test_add_data_func (path, &c, test_conv);
  }
  for (auto &c : conv_timed) {
    g_autofree gchar *path = g_strdup_printf ("/cuda/conv/timed/%s", c.name);

    g_test_add_data_func (path, &c, test_timed_conv);
  }
  g_test_add_func ("/cuda/conv/head", test_head);
  g_test_add_func ("/cuda/conv/attention", test_attention);
  g_test_add_func ("/cuda/conv/refused", test_refused);
  g_test_add_func ("/cuda/conv/refused-batches", test_refused_batches);
  return g_test_run ();
}
