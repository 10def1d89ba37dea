/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter-props.c: the properties of nucsegfilter: their pages in gst-inspect,
 * what is written is read back, changes while frames run.
 * filter-props-effects.c has what they do.
 */
#include "support.h"

static void
test_page (void)
{
  static const gchar *const names[] = { "model", "backend", "precision",
    "threads", "pipeline-depth", "batch-streams", "batch-deadline", "scale",
    "pixel-size", "threshold", "min-area", "max-area", "exclude-border",
    "polarity", "normalization", "black-level", "white-level",
    "significant-bits", "bit-alignment", "overlay", "overlay-alpha",
    "contour-color", "fill-color", "draw-count", "interval", "roi-meta" };
  GstElement *filter = gst_element_factory_make ("nucsegfilter", NULL);
  GObjectClass *klass = G_OBJECT_GET_CLASS (filter);
  GParamSpec *spec;

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    GValue value = G_VALUE_INIT;

    spec = g_object_class_find_property (klass, names[i]);
    g_assert_nonnull (spec);
    g_assert_nonnull (g_param_spec_get_blurb (spec));
    g_assert_cmpint (!!(spec->flags & GST_PARAM_MUTABLE_READY), ==, i < 7);
    g_assert_cmpint (!!(spec->flags & GST_PARAM_MUTABLE_PLAYING), ==, i >= 7);
    /* a new element has what the page says */
    g_value_init (&value, spec->value_type);
    g_object_get_property (G_OBJECT (filter), names[i], &value);
    g_assert_true (g_param_value_defaults (spec, &value));
    g_value_unset (&value);
    if (G_IS_PARAM_SPEC_ENUM (spec)) {
      GstPluginAPIFlags flags;

      g_assert_true (gst_type_is_plugin_api (spec->value_type, &flags));
    }
  }
  spec = g_object_class_find_property (klass, "stats");
  g_assert_nonnull (spec);
  g_assert_false (spec->flags & G_PARAM_WRITABLE);
  g_assert_nonnull (gst_element_class_get_metadata (
      GST_ELEMENT_GET_CLASS (filter), GST_ELEMENT_METADATA_DESCRIPTION));
  gst_object_unref (filter);
}

/* What is written is read back. */
static void
test_round_trip (void)
{
  GstElement *filter = gst_element_factory_make ("nucsegfilter", NULL);
  guint n_specs;
  g_autofree GParamSpec **specs =
      g_object_class_list_properties (G_OBJECT_GET_CLASS (filter), &n_specs);

  for (guint i = 0; i < n_specs; i++) {
    GValue in = G_VALUE_INIT, out = G_VALUE_INIT;

    if (specs[i]->owner_type != G_OBJECT_TYPE (filter)
        || !(specs[i]->flags & G_PARAM_WRITABLE))
      continue;
    g_value_init (&in, specs[i]->value_type);
    g_value_init (&out, specs[i]->value_type);
    if (G_VALUE_HOLDS_STRING (&in))
      g_value_set_string (&in, "some-model");
    else if (G_VALUE_HOLDS_BOOLEAN (&in))
      g_value_set_boolean (&in, i & 1);
    else if (G_VALUE_HOLDS_ENUM (&in))
      g_value_set_enum (&in, 1);
    else if (G_VALUE_HOLDS_UINT (&in))
      g_value_set_uint (&in, 12);
    else if (G_VALUE_HOLDS_INT (&in))
      g_value_set_int (&in, 7);
    else
      g_value_set_double (&in, 0.5);
    g_param_value_validate (specs[i], &in);
    g_object_set_property (G_OBJECT (filter), specs[i]->name, &in);
    g_object_get_property (G_OBJECT (filter), specs[i]->name, &out);
    g_assert_cmpint (gst_value_compare (&in, &out), ==, GST_VALUE_EQUAL);
    g_value_unset (&in);
    g_value_unset (&out);
  }
  gst_object_unref (filter);
}

/* Every setting that may change, from another thread, while frames run. */
typedef struct {
  GstElement *filter;
  gint done;
} Fiddler;

static gpointer
fiddle (gpointer data)
{
  Fiddler *f = data;

  for (guint i = 0; !g_atomic_int_get (&f->done); i++) {
    GstStructure *stats;

    g_object_set (f->filter, "overlay", i % 4, "interval", 1 + i % 3,
        "threshold", 0.1 + (i % 8) * 0.1, "min-area", (gint) (i % 5) - 1,
        "max-area", i % 1000, "exclude-border", i % 2 == 0, "polarity", i % 3,
        "normalization", i % 2, "black-level", i % 300, "white-level",
        1 + (i * 7) % 300, "overlay-alpha", (i % 10) / 10.0, "contour-color",
        i % 0xffffff, "fill-color", NUCSEG_COLOR_LABEL, "draw-count",
        i % 2 == 1, "roi-meta", i % 3 == 0, "pixel-size", (i % 2) * 0.5,
        "significant-bits", 8 + i % 9, "bit-alignment", i % 2, NULL);
    g_object_get (f->filter, "stats", &stats, NULL);
    gst_structure_free (stats);
    g_thread_yield ();
  }
  return NULL;
}

