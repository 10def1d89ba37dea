/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-prepare.cc: nucseg_cuda_limits() and nucseg_cuda_fill() against
 * cpu/reference/prepare.c, engine/levels.c and engine/filter.c.
 */
#include "common.h"

#include <math.h>

/* What a filtered value may differ by: f32 sums of up to some hundred taps that
 * weigh 1 together, of values within [-0.5, 1.5]. */
#define FILTERED 4e-6

struct Case {
  const char *name;
  NucsegFormat format;
  gint width, height, padding;
  guint bits;
  gboolean msb_aligned, dark;
  NucsegMethod method;
  NucsegTrainedPolarity trained;
  gdouble scale, smoothing;
  gint multiple, block, channels; /* channels 0: block^2 */
  NucsegPolarity polarity = NUCSEG_POLARITY_AUTO;
  bool fixed = false;
};

static const Case cases[] = {
  { "gray8", NUCSEG_FORMAT_GRAY8, 64, 48, 0, 0, FALSE, FALSE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 1, 0, 16, 2, 8 },
  { "gray8-odd", NUCSEG_FORMAT_GRAY8, 131, 37, 5, 0, FALSE, TRUE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 1, 0, 16, 2, 0 },
  { "gray8-tiny", NUCSEG_FORMAT_GRAY8, 16, 16, 0, 0, FALSE, FALSE,
      NUCSEG_METHOD_MINMAX, NUCSEG_TRAINED_DARK, 1, 0, 64, 1, 0 },
  { "gray8-equalize", NUCSEG_FORMAT_GRAY8, 50, 40, 3, 0, FALSE, FALSE,
      NUCSEG_METHOD_EQUALIZE, NUCSEG_TRAINED_BRIGHT, 1, 0, 8, 1, 8 },
  { "gray8-none", NUCSEG_FORMAT_GRAY8, 50, 40, 3, 0, FALSE, TRUE,
      NUCSEG_METHOD_NONE, NUCSEG_TRAINED_BOTH, 1, 0, 8, 2, 0 },
  { "gray8-fixed", NUCSEG_FORMAT_GRAY8, 50, 40, 3, 0, FALSE, FALSE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 1, 0, 8, 2, 0,
      NUCSEG_POLARITY_DARK, true },
  { "gray16le-16", NUCSEG_FORMAT_GRAY16_LE, 61, 33, 2, 16, FALSE, FALSE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 1, 0, 16, 2, 8 },
  /* More than a block's threads in a row, the last warp not full. */
  { "gray16le-14-wide", NUCSEG_FORMAT_GRAY16_LE, 300, 17, 2, 14, FALSE, FALSE,
      NUCSEG_METHOD_EQUALIZE, NUCSEG_TRAINED_BRIGHT, 1, 0, 16, 2, 8 },
  { "gray16be-16-equalize", NUCSEG_FORMAT_GRAY16_BE, 61, 33, 2, 16, FALSE, TRUE,
      NUCSEG_METHOD_EQUALIZE, NUCSEG_TRAINED_BRIGHT, 1, 0, 16, 2, 0 },
  { "gray16le-12", NUCSEG_FORMAT_GRAY16_LE, 64, 64, 0, 12, FALSE, FALSE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 1, 0, 16, 2, 0 },
  { "gray16be-12-msb", NUCSEG_FORMAT_GRAY16_BE, 47, 29, 6, 12, TRUE, TRUE,
      NUCSEG_METHOD_MINMAX, NUCSEG_TRAINED_DARK, 1, 0, 16, 1, 0,
      NUCSEG_POLARITY_BRIGHT },
  { "gray16le-10-msb", NUCSEG_FORMAT_GRAY16_LE, 47, 29, 0, 10, TRUE, FALSE,
      NUCSEG_METHOD_EQUALIZE, NUCSEG_TRAINED_BOTH, 1, 0, 16, 1, 0 },
  { "gray16le-8", NUCSEG_FORMAT_GRAY16_LE, 20, 29, 0, 8, FALSE, FALSE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 1, 0, 16, 4, 16 },
  { "rgb", NUCSEG_FORMAT_RGB, 45, 31, 1, 0, FALSE, FALSE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 1, 0, 16, 2, 8 },
  { "bgr", NUCSEG_FORMAT_BGR, 45, 31, 1, 0, FALSE, TRUE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 1, 0, 16, 2, 0 },
  { "rgbx", NUCSEG_FORMAT_RGBX, 45, 31, 4, 0, FALSE, FALSE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 1, 0, 16, 2, 0 },
  { "bgrx", NUCSEG_FORMAT_BGRX, 45, 31, 4, 0, FALSE, FALSE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 1, 0, 16, 2, 0 },
  { "xrgb", NUCSEG_FORMAT_XRGB, 45, 31, 0, 0, FALSE, FALSE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 1, 0, 16, 2, 0 },
  { "xbgr", NUCSEG_FORMAT_XBGR, 45, 31, 0, 0, FALSE, FALSE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 1, 0, 16, 2, 0 },
  { "rgba", NUCSEG_FORMAT_RGBA, 45, 31, 0, 0, FALSE, FALSE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 1, 0, 16, 2, 0 },
  { "bgra", NUCSEG_FORMAT_BGRA, 45, 31, 0, 0, FALSE, FALSE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 1, 0, 16, 2, 0 },
  { "nv12", NUCSEG_FORMAT_NV12, 46, 30, 2, 0, FALSE, FALSE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 1, 0, 16, 2, 0 },
  { "i420", NUCSEG_FORMAT_I420, 45, 31, 7, 0, FALSE, FALSE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 1, 0, 16, 2, 8 },
  { "half", NUCSEG_FORMAT_GRAY8, 131, 97, 1, 0, FALSE, FALSE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 0.5, 0, 16, 2, 8 },
  { "tenth", NUCSEG_FORMAT_GRAY8, 211, 97, 1, 0, FALSE, FALSE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 0.1, 0, 16, 2, 0 },
  { "larger", NUCSEG_FORMAT_GRAY16_LE, 41, 27, 2, 12, FALSE, FALSE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 1.7, 0, 16, 2, 0 },
  { "smooth", NUCSEG_FORMAT_GRAY8, 75, 43, 1, 0, FALSE, TRUE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 1, 1.5, 16, 2, 8 },
  { "smooth-half-rgb", NUCSEG_FORMAT_RGB, 75, 43, 1, 0, FALSE, FALSE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 0.5, 1, 16, 1, 0 },
  /* The Gaussian reaches far beyond the frame on both sides. */
  { "smooth-wide", NUCSEG_FORMAT_GRAY8, 16, 19, 0, 0, FALSE, FALSE,
      NUCSEG_METHOD_PERCENTILE, NUCSEG_TRAINED_BRIGHT, 0.3, 8, 16, 2, 0 },
};

