/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tiff-io.c: TIFF through libtiff: the file and its pages, of which most are
 * decoded in tiff-decode.c; what else libtiff can turn to RGB (YCbCr, CMYK,
 * Lab) comes through its own converter. The orientation tag is left alone:
 * labels must lie on the samples as they are stored.
 */
#include "tiff-private.h"

#include <string.h>

#define MAX_PAGES 65535

static int
on_error (
    TIFF *tif, void *user, const char *module, const char *fmt, va_list ap)
{
  /* It leaves out a value that it doesn't know; nothing here asks for these. */
  static const gchar *const unused[] = { "for \"Orientation\" tag",
    "for \"ResolutionUnit\" tag" };
  ToolTiff *self = user;
  gchar message[sizeof self->message];

  g_vsnprintf (message, sizeof message, fmt, ap);
  for (guint i = 0; i < G_N_ELEMENTS (unused); i++)
    if (strstr (message, unused[i]))
      return 1;
  if (!self->message[0])
    g_strlcpy (self->message, message, sizeof self->message);
  return 1;
}

static int
on_warning (
    TIFF *tif, void *user, const char *module, const char *fmt, va_list ap)
{
  return 1;
}

gboolean
tool_tiff_damaged (ToolTiff *self, GError **error)
{
  const gchar *reason = self->message;
  const gchar *file = self->tif ? TIFFFileName (self->tif) : "";

  /* Who prints it has named the file. */
  if (g_str_has_prefix (reason, file) && file[0]
      && g_str_has_prefix (reason + strlen (file), ": "))
    reason += strlen (file) + 2;
  g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_IO,
      "the TIFF file is damaged or truncated: %s",
      reason[0] ? reason : "no reason given");
  return FALSE;
}

/* Pages before the first that libtiff complains of are whole: of a recording
 * that was cut off, say. */
static gboolean
list_pages (ToolTiff *self, GError **error)
{
  gboolean more = TRUE;

  while (more && !self->message[0]) {
    guint32 type = 0;
    toff_t offset = TIFFCurrentDirOffset (self->tif);

    TIFFGetField (self->tif, TIFFTAG_SUBFILETYPE, &type);
    if (!(type & (FILETYPE_REDUCEDIMAGE | FILETYPE_MASK)))
      g_array_append_val (self->pages, offset);
    more = TIFFReadDirectory (self->tif);
    if (more && self->pages->len == MAX_PAGES) {
      self->too_many = TRUE;
      break;
    }
  }
  if (self->pages->len > 0) {
    if (self->message[0])
      self->broken = g_strdup (self->message);
    return TRUE;
  }
  if (self->message[0])
    return tool_tiff_damaged (self, error);
  g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
      "the TIFF file holds thumbnails or masks, but no picture");
  return FALSE;
}

ToolTiff *
tool_tiff_open (const gchar *path, GError **error)
{
  g_autoptr (ToolTiff) self = g_new0 (ToolTiff, 1);
  TIFFOpenOptions *options = TIFFOpenOptionsAlloc ();

  self->pages = g_array_new (FALSE, FALSE, sizeof (toff_t));
  TIFFOpenOptionsSetErrorHandlerExtR (options, on_error, self);
  TIFFOpenOptionsSetWarningHandlerExtR (options, on_warning, self);
  TIFFOpenOptionsSetMaxSingleMemAlloc (options, TOOL_TIFF_MAX_BAND);
  self->tif = TIFFOpenExt (path, "r", options);
  TIFFOpenOptionsFree (options);
  if (!self->tif) {
    tool_tiff_damaged (self, error);
    return NULL;
  }
  return list_pages (self, error) ? g_steal_pointer (&self) : NULL;
}

guint
tool_tiff_n_pages (ToolTiff *tiff)
{
  return tiff->pages->len + (tiff->broken || tiff->too_many ? 1 : 0);
}

void
tool_tiff_close (ToolTiff *tiff)
{
  if (!tiff)
    return;
  if (tiff->tif)
    TIFFClose (tiff->tif);
  g_array_unref (tiff->pages);
  g_free (tiff->broken);
  g_free (tiff);
}

/* Everything else that libtiff can show, as it shows it. */
static ToolImage *
read_rgba (ToolTiff *self, const ToolTiffPage *p, GError **error)
{
  char why[1024] = "";
  guint16 orientation = ORIENTATION_TOPLEFT;
  g_autoptr (ToolImage) image = NULL;

  if (!TIFFRGBAImageOK (self->tif, why)) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
        "this kind of TIFF is not read: %s", why);
    return NULL;
  }
  image = tool_image_new (NUCSEG_FORMAT_RGB, p->width, p->height, error);
  if (!image)
    return NULL;
  g_autofree guint32 *pixels =
      g_try_malloc_n ((gsize) p->width * p->height, sizeof (guint32));
  if (!pixels) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY,
        "not enough memory for a picture of %ux%u pixels", p->width, p->height);
    return NULL;
  }
  TIFFGetFieldDefaulted (self->tif, TIFFTAG_ORIENTATION, &orientation);
  if (!TIFFReadRGBAImageOriented (
          self->tif, p->width, p->height, pixels, orientation, 1)) {
    tool_tiff_damaged (self, error);
    return NULL;
  }
  for (guint32 y = 0; y < p->height; y++) {
    const guint32 *in = pixels + (gsize) y * p->width;
    guint8 *out = image->data + y * image->stride;

    for (guint32 x = 0; x < p->width; x++) {
      out[3 * x] = TIFFGetR (in[x]);
      out[3 * x + 1] = TIFFGetG (in[x]);
      out[3 * x + 2] = TIFFGetB (in[x]);
    }
  }
  return g_steal_pointer (&image);
}

ToolImage *
tool_tiff_read (ToolTiff *tiff, guint page, GError **error)
{
  ToolTiffPage p;
  GError *refused = NULL;
  g_autoptr (ToolImage) image = NULL;

  tiff->message[0] = '\0';
  if (page == tiff->pages->len && tiff->too_many) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
        "the TIFF file has more than " G_STRINGIFY (
            MAX_PAGES) " pages, of which only these are read");
    return NULL;
  }
  if (page == tiff->pages->len) {
    g_strlcpy (tiff->message, tiff->broken, sizeof tiff->message);
    tool_tiff_damaged (tiff, error);
    return NULL;
  }
  if (!TIFFSetSubDirectory (
          tiff->tif, g_array_index (tiff->pages, toff_t, page))) {
    tool_tiff_damaged (tiff, error);
    return NULL;
  }
  if (!tool_tiff_read_tags (tiff, &p, &refused)) {
    if (!refused)
      return read_rgba (tiff, &p, error);
    g_propagate_error (error, refused);
    return NULL;
  }
  image = tool_image_new (p.out, p.width, p.height, error);
  if (!image || !tool_tiff_read_bands (tiff, &p, image, error))
    return NULL;
  return g_steal_pointer (&image);
}
