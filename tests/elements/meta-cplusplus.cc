/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * meta-cplusplus.cc: nucsegmeta.h, whose functions are inline, in C++.
 */
#include "nucsegmeta.h"

static GstBuffer *
new_with_meta (gint width, gint height)
{
  const gsize size = static_cast<gsize> (width) * static_cast<gsize> (height);
  GstBuffer *labels = gst_buffer_new_allocate (nullptr, 2 * size, nullptr);
  GstBuffer *buffer = gst_buffer_new ();

  gst_buffer_memset (labels, 0, 1, 2 * size);
  gst_structure_set (gst_custom_meta_get_structure (
                         gst_buffer_add_custom_meta (buffer, NUCSEG_META_NAME)),
      "width", G_TYPE_INT, width, "height", G_TYPE_INT, height, "n-objects",
      G_TYPE_UINT, 0u, "labels", GST_TYPE_BUFFER, labels, nullptr);
  gst_buffer_unref (labels);
  return buffer;
}

static void
test_map (void)
{
  GstBuffer *with = new_with_meta (7, 5);
  GstBuffer *without = gst_buffer_new ();
  NucsegMasks masks;

  g_assert_true (nucseg_masks_map (with, NUCSEG_META_NAME, &masks));
  g_assert_cmpint (masks.width, ==, 7);
  g_assert_cmpint (masks.height, ==, 5);
  g_assert_cmpuint (masks.labels[7 * 5 - 1], ==, 0x0101);
  g_assert_null (masks.objects);
  nucseg_masks_unmap (&masks);
  g_assert_false (nucseg_masks_map (without, NUCSEG_META_NAME, &masks));
  g_assert_false (nucseg_masks_map (with, NUCSEG_TRUTH_META_NAME, &masks));
  gst_buffer_unref (without);
  gst_buffer_unref (with);
}

int
main (int argc, char **argv)
{
  static const gchar *tags[] = { nullptr };

  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, nullptr);
  gst_meta_register_custom (NUCSEG_META_NAME, tags, nullptr, nullptr, nullptr);
  g_test_add_func ("/meta-cplusplus/map", test_map);
  return g_test_run ();
}
