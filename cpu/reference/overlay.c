/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * overlay.c: draws labels over a frame (docs/model-format.md, Overlay): first
 * the picture, then on each pixel what lies over it: fill, contour, count.
 */
#include "cpu/reference/reference.h"
#include "glyphs.h"
#include "palette.h"

#include <math.h>
#include <string.h>

#define WHITE 0xffffff
#define BLACK 0x000000

/* What is to be drawn. */
typedef struct {
  const NucsegParams *params;
  const guint16 *labels;
  gsize labels_stride;
  gint width, height;
  guint alpha; /* of the fill, 0..256 */
  NucsegCount count;
} Drawing;

/* What lies over one pixel, from below: blended colours and a solid one. */
typedef struct {
  gboolean fill, contour, box, ink;
  guint32 fill_color, contour_color; /* 0xRRGGBB */
} Layers;

static guint
label_at (const Drawing *d, gint y, gint x)
{
  return (
      (const guint16 *) ((const guint8 *) d->labels + y * d->labels_stride))[x];
}

static guint32
color_of (guint32 color, guint label)
{
  return color == NUCSEG_COLOR_LABEL ? nucseg_palette_color (label)
                                     : color & 0xffffff;
}

static gboolean
is_contour (const Drawing *d, gint y, gint x, guint label)
{
  return (x > 0 && label_at (d, y, x - 1) != label)
      || (x < d->width - 1 && label_at (d, y, x + 1) != label)
      || (y > 0 && label_at (d, y - 1, x) != label)
      || (y < d->height - 1 && label_at (d, y + 1, x) != label);
}

static Layers
layers_at (const Drawing *d, gint y, gint x)
{
  const NucsegParams *params = d->params;
  guint label = label_at (d, y, x);
  Layers layers = { 0 };

  if (label != 0) {
    layers.fill = params->overlay == NUCSEG_OVERLAY_FILL
        || params->overlay == NUCSEG_OVERLAY_BOTH;
    layers.contour = (params->overlay == NUCSEG_OVERLAY_CONTOUR
                         || params->overlay == NUCSEG_OVERLAY_BOTH)
        && is_contour (d, y, x, label);
    layers.fill_color = color_of (params->fill_color, label);
    layers.contour_color = color_of (params->contour_color, label);
  }
  if (params->draw_count) {
    NucsegCountPixel pixel = nucseg_count_at (&d->count, x, y);

    layers.box = pixel != NUCSEG_COUNT_OUTSIDE;
    layers.ink = pixel == NUCSEG_COUNT_INK;
  }
  return layers;
}

/* One sample under @layers; fill, contour, black and white are this sample's
 * share of those colours. */
static guint
paint (const Drawing *d, const Layers *layers, guint value, guint fill,
    guint contour, guint black, guint white)
{
  if (layers->fill)
    value = nucseg_blend (value, fill, d->alpha);
  if (layers->contour)
    value = contour;
  if (layers->box)
    value = nucseg_blend (value, black, NUCSEG_COUNT_BOX_ALPHA);
  if (layers->ink)
    value = white;
  return value;
}

/* --- The picture under the drawing -------------------------------------- */

static void
copy_plane (const NucsegFrame *frame, NucsegFrame *shown, gint plane,
    gint row_bytes, gint rows)
{
  if (frame->data[plane] == shown->data[plane])
    return;
  for (gint y = 0; y < rows; y++)
    memcpy (shown->data[plane] + (gsize) y * shown->stride[plane],
        frame->data[plane] + (gsize) y * frame->stride[plane], row_bytes);
}

static void
copy_picture (const NucsegFrame *frame, NucsegFrame *shown)
{
  gint half_width = (frame->width + 1) / 2;
  gint half_height = (frame->height + 1) / 2;
  NucsegRefPacking p;

  if (nucseg_ref_get_packing (frame->format, &p)) {
    copy_plane (frame, shown, 0, frame->width * p.size, frame->height);
  } else {
    copy_plane (frame, shown, 0,
        frame->width * (gint) nucseg_format_get_sample_bytes (frame->format),
        frame->height);
  }
  if (frame->format == NUCSEG_FORMAT_P010) {
    copy_plane (frame, shown, 1, half_width * 4, half_height);
  } else if (frame->format == NUCSEG_FORMAT_NV12) {
    copy_plane (frame, shown, 1, half_width * 2, half_height);
  } else if (frame->format == NUCSEG_FORMAT_I420) {
    copy_plane (frame, shown, 1, half_width, half_height);
    copy_plane (frame, shown, 2, half_width, half_height);
  }
}

/* --- Samples of YUV ------------------------------------------------------ */

/* Bits that the samples of @format have beyond 8. */
static guint
extra_bits (NucsegFormat format)
{
  return format == NUCSEG_FORMAT_P010 ? 2 : 0;
}

