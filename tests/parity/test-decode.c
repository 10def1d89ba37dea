/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Decode: maps of many kinds through both decoders. Labels, objects and the
 * number of dropped ones have to be equal; and whatever the back end, labels
 * have to be in raster order and agree with the objects.
 */
#include "tests/parity/maps.h"
#include "tests/parity/parity.h"
#include "tests/parity/pictures.h"

#include <string.h>

#define PAD 3 /* labels behind each row, which nobody may write */
#define GUARD 0xbeef

typedef struct {
  ParityMaps kind;
  gint width, height, multiple;
  gdouble scale;
  gboolean votes;
  gfloat offset_scale;
  gint min_votes, vote_reach, radius, model_min_area;
  NucsegParams params;
} Setup;

typedef struct {
  guint16 *labels; /* width + PAD a row */
  NucsegObjectList objects;
  NucsegResult result;
} Decoded;

static NucsegModel *
make_model (const Setup *s)
{
  g_autofree gchar *output = g_strdup_printf (
      "{\"maps\": [\"foreground\"%s], \"decoder\": {\"method\": \"%s\", "
      "\"threshold\": 0.6, \"offset_scale\": %g, \"min_votes\": %d, "
      "\"vote_reach\": %d, "
      "\"radius\": %d, \"min_area\": %d}}",
      s->votes ? ", \"offset_y\", \"offset_x\"" : "",
      s->votes ? "votes" : "components", (gdouble) s->offset_scale,
      s->min_votes, s->vote_reach, s->radius, s->model_min_area);

  return parity_plain_model (s->multiple, NULL, output);
}

static void
decoded_clear (Decoded *d)
{
  g_free (d->labels);
  g_free (d->objects.items);
}

static gboolean
decode (const NucsegBackend *backend, NucsegModel *model, const Setup *s,
    guint64 seed, const NucsegFrame *frame, Decoded *out)
{
  g_autoptr (GError) error = NULL;
  gint n_maps = nucseg_model_get_output (model)->n_maps;
  gint stride = s->width + PAD;
  g_autofree gfloat *maps = NULL;
  NucsegGeometry g;
  NucsegPlan *plan = parity_plan_new (
      backend, model, s->width, s->height, s->scale, NUCSEG_PRECISION_F32, &g);

  memset (out, 0, sizeof (*out));
  if (plan == NULL)
    return FALSE;
  maps = g_new (gfloat, (gsize) g.pad_width * g.pad_height * n_maps);
  out->labels = g_new (guint16, (gsize) stride * s->height);
  for (gint i = 0; i < stride * s->height; i++)
    out->labels[i] = GUARD;

  /* First other maps: what they leave behind must not show. */
  for (gint round = 1; round >= 0; round--) {
    parity_maps_fill (round == 0 ? s->kind : PARITY_MAPS_FULL, seed + round, &g,
        n_maps, s->offset_scale, maps);
    backend->write_maps (plan, maps, &error);
    g_assert_no_error (error);
    out->result.dropped = 99;
    backend->decode (plan, frame, &s->params, out->labels,
        (gsize) stride * sizeof (guint16), &out->objects, &out->result, &error);
    g_assert_no_error (error);
  }
  backend->plan_free (plan);
  return TRUE;
}

/* Tells how two records differ; NULL if they don't. */
static const gchar *
compare_objects (const NucsegObject *a, const NucsegObject *b)
{
  if (a->label != b->label)
    return "label";
  if (a->x != b->x || a->y != b->y || a->width != b->width
      || a->height != b->height)
    return "box";
  if (a->area != b->area)
    return "area";
  if (a->centroid_x != b->centroid_x || a->centroid_y != b->centroid_y)
    return "centroid";
  if (a->mean != b->mean || a->integrated != b->integrated)
    return "mean or integrated";
  if (a->perimeter != b->perimeter || a->circularity != b->circularity)
    return "perimeter or circularity";
  return NULL;
}

