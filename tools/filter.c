/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter.c: makes elements: a nucsegfilter with the user's options, and others
 * with a word on where to get them.
 */
#include "command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <nucseg.h>

/* The property's range takes all between the two as well. */
#define SCALE_EXPECTED "0, or a number from 0.05 to 8"

gboolean
tool_start_gstreamer (GError **error)
{
  static const gchar *const ours[] = { "nucsegfilter", "nuctestsrc" };

  if (!gst_init_check (NULL, NULL, error))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (ours); i++) {
    g_autoptr (GstElementFactory) found = gst_element_factory_find (ours[i]);

    /* A build for /usr/local puts them where GStreamer does not look. */
    if (!found && !gst_registry_scan_path (gst_registry_get (), PLUGIN_DIR))
      break;
  }
  return TRUE;
}

const gchar *
tool_package_of (const gchar *factory)
{
  static const struct {
    const gchar *factory, *package;
  } packages[] = {
    { "autovideosink", "gstreamer1.0-plugins-good" },
    { "h264parse", "gstreamer1.0-plugins-bad" },
    { "imagefreeze", "gstreamer1.0-plugins-good" },
    { "jpegenc", "gstreamer1.0-plugins-good" },
    { "matroskamux", "gstreamer1.0-plugins-good" },
    { "openh264enc", "gstreamer1.0-plugins-bad" },
    { "rtspsrc", "gstreamer1.0-plugins-good" },
    { "theoraenc", "gstreamer1.0-plugins-base" },
    { "uridecodebin", "gstreamer1.0-plugins-base" },
    { "decodebin", "gstreamer1.0-plugins-base" },
    { "v4l2src", "gstreamer1.0-plugins-good" },
    { "videoconvert", "gstreamer1.0-plugins-base" },
    { "vp8enc", "gstreamer1.0-plugins-good" },
    { "x264enc", "gstreamer1.0-plugins-ugly" },
    { "xvimagesink", "gstreamer1.0-x" },
    { "appsrc", "gstreamer1.0-plugins-base" },
    { "appsink", "gstreamer1.0-plugins-base" },
    { "avenc_ffv1", "gstreamer1.0-libav" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (packages); i++)
    if (!strcmp (packages[i].factory, factory))
      return packages[i].package;
  return NULL;
}

GstElement *
tool_element_new (const gchar *factory, GError **error)
{
  GstElement *element = gst_element_factory_make (factory, NULL);
  const gchar *package = tool_package_of (factory);

  if (element)
    return element;
  if (g_str_has_prefix (factory, "nuc"))
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
        "the GStreamer element '%s' is missing: set GST_PLUGIN_PATH to the "
        "folder of libgstnucseg.so ('%s' has none)",
        factory, PLUGIN_DIR);
  else if (package)
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
        "the GStreamer element '%s' is missing: install the package %s",
        factory, package);
  else
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
        "there is no GStreamer element '%s'", factory);
  return NULL;
}

static gboolean
bad_value (GError **error, const gchar *option, const gchar *text,
    const gchar *expected)
{
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
      "--%s %s: %s expected", option, text, expected);
  return FALSE;
}

static gchar *
nicks_of (GParamSpec *spec)
{
  GEnumClass *values = G_PARAM_SPEC_ENUM (spec)->enum_class;
  GString *nicks = g_string_new (NULL);

  for (guint i = 0; i < values->n_values; i++)
    g_string_append_printf (nicks, "%s%s",
        i == 0                          ? ""
            : i + 1 == values->n_values ? " or "
                                        : ", ",
        values->values[i].value_nick);
  return g_string_free (nicks, FALSE);
}

static gboolean
set_enum (GObject *object, GParamSpec *spec, const gchar *text, GError **error)
{
  GEnumValue *value =
      g_enum_get_value_by_nick (G_PARAM_SPEC_ENUM (spec)->enum_class, text);

  if (!value) {
    g_autofree gchar *nicks = nicks_of (spec);

    return bad_value (error, spec->name, text, nicks);
  }
  g_object_set (object, spec->name, value->value, NULL);
  return TRUE;
}

/* What a number property takes. */
static gchar *
describe_range (GParamSpec *spec)
{
  if (!strcmp (spec->name, "scale"))
    return g_strdup (SCALE_EXPECTED);
  if (G_IS_PARAM_SPEC_DOUBLE (spec))
    return g_strdup_printf ("a number from %g to %g",
        G_PARAM_SPEC_DOUBLE (spec)->minimum,
        G_PARAM_SPEC_DOUBLE (spec)->maximum);
  if (G_IS_PARAM_SPEC_UINT (spec))
    return g_strdup_printf ("a whole number from %u to %u",
        G_PARAM_SPEC_UINT (spec)->minimum, G_PARAM_SPEC_UINT (spec)->maximum);
  return g_strdup_printf ("a whole number from %d to %d",
      G_PARAM_SPEC_INT (spec)->minimum, G_PARAM_SPEC_INT (spec)->maximum);
}