/* Sample @x of @line: 8 bits, or the upper 10 of a word. */
static guint
get_sample (NucsegFormat format, const guint8 *line, gint x)
{
  if (format == NUCSEG_FORMAT_P010)
    return (guint) (line[2 * x] | line[2 * x + 1] << 8) >> 6;
  return line[x];
}

static void
set_sample (NucsegFormat format, guint8 *line, gint x, guint value)
{
  if (format != NUCSEG_FORMAT_P010) {
    line[x] = (guint8) value;
    return;
  }
  line[2 * x] = (guint8) (value << 6);
  line[2 * x + 1] = (guint8) (value >> 2);
}

/* --- Grey stretched ------------------------------------------------------ */

/* Grey value at @x of @line of a grey frame. */
static guint
grey_at (const NucsegFrame *frame, const guint8 *line, gint x)
{
  gboolean big = frame->format == NUCSEG_FORMAT_GRAY16_BE;
  guint depth = nucseg_frame_get_depth (frame), word;

  if (frame->format == NUCSEG_FORMAT_GRAY8)
    return line[x];
  word = line[2 * x + (big ? 1 : 0)] | line[2 * x + (big ? 0 : 1)] << 8;
  return frame->msb_aligned ? word >> (16 - depth)
                            : MIN (word, (1u << depth) - 1);
}

static void
stretch_picture (
    const NucsegFrame *frame, guint low, guint high, NucsegFrame *shown)
{
  NucsegRefPacking p;
  gboolean packed = nucseg_ref_get_packing (shown->format, &p);

  for (gint y = 0; y < frame->height; y++) {
    const guint8 *line = frame->data[0] + (gsize) y * frame->stride[0];
    guint8 *out = shown->data[0] + (gsize) y * shown->stride[0];

    for (gint x = 0; x < frame->width; x++) {
      guint v = nucseg_stretch (grey_at (frame, line, x), low, high);

      if (packed) {
        out[x * p.size + p.red] = out[x * p.size + p.green] =
            out[x * p.size + p.blue] = (guint8) v;
        if (p.size == 4)
          out[x * p.size + p.fourth] = 255;
      } else {
        set_sample (shown->format, out, x,
            (nucseg_palette_yuv (v << 16 | v << 8 | v, shown->yuv) >> 16)
                << extra_bits (shown->format));
      }
    }
  }
  if (packed)
    return;
  for (gint y = 0; y < (frame->height + 1) / 2; y++)
    for (gint plane = 1; plane < 3; plane++) {
      gint n = (frame->width + 1) / 2;

      if (shown->format == NUCSEG_FORMAT_P010 && plane == 1)
        for (gint x = 0; x < n * 2; x++)
          set_sample (shown->format,
              shown->data[1] + (gsize) y * shown->stride[1], x, 512);
      else if (shown->format == NUCSEG_FORMAT_NV12 && plane == 1)
        memset (shown->data[1] + (gsize) y * shown->stride[1], 128, n * 2);
      else if (shown->format == NUCSEG_FORMAT_I420)
        memset (shown->data[plane] + (gsize) y * shown->stride[plane], 128, n);
    }
}

/* --- The drawing --------------------------------------------------------- */

static void
draw_grey (const Drawing *d, NucsegFrame *shown, const NucsegFrame *frame)
{
  guint depth = nucseg_frame_get_depth (frame);
  guint top = (1u << depth) - 1;
  gboolean big = frame->format == NUCSEG_FORMAT_GRAY16_BE;

  for (gint y = 0; y < d->height; y++) {
    guint8 *line = shown->data[0] + (gsize) y * shown->stride[0];

    for (gint x = 0; x < d->width; x++) {
      Layers layers = layers_at (d, y, x);
      guint value;

      if (!layers.fill && !layers.contour && !layers.box)
        continue;
      value = paint (d, &layers, grey_at (frame, line, x), top, top, 0, top);
      if (frame->format == NUCSEG_FORMAT_GRAY8) {
        line[x] = (guint8) value;
        continue;
      }
      if (frame->msb_aligned)
        value <<= 16 - depth;
      line[2 * x + (big ? 0 : 1)] = (guint8) (value >> 8);
      line[2 * x + (big ? 1 : 0)] = (guint8) value;
    }
  }
}

static void
draw_packed (const Drawing *d, NucsegFrame *shown, const NucsegRefPacking *p)
{
  const guint8 place[3] = { p->red, p->green, p->blue };

  for (gint y = 0; y < d->height; y++) {
    guint8 *pixel = shown->data[0] + (gsize) y * shown->stride[0];

    for (gint x = 0; x < d->width; x++, pixel += p->size) {
      Layers layers = layers_at (d, y, x);

      for (gint c = 0; c < 3; c++) {
        gint shift = 16 - 8 * c;

        pixel[place[c]] = (guint8) paint (d, &layers, pixel[place[c]],
            layers.fill_color >> shift & 0xff,
            layers.contour_color >> shift & 0xff, 0, 255);
      }
    }
  }
}

