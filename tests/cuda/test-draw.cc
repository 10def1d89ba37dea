/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-draw.cc: nucseg_cuda_objects() and nucseg_cuda_overlay() against
 * cpu/reference/objects.c and overlay.c: every byte must be equal.
 */
#include "common.h"
#include "tests/cuda/cases/draw.h"

#include <math.h>

static bool
is_word (gint format)
{
  return format == NUCSEG_FORMAT_GRAY16_LE || format == NUCSEG_FORMAT_GRAY16_BE;
}

/* --- Objects -------------------------------------------------------------- */

static void
run_objects (const char *what, const NucsegFrame *frame, const guint16 *labels,
    gsize stride, guint n, unsigned n_seeds = TEST_SEEDS)
{
  Memory<guint16> row (frame->width);
  Memory<NucsegSums> sums (MAX (n, 1));
  Memory<NucsegObject> expected (MAX (n, 1)), objects (n + 1);
  Memory<guint8> workspace (nucseg_cuda_objects_workspace ());
  Memory<NucsegCudaRequest> request (1);
  Memory<NucsegCudaReply> reply (1);
  NucsegCudaObjects arguments = { case_picture (frame), workspace.get (),
    request, reply };

  nucseg_ref_objects (frame, labels, stride, n, row, sums, expected);
  memset (request, 0, sizeof (NucsegCudaRequest));
  request->frame = planes_of (frame);
  request->labels = (guint16 *) labels;
  request->labels_stride = stride;
  request->objects = objects;
  reply->n_objects = n;
  for (unsigned seed = 0; seed < test_seeds (n_seeds); seed++) {
    emulation::set_seed (seed);
    check_cuda (nucseg_cuda_objects (&arguments, nullptr), what, seed);
    for (guint i = 0; i < n; i++)
      if (memcmp (&objects[i], &expected[i], sizeof (NucsegObject)) != 0)
        g_error ("%s, seed %u: object %u of %u differs: area %u and %u, "
                 "perimeter %.17g and %.17g, expected is the second",
            what, seed, i, n, objects[i].area, expected[i].area,
            objects[i].perimeter, expected[i].perimeter);
    /* Only the frame's records are written. */
    g_assert_cmpuint (objects[n].label, ==, 0xcdcdcdcd);
  }
}

static void
test_objects (void)
{
  for (gint format = 0; format < NUCSEG_FORMAT_LAST; format++)
    for (const DrawSize &size : draw_sizes) {
      guint bits = is_word (format) ? (size.padding ? 12 : 16) : 0;
      g_autoptr (ParityPicture) picture =
          parity_picture_new ((NucsegFormat) format, size.width, size.height,
              size.padding, bits, size.padding == 2);
      NucsegRandom random = { (guint64) format };
      gint stride = size.width + size.padding / 2;
      Memory<guint16> labels ((size_t) stride * size.height);
      guint n;

      parity_picture_fill (picture, &random, FALSE);
      parity_labels_fill (labels, stride, size.width, size.height, 40, &random);
      n = draw_renumber (labels, stride, size.width, size.height);
      run_objects (nucseg_format_name ((NucsegFormat) format), &picture->frame,
          labels, (gsize) stride * 2, n);
    }
}

/* None; one over the whole frame, as bright as can be; as many as there are. */
static void
test_extremes (void)
{
  g_autoptr (ParityPicture) picture =
      parity_picture_new (NUCSEG_FORMAT_GRAY16_LE, 256, 256, 0, 16, FALSE);
  Memory<guint16> labels (65536);

  memset (picture->frame.data[0], 0xff, 65536 * 2);
  memset (labels, 0, 65536 * 2);
  run_objects ("none", &picture->frame, labels, 512, 0);
  for (guint i = 0; i < 65536; i++)
    labels[i] = 1;
  run_objects ("one", &picture->frame, labels, 512, 1);
  for (guint i = 0; i < 65536; i++)
    labels[i] = (guint16) i;
  run_objects ("all", &picture->frame, labels, 512, 65535);
}

/* --- Overlay -------------------------------------------------------------- */

