/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whole frames with the shipped models: the back end's labels in each floating
 * precision that it offers, against those of the reference in f32. They are
 * equal but for pixels whose logit the tolerance of parity.c leaves open:
 *
 * - where one takes a pixel for nucleus and the other doesn't, the reference's
 *   logit stands within the tolerance of the decoder's limit;
 * - then labels are matched, as they are numbers in order of rows, and the
 *   pixels counted that still differ: those above, and some on the borders of
 *   nuclei that touch, where a pixel's offset decides between two centres.
 *
 * int8 is not among them: what its steps cost is no rounding, and is measured
 * on images (docs/accuracy.md). The folder of the vectors is the program's
 * second argument.
 */
#include "tests/parity/parity.h"
#include "tests/parity/pictures.h"
#include "tests/parity/vectors.h"

#include <math.h>
#include <string.h>

/* Parts of the nuclei's pixels. The reference in bf16 has at most 0.002 and
 * 0.006 of them; others round to other sides. */
#define MOST_UNSURE 0.01
#define MOST_OTHER 0.03

typedef struct {
  const NucsegBackend *backend;
  NucsegPlan *plan;
  NucsegGeometry geometry;
  gfloat *maps;
  guint16 *labels;
  guint n; /* nuclei */
} Side;

static void
side_run (Side *side, const NucsegBackend *backend, NucsegModel *model,
    NucsegPrecision precision, const NucsegFrame *frame)
{
  const gsize n = (gsize) frame->width * frame->height;
  const gint n_maps = nucseg_model_get_output (model)->n_maps;
  const NucsegParams params = NUCSEG_PARAMS_INIT;
  NucsegObjectList objects = { 0 };
  NucsegResult result = { 0 };
  g_autoptr (GError) error = NULL;

  side->backend = backend;
  side->plan = parity_plan_new (backend, model, frame->width, frame->height, 1,
      precision, &side->geometry);
  g_assert_nonnull (side->plan);
  side->maps = g_new (gfloat,
      (gsize) side->geometry.pad_width * side->geometry.pad_height * n_maps);
  side->labels = g_new0 (guint16, n);
  if (backend->run)
    backend->run (side->plan, frame, &params, side->labels,
        (gsize) frame->width * 2, &objects, NULL, &result, &error);
  else if (backend->prepare (side->plan, frame, &params, &result, &error)
      && backend->network (side->plan, &error))
    backend->decode (side->plan, frame, &params, side->labels,
        (gsize) frame->width * 2, &objects, &result, &error);
  g_assert_no_error (error);
  backend->read_maps (side->plan, side->maps, &error);
  g_assert_no_error (error);
  side->n = objects.n;
  g_free (objects.items);
}

static void
side_clear (Side *side)
{
  side->backend->plan_free (side->plan);
  g_free (side->maps);
  g_free (side->labels);
}

/* --- Comparing ------------------------------------------------------------ */

/* For each label of @a that of @b which most of its pixels have. */
static guint16 *
find_partners (const Side *a, const Side *b, gsize n)
{
  const gsize width = b->n + 1;
  g_autofree guint *shared = g_new0 (guint, (a->n + 1) * width);
  guint16 *partners = g_new0 (guint16, a->n + 1);

  for (gsize i = 0; i < n; i++)
    shared[a->labels[i] * width + b->labels[i]]++;
  for (gsize k = 1; k <= a->n; k++) {
    for (guint m = 1; m <= b->n; m++) {
      if (shared[k * width + m] > shared[k * width + partners[k]])
        partners[k] = (guint16) m;
    }
  }
  return partners;
}

/* Pixels whose nuclei aren't each other's partners. */
static guint
count_other (const Side *a, const Side *b, gsize n)
{
  g_autofree guint16 *there = find_partners (a, b, n),
                     *back = find_partners (b, a, n);
  guint n_other = 0;

  for (gsize i = 0; i < n; i++) {
    const guint16 k = a->labels[i], m = b->labels[i];

    n_other += (k || m) && (!k || !m || there[k] != m || back[m] != k);
  }
  return n_other;
}

/* Pixels that are nucleus to one side alone; each has to be one that the
 * tolerance leaves open. */
static guint
count_unsure (const Side *expected, const Side *actual, NucsegModel *model,
    ParityLimit row)
{
  const ParityTolerance *t = &parity_tolerances[row];
  const NucsegOutput *output = nucseg_model_get_output (model);
  const NucsegGeometry *g = &expected->geometry;
  const gfloat limit =
      logf ((gfloat) (output->threshold / (1 - output->threshold)));
  gdouble most = 0, furthest = 0, allowed;
  guint n = 0;

  for (gint y = 0; y < g->net_height; y++) {
    for (gint x = 0; x < g->net_width; x++)
      most = MAX (most,
          fabsf (
              expected->maps[((gsize) y * g->pad_width + x) * output->n_maps]));
  }
  allowed = t->relative * most + t->absolute;
  for (gint y = 0; y < g->net_height; y++) {
    for (gint x = 0; x < g->net_width; x++) {
      const gsize i = ((gsize) y * g->pad_width + x) * output->n_maps;

      if ((expected->maps[i] > limit) == (actual->maps[i] > limit))
        continue;
      n++;
      furthest = MAX (furthest, fabs ((gdouble) expected->maps[i] - limit));
    }
  }
  g_test_message ("%u pixels on other sides of the limit %g, at most %g from "
                  "it; allowed is %g",
      n, limit, furthest, allowed);
  g_assert_cmpfloat (furthest, <=, allowed);
  return n;
}