static void
draw_luma (const Drawing *d, NucsegFrame *shown)
{
  guint extra = extra_bits (shown->format);

  for (gint y = 0; y < d->height; y++) {
    guint8 *line = shown->data[0] + (gsize) y * shown->stride[0];

    for (gint x = 0; x < d->width; x++) {
      Layers layers = layers_at (d, y, x);

      /* A sample that is not drawn on keeps its bits. */
      if (!layers.fill && !layers.contour && !layers.box)
        continue;
      set_sample (shown->format, line, x,
          paint (d, &layers, get_sample (shown->format, line, x),
              nucseg_palette_yuv (layers.fill_color, shown->yuv) >> 16 << extra,
              nucseg_palette_yuv (layers.contour_color, shown->yuv) >> 16
                      << extra,
              nucseg_palette_yuv (BLACK, shown->yuv) >> 16 << extra,
              nucseg_palette_yuv (WHITE, shown->yuv) >> 16 << extra));
    }
  }
}

/* @value blended with colours of sum @sum, which cover @k of @n pixels. */
static guint
blend_share (guint value, guint sum, guint k, guint n, guint alpha)
{
  return (value * (256 * n - alpha * k) + alpha * sum + 128 * n) / (256 * n);
}

/* One chroma sample (@shift 8: U, 0: V), @at of @line, of the block whose first
 * pixel is at (@y, @x). */
static void
paint_chroma (const Drawing *d, gint y, gint x, gint shift,
    const NucsegFrame *shown, guint8 *line, gint at)
{
  const NucsegFormat format = shown->format;
  const NucsegYuv yuv = shown->yuv;
  guint extra = extra_bits (format), value = get_sample (format, line, at);
  guint n = 0, n_fill = 0, n_box = 0, sum_fill = 0;
  gint contour = -1;
  gboolean ink = FALSE;

  for (gint py = y; py < MIN (y + 2, d->height); py++)
    for (gint px = x; px < MIN (x + 2, d->width); px++) {
      Layers layers = layers_at (d, py, px);

      n++;
      if (layers.fill) {
        n_fill++;
        sum_fill += nucseg_palette_yuv (layers.fill_color, yuv) >> shift & 0xff;
      }
      if (layers.contour && contour < 0)
        contour =
            nucseg_palette_yuv (layers.contour_color, yuv) >> shift & 0xff;
      n_box += layers.box ? 1 : 0;
      ink = ink || layers.ink;
    }

  if (n_fill == 0 && contour < 0 && n_box == 0)
    return;
  value = blend_share (value, sum_fill << extra, n_fill, n, d->alpha);
  if (contour >= 0)
    value = (guint) contour << extra;
  value = blend_share (
      value, 128 * n_box << extra, n_box, n, NUCSEG_COUNT_BOX_ALPHA);
  set_sample (format, line, at, ink ? 128u << extra : value);
}

static void
draw_chroma (const Drawing *d, NucsegFrame *shown)
{
  gboolean pairs = shown->format != NUCSEG_FORMAT_I420;

  for (gint y = 0; y < (d->height + 1) / 2; y++) {
    guint8 *u = shown->data[1] + (gsize) y * shown->stride[1];
    guint8 *v = pairs ? u : shown->data[2] + (gsize) y * shown->stride[2];

    for (gint x = 0; x < (d->width + 1) / 2; x++) {
      paint_chroma (d, 2 * y, 2 * x, 8, shown, u, pairs ? 2 * x : x);
      paint_chroma (d, 2 * y, 2 * x, 0, shown, v, pairs ? 2 * x + 1 : x);
    }
  }
}

gboolean
nucseg_ref_overlay (const NucsegFrame *frame, const NucsegParams *params,
    guint low, guint high, const guint16 *labels, gsize labels_stride,
    guint n_objects, NucsegFrame *shown, GError **error)
{
  Drawing d = { params, labels, labels_stride, frame->width, frame->height };
  NucsegRefPacking p;

  if (shown->width != frame->width || shown->height != frame->height) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_SHAPE,
        "the picture to draw into has %dx%d, the frame %dx%d", shown->width,
        shown->height, frame->width, frame->height);
    return FALSE;
  }
  if (shown->format == frame->format) {
    copy_picture (frame, shown);
  } else if (nucseg_format_is_grey (frame->format)
      && !nucseg_format_is_grey (shown->format)) {
    stretch_picture (frame, low, high, shown);
  } else {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
        "can't draw a %s frame into %s: only into its own format, or grey "
        "into colour",
        nucseg_format_name (frame->format), nucseg_format_name (shown->format));
    return FALSE;
  }

  d.alpha = (guint) rint (CLAMP (params->overlay_alpha, 0, 1) * 256);
  nucseg_count_init (&d.count, n_objects, frame->height);
  if (nucseg_format_is_grey (shown->format)) {
    draw_grey (&d, shown, frame);
  } else if (nucseg_ref_get_packing (shown->format, &p)) {
    draw_packed (&d, shown, &p);
  } else {
    draw_luma (&d, shown);
    draw_chroma (&d, shown);
  }
  return TRUE;
}