static void
check_equal (const gchar *what, guint64 seed, const Setup *s,
    const Decoded *expected, const Decoded *actual)
{
  gint stride = s->width + PAD;

  for (gint i = 0; i < stride * s->height; i++)
    if (expected->labels[i] != actual->labels[i]) {
      g_test_message ("%s, seed %" G_GUINT64_FORMAT
                      ": labels differ first at row %d, column %d: expected "
                      "%u, found %u; no tolerance",
          what, seed, i / stride, i % stride, expected->labels[i],
          actual->labels[i]);
      g_test_fail ();
      return;
    }
  if (expected->objects.n != actual->objects.n
      || expected->result.dropped != actual->result.dropped) {
    g_test_message ("%s, seed %" G_GUINT64_FORMAT
                    ": expected %u objects and %u dropped, found %u and %u",
        what, seed, expected->objects.n, expected->result.dropped,
        actual->objects.n, actual->result.dropped);
    g_test_fail ();
    return;
  }
  for (guint i = 0; i < expected->objects.n; i++) {
    const gchar *field = compare_objects (
        &expected->objects.items[i], &actual->objects.items[i]);

    if (field != NULL) {
      g_test_message ("%s, seed %" G_GUINT64_FORMAT
                      ": object %u differs in its %s",
          what, seed, i + 1, field);
      g_test_fail ();
      return;
    }
  }
}

/* What holds of any decoder's labels. */
static void
check_sound (const gchar *what, const Setup *s, const Decoded *d)
{
  gint stride = s->width + PAD;
  g_autofree guint32 *area = g_new0 (guint32, NUCSEG_MAX_LABEL + 1);
  guint highest = 0;

  for (gint y = 0; y < s->height; y++)
    for (gint x = 0; x < stride; x++) {
      guint label = d->labels[y * stride + x];

      if (x >= s->width) {
        g_assert_cmpuint (label, ==, GUARD);
        continue;
      }
      area[label]++;
      if (label > highest) {
        g_assert_cmpuint (label, ==, highest + 1);
        highest = label;
      }
      if (label != 0 && s->params.exclude_border)
        g_assert_true (y > 0 && x > 0 && y < s->height - 1 && x < s->width - 1);
    }
  g_assert_cmpuint (highest, ==, d->objects.n);
  for (guint i = 0; i < d->objects.n; i++) {
    const NucsegObject *o = &d->objects.items[i];

    g_assert_cmpuint (o->label, ==, i + 1);
    g_assert_cmpuint (o->area, ==, area[i + 1]);
    g_assert_cmpfloat (o->centroid_x, >=, o->x);
    g_assert_cmpfloat (o->centroid_x, <=, o->x + o->width - 1);
    g_assert_cmpfloat (o->centroid_y, >=, o->y);
    g_assert_cmpfloat (o->centroid_y, <=, o->y + o->height - 1);
    g_assert_cmpfloat (o->circularity, >, 0);
    g_assert_cmpfloat (o->circularity, <=, 1);
    if (s->params.min_area > 0)
      g_assert_cmpuint (o->area, >=, s->params.min_area);
    if (s->params.max_area > 0)
      g_assert_cmpuint (o->area, <=, s->params.max_area);
  }
}

/* Returns the number of objects. */
static guint
run (const Setup *s, guint64 seed)
{
  NucsegModel *model = make_model (s);
  NucsegRandom random = { seed };
  g_autoptr (ParityPicture) picture = parity_picture_new (
      seed % NUCSEG_FORMAT_LAST, s->width, s->height, 4, 12, seed % 2);
  g_autofree gchar *what = g_strdup_printf (
      "%s, %s, %dx%d, scale %g, areas %d..%d, model's %d, border %d, "
      "min_votes %d, vote_reach %d, radius %d, offset_scale %g, threshold %g",
      parity_maps_name (s->kind), s->votes ? "votes" : "components", s->width,
      s->height, s->scale, s->params.min_area, s->params.max_area,
      s->model_min_area, s->params.exclude_border, s->min_votes, s->vote_reach,
      s->radius, (gdouble) s->offset_scale, s->params.threshold);
  Decoded expected, actual;
  guint n = 0;

  parity_picture_fill (picture, &random, FALSE);
  if (decode (parity_reference (), model, s, seed, &picture->frame, &expected)
      && decode (parity_backend (), model, s, seed, &picture->frame, &actual)) {
    check_equal (what, seed, s, &expected, &actual);
    check_sound (what, s, &actual);
    n = actual.objects.n;
    decoded_clear (&expected);
    decoded_clear (&actual);
  }
  nucseg_model_unref (model);
  return n;
}

static Setup
plain (ParityMaps kind, gint width, gint height, gboolean votes)
{
  return (Setup){ .kind = kind,
    .width = width,
    .height = height,
    .multiple = 16,
    .scale = 1,
    .votes = votes,
    .offset_scale = 16,
    .min_votes = 3,
    .radius = 16,
    .params = NUCSEG_PARAMS_INIT };
}