/* --- Frames --------------------------------------------------------------- */

/* The frame that the shipped model's vectors were made from, as far as 8 bits
 * tell it. */
static ParityPicture *
open_picture (const gchar *name)
{
  g_autofree gchar *path = g_strdup_printf (
      "%s/shipped-%s.vectors.safetensors", parity_vectors_folder, name);
  ParityVectors *vectors = parity_vectors_open (path);
  gint shape[4];
  g_autofree gfloat *input =
      parity_vectors_get_tensor (vectors, "input", shape);
  ParityPicture *picture =
      parity_picture_new (NUCSEG_FORMAT_GRAY8, shape[3], shape[2], 0, 8, FALSE);
  const gsize n = (gsize) shape[2] * shape[3];
  gfloat low = input[0], high = input[0];

  for (gsize i = 0; i < n; i++) {
    low = MIN (low, input[i]);
    high = MAX (high, input[i]);
  }
  for (gsize i = 0; i < n; i++)
    picture->memory[0][i] =
        (guint8) (255 * (input[i] - low) / (high - low) + 0.5f);
  parity_vectors_close (vectors);
  return picture;
}

static void
compare (NucsegModel *model, NucsegPrecision precision, ParityLimit row,
    const NucsegFrame *frame)
{
  const gsize n = (gsize) frame->width * frame->height;
  Side expected = { NULL }, actual = { NULL };
  guint n_nuclei = 0, n_unsure, n_other;

  side_run (&expected, parity_reference (), model, NUCSEG_PRECISION_F32, frame);
  side_run (&actual, parity_backend (), model, precision, frame);
  for (gsize i = 0; i < n; i++)
    n_nuclei += expected.labels[i] > 0;
  n_unsure = count_unsure (&expected, &actual, model, row);
  n_other = count_other (&expected, &actual, n);
  g_test_message ("%dx%d: %u and %u nuclei of %u pixels, %u with another label",
      frame->width, frame->height, expected.n, actual.n, n_nuclei, n_other);
  /* so that two results without a nucleus are not taken for agreement */
  g_assert_cmpuint (expected.n, >=, 3);
  g_assert_cmpfloat (n_unsure, <=, MOST_UNSURE * n_nuclei);
  g_assert_cmpfloat (n_other, <=, MOST_OTHER * n_nuclei);
  side_clear (&expected);
  side_clear (&actual);
}

typedef struct {
  gchar *model;
  NucsegPrecision precision;
} Case;

static void
test_labels (gconstpointer data)
{
  const Case *c = data;
  /* all other types have at least the bits of bf16 */
  const ParityLimit row = c->precision == NUCSEG_PRECISION_F32
      ? PARITY_NETWORK_F32
      : PARITY_NETWORK_BF16;
  g_autoptr (GError) error = NULL;
  NucsegModel *model = nucseg_model_load (c->model, &error);
  NucsegRandom random = { 7 };

  g_assert_no_error (error);
  if (!parity_supports (model, c->precision)) {
    g_test_skip ("the back end lacks this precision");
    nucseg_model_unref (model);
    return;
  }
  for (guint i = 0; i < 3; i++) {
    g_autoptr (ParityPicture) picture = i == 0
        ? open_picture (c->model)
        : parity_picture_new (NUCSEG_FORMAT_GRAY8, 90 + 7 * (gint) i,
            70 - 5 * (gint) i, 0, 8, FALSE);

    if (i > 0)
      parity_picture_fill (picture, &random, i == 2);
    compare (model, c->precision, row, &picture->frame);
  }
  nucseg_model_unref (model);
}

static void
case_free (gpointer data)
{
  Case *c = data;

  g_free (c->model);
  g_free (c);
}

static void
add (void)
{
  g_auto (GStrv) names = nucseg_model_list_names ();

  g_assert_cmpuint (g_strv_length (names), >=, 1);
  for (guint i = 0; names[i]; i++) {
    /* whatever precisions there are */
    for (guint p = NUCSEG_PRECISION_F32;
         !g_str_equal (nucseg_precision_name (p), "unknown"); p++) {
      g_autofree gchar *path = g_strdup_printf (
          "/parity/labels/%s/%s", names[i], nucseg_precision_name (p));
      Case *c = g_new (Case, 1);

      if (p == NUCSEG_PRECISION_INT8) {
        g_free (c);
        continue;
      }
      *c = (Case){ g_strdup (names[i]), p };
      g_test_add_data_func_full (path, c, test_labels, case_free);
    }
  }
}

int
main (int argc, char **argv)
{
  return parity_vectors_main (argc, argv, add);
}
