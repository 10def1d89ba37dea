/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * meta-transform.c: the metadata behind elements that change the picture: it
 * follows where that is scaled or converted, and goes where it is cut or
 * turned.
 */
#include "support.h"

#include <math.h>

#define WIDTH 64
#define HEIGHT 48

static GstVideoInfo info;

/* The scene through "nucsegfilter ! @rest"; NULL without those elements. */
static GstBuffer *
through (const gchar *rest, const gchar *properties)
{
  g_autofree gchar *caps = nst_caps (GST_VIDEO_FORMAT_GRAY8, WIDTH, HEIGHT);
  g_autofree gchar *line =
      g_strdup_printf ("nucsegfilter model=affine backend=reference "
                       "overlay=none %s ! %s ! identity",
          properties, rest);
  GstHarness *h;
  GstBuffer *out;

  h = gst_harness_new_parse (line);
  gst_harness_set_src_caps_str (h, caps);
  out = nst_push_and_pull (h, nst_frame_new (&info, 0, NULL));
  gst_harness_teardown (h);
  return out;
}

/* Asserts that table and labels of @masks tell the same. */
static void
assert_consistent (const NucsegMasks *masks)
{
  g_autofree guint *areas = g_new0 (guint, masks->n_objects + 1);

  for (gint y = 0; y < masks->height; y++) {
    for (gint x = 0; x < masks->width; x++) {
      const guint label = masks->labels[y * masks->width + x];
      const NucsegObject *o;

      g_assert_cmpuint (label, <=, masks->n_objects);
      areas[label]++;
      if (label == 0)
        continue;
      o = &masks->objects[label - 1];
      g_assert_cmpuint (o->label, ==, label);
      g_assert_true (x >= o->x && x < o->x + o->width);
      g_assert_true (y >= o->y && y < o->y + o->height);
    }
  }
  for (guint i = 0; i < masks->n_objects; i++)
    g_assert_cmpuint (masks->objects[i].area, ==, areas[i + 1]);
}

static void
check_scaled (gint width, gint height)
{
  g_autofree gchar *rest = g_strdup_printf (
      "videoscale ! video/x-raw,width=%d,height=%d", width, height);
  GstBuffer *buffer = through (rest, "pixel-size=0.5");
  const gdouble sx = (gdouble) width / WIDTH, sy = (gdouble) height / HEIGHT;
  const gboolean square = width * HEIGHT == height * WIDTH;
  NstRect rects[3];
  const guint n = nst_scene (WIDTH, HEIGHT, rects);
  NucsegMasks masks;
  gdouble pixel_size;

  g_assert_true (nucseg_masks_map (buffer, NUCSEG_META_NAME, &masks));
  g_assert_cmpint (masks.width, ==, width);
  g_assert_cmpint (masks.height, ==, height);
  g_assert_cmpuint (masks.n_objects, ==, n);
  assert_consistent (&masks);
  for (guint i = 0; i < n; i++) {
    const NucsegObject *o = &masks.objects[i];
    const NstRect *r = &rects[i];

    /* nearest neighbour: never off by more than a pixel of the finer grid */
    g_assert_cmpfloat (fabs (o->x - r->x * sx), <=, 1);
    g_assert_cmpfloat (fabs (o->y - r->y * sy), <=, 1);
    g_assert_cmpfloat (fabs (o->width - r->width * sx), <=, 1);
    g_assert_cmpfloat (fabs (o->height - r->height * sy), <=, 1);
    g_assert_cmpfloat (o->mean, ==, r->value);
    g_assert_cmpfloat (o->integrated, ==, (gdouble) r->value * o->area);
    g_assert_cmpfloat (
        fabs (o->centroid_x - ((r->x + r->width / 2.0) * sx - 0.5)), <=, 0.51);
  }
  gst_structure_get_double (masks.structure, "pixel-size", &pixel_size);
  g_assert_cmpfloat_with_epsilon (pixel_size, square ? 0.5 / sx : 0.0, 1e-9);
  nucseg_masks_unmap (&masks);
  gst_buffer_unref (buffer);
}

static void
test_scaled (void)
{
  if (nst_lacks ("videoscale"))
    return;
  check_scaled (WIDTH * 2, HEIGHT * 2);
  check_scaled (WIDTH * 3, HEIGHT);
  check_scaled (WIDTH / 2, HEIGHT / 2);
  check_scaled (101, 77);
  check_scaled (WIDTH, HEIGHT);
}

/* Borders that a scaler may have added are no place for a mask: where what is
 * shown would have another aspect ratio there may be some. */
