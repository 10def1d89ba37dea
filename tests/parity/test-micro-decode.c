/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Decoding by hand: what is expected stands in the test or beside the map
 * (micro-maps.c), so that no back end is only compared with another one.
 */
#include "tests/parity/micro-maps.h"
#include "tests/parity/parity.h"

static gfloat
offset_of (gchar c)
{
  return c >= 'a' ? -(c - 'a' + 1) : c - '0';
}

/* Decodes 8 x 8 pixels at scale 1; offsets are in pixels. */
static void
decode (const ParityMicro *m, guint16 labels[64], NucsegObjectList *objects)
{
  gboolean votes = m->offset_y != NULL;
  g_autofree gchar *output = g_strdup_printf (
      "{\"maps\": [\"foreground\"%s], \"decoder\": {\"method\": \"%s\", "
      "\"threshold\": 0.5%s}}",
      votes ? ", \"offset_y\", \"offset_x\"" : "",
      votes ? "votes" : "components", m->decoder);
  NucsegModel *model = parity_plain_model (1, NULL, output);
  gint n = votes ? 3 : 1;
  guint8 grey[64];
  gfloat maps[64 * 3];
  NucsegFrame frame = { .format = NUCSEG_FORMAT_GRAY8,
    .width = 8,
    .height = 8,
    .data = { grey },
    .stride = { 8 } };
  NucsegParams params = NUCSEG_PARAMS_INIT;
  NucsegResult result = { 0 };
  g_autoptr (GError) error = NULL;
  NucsegGeometry geometry;
  NucsegPlan *plan = parity_plan_new (
      parity_backend (), model, 8, 8, 1, NUCSEG_PRECISION_F32, &geometry);

  g_assert_nonnull (plan);
  for (gint i = 0; i < 64; i++) {
    grey[i] = (guint8) i;
    /* the limit is log (0.5 / 0.5) = 0, and 0 is not above it */
    maps[i * n] = m->foreground[i] == '#' ? 0.001f : 0;
    if (votes) {
      maps[i * n + 1] = offset_of (m->offset_y[i]);
      maps[i * n + 2] = offset_of (m->offset_x[i]);
    }
  }
  params.exclude_border = m->exclude_border;
  params.min_area = m->min_area;
  params.max_area = m->max_area;
  parity_backend ()->write_maps (plan, maps, &error);
  g_assert_no_error (error);
  parity_backend ()->decode (
      plan, &frame, &params, labels, 16, objects, &result, &error);
  g_assert_no_error (error);
  parity_backend ()->plan_free (plan);
  nucseg_model_unref (model);
}

static void
test_decode (gconstpointer data)
{
  const ParityMicro *m = data;
  NucsegObjectList objects = { 0 };
  guint16 labels[64];
  guint n = 0;

  decode (m, labels, &objects);
  for (gint i = 0; i < 64; i++) {
    guint expected = m->labels[i] == '.' ? 0 : m->labels[i] - '0';

    n = MAX (n, expected);
    if (labels[i] != expected) {
      g_test_message ("row %d, column %d: expected %u, found %u", i / 8, i % 8,
          expected, labels[i]);
      g_test_fail ();
    }
  }
  g_assert_cmpuint (objects.n, ==, n);
  g_free (objects.items);
}