static void
run_overlay (const ParityPicture *picture, NucsegFormat shown_format,
    const DrawSize &size, const DrawStyle &style, const guint16 *labels,
    gsize stride, bool in_place, unsigned seed)
{
  const NucsegFrame *frame = &picture->frame;
  NucsegParams params = NUCSEG_PARAMS_INIT;
  NucsegOutput output = {};
  g_autofree gchar *what =
      g_strdup_printf ("%s to %s, overlay %d, count %d, %u objects%s",
          nucseg_format_name (frame->format), nucseg_format_name (shown_format),
          style.overlay, style.count, style.n, in_place ? ", in place" : "");
  /* Another padding than the frame's. */
  g_autoptr (ParityPicture) expected = in_place
      ? parity_picture_copy (picture)
      : parity_picture_new (shown_format, size.width, size.height, 4,
          frame->significant_bits, frame->msb_aligned);
  g_autoptr (ParityPicture) shown = parity_picture_copy (expected);
  Memory<NucsegCudaRequest> request (1);
  Memory<NucsegCudaReply> reply (1);
  guint top = (1u << nucseg_frame_get_depth (frame)) - 1;
  NucsegCudaPicture facts = case_picture (frame);

  params.overlay = style.overlay;
  params.overlay_alpha = style.alpha;
  params.contour_color = style.contour;
  params.fill_color = style.fill;
  params.draw_count = style.count;
  output.threshold = 0.5;
  nucseg_cuda_request_init (request, &params, &output, 1);
  request->frame = planes_of (in_place ? &shown->frame : frame);
  request->shown = planes_of (&shown->frame);
  request->yuv = expected->frame.yuv =
      (NucsegYuv) ((seed + shown_format + style.n) % NUCSEG_YUV_LAST);
  request->labels = (guint16 *) labels;
  request->labels_stride = stride;
  memset (reply, 0, sizeof (NucsegCudaReply));
  reply->low_level = top / 9;
  reply->high_level = top / 3 * 2;
  reply->n_objects = style.n;

  g_assert_true (nucseg_ref_overlay (in_place ? &expected->frame : frame,
      &params, reply->low_level, reply->high_level, labels, stride, style.n,
      &expected->frame, nullptr));
  emulation::set_seed (seed);
  check_cuda (
      nucseg_cuda_overlay (&facts, shown_format, request, reply, nullptr), what,
      seed);
  if (!parity_picture_equal (what, seed, expected, shown))
    g_error ("%s: the pictures differ", what);
  parity_picture_check_padding (what, shown);
}

/* On a picture of its own, and in place where that can be; @bits: also the
 * first seed. */
static void
run_seeds (const ParityPicture *picture, NucsegFormat shown,
    const DrawSize &size, const DrawStyle &style, const guint16 *labels,
    gsize stride, guint bits)
{
  for (unsigned seed = bits; seed < bits + test_seeds (1); seed++)
    for (bool in_place : { false, true })
      if (!in_place || shown == picture->frame.format)
        run_overlay (
            picture, shown, size, style, labels, stride, in_place, seed);
}

static void
test_overlay (gconstpointer data)
{
  NucsegFormat format = (NucsegFormat) GPOINTER_TO_INT (data);

  for (const DrawSize &size : draw_sizes)
    for (guint bits = 8; bits <= 16; bits += 4) {
      bool aligned = bits == 12 && size.padding > 0;
      g_autoptr (ParityPicture) picture = parity_picture_new (
          format, size.width, size.height, size.padding, bits, aligned);
      NucsegRandom random = { bits };
      gint stride = size.width + size.padding / 2;
      Memory<guint16> labels ((size_t) stride * size.height);

      if (!is_word (format) && bits > 8)
        continue;
      parity_picture_fill (picture, &random, FALSE);
      parity_labels_fill (
          labels, stride, size.width, size.height, 60000, &random);
      for (const DrawStyle &style : draw_styles)
        for (gint shown = 0; shown < NUCSEG_FORMAT_LAST; shown++) {
          if (shown != format
              && (!nucseg_format_is_grey (format)
                  || nucseg_format_is_grey ((NucsegFormat) shown)))
            continue;
          run_seeds (picture, (NucsegFormat) shown, size, style, labels,
              (gsize) stride * 2, bits);
        }
    }
}

