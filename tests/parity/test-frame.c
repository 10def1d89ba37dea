/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whole frames through one plan: prepare, network, decode, overlay, or the
 * back end's single launch. Limits have to be equal, inputs and maps close;
 * from the back end's own maps the reference has to decode the same labels and
 * draw the same bytes; and a session has to give what the verbs gave.
 */
#include "tests/parity/cases.h"
#include "tests/parity/parity.h"
#include "tests/parity/pictures.h"

#include <math.h>
#include <string.h>

/* Share of a frame's pixels that a step of rounding in the maps may move over
 * the threshold: random weights put many logits near it. */
#define MOVED_F32 0.005

typedef struct {
  NucsegFormat from, to;
  gint width, height;
  gdouble scale;
} Test;

/* One back end's plan and what it made of the last frame. */
typedef struct {
  const NucsegBackend *backend;
  NucsegPlan *plan;
  NucsegGeometry geometry;
  gfloat *input, *maps;
  guint16 *labels;
  NucsegObjectList objects;
  NucsegResult result;
  ParityPicture *shown;
} Side;

static void
side_init (Side *side, const NucsegBackend *backend, NucsegModel *model,
    const Test *test, NucsegPrecision precision)
{
  gsize padded;

  memset (side, 0, sizeof (*side));
  side->backend = backend;
  side->plan = parity_plan_new (backend, model, test->width, test->height,
      test->scale, precision, &side->geometry);
  g_assert_nonnull (side->plan);
  padded = (gsize) side->geometry.pad_width * side->geometry.pad_height;
  side->input = g_new0 (gfloat, padded);
  side->maps =
      g_new0 (gfloat, padded * nucseg_model_get_output (model)->n_maps);
  side->labels = g_new0 (guint16, (gsize) test->width * test->height);
  side->shown =
      parity_picture_new (test->to, test->width, test->height, 0, 12, FALSE);
}

static void
side_clear (Side *side)
{
  side->backend->plan_free (side->plan);
  g_free (side->input);
  g_free (side->maps);
  g_free (side->labels);
  g_free (side->objects.items);
  parity_picture_free (side->shown);
}

static void
side_decode (Side *side, const NucsegFrame *frame, const NucsegParams *params)
{
  g_autoptr (GError) error = NULL;

  side->backend->decode (side->plan, frame, params, side->labels,
      (gsize) frame->width * sizeof (guint16), &side->objects, &side->result,
      &error);
  g_assert_no_error (error);
}

static void
side_overlay (Side *side, const NucsegFrame *frame, const NucsegParams *params)
{
  g_autoptr (GError) error = NULL;

  side->backend->overlay (side->plan, frame, params, side->labels,
      (gsize) frame->width * sizeof (guint16), side->objects.n,
      &side->shown->frame, &error);
  g_assert_no_error (error);
}

static void
side_run (Side *side, const NucsegFrame *frame, const NucsegParams *params)
{
  g_autoptr (GError) error = NULL;

  if (side->backend->run != NULL) {
    side->backend->run (side->plan, frame, params, side->labels,
        (gsize) frame->width * sizeof (guint16), &side->objects,
        &side->shown->frame, &side->result, &error);
    g_assert_no_error (error);
  } else {
    side->backend->prepare (side->plan, frame, params, &side->result, &error);
    g_assert_no_error (error);
    side->backend->network (side->plan, &error);
    g_assert_no_error (error);
    side_decode (side, frame, params);
    side_overlay (side, frame, params);
  }
  side->backend->read_input (side->plan, side->input, &error);
  g_assert_no_error (error);
  side->backend->read_maps (side->plan, side->maps, &error);
  g_assert_no_error (error);
}

static void
compare_maps (const gchar *what, guint64 seed, NucsegPrecision precision,
    const Side *expected, const Side *actual)
{
  const NucsegGeometry *g = &actual->geometry;
  g_autofree gfloat *magnitude = parity_largest_of_maps (
      expected->maps, (gsize) g->pad_width * g->pad_height, 3);

  parity_compare (what, seed, parity_input_limit (precision), expected->input,
      actual->input, NULL, g->pad_height, g->pad_width, 1);
  parity_compare (what, seed, parity_maps_limit (precision, TRUE),
      expected->maps, actual->maps, magnitude, g->pad_height, g->pad_width, 3);
}

static void
compare_labels (const gchar *what, guint64 seed, const Test *test,
    const Side *expected, const Side *actual)
{
  for (gint i = 0; i < test->width * test->height; i++)
    if (expected->labels[i] != actual->labels[i]) {
      g_test_message ("%s, seed %" G_GUINT64_FORMAT
                      ": from the same maps labels differ first at row %d, "
                      "column %d: expected %u, found %u; no tolerance",
          what, seed, i / test->width, i % test->width, expected->labels[i],
          actual->labels[i]);
      g_test_fail ();
      return;
    }
  g_assert_cmpuint (expected->objects.n, ==, actual->objects.n);
  if (expected->objects.n > 0)
    g_assert_cmpmem (expected->objects.items,
        expected->objects.n * sizeof (NucsegObject), actual->objects.items,
        actual->objects.n * sizeof (NucsegObject));
}

static gdouble
share_moved (const Test *test, const Side *a, const guint16 *labels)
{
  gsize moved = 0;

  for (gint i = 0; i < test->width * test->height; i++)
    moved += (a->labels[i] != 0) != (labels[i] != 0);
  return (gdouble) moved / (test->width * test->height);
}

