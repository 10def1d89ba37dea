/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * errors.c: the one place that turns an error of the engine into an error
 * or warning message of GStreamer.
 */
#include "errors.h"

#include "nucseg.h"

static void
message_of (const GError *error, GQuark *domain, gint *code)
{
  *domain = GST_LIBRARY_ERROR;
  *code = GST_LIBRARY_ERROR_FAILED;
  if (error->domain != NUCSEG_ERROR)
    return;
  switch ((NucsegError) error->code) {
  case NUCSEG_ERROR_NOT_FOUND:
    *domain = GST_RESOURCE_ERROR;
    *code = GST_RESOURCE_ERROR_NOT_FOUND;
    break;
  case NUCSEG_ERROR_IO:
    *domain = GST_RESOURCE_ERROR;
    *code = GST_RESOURCE_ERROR_READ;
    break;
  case NUCSEG_ERROR_MODEL:
    *domain = GST_STREAM_ERROR;
    *code = GST_STREAM_ERROR_WRONG_TYPE;
    break;
  case NUCSEG_ERROR_MEMORY:
    *domain = GST_RESOURCE_ERROR;
    *code = GST_RESOURCE_ERROR_NO_SPACE_LEFT;
    break;
  case NUCSEG_ERROR_SHAPE:
    *domain = GST_CORE_ERROR;
    *code = GST_CORE_ERROR_NEGOTIATION;
    break;
  case NUCSEG_ERROR_NO_DEVICE:
    *code = GST_LIBRARY_ERROR_INIT;
    break;
  case NUCSEG_ERROR_UNSUPPORTED:
    *code = GST_LIBRARY_ERROR_SETTINGS;
    break;
  case NUCSEG_ERROR_DEVICE:
    *code = GST_LIBRARY_ERROR_FAILED;
    break;
  }
}

/* @text: (transfer full) */
static void
post (GstElement *element, GstMessageType type, const GError *error,
    gchar *text, const gchar *doing)
{
  GQuark domain;
  gint code;

  message_of (error, &domain, &code);
  gst_element_message_full (element, type, domain, code, text,
      g_strdup_printf ("while %s", doing), __FILE__, G_STRFUNC, __LINE__);
}

void
nucseg_element_error (GstElement *element, GError *error, const gchar *doing)
{
  g_return_if_fail (GST_IS_ELEMENT (element));
  g_return_if_fail (error != NULL);

  post (element, GST_MESSAGE_ERROR, error, g_strdup (error->message), doing);
  g_error_free (error);
}

void
nucseg_element_warning (GstElement *element, const GError *error,
    const gchar *doing, const gchar *instead)
{
  g_return_if_fail (GST_IS_ELEMENT (element));
  g_return_if_fail (error != NULL);

  post (element, GST_MESSAGE_WARNING, error,
      g_strdup_printf ("%s; %s", error->message, instead), doing);
}