static void
test_while_playing (void)
{
  static const GstVideoFormat formats[] = { GST_VIDEO_FORMAT_GRAY8,
    GST_VIDEO_FORMAT_GRAY16_LE, GST_VIDEO_FORMAT_RGB, GST_VIDEO_FORMAT_NV12 };

  for (guint k = 0; k < G_N_ELEMENTS (formats); k++) {
    const GstVideoInfo in = nst_info (formats[k], 64, 48);
    g_autofree gchar *caps = nst_caps (formats[k], 64, 48);
    Fiddler fiddler = { nst_filter_new (NULL, NULL), 0 };
    GstHarness *h = nst_harness_new (fiddler.filter, caps);
    GThread *thread = g_thread_new ("fiddle", fiddle, &fiddler);

    for (guint i = 0; i < 150; i++)
      gst_buffer_unref (nst_push_and_pull (h, nst_frame_new (&in, i, NULL)));
    g_atomic_int_set (&fiddler.done, 1);
    g_thread_join (thread);
    gst_harness_teardown (h);
  }
}

static guint
count_warnings (GstBus *bus, const gchar *says)
{
  GstMessage *message;
  guint n = 0;

  while ((message = gst_bus_pop_filtered (bus, GST_MESSAGE_WARNING))) {
    g_autoptr (GError) warning = NULL;

    gst_message_parse_warning (message, &warning, NULL);
    g_assert_error (warning, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS);
    g_assert_nonnull (strstr (warning->message, says));
    gst_message_unref (message);
    n++;
  }
  return n;
}

static void
push_frames (GstHarness *h)
{
  const GstVideoInfo in = nst_info (GST_VIDEO_FORMAT_GRAY8, 64, 48);

  for (guint i = 0; i < 3; i++)
    gst_buffer_unref (nst_push_and_pull (h, nst_frame_new (&in, i, NULL)));
}

/* Settings that contradict each other stop nothing, but are told of, once. */
static void
test_contradictions (void)
{
  g_autofree gchar *caps = nst_caps (GST_VIDEO_FORMAT_GRAY8, 64, 48);
  GstElement *filter = nst_filter_new (NULL, NULL);
  GstHarness *h = nst_harness_new (filter, caps);
  GstBus *bus = gst_bus_new ();

  gst_element_set_bus (filter, bus);
  push_frames (h);
  g_object_set (filter, "min-area", 50, "max-area", 50, NULL);
  push_frames (h);
  g_assert_cmpuint (count_warnings (bus, ""), ==, 0);
  for (guint i = 0; i < 2; i++) {
    g_object_set (filter, "max-area", 49, NULL);
    push_frames (h);
    g_assert_cmpuint (
        count_warnings (bus, "max-area=49 is below min-area, 50"), ==, 1);
    g_object_set (filter, "max-area", 0, NULL);
    push_frames (h);
    g_assert_cmpuint (count_warnings (bus, ""), ==, 0);
  }
  /* the model keeps what has one network pixel, four of these */
  g_object_set (filter, "min-area", -1, "max-area", 3, "scale", 0.5, NULL);
  push_frames (h);
  g_assert_cmpuint (count_warnings (bus, "smallest area of 4 pixels"), ==, 1);
  g_object_set (
      filter, "max-area", 4, "black-level", 100, "white-level", 50, NULL);
  push_frames (h);
  g_assert_cmpuint (count_warnings (bus, ""), ==, 0);
  g_object_set (filter, "normalization", 1, NULL);
  push_frames (h);
  g_assert_cmpuint (
      count_warnings (bus, "white-level=50 is not above black-level=100"), ==,
      1);
  g_object_set (filter, "white-level", 101, NULL);
  push_frames (h);
  g_assert_cmpuint (count_warnings (bus, ""), ==, 0);
  gst_element_set_bus (filter, NULL);
  gst_object_unref (bus);
  gst_harness_teardown (h);
}

int
main (int argc, char **argv)
{
  nst_init (&argc, &argv);
  g_test_add_func ("/filter/props/page", test_page);
  g_test_add_func ("/filter/props/round-trip", test_round_trip);
  g_test_add_func ("/filter/props/while-playing", test_while_playing);
  g_test_add_func ("/filter/props/contradictions", test_contradictions);
  return nst_run ();
}
