/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * meta.c: the metadata on its own: its fields, what the reader believes, how it
 * follows buffers that are copied, and that a stream in full run asks for no
 * new label maps. meta-transform.c has pictures that are scaled, cropped and
 * turned.
 */
#include "support.h"

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
  g_test_add_func ("/meta/pooled", test_pooled);
  return nst_run ();
}
