/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-prepare.cc: nucseg_cuda_limits() and nucseg_cuda_fill() against
 * cpu/reference/prepare.c, engine/levels.c and engine/filter.c.
 */
#include "common.h"
#include "tests/cuda/cases/prepare.h"

#include <math.h>

/* The filter, packed where it is, as the device's memory is the host's. */
static NucsegCudaFilter
pack_filter (const NucsegFilter *filter, Memory<guint8> *memory)
{
  return nucseg_cuda_filter_pack (filter, memory->get (), memory->get ());
}

static void
run_case (const PrepareCase *c, const NucsegFrame *frame, const char *name,
    bool all, unsigned n_seeds = TEST_SEEDS)
{
  NucsegGeometry g = case_geometry (c->width, c->height, c->scale, c->multiple);
  NucsegInput input = prepare_input (c);
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
    NucsegCudaPrepare prepare = { case_picture (frame), input,
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
    for (unsigned seed = 0; seed < test_seeds (n_seeds); seed++) {
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
          exact ? 0 : PREPARE_FILTERED);
    }
  }
  nucseg_ref_prepare_clear (&reference);
}

static void
test_case (gconstpointer data)
{
  const PrepareCase *c = (const PrepareCase *) data;
  g_autoptr (ParityPicture) picture = parity_picture_new (
      c->format, c->width, c->height, c->padding, c->bits, c->msb_aligned);
  NucsegRandom random = { g_str_hash (c->name) };

  parity_picture_fill (picture, &random, c->dark);
  run_case (c, &picture->frame, c->name, true);
}

/* What is timed, once. */
static void
test_timed (gconstpointer data)
{
  const PrepareCase *c = (const PrepareCase *) data;
  g_autoptr (ParityPicture) picture = parity_picture_new (
      c->format, c->width, c->height, c->padding, c->bits, c->msb_aligned);
  NucsegRandom random = { g_str_hash (c->name) };

  parity_picture_fill (picture, &random, c->dark);
  run_case (c, &picture->frame, c->name, true, 1);
}

/* One value everywhere: no range, an equalisation without levels. */
static void
test_flat (void)
{
  for (gint method = NUCSEG_METHOD_PERCENTILE; method <= NUCSEG_METHOD_NONE;
       method++)
    for (guint bits = 8; bits <= 16; bits += 4) {
      PrepareCase c = prepare_cases[0];
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
  PrepareCase c = prepare_cases[0];

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

  prepare.picture = case_picture (&picture->frame);
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
  for (const PrepareCase &c : prepare_cases) {
    g_autofree gchar *path = g_strdup_printf ("/cuda/prepare/%s", c.name);

    g_test_add_data_func (path, &c, test_case);
  }
  for (const PrepareCase &c : prepare_timed) {
    g_autofree gchar *path = g_strdup_printf ("/cuda/prepare/timed/%s", c.name);

    g_test_add_data_func (path, &c, test_timed);
  }
  g_test_add_func ("/cuda/prepare/flat", test_flat);
  g_test_add_func ("/cuda/prepare/ramp", test_ramp);
  g_test_add_func ("/cuda/prepare/refused", test_refused);
  return g_test_run ();
}
