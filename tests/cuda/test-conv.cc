/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-conv.cc: direct convolutions, the head and the attention chain against
 * cpu/reference/conv.c and ops.c, in all element types, one image and several.
 */
#include "common.h"

#include <math.h>

/* One unit in the last place of each type, for values that may round to the
 * neighbour because a sum was rounded otherwise. */
static double
unit (NucsegCudaType type)
{
  return type == NUCSEG_CUDA_F32 ? 0x1p-22
      : type == NUCSEG_CUDA_F16  ? 0x1p-10
                                 : 0x1p-7;
}

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
    /* The reference rounds to bf16 or not at all: f16 weights are rounded
     * here. */
    if (type == NUCSEG_CUDA_F16)
      for (size_t i = 0; i < weight_.size (); i++)
        weight_[i] = round_to (type, weight_[i]);
    nucseg_ref_conv_pack (&plain, type == NUCSEG_CUDA_BF16, reference_);
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

static const struct ConvCase {
  const char *name;
  NucsegShape in;
  gint out, kernel_h, kernel_w, groups, stride, dilation, padding;
  NucsegActivation activation;
  bool bias;
  Layout in_layout, out_layout;
} conv_cases[] = {
  { "stem", { 13, 21, 1 }, 16, 3, 3, 1, 1, 1, 1, NUCSEG_ACTIVATION_RELU, true,
      dense, dense },
  { "stem-of-4", { 32, 32, 4 }, 16, 3, 3, 1, 1, 1, 1, NUCSEG_ACTIVATION_RELU,
      true, { 4, 0 }, dense },
  { "wide", { 6, 7, 32 }, 40, 3, 3, 1, 1, 1, 1, NUCSEG_ACTIVATION_RELU, true,
      dense, slice },
  { "1x1", { 9, 15, 24 }, 12, 1, 1, 1, 1, 1, 0, NUCSEG_ACTIVATION_NONE, true,
      slice, dense },
  { "1x1-of-1-pixel", { 1, 1, 128 }, 64, 1, 1, 1, 1, 1, 0,
      NUCSEG_ACTIVATION_SIGMOID, true, dense, dense },
  { "few-outputs", { 10, 9, 1 }, 8, 3, 3, 1, 1, 1, 1, NUCSEG_ACTIVATION_RELU,
      true, dense, slice },
  { "grouped-packed", { 6, 5, 8 }, 48, 3, 3, 2, 1, 1, 1, NUCSEG_ACTIVATION_RELU,
      true, dense, dense },
  { "grouped-unpacked", { 6, 5, 8 }, 24, 3, 3, 4, 1, 1, 1,
      NUCSEG_ACTIVATION_NONE, true, dense, dense },
  { "dilated", { 11, 10, 8 }, 8, 3, 3, 1, 1, 6, 6, NUCSEG_ACTIVATION_RELU, true,
      dense, dense },
  { "strided", { 14, 15, 5 }, 7, 3, 3, 1, 2, 1, 1, NUCSEG_ACTIVATION_NONE,
      false, odd, odd },
  { "5x3-far-out", { 5, 6, 3 }, 4, 5, 3, 1, 1, 1, 4, NUCSEG_ACTIVATION_NONE,
      true, dense, dense },
  { "31x31", { 8, 8, 2 }, 3, 31, 31, 1, 1, 1, 15, NUCSEG_ACTIVATION_NONE, true,
      dense, dense },
  { "grouped", { 9, 8, 12 }, 18, 3, 3, 3, 1, 1, 1, NUCSEG_ACTIVATION_RELU, true,
      dense, odd },
  { "grouped-many-outputs", { 4, 8, 4 }, 80, 3, 3, 2, 1, 1, 1,
      NUCSEG_ACTIVATION_RELU, false, dense, dense },
  { "depthwise", { 12, 11, 16 }, 16, 3, 3, 16, 1, 1, 1, NUCSEG_ACTIVATION_RELU,
      true, slice, slice },
  { "depthwise-strided", { 12, 11, 7 }, 7, 5, 3, 7, 2, 2, 3,
      NUCSEG_ACTIVATION_NONE, false, odd, odd },
  { "depthwise-all", { 4, 4, 32 }, 32, 4, 4, 32, 1, 1, 0,
      NUCSEG_ACTIVATION_RELU, true, dense, dense },
};

static void
test_conv (gconstpointer data)
{
  const ConvCase *c = (const ConvCase *) data;
  NucsegRandom random = { g_str_hash (c->name) };

  for (NucsegCudaType type : all_types)
    for (NucsegCudaType out_type : { type, NUCSEG_CUDA_F32 })
      for (unsigned seed = 0; seed < 4; seed++) {
        const gint batch = all_batches[seed % 2];
        unsigned n_launches = emulation::n_launches ();
        Conv conv (&random, type, c->in.channels, c->out, c->kernel_h,
            c->kernel_w, c->groups, c->activation, c->bias, c->stride,
            c->dilation, c->padding);
        Tensor in (type, c->in.height, c->in.width, c->in.channels,
            c->in.channels + c->in_layout.pitch, c->in_layout.before, batch);
        auto out =
            new_tensor (out_type, conv.shape (c->in), c->out_layout, batch);

        in.fill (&random);
        emulation::set_seed (seed);
        check_cuda (nucseg_cuda_conv (&conv.device, &in.t, &out->t, nullptr),
            c->name, seed);
        /* Some hundred products of values within 2 in f32. */
        out->check (c->name, seed, conv.run (batch, in.dense (), c->in).data (),
            unit (out_type), 2e-5);
        g_assert_cmpuint (emulation::n_launches (), ==, n_launches + 1);
      }
}