/* A single pixel at (1, 1), two by two pixels, a line of three. */
static void
test_objects (void)
{
  static const ParityMicro m = { "........"
                                 ".#..##.."
                                 "....##.."
                                 "........"
                                 "........"
                                 "...###.."
                                 "........"
                                 "........",
    NULL, NULL, "", "", FALSE, 0, 0 };
  NucsegObjectList objects = { 0 };
  const NucsegObject *o;
  guint16 labels[64];

  decode (&m, labels, &objects);
  g_assert_cmpuint (objects.n, ==, 3);
  o = objects.items;
  g_assert_cmpuint (o[0].label, ==, 1);
  g_assert_cmpint (o[0].x, ==, 1);
  g_assert_cmpint (o[0].y, ==, 1);
  g_assert_cmpint (o[0].width, ==, 1);
  g_assert_cmpint (o[0].height, ==, 1);
  g_assert_cmpuint (o[0].area, ==, 1);
  g_assert_cmpfloat (o[0].mean, ==, 9);
  /* 2 transitions in each of 4 directions */
  assert_near (o[0].perimeter, G_PI / 8 * (4 + 4 / G_SQRT2));
  g_assert_cmpfloat (o[0].circularity, ==, 1);

  g_assert_cmpint (o[1].x, ==, 4);
  g_assert_cmpint (o[1].width, ==, 2);
  g_assert_cmpint (o[1].height, ==, 2);
  g_assert_cmpfloat (o[1].centroid_x, ==, 4.5);
  g_assert_cmpfloat (o[1].centroid_y, ==, 1.5);
  g_assert_cmpfloat (o[1].integrated, ==, 12 + 13 + 20 + 21);
  g_assert_cmpfloat (o[1].mean, ==, 16.5);
  /* 2 rows and 2 columns; 3 diagonals each way */
  assert_near (o[1].perimeter, G_PI / 8 * (8 + 12 / G_SQRT2));

  g_assert_cmpint (o[2].y, ==, 5);
  g_assert_cmpint (o[2].width, ==, 3);
  g_assert_cmpuint (o[2].area, ==, 3);
  g_assert_cmpfloat (o[2].centroid_x, ==, 4);
  /* 1 row, 3 columns, 3 diagonals each way */
  assert_near (o[2].perimeter, G_PI / 8 * (8 + 12 / G_SQRT2));
  assert_near (o[2].circularity, 12 * G_PI / (o[2].perimeter * o[2].perimeter));
  g_free (objects.items);
}

/* 16 x 16 network pixels for 8 x 8 of the frame: each of these stands in the
 * middle of four, which weigh the same. Three of four win; two of four tie,
 * and the smaller label, background, wins. An object that no frame pixel takes
 * is gone, and areas are counted on the frame: the model's minimum of 8 network
 * pixels is 2 frame pixels. */
static void
test_scaled (void)
{
  /* clang-format off */
  static const gchar map[] =
      "####............"
      "####............"
      "##.........#...."
      "#...........#..."
      "........##......"
      "........##......"
      "................"
      "................"
      "..######........"
      "..######........"
      "...#####........"
      "................"
      "............####"
      "............####"
      "............####"
      "............####";
  static const gchar expected[] =
      "11......"
      "1......."
      "........"
      "........"
      ".222...."
      "........"
      "......33"
      "......33";
  /* clang-format on */
  NucsegModel *model = parity_plain_model (1, NULL,
      "{\"maps\": [\"foreground\"], \"decoder\": {\"method\": "
      "\"components\", \"threshold\": 0.5, \"min_area\": 8}}");
  gfloat maps[256];
  guint8 grey[64] = { 0 };
  guint16 labels[64];
  NucsegFrame frame = { .format = NUCSEG_FORMAT_GRAY8,
    .width = 8,
    .height = 8,
    .data = { grey },
    .stride = { 8 } };
  NucsegParams params = NUCSEG_PARAMS_INIT;
  NucsegObjectList objects = { 0 };
  NucsegResult result = { 0 };
  g_autoptr (GError) error = NULL;
  NucsegGeometry geometry;
  NucsegPlan *plan = parity_plan_new (
      parity_backend (), model, 8, 8, 2, NUCSEG_PRECISION_F32, &geometry);

  g_assert_nonnull (plan);
  g_assert_cmpint (geometry.pad_width, ==, 16);
  for (gint i = 0; i < 256; i++)
    maps[i] = map[i] == '#' ? 1 : -1;
  parity_backend ()->write_maps (plan, maps, &error);
  g_assert_no_error (error);
  parity_backend ()->decode (
      plan, &frame, &params, labels, 16, &objects, &result, &error);
  g_assert_no_error (error);
  for (gint i = 0; i < 64; i++)
    if (labels[i] != (expected[i] == '.' ? 0 : expected[i] - '0')) {
      g_test_message ("row %d, column %d: expected %c, found %u", i / 8, i % 8,
          expected[i], labels[i]);
      g_test_fail ();
    }
  g_assert_cmpuint (objects.n, ==, 3);
  g_free (objects.items);
  parity_backend ()->plan_free (plan);
  nucseg_model_unref (model);
}

static void
add (void)
{
  for (guint i = 0; i < parity_n_micros; i++) {
    g_autofree gchar *path = g_strdup_printf ("/parity/micro/decode-%u", i);

    g_test_add_data_func (path, &parity_micros[i], test_decode);
  }
  g_test_add_func ("/parity/micro/objects", test_objects);
  g_test_add_func ("/parity/micro/scaled", test_scaled);
}

int
main (int argc, char **argv)
{
  return parity_main (argc, argv, add);
}
