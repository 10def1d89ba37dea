/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * meta.c: the metadata on its own: what the reader believes, how it follows
 * buffers that are copied, cut, scaled and cropped, and that a stream in full
 * run asks for no new label maps.
 */
#include "support.h"

#include <math.h>

#define WIDTH 64
#define HEIGHT 48

static GstVideoInfo info;

static GstHarness *
harness_new (GstElement *filter)
{
  g_autofree gchar *caps = nst_caps (GST_VIDEO_FORMAT_GRAY8, WIDTH, HEIGHT);

  return nst_harness_new (filter, caps);
}

/* A frame with the scene's meta. */
static GstBuffer *
segmented (void)
{
  GstHarness *h = harness_new (nst_filter_new ("overlay", 0, NULL));
  GstBuffer *out = nst_push_and_pull (h, nst_frame_new (&info, 0, NULL));

  gst_harness_teardown (h);
  return out;
}

/* --- Fields -------------------------------------------------------------- */

static void
test_fields (void)
{
  static const struct {
    const gchar *name;
    GType type;
  } expected[] = {
    { "width", G_TYPE_INT },
    { "height", G_TYPE_INT },
    { "n-objects", G_TYPE_UINT },
    { "pixel-size", G_TYPE_DOUBLE },
    { "model", G_TYPE_STRING },
    { "model-sha256", G_TYPE_STRING },
    { "backend", G_TYPE_STRING },
    { "precision", G_TYPE_STRING },
    { "inferred", G_TYPE_BOOLEAN },
    { "age", G_TYPE_UINT64 },
    { "age-frames", G_TYPE_UINT },
    { "time-prepare", G_TYPE_UINT64 },
    { "time-network", G_TYPE_UINT64 },
    { "time-decode", G_TYPE_UINT64 },
    { "time-overlay", G_TYPE_UINT64 },
    { "time-total", G_TYPE_UINT64 },
    { "scale", G_TYPE_DOUBLE },
    { "low", G_TYPE_UINT },
    { "high", G_TYPE_UINT },
    { "inverted", G_TYPE_BOOLEAN },
    { "dropped", G_TYPE_UINT },
  };
  GstBuffer *buffer = segmented ();
  NucsegMasks masks;
  guint64 total = 0;
  guint high = 0;

  g_assert_true (nucseg_masks_map (buffer, NUCSEG_META_NAME, &masks));
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    g_assert_true (gst_structure_has_field_typed (
        masks.structure, expected[i].name, expected[i].type));
  g_assert_true (gst_structure_has_field_typed (
      masks.structure, "labels", GST_TYPE_BUFFER));
  g_assert_true (gst_structure_has_field_typed (
      masks.structure, "objects", GST_TYPE_BUFFER));
  g_assert_cmpint (gst_structure_n_fields (masks.structure), ==,
      G_N_ELEMENTS (expected) + 2);
  g_assert_cmpstr (
      gst_structure_get_string (masks.structure, "model"), ==, "affine");
  g_assert_cmpstr (
      gst_structure_get_string (masks.structure, "backend"), ==, "reference");
  gst_structure_get_uint64 (masks.structure, "time-total", &total);
  g_assert_cmpuint (total, >, 0);
  gst_structure_get_uint (masks.structure, "high", &high);
  g_assert_cmpuint (high, ==, 255);
  g_assert_cmpuint (sizeof (NucsegObject), ==, 72);
  nucseg_masks_unmap (&masks);
  nucseg_masks_unmap (&masks);
  gst_buffer_unref (buffer);
}

/* --- What the reader believes -------------------------------------------- */

static GstStructure *
structure_of (GstBuffer *buffer)
{
  return gst_custom_meta_get_structure (
      gst_buffer_get_custom_meta (buffer, NUCSEG_META_NAME));
}

static void
assert_unreadable (GstBuffer *buffer)
{
  NucsegMasks masks;

  g_assert_false (nucseg_masks_map (buffer, NUCSEG_META_NAME, &masks));
  g_assert_null (masks.labels);
  nucseg_masks_unmap (&masks);
  gst_buffer_unref (buffer);
}

static void
test_reader (void)
{
  GstBuffer *buffer = gst_buffer_new (), *small;
  NucsegMasks masks;

  /* none, one of another name, one that nobody knows */
  g_assert_false (nucseg_masks_map (buffer, NUCSEG_META_NAME, &masks));
  g_assert_false (nucseg_masks_map (buffer, "NucsegNoSuchMeta", &masks));
  gst_buffer_unref (buffer);
  buffer = segmented ();
  g_assert_false (nucseg_masks_map (buffer, NUCSEG_TRUTH_META_NAME, &masks));
  gst_buffer_unref (buffer);

  /* sizes that its buffers don't have */
  buffer = segmented ();
  gst_structure_set (structure_of (buffer), "width", G_TYPE_INT, 65, NULL);
  assert_unreadable (buffer);
  buffer = segmented ();
  gst_structure_set (structure_of (buffer), "height", G_TYPE_INT, -48, "width",
      G_TYPE_INT, -64, NULL);
  assert_unreadable (buffer);
  buffer = segmented ();
  gst_structure_set (structure_of (buffer), "width", G_TYPE_INT, G_MAXINT,
      "height", G_TYPE_INT, G_MAXINT, NULL);
  assert_unreadable (buffer);
  buffer = segmented ();
  gst_structure_set (structure_of (buffer), "n-objects", G_TYPE_UINT, 4, NULL);
  assert_unreadable (buffer);
  buffer = segmented ();
  gst_structure_set (
      structure_of (buffer), "n-objects", G_TYPE_UINT, G_MAXUINT, NULL);
  assert_unreadable (buffer);
  buffer = segmented ();
  small = gst_buffer_new_allocate (NULL, 10, NULL);
  gst_structure_set (
      structure_of (buffer), "labels", GST_TYPE_BUFFER, small, NULL);
  gst_buffer_unref (small);
  assert_unreadable (buffer);
  /* fields that are not there, or of another type */
  buffer = segmented ();
  gst_structure_remove_field (structure_of (buffer), "objects");
  assert_unreadable (buffer);
  buffer = segmented ();
  gst_structure_remove_field (structure_of (buffer), "labels");
  assert_unreadable (buffer);
  buffer = segmented ();
  gst_structure_set (
      structure_of (buffer), "labels", G_TYPE_STRING, "none", NULL);
  assert_unreadable (buffer);
}