static void
test_head (void)
{
  static const struct {
    gint height, width, channels, block, maps;
    Layout layout;
  } cases[] = {
    { 10, 16, 16, 2, 3, dense },
    { 3, 130, 16, 2, 3, slice },
    { 5, 7, 5, 1, 3, odd },
    { 4, 4, 72, 4, 2, dense },
    { 6, 6, 8, 3, 1, dense },
  };
  NucsegRandom random = { 11 };

  for (auto &c : cases)
    for (NucsegCudaType type : all_types)
      for (NucsegCudaType round : { type, NUCSEG_CUDA_F32 })
        for (gint batch : all_batches) {
          gint cells = c.block * c.block * c.maps;
          Conv conv (&random, type, c.channels, cells, 1, 1, 1,
              NUCSEG_ACTIVATION_NONE, true);
          Tensor in (type, c.height, c.width, c.channels,
              c.channels + c.layout.pitch, c.layout.before, batch);
          NucsegShape flat = { c.height * c.block, c.width * c.block, c.maps };
          NucsegShape deep = conv.shape (in.shape ());
          auto maps = new_tensor (NUCSEG_CUDA_F32, flat, dense, batch);
          std::vector<gfloat> expected;

          in.fill (&random);
          expected = for_images (batch,
              rounded (round, conv.run (batch, in.dense (), in.shape ()))
                  .data (),
              deep, flat, [&] (gint, const gfloat *from, gfloat *to) {
                nucseg_ref_depth_to_space (c.block, from, deep, to, flat);
              });
          check_cuda (nucseg_cuda_head (&conv.device, c.block, round, FALSE,
                          &in.t, &maps->t, nullptr),
              "head", 0);
          maps->check ("head", 0, expected.data (), unit (round), 1e-5);

          /* and on top of what is there: exactly the sum */
          const gsize n = expected.size ();
          std::vector<gfloat> sum (n);
          memcpy (sum.data (), maps->dense (), n * sizeof (gfloat));
          maps->fill (&random);
          for (gsize i = 0; i < n; i++)
            sum[i] += maps->dense ()[i];
          check_cuda (nucseg_cuda_head (&conv.device, c.block, round, TRUE,
                          &in.t, &maps->t, nullptr),
              "head on top", 0);
          maps->check ("head on top", 0, sum.data ());
        }
}

/* --- Attention ------------------------------------------------------------ */

static void
test_attention (void)
{
  static const struct {
    NucsegShape x;
    Layout layout;
    gint rows, columns, lower; /* lower 0: none */
  } cases[] = {
    { { 64, 64, 16 }, dense, 4, 4, 0 },
    { { 48, 80, 32 }, slice, 4, 4, 16 },
    { { 10, 6, 64 }, dense, 4, 4, 32 },
    { { 9, 7, 5 }, odd, 3, 2, 7 },
    { { 3, 2, 300 }, dense, 4, 4, 300 },
    { { 33, 5, 128 }, dense, 1, 1, 0 },
  };
  NucsegRandom random = { 12 };

  for (auto &c : cases)
    for (NucsegCudaType type : all_types)
      for (gint batch : all_batches) {
        gint n = c.x.channels;
        Tensor x (type, c.x.height, c.x.width, n, n + c.layout.pitch,
            c.layout.before, batch);
        Conv reduce (&random, NUCSEG_CUDA_F32, n, n, c.rows, c.columns, n,
            NUCSEG_ACTIVATION_RELU, true);
        Conv gate (&random, NUCSEG_CUDA_F32, n, n, 1, 1, 1,
            NUCSEG_ACTIVATION_SIGMOID, true);
        Conv expand (&random, NUCSEG_CUDA_F32, MAX (c.lower, 1), n, 1, 1, 1,
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

        x.fill (&random);
        lower.fill (&random, 0, 1);
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
        mine = gate.run (batch,
            reduce.run (batch, pooled.data (), cells).data (), { 1, 1, n });
        sum = c.lower > 0 ? expand.run (batch, lower.dense (), lower.shape ())
                          : mine;
        for (size_t i = 0; i < sum.size (); i++)
          sum[i] += mine[i];
        for (unsigned seed = 0; seed < TEST_SEEDS; seed++) {
          unsigned n_launches = emulation::n_launches ();

          emulation::set_seed (seed);
          check_cuda (nucseg_cuda_attention (&a, nullptr), "attention", seed);
          g_assert_cmpuint (emulation::n_launches (), ==, n_launches + 1);
          own.check ("attention: own", seed, mine.data (), 0, 2e-6);
          weights.check ("attention: weights", seed, sum.data (), 0, 4e-6);
          for (gint i = 0; i < batch; i++)
            g_assert_cmpuint (counters[i], ==, 0);
        }
      }
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
  g_test_add_func ("/cuda/conv/head", test_head);
  g_test_add_func ("/cuda/conv/attention", test_attention);
  g_test_add_func ("/cuda/conv/refused", test_refused);
  g_test_add_func ("/cuda/conv/refused-batches", test_refused_batches);
  return g_test_run ();
}