/* Whole numbers and others, within the limits of the property. */
static gboolean
set_number (
    GObject *object, GParamSpec *spec, const gchar *text, GError **error)
{
  gchar *end;
  g_auto (GValue) number = G_VALUE_INIT, value = G_VALUE_INIT;
  gdouble parsed = g_ascii_strtod (text, &end);
  const gboolean whole = !G_IS_PARAM_SPEC_DOUBLE (spec);
  const gdouble least = G_IS_PARAM_SPEC_UINT (spec) ? 0 : G_MININT;
  /* Also refuses what is not finite. */
  gboolean ok = end != text && !*end && parsed >= least && parsed <= G_MAXINT
      && (!whole || parsed == (gint) parsed);

  g_value_init (&number, G_TYPE_DOUBLE);
  g_value_init (&value, spec->value_type);
  if (ok) {
    g_value_set_double (&number, parsed);
    g_value_transform (&number, &value);
    /* TRUE where it had to change the value */
    ok = !g_param_value_validate (spec, &value);
  }
  if (!ok) {
    g_autofree gchar *expected = describe_range (spec);

    return bad_value (error, spec->name, text, expected);
  }
  g_object_set_property (object, spec->name, &value);
  return TRUE;
}

static gboolean
set_option (
    GObject *object, const gchar *option, const gchar *text, GError **error)
{
  GParamSpec *spec =
      g_object_class_find_property (G_OBJECT_GET_CLASS (object), option);

  if (!text)
    return TRUE;
  if (!spec) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
        "the element nucsegfilter has no property '%s': is it of another "
        "version?",
        option);
    return FALSE;
  }
  if (G_IS_PARAM_SPEC_STRING (spec)) {
    g_object_set (object, option, text, NULL);
    return TRUE;
  }
  if (G_IS_PARAM_SPEC_ENUM (spec))
    return set_enum (object, spec, text, error);
  return set_number (object, spec, text, error);
}

static gboolean
check_backend (const gchar *name, GError **error)
{
  g_auto (GStrv) names = nucseg_backend_list ();

  if (!name || !strcmp (name, "auto")
      || g_strv_contains ((const gchar *const *) names, name))
    return TRUE;
  g_autofree gchar *list = g_strjoinv (", ", names);
  g_autofree gchar *expected =
      g_strdup_printf ("auto or a back end of this build (%s)", list);
  return bad_value (error, "backend", name, expected);
}

/* What the element takes and means otherwise, or what finds nothing. */
static gboolean
check_values (GObject *filter, const ToolModelOptions *o, GError **error)
{
  gdouble scale = o->scale ? g_ascii_strtod (o->scale, NULL) : 0;
  gint least, most;

  g_object_get (filter, "min-area", &least, "max-area", &most, NULL);
  if (scale > 0 && scale < NUCSEG_MIN_SCALE)
    return bad_value (error, "scale", o->scale, SCALE_EXPECTED);
  if (most > 0 && o->min_area && least > most)
    return bad_value (
        error, "min-area", o->min_area, "no more than --max-area");
  return TRUE;
}

GstElement *
tool_filter_new (const ToolModelOptions *o, GError **error)
{
  const struct {
    const gchar *name, *text;
  } options[] = {
    { "model", o->model },
    { "backend", o->backend },
    { "precision", o->precision },
    { "threads", o->threads },
    { "scale", o->scale },
    { "pixel-size", o->pixel_size },
    { "polarity", o->polarity },
    { "significant-bits", o->significant_bits },
    { "threshold", o->threshold },
    { "min-area", o->min_area },
    { "max-area", o->max_area },
  };
  GstElement *filter = NULL;

  if (!check_backend (o->backend, error))
    return NULL;
  filter = tool_element_new ("nucsegfilter", error);
  if (!filter)
    return NULL;
  gboolean ok = TRUE;
  for (guint i = 0; ok && i < G_N_ELEMENTS (options); i++)
    ok =
        set_option (G_OBJECT (filter), options[i].name, options[i].text, error);
  if (!ok || !check_values (G_OBJECT (filter), o, error)) {
    gst_object_unref (gst_object_ref_sink (filter));
    return NULL;
  }
  /* The table of NucsegMeta is read here, so a meta for each nucleus would be
   * made for nobody. */
  g_object_set (
      filter, "exclude-border", o->exclude_border, "roi-meta", FALSE, NULL);
  return filter;
}

void
tool_error_from_message (GstMessage *message, GError **error)
{
  g_autoptr (GError) cause = NULL;
  g_autofree gchar *debug = NULL, *usual = NULL;
  const gchar *line;

  gst_message_parse_error (message, &cause, &debug);
  usual = gst_error_get_message (cause->domain, cause->code);
  line = debug ? strrchr (debug, '\n') : NULL;
  /* Texts of GStreamer's own say nothing; the reason is the last line of what
   * is meant for developers. */
  if (line && line[1]
      && (g_str_equal (cause->message, usual)
          || g_str_has_prefix (cause->message, "Internal data stream error")))
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_DEVICE, "%s (%s)",
        cause->message, line + 1);
  else
    g_set_error_literal (
        error, NUCSEG_ERROR, NUCSEG_ERROR_DEVICE, cause->message);
}

void
tool_show_warning (GstMessage *message)
{
  g_autoptr (GError) warning = NULL;

  gst_message_parse_warning (message, &warning, NULL);
  tool_message ("%s", warning->message);
}

void
tool_bus_show_warnings (GstBus *bus)
{
  GstMessage *message;

  /* An error stays where it is: to pop warnings alone would throw it away. */
  while ((message = gst_bus_peek (bus))) {
    const gboolean is_error = GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR;

    gst_message_unref (message);
    if (is_error)
      return;
    message = gst_bus_pop (bus);
    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_WARNING)
      tool_show_warning (message);
    gst_message_unref (message);
  }
}

gboolean
tool_bus_take_error (GstBus *bus, GError **error)
{
  g_autoptr (GstMessage) message = NULL;

  tool_bus_show_warnings (bus);
  message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  if (!message)
    return FALSE;
  tool_error_from_message (message, error);
  return TRUE;
}