/* What is timed, once. */
static void
test_timed (gconstpointer data)
{
  const DrawTimed *c = (const DrawTimed *) data;
  const DrawSize size = { CASE_SIDE, CASE_SIDE, 0 };
  g_autoptr (ParityPicture) picture = parity_picture_new (
      c->format, size.width, size.height, 0, c->bits, FALSE);
  NucsegRandom random = { g_str_hash (c->name) };
  Memory<guint16> labels (CASE_SIDE * CASE_SIDE);
  DrawStyle style = draw_styles[0];

  parity_picture_fill (picture, &random, FALSE);
  style.n = draw_timed_fill (labels, CASE_SIDE);
  run_objects (c->name, &picture->frame, labels, CASE_SIDE * 2, style.n, 1);
  run_overlay (picture, c->shown, size, style, labels, CASE_SIDE * 2, false, 1);
}

/* Letters of more than one pixel a dot, and a box that is wider than the
 * frame; every colour there is. */
static void
test_large (void)
{
  const DrawSize size = { 264, 249, 0 };
  const DrawSize tall = { 30, 730, 0 };
  Memory<guint16> labels (264 * 249);
  g_autoptr (ParityPicture) picture = parity_picture_new (
      NUCSEG_FORMAT_RGB, size.width, size.height, 0, 0, FALSE);
  g_autoptr (ParityPicture) narrow = parity_picture_new (
      NUCSEG_FORMAT_I420, tall.width, tall.height, 0, 0, FALSE);
  NucsegRandom random = { 5 };

  for (gint i = 0; i < 264 * 249; i++)
    labels[i] = (guint16) i;
  parity_picture_fill (picture, &random, FALSE);
  parity_picture_fill (narrow, &random, TRUE);
  for (guint n : { 0u, 1u, 9u, 10u, 12345u, 65535u }) {
    DrawStyle style = draw_styles[0];

    style.n = n;
    for (unsigned seed = n; seed < n + test_seeds (1); seed++) {
      run_overlay (
          picture, NUCSEG_FORMAT_RGB, size, style, labels, 528, false, seed);
      run_overlay (
          narrow, NUCSEG_FORMAT_I420, tall, style, labels, 60, true, seed);
    }
  }
}

static void
test_refused (void)
{
  NucsegCudaPicture colour = { NUCSEG_FORMAT_RGB, 16, 16, 8, FALSE };
  NucsegCudaPicture grey = { NUCSEG_FORMAT_GRAY8, 16, 16, 8, FALSE };
  NucsegCudaObjects objects = {};
  Memory<NucsegCudaRequest> request (1);
  Memory<NucsegCudaReply> reply (1);

  g_assert_cmpint (
      nucseg_cuda_overlay (&colour, NUCSEG_FORMAT_BGR, request, reply, nullptr),
      ==, cudaErrorInvalidValue);
  g_assert_cmpint (nucseg_cuda_overlay (
                       &grey, NUCSEG_FORMAT_GRAY16_LE, request, reply, nullptr),
      ==, cudaErrorInvalidValue);
  g_assert_cmpint (
      nucseg_cuda_objects (&objects, nullptr), ==, cudaErrorInvalidValue);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cuda/objects/formats", test_objects);
  g_test_add_func ("/cuda/objects/extremes", test_extremes);
  for (gint format = 0; format < NUCSEG_FORMAT_LAST; format++) {
    g_autofree gchar *path = g_strdup_printf (
        "/cuda/overlay/%s", nucseg_format_name ((NucsegFormat) format));

    g_test_add_data_func (path, GINT_TO_POINTER (format), test_overlay);
  }
  for (const DrawTimed &c : draw_timed) {
    g_autofree gchar *path = g_strdup_printf ("/cuda/draw/timed/%s", c.name);

    g_test_add_data_func (path, &c, test_timed);
  }
  g_test_add_func ("/cuda/overlay/large", test_large);
  g_test_add_func ("/cuda/draw/refused", test_refused);
  return g_test_run ();
}