static NucsegInput
input_of (const Case *c)
{
  NucsegInput input = {};

  input.method = c->method;
  input.low = 1;
  input.high = 99.8;
  input.clip_low = -0.25f;
  input.clip_high = 1.5f;
  input.min_range = 0.01;
  input.smoothing = c->smoothing;
  input.polarity = c->trained;
  return input;
}

/* The filter, packed where it is, as the device's memory is the host's. */
static NucsegCudaFilter
pack_filter (const NucsegFilter *filter, Memory<guint8> *memory)
{
  return nucseg_cuda_filter_pack (filter, memory->get (), memory->get ());
}

static void
run_case (const Case *c, const NucsegFrame *frame, const char *name, bool all)
{
  NucsegGeometry g = make_geometry (c->width, c->height, c->scale, c->multiple);
  NucsegInput input = input_of (c);
  NucsegParams params = NUCSEG_PARAMS_INIT;
  NucsegOutput output = {};
  NucsegRefPrepare reference = {};
  size_t n = (size_t) g.pad_width * g.pad_height;
  Memory<gfloat> plain (n);

  params.polarity = c->polarity;
  if (c->fixed) {
    params.normalization = NUCSEG_NORMALIZATION_FIXED;
    params.black_level = 20;
    params.white_level = 111;
  }
  output.threshold = 0.5;
  g_assert_true (nucseg_ref_prepare_init (&reference, &g, &input, nullptr));
  g_assert_true (
      nucseg_ref_prepare_limits (&reference, frame, &input, &params, nullptr));
  nucseg_ref_prepare_fill (&reference, frame, plain);

  Memory<guint8> across (nucseg_cuda_filter_size (reference.across));
  Memory<guint8> down (nucseg_cuda_filter_size (reference.down));
  Memory<guint8> workspace (
      nucseg_cuda_prepare_workspace (nucseg_frame_get_depth (frame)));
  Memory<NucsegCudaRequest> request (1);
  Memory<NucsegCudaReply> reply (1);
  gint channels = MAX (c->channels, c->block * c->block);
  bool exact = reference.across->identity && reference.down->identity;

  nucseg_cuda_request_init (request, &params, &output, c->scale);
  request->frame = planes_of (frame);

  for (NucsegCudaType type : all_types) {
    if (type != NUCSEG_CUDA_F32 && !all)
      continue;
    Tensor out (type, g.pad_height / c->block, g.pad_width / c->block, channels,
        channels + (channels % 8 ? 3 : 8));
    NucsegShape plain_shape = { g.pad_height, g.pad_width, 1 };
    NucsegShape deep_shape = { out.t.height, out.t.width, c->block * c->block };
    Memory<gfloat> deep (n),
        expected ((size_t) out.t.height * out.t.width * channels);
    NucsegCudaPrepare prepare = { picture_of (frame), input,
      pack_filter (reference.across, &across),
      pack_filter (reference.down, &down), c->block, out.t, workspace.get (),
      request, reply };

    nucseg_ref_space_to_depth (c->block, plain, plain_shape, deep, deep_shape);
    for (size_t i = 0; i < expected.size (); i++) {
      gint channel = (gint) (i % channels);

      expected[i] = channel < deep_shape.channels
          ? round_to (type, deep[i / channels * deep_shape.channels + channel])
          : 0;
    }

    /* It fills one image. */
    prepare.out.batch = 2;
    g_assert_cmpint (
        nucseg_cuda_fill (&prepare, nullptr), ==, cudaErrorInvalidValue);
    prepare.out.batch = 1;
    for (unsigned seed = 0; seed < TEST_SEEDS; seed++) {
      emulation::set_seed (seed);
      check_cuda (nucseg_cuda_limits (&prepare, nullptr), name, seed);
      g_assert_cmpuint (reply->low_level, ==, reference.limits.low_level);
      g_assert_cmpuint (reply->high_level, ==, reference.limits.high_level);
      g_assert_cmpuint (reply->inverted, ==, reference.limits.inverted);
      check_cuda (nucseg_cuda_fill (&prepare, nullptr), name, seed);
      /* A filtered value may round to the neighbour in a shorter type. */
      out.check (name, seed, expected,
          exact || type == NUCSEG_CUDA_F32 ? 0
              : type == NUCSEG_CUDA_F16    ? 0x1p-10
                                           : 0x1p-7,
          exact ? 0 : FILTERED);
    }
  }
  nucseg_ref_prepare_clear (&reference);
}