static void
compare_session (const Test *test, NucsegModel *model,
    NucsegPrecision precision, const NucsegFrame *frame,
    const NucsegParams *params, const Side *side)
{
  const NucsegSessionOptions options = {
    .backend = side->backend->name, .precision = precision, .threads = 2
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (NucsegSession) session =
      nucseg_session_new (model, &options, &error);
  g_autofree guint16 *labels =
      g_new0 (guint16, (gsize) test->width * test->height);
  g_autoptr (ParityPicture) shown =
      parity_picture_new (test->to, test->width, test->height, 2, 12, FALSE);
  NucsegResult result;

  g_assert_no_error (error);
  nucseg_session_run (session, frame, params, labels,
      (gsize) test->width * sizeof (guint16), &shown->frame, &result, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (labels, (gsize) test->width * test->height * 2, side->labels,
      (gsize) test->width * test->height * 2);
  g_assert_cmpuint (result.n_objects, ==, side->objects.n);
  g_assert_cmpuint (result.low, ==, side->result.low);
  g_assert_cmpuint (result.high, ==, side->result.high);
  g_assert_cmpint (result.inverted, ==, side->result.inverted);
  parity_picture_equal ("a session's picture", 0, side->shown, shown);
}

static void
test_precision (const Test *test, NucsegPrecision precision)
{
  static const gint widths[4] = { 16, 16, 32, 32 };
  NucsegModel *model = parity_unet_build (5, widths);
  Side expected, actual;

  if (!parity_supports (model, precision)) {
    nucseg_model_unref (model);
    return;
  }
  side_init (&expected, parity_reference (), model, test, precision);
  side_init (&actual, parity_backend (), model, test, precision);
  /* Frames that differ, through one plan */
  for (guint64 seed = 1; seed <= 3; seed++) {
    NucsegRandom random = { seed };
    g_autoptr (ParityPicture) picture = parity_picture_new (
        test->from, test->width, test->height, 6, 12, FALSE);
    g_autofree guint16 *labels = NULL;
    NucsegParams params = NUCSEG_PARAMS_INIT;
    g_autofree gchar *what = g_strdup_printf ("%s into %s, %dx%d, scale %g, %s",
        nucseg_format_name (test->from), nucseg_format_name (test->to),
        test->width, test->height, test->scale,
        nucseg_precision_name (precision));
    g_autoptr (GError) error = NULL;

    params.scale = test->scale;
    params.overlay = NUCSEG_OVERLAY_BOTH;
    params.draw_count = TRUE;
    parity_picture_fill (picture, &random, seed == 2);
    side_run (&expected, &picture->frame, &params);
    side_run (&actual, &picture->frame, &params);
    g_assert_cmpuint (expected.result.low, ==, actual.result.low);
    g_assert_cmpuint (expected.result.high, ==, actual.result.high);
    g_assert_cmpint (expected.result.inverted, ==, actual.result.inverted);
    compare_maps (what, seed, precision, &expected, &actual);
    labels =
        g_memdup2 (expected.labels, (gsize) test->width * test->height * 2);

    parity_reference ()->write_maps (expected.plan, actual.maps, &error);
    g_assert_no_error (error);
    side_decode (&expected, &picture->frame, &params);
    side_overlay (&expected, &picture->frame, &params);
    compare_labels (what, seed, test, &expected, &actual);
    parity_picture_equal (what, seed, expected.shown, actual.shown);
    if (precision == NUCSEG_PRECISION_F32)
      g_assert_cmpfloat (share_moved (test, &actual, labels), <, MOVED_F32);
    compare_session (test, model, precision, &picture->frame, &params, &actual);
  }
  side_clear (&expected);
  side_clear (&actual);
  nucseg_model_unref (model);
}

static void
test_frame (gconstpointer data)
{
  test_precision (data, NUCSEG_PRECISION_F32);
  test_precision (data, NUCSEG_PRECISION_BF16);
  test_precision (data, NUCSEG_PRECISION_F16);
}

/* A precision that a back end lacks is named. */
static void
test_lacking (void)
{
  static const NucsegPrecision precisions[] = { NUCSEG_PRECISION_INT8,
    NUCSEG_PRECISION_F16 };
  NucsegModel *model = parity_plain_model (1, NULL, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (precisions); i++) {
    const gchar *name = nucseg_precision_name (precisions[i]);
    g_autoptr (GError) error = NULL;

    if (parity_backend ()->supports (model, precisions[i], &error))
      continue;
    g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED);
    g_assert_nonnull (strstr (error->message, name));
    /* and what can be had instead */
    g_assert_nonnull (strstr (error->message, "f32"));
    if (precisions[i] == NUCSEG_PRECISION_F16)
      g_assert_nonnull (strstr (error->message, "reference"));
  }
  nucseg_model_unref (model);
}

static void
add (void)
{
  static const Test tests[] = {
    { NUCSEG_FORMAT_GRAY8, NUCSEG_FORMAT_GRAY8, 64, 48, 1 },
    { NUCSEG_FORMAT_GRAY16_LE, NUCSEG_FORMAT_RGBA, 97, 61, 1 },
    { NUCSEG_FORMAT_GRAY16_BE, NUCSEG_FORMAT_I420, 55, 83, 1.7 },
    { NUCSEG_FORMAT_NV12, NUCSEG_FORMAT_NV12, 131, 66, 0.5 },
    { NUCSEG_FORMAT_RGB, NUCSEG_FORMAT_RGB, 16, 16, 1 },
    { NUCSEG_FORMAT_BGRX, NUCSEG_FORMAT_BGRX, 150, 17, 0.8 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (tests); i++) {
    g_autofree gchar *path = g_strdup_printf ("/parity/frame/%s-%dx%d",
        nucseg_format_name (tests[i].from), tests[i].width, tests[i].height);

    g_test_add_data_func (path, &tests[i], test_frame);
  }
  g_test_add_func ("/parity/frame/lacking", test_lacking);
}

int
main (int argc, char **argv)
{
  return parity_main (argc, argv, add);
}