static void
test_scaled_borders (void)
{
  static const struct {
    gint width, height;
    const gchar *ratio; /* of a pixel */
    gboolean kept;
  } cases[] = { { WIDTH, 2 * HEIGHT, "1/1", FALSE },
    { 2 * WIDTH, HEIGHT, "1/1", FALSE }, { 2 * WIDTH, HEIGHT, "1/2", TRUE },
    { WIDTH / 2, HEIGHT, "1/1", FALSE }, { 2 * WIDTH, 2 * HEIGHT, "1/1", TRUE },
    /* a pixel of rounding, and two */
    { 2 * WIDTH, 2 * HEIGHT + 1, "1/1", TRUE },
    { 2 * WIDTH, 2 * HEIGHT + 2, "1/1", FALSE } };

  if (nst_lacks ("videoscale"))
    return;
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree gchar *rest =
        g_strdup_printf ("videoscale ! video/x-raw,width=%d,height=%d,"
                         "pixel-aspect-ratio=%s",
            cases[i].width, cases[i].height, cases[i].ratio);
    GstBuffer *buffer = through (rest, "");
    NucsegMasks masks;

    g_test_message ("%s", rest);
    g_assert_cmpint (
        nucseg_masks_map (buffer, NUCSEG_META_NAME, &masks), ==, cases[i].kept);
    if (cases[i].kept)
      nucseg_masks_unmap (&masks);
    gst_buffer_unref (buffer);
  }
}

/* What has no pixel left stays in the table: labels keep their numbers. */
static void
test_scaled_away (void)
{
  GstBuffer *buffer;
  NucsegMasks masks;
  guint gone = 0;

  if (nst_lacks ("videoscale"))
    return;
  buffer = through ("videoscale ! video/x-raw,width=4,height=4", "");
  g_assert_true (nucseg_masks_map (buffer, NUCSEG_META_NAME, &masks));
  g_assert_cmpuint (masks.n_objects, ==, 3);
  assert_consistent (&masks);
  for (guint i = 0; i < 3; i++)
    gone += masks.objects[i].area == 0;
  g_assert_cmpuint (gone, >, 0);
  nucseg_masks_unmap (&masks);
  gst_buffer_unref (buffer);
}

/* Zero nuclei are scaled too. */
static void
test_scaled_empty (void)
{
  g_autofree gchar *caps = nst_caps (GST_VIDEO_FORMAT_GRAY8, WIDTH, HEIGHT);
  GstHarness *h;
  GstBuffer *out;

  if (nst_lacks ("videoscale"))
    return;
  h = gst_harness_new_parse (
      "nucsegfilter model=affine backend=reference overlay=none ! "
      "videoscale ! video/x-raw,width=40,height=30 ! identity");
  gst_harness_set_src_caps_str (h, caps);
  out = nst_push_and_pull (h, nst_empty_frame_new (&info, 0));
  nst_assert_empty (out, 40, 30);
  gst_buffer_unref (out);
  gst_harness_teardown (h);
}

/* A wrong mask is worse than none: what is cut or turned has none. */
static void
test_cropped_and_turned (void)
{
  static const gchar *const rest[] = { "videocrop left=8 top=8",
    "videobox left=8", "videoflip video-direction=90r",
    "videoflip video-direction=horiz" };

  for (guint i = 0; i < G_N_ELEMENTS (rest); i++) {
    g_auto (GStrv) words = g_strsplit (rest[i], " ", 2);
    GstBuffer *buffer;

    if (nst_lacks (words[0]))
      continue;
    buffer = through (rest[i], "");
    g_assert_null (gst_buffer_get_custom_meta (buffer, NUCSEG_META_NAME));
    gst_buffer_unref (buffer);
  }
}

static void
test_converted (void)
{
  GstBuffer *buffer;

  if (nst_lacks ("videoconvert"))
    return;
  /* colours change, places don't */
  buffer = through ("videoconvert ! video/x-raw,format=RGB", "");
  nst_assert_scene (buffer, WIDTH, HEIGHT, 255);
  gst_buffer_unref (buffer);
}

int
main (int argc, char **argv)
{
  nst_init (&argc, &argv);
  info = nst_info (GST_VIDEO_FORMAT_GRAY8, WIDTH, HEIGHT);
  g_test_add_func ("/meta/scaled", test_scaled);
  g_test_add_func ("/meta/scaled-borders", test_scaled_borders);
  g_test_add_func ("/meta/scaled-away", test_scaled_away);
  g_test_add_func ("/meta/scaled-empty", test_scaled_empty);
  g_test_add_func ("/meta/cropped-and-turned", test_cropped_and_turned);
  g_test_add_func ("/meta/converted", test_converted);
  return nst_run ();
}