/* --- Copies -------------------------------------------------------------- */

static GstBuffer *
label_buffer (GstBuffer *buffer)
{
  return gst_value_get_buffer (
      gst_structure_get_value (structure_of (buffer), "labels"));
}

static void
test_copies (void)
{
  GstBuffer *buffer = segmented (), *copy;

  copy = gst_buffer_copy (buffer);
  nst_assert_scene (copy, WIDTH, HEIGHT, 255);
  /* shared, not copied */
  g_assert_true (label_buffer (copy) == label_buffer (buffer));
  gst_buffer_unref (buffer);
  nst_assert_scene (copy, WIDTH, HEIGHT, 255);

  /* the copy's meta is its own */
  buffer = gst_buffer_copy_deep (copy);
  gst_structure_set (structure_of (copy), "width", G_TYPE_INT, 1, NULL);
  nst_assert_scene (buffer, WIDTH, HEIGHT, 255);
  gst_buffer_unref (copy);

  /* half a picture has no labels */
  copy = gst_buffer_copy_region (
      buffer, GST_BUFFER_COPY_ALL, 0, WIDTH * HEIGHT / 2);
  g_assert_null (gst_buffer_get_custom_meta (copy, NUCSEG_META_NAME));
  gst_buffer_unref (copy);
  copy = gst_buffer_copy_region (buffer, GST_BUFFER_COPY_ALL, 0, -1);
  nst_assert_scene (copy, WIDTH, HEIGHT, 255);
  gst_buffer_unref (copy);
  gst_buffer_unref (buffer);
}

/* --- Scaling and cropping ------------------------------------------------ */

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

static gboolean
lacks (const gchar *element)
{
  GstElementFactory *factory = gst_element_factory_find (element);
  g_autofree gchar *text = NULL;

  if (factory) {
    gst_object_unref (factory);
    return FALSE;
  }
  text = g_strdup_printf ("there is no %s here", element);
  g_test_skip (text);
  return TRUE;
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
  if (lacks ("videoscale"))
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

  if (lacks ("videoscale"))
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

  if (lacks ("videoscale"))
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

  if (lacks ("videoscale"))
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

    if (lacks (words[0]))
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

  if (lacks ("videoconvert"))
    return;
  /* colours change, places don't */
  buffer = through ("videoconvert ! video/x-raw,format=RGB", "");
  nst_assert_scene (buffer, WIDTH, HEIGHT, 255);
  gst_buffer_unref (buffer);
}

/* --- Memory -------------------------------------------------------------- */

/* Label maps come from a pool: a few of them carry any number of frames. */
static void
test_pooled (void)
{
  GstHarness *h = harness_new (nst_filter_new ("overlay", 0, NULL));
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);
  GstBuffer *kept[4] = { NULL };

  for (guint i = 0; i < 100; i++) {
    GstBuffer *out = nst_push_and_pull (h, nst_frame_new (&info, i, NULL));
    NucsegMasks masks;

    g_assert_true (nucseg_masks_map (out, NUCSEG_META_NAME, &masks));
    g_hash_table_add (seen, (gpointer) masks.labels);
    nucseg_masks_unmap (&masks);
    gst_clear_buffer (&kept[i % 4]);
    kept[i % 4] = out;
  }
  g_assert_cmpuint (g_hash_table_size (seen), <=, 8);
  gst_harness_teardown (h);
  /* frames outlive the element, with all that they carry */
  for (guint i = 0; i < 4; i++) {
    nst_assert_scene (kept[i], WIDTH, HEIGHT, 255);
    gst_buffer_unref (kept[i]);
  }
}

int
main (int argc, char **argv)
{
  nst_init (&argc, &argv);
  info = nst_info (GST_VIDEO_FORMAT_GRAY8, WIDTH, HEIGHT);
  g_test_add_func ("/meta/fields", test_fields);
  g_test_add_func ("/meta/reader", test_reader);
  g_test_add_func ("/meta/copies", test_copies);
  g_test_add_func ("/meta/scaled", test_scaled);
  g_test_add_func ("/meta/scaled-borders", test_scaled_borders);
  g_test_add_func ("/meta/scaled-away", test_scaled_away);
  g_test_add_func ("/meta/scaled-empty", test_scaled_empty);
  g_test_add_func ("/meta/cropped-and-turned", test_cropped_and_turned);
  g_test_add_func ("/meta/converted", test_converted);
  g_test_add_func ("/meta/pooled", test_pooled);
  return nst_run ();
}