static void
test_kind (gconstpointer data)
{
  static const gdouble scales[] = { 1, 1, 1, 0.5, 0.7, 2, 2.3 };
  static const gfloat offset_scales[] = { 1, 7.3f, 16 };
  static const gint min_areas[] = { -1, -1, 0, 5, 40 };
  static const gint max_areas[] = { 0, 0, 0, 60, 400 };
  static const gdouble thresholds[] = { 0, 0, 0.5, 0.97 };
  ParityMaps kind = GPOINTER_TO_UINT (data);

  for (guint64 seed = 1; seed <= 24 && !g_test_failed (); seed++) {
    NucsegRandom random = { seed * 100 + kind };
    Setup s = plain (kind, 16 + nucseg_random_below (&random, 90),
        16 + nucseg_random_below (&random, 70), seed % 3 != 0);

    s.multiple = nucseg_random_below (&random, 2) ? 16 : 1;
    s.scale = scales[nucseg_random_below (&random, G_N_ELEMENTS (scales))];
    s.offset_scale = offset_scales[nucseg_random_below (
        &random, G_N_ELEMENTS (offset_scales))];
    s.min_votes = 1 + nucseg_random_below (&random, 6);
    s.vote_reach = seed % 2 ? nucseg_random_below (&random, 20) : 0;
    s.radius = nucseg_random_below (&random, 14);
    s.model_min_area = nucseg_random_below (&random, 2) ? 12 : 0;
    s.params.min_area =
        min_areas[nucseg_random_below (&random, G_N_ELEMENTS (min_areas))];
    s.params.max_area =
        max_areas[nucseg_random_below (&random, G_N_ELEMENTS (max_areas))];
    s.params.exclude_border = nucseg_random_below (&random, 3) == 0;
    s.params.threshold =
        thresholds[nucseg_random_below (&random, G_N_ELEMENTS (thresholds))];
    run (&s, seed);
  }
}

/* The largest radius, and offsets as far as they go. */
static void
test_far (void)
{
  Setup s = plain (PARITY_MAPS_NOISE, 150, 131, TRUE);

  s.radius = 64;
  s.min_votes = 9;
  run (&s, 1);
  s.vote_reach = 1024;
  run (&s, 1);
  s.vote_reach = 5;
  s.kind = PARITY_MAPS_WILD;
  s.offset_scale = 256;
  run (&s, 2);
  s.kind = PARITY_MAPS_TIES;
  s.radius = 0;
  run (&s, 3);
}

static void
test_thousands (void)
{
  Setup s = plain (PARITY_MAPS_CROWD, 512, 512, TRUE);

  g_assert_cmpuint (run (&s, 1), >, 2000);
  s.votes = FALSE;
  run (&s, 2);
}

static void
test_zero (void)
{
  Setup s = plain (PARITY_MAPS_NONE, 77, 50, TRUE);

  g_assert_cmpuint (run (&s, 1), ==, 0);
  s.votes = FALSE;
  g_assert_cmpuint (run (&s, 2), ==, 0);
}

/* More than labels can count: 260 x 257 single pixels. */
static void
test_too_many (void)
{
  Setup s = plain (PARITY_MAPS_DOTS, 520, 514, FALSE);
  NucsegModel *model = make_model (&s);
  g_autoptr (ParityPicture) picture =
      parity_picture_new (NUCSEG_FORMAT_GRAY8, 520, 514, 0, 8, FALSE);
  Decoded d;

  g_assert_cmpuint (run (&s, 1), ==, NUCSEG_MAX_LABEL);
  if (decode (parity_backend (), model, &s, 1, &picture->frame, &d)) {
    g_assert_cmpuint (d.result.dropped, ==, 260 * 257 - NUCSEG_MAX_LABEL);
    decoded_clear (&d);
  }
  nucseg_model_unref (model);
}

static void
add (void)
{
  for (guint i = 0; i < PARITY_MAPS_LAST; i++) {
    g_autofree gchar *path =
        g_strdup_printf ("/parity/decode/%s", parity_maps_name (i));

    g_test_add_data_func (path, GUINT_TO_POINTER (i), test_kind);
  }
  g_test_add_func ("/parity/decode/far", test_far);
  g_test_add_func ("/parity/decode/thousands", test_thousands);
  g_test_add_func ("/parity/decode/zero", test_zero);
  g_test_add_func ("/parity/decode/too-many", test_too_many);
}

int
main (int argc, char **argv)
{
  return parity_main (argc, argv, add);
}
