/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * overlay.c: draws a frame in pairs of rows, shared between threads: the
 * picture, then what lies over it. Most pixels have nothing over them: they
 * are passed by four at a time.
 */
#include "cpu/overlay-private.h"
#include "cpu/parallel.h"
#include "palette.h"

#include <math.h>
#include <string.h>

#define N_COLORS 65536
#define PIXELS_PER_THREAD 16384

NucsegDraw *
nucseg_draw_new (const NucsegGeometry *geometry, guint threads, GError **error)
{
  NucsegDraw *draw = g_new0 (NucsegDraw, 1);
  const gsize n = (gsize) geometry->frame_width * geometry->frame_height;
  gboolean ok;

  draw->width = geometry->frame_width;
  draw->height = geometry->frame_height;
  draw->threads = (guint) CLAMP (n / PIXELS_PER_THREAD, 1, threads);
  draw->parts = g_new0 (NucsegDrawPart, draw->threads);
  draw->palette = g_try_new (guint32, N_COLORS);
  draw->stretched = g_try_new (guint8, N_COLORS);
  ok = draw->palette && draw->stretched;
  for (guint i = 0; ok && i < draw->threads; i++) {
    draw->parts[i].layers = g_try_new (guint8, 2 * (gsize) draw->width);
    draw->parts[i].grey = g_try_new (guint16, draw->width);
    ok = draw->parts[i].layers && draw->parts[i].grey;
  }
  if (!ok) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY,
        "no memory to draw frames of %dx%d", draw->width, draw->height);
    nucseg_draw_free (draw);
    return NULL;
  }
  for (guint label = 0; label < N_COLORS; label++)
    draw->palette[label] = label == 0 ? 0 : nucseg_palette_color (label);
  return draw;
}

void
nucseg_draw_free (NucsegDraw *draw)
{
  if (!draw)
    return;
  for (guint i = 0; i < draw->threads; i++) {
    g_free (draw->parts[i].layers);
    g_free (draw->parts[i].grey);
  }
  g_free (draw->parts);
  g_free (draw->palette);
  g_free (draw->stretched);
  g_free (draw);
}

/* --- Layers ------------------------------------------------------------- */

static inline guint64
four (const guint16 *labels)
{
  guint64 word;

  memcpy (&word, labels, sizeof word);
  return word;
}

/* The layers of labelled pixel @x; @up and @down are NULL at the border. */
static inline guint8
layers_at (const guint16 *here, const guint16 *up, const guint16 *down,
    gint width, gint x, guint8 fill, guint8 contour)
{
  const guint16 label = here[x];
  const gboolean edge = (x > 0 && here[x - 1] != label)
      || (x < width - 1 && here[x + 1] != label) || (up && up[x] != label)
      || (down && down[x] != label);

  return fill | (edge ? contour : 0);
}

/* Fills a row of layers; FALSE where there are none at all. */
static gboolean
find_layers (const NucsegDrawCall *call, gint y, guint8 *layers)
{
  const NucsegOverlay overlay = call->params->overlay;
  const guint8 fill =
      overlay == NUCSEG_OVERLAY_FILL || overlay == NUCSEG_OVERLAY_BOTH
      ? NUCSEG_LAYER_FILL
      : 0;
  const guint8 contour =
      overlay == NUCSEG_OVERLAY_CONTOUR || overlay == NUCSEG_OVERLAY_BOTH
      ? NUCSEG_LAYER_CONTOUR
      : 0;
  const gint width = call->frame->width;
  const guint16 *here = nucseg_draw_labels (call, y);
  const guint16 *up = y > 0 ? nucseg_draw_labels (call, y - 1) : NULL;
  const guint16 *down =
      y < call->frame->height - 1 ? nucseg_draw_labels (call, y + 1) : NULL;
  gboolean any = FALSE;
  gint x = 0;

  memset (layers, 0, width);
  if (overlay == NUCSEG_OVERLAY_NONE)
    return FALSE;
  while (x < width) {
    gint end = MIN (x + 4, width);

    if (end == x + 4 && four (here + x) == 0) {
      x = end;
      continue;
    }
    /* Four pixels inside one label: all neighbours are the same. */
    if (x > 0 && x + 5 <= width && up && down) {
      const guint64 word = four (here + x);

      if (four (here + x - 1) == word && four (here + x + 1) == word
          && four (up + x) == word && four (down + x) == word) {
        memset (layers + x, fill, 4);
        any |= fill != 0;
        x = end;
        continue;
      }
    }
    for (; x < end; x++) {
      if (here[x] == 0)
        continue;
      layers[x] = layers_at (here, up, down, width, x, fill, contour);
      any |= layers[x] != 0;
    }
  }
  return any;
}

/* --- Call --------------------------------------------------------------- */

static void
draw_pairs (gpointer data, gint i, gint first, gint end)
{
  const NucsegDrawCall *call = data;
  const NucsegFrame *frame = call->frame;
  const gboolean same = call->shown->format == frame->format;
  const gboolean planar = nucseg_format_is_yuv (call->shown->format);
  NucsegDrawPart *part = &call->draw->parts[i];

  for (gint y = 2 * first; y < MIN (2 * end, frame->height); y += 2) {
    gboolean any = FALSE;

    if (same)
      nucseg_picture_copy (call, y);
    else
      nucseg_picture_stretch (call, y, part);
    for (gint row = 0; row < 2; row++) {
      guint8 *layers = part->layers + (gsize) row * frame->width;

      if (y + row >= frame->height) {
        memset (layers, 0, frame->width);
      } else if (find_layers (call, y + row, layers)) {
        nucseg_paint_row (call, y + row, layers);
        any = TRUE;
      }
    }
    if (planar && any)
      nucseg_paint_chroma (call, y, part->layers);
  }
}

gboolean
nucseg_draw_run (NucsegDraw *draw, const NucsegFrame *frame,
    const NucsegParams *params, guint low, guint high, const guint16 *labels,
    gsize labels_stride, guint n_objects, NucsegFrame *shown, GError **error)
{
  NucsegDrawCall call = { draw, frame, shown, params, labels, labels_stride };

  if (shown->width != frame->width || shown->height != frame->height) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_SHAPE,
        "the picture to draw into has %dx%d, the frame %dx%d", shown->width,
        shown->height, frame->width, frame->height);
    return FALSE;
  }
  if (shown->format != frame->format) {
    if (!nucseg_format_is_grey (frame->format)
        || nucseg_format_is_grey (shown->format)) {
      g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
          "can't draw a %s frame into %s: only into its own format, or grey "
          "into colour",
          nucseg_format_name (frame->format),
          nucseg_format_name (shown->format));
      return FALSE;
    }
    nucseg_picture_set_limits (draw, low, high, nucseg_frame_get_depth (frame));
  }
  call.packing = nucseg_packing_of (shown->format);
  call.alpha = (guint) rint (CLAMP (params->overlay_alpha, 0, 1) * 256);
  nucseg_parallel_rows (
      draw_pairs, &call, (frame->height + 1) / 2, draw->threads);
  if (params->draw_count) {
    nucseg_count_init (&call.count, n_objects, frame->height);
    nucseg_paint_count (&call);
  }
  return TRUE;
}