static void
test_case (gconstpointer data)
{
  const Case *c = (const Case *) data;
  g_autoptr (ParityPicture) picture = parity_picture_new (
      c->format, c->width, c->height, c->padding, c->bits, c->msb_aligned);
  NucsegRandom random = { g_str_hash (c->name) };

  parity_picture_fill (picture, &random, c->dark);
  run_case (c, &picture->frame, c->name, true);
}

/* One value everywhere: no range, an equalisation without levels. */
static void
test_flat (void)
{
  for (gint method = NUCSEG_METHOD_PERCENTILE; method <= NUCSEG_METHOD_NONE;
       method++)
    for (guint bits = 8; bits <= 16; bits += 4) {
      Case c = cases[0];
      g_autoptr (ParityPicture) picture = parity_picture_new (
          NUCSEG_FORMAT_GRAY16_LE, c.width, c.height, 0, bits, FALSE);

      c.method = (NucsegMethod) method;
      for (gint i = 0; i < c.width * c.height; i++)
        ((guint16 *) picture->frame.data[0])[i] = 200;
      run_case (&c, &picture->frame, "flat", false);
    }
}

/* All levels of 16 bits, and a percentile that is one of the last. */
static void
test_ramp (void)
{
  Case c = cases[0];

  c.width = c.height = 256;
  g_autoptr (ParityPicture) picture = parity_picture_new (
      NUCSEG_FORMAT_GRAY16_LE, c.width, c.height, 0, 16, FALSE);
  for (gint i = 0; i < c.width * c.height; i++)
    ((guint16 *) picture->frame.data[0])[i] = (guint16) (i * 7919);
  run_case (&c, &picture->frame, "ramp", false);
}

static void
test_refused (void)
{
  g_autoptr (ParityPicture) picture =
      parity_picture_new (NUCSEG_FORMAT_GRAY8, 16, 16, 0, 0, FALSE);
  Tensor out (NUCSEG_CUDA_F32, 16, 16, 1);
  NucsegCudaPrepare prepare = {};

  prepare.picture = picture_of (&picture->frame);
  prepare.block = 1;
  prepare.out = out.t;
  g_assert_cmpint (
      nucseg_cuda_limits (&prepare, nullptr), ==, cudaErrorInvalidValue);
  g_assert_cmpint (
      nucseg_cuda_fill (&prepare, nullptr), ==, cudaErrorInvalidValue);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (const Case &c : cases) {
    g_autofree gchar *path = g_strdup_printf ("/cuda/prepare/%s", c.name);

    g_test_add_data_func (path, &c, test_case);
  }
  g_test_add_func ("/cuda/prepare/flat", test_flat);
  g_test_add_func ("/cuda/prepare/ramp", test_ramp);
  g_test_add_func ("/cuda/prepare/refused", test_refused);
  return g_test_run ();
}
