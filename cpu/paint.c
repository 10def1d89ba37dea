/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * paint.c: what docs/model-format.md (Overlay) says of each kind of sample:
 * grey, packed colour, luma, chroma; and the count of nuclei.
 */
#include "cpu/overlay-private.h"
#include "palette.h"

#include <string.h>

/* --- Grey --------------------------------------------------------------- */

/* A grey sample of 8 or 16 bits. */
typedef struct {
  guint8 *line;
  gboolean wide, big;
  guint shift; /* bits below the value */
  guint top; /* full scale */
} Samples;

static Samples
samples_of (const NucsegDrawCall *call, gint y)
{
  const NucsegFrame *frame = call->frame;
  const guint depth = nucseg_frame_get_depth (frame);

  return (Samples){ call->shown->data[0] + (gsize) y * call->shown->stride[0],
    nucseg_grey_is_wide (frame), frame->format == NUCSEG_FORMAT_GRAY16_BE,
    frame->msb_aligned ? 16 - depth : 0, (1u << depth) - 1 };
}

static guint
get_sample (const Samples *s, gint x)
{
  guint16 word;

  if (!s->wide)
    return s->line[x];
  memcpy (&word, s->line + 2 * (gsize) x, sizeof word);
  word = (s->big ? GUINT16_FROM_BE (word) : GUINT16_FROM_LE (word)) >> s->shift;
  return MIN (word, s->top);
}

static void
set_sample (const Samples *s, gint x, guint value)
{
  guint16 word = (guint16) (value << s->shift);

  if (!s->wide) {
    s->line[x] = (guint8) value;
    return;
  }
  word = s->big ? GUINT16_TO_BE (word) : GUINT16_TO_LE (word);
  memcpy (s->line + 2 * (gsize) x, &word, sizeof word);
}

static void
paint_grey (const NucsegDrawCall *call, gint y, const guint8 *layers, gint x)
{
  const Samples s = samples_of (call, y);

  set_sample (&s, x,
      layers[x] & NUCSEG_LAYER_CONTOUR
          ? s.top
          : nucseg_blend (get_sample (&s, x), s.top, call->alpha));
}

/* --- Colour and luma ---------------------------------------------------- */

static void
paint_packed (const NucsegDrawCall *call, gint y, const guint8 *layers, gint x)
{
  const NucsegPacking *p = &call->packing;
  const guint label = nucseg_draw_labels (call, y)[x];
  guint8 *pixel = call->shown->data[0] + (gsize) y * call->shown->stride[0]
      + (gsize) x * p->size;

  if (layers[x] & NUCSEG_LAYER_CONTOUR) {
    const guint32 color =
        nucseg_draw_color (call, call->params->contour_color, label);

    pixel[p->red] = color >> 16 & 0xff;
    pixel[p->green] = color >> 8 & 0xff;
    pixel[p->blue] = color & 0xff;
  } else {
    const guint32 color =
        nucseg_draw_color (call, call->params->fill_color, label);

    pixel[p->red] =
        (guint8) nucseg_blend (pixel[p->red], color >> 16 & 0xff, call->alpha);
    pixel[p->green] =
        (guint8) nucseg_blend (pixel[p->green], color >> 8 & 0xff, call->alpha);
    pixel[p->blue] =
        (guint8) nucseg_blend (pixel[p->blue], color & 0xff, call->alpha);
  }
}

static void
paint_luma (const NucsegDrawCall *call, gint y, const guint8 *layers, gint x)
{
  const guint label = nucseg_draw_labels (call, y)[x];
  guint8 *sample =
      call->shown->data[0] + (gsize) y * call->shown->stride[0] + x;
  const gboolean contour = layers[x] & NUCSEG_LAYER_CONTOUR;
  const guint color =
      nucseg_palette_yuv (nucseg_draw_color (call,
          contour ? call->params->contour_color : call->params->fill_color,
          label))
      >> 16;

  *sample =
      (guint8) (contour ? color : nucseg_blend (*sample, color, call->alpha));
}

typedef void (*PaintFunc) (
    const NucsegDrawCall *call, gint y, const guint8 *layers, gint x);

/* Made into a loop for each kind of sample. */
static inline __attribute__ ((always_inline)) void
paint_all (
    const NucsegDrawCall *call, gint y, const guint8 *layers, PaintFunc paint)
{
  const gint width = call->frame->width;
  gint x = 0;

  while (x < width) {
    guint64 word = 1;

    if (x + 8 <= width)
      memcpy (&word, layers + x, sizeof word);
    if (word == 0) {
      x += 8;
      continue;
    }
    for (gint end = MIN (x + 8, width); x < end; x++) {
      if (layers[x])
        paint (call, y, layers, x);
    }
  }
}

void
nucseg_paint_row (const NucsegDrawCall *call, gint y, const guint8 *layers)
{
  if (nucseg_format_is_grey (call->shown->format))
    paint_all (call, y, layers, paint_grey);
  else if (call->packing.size > 0)
    paint_all (call, y, layers, paint_packed);
  else
    paint_all (call, y, layers, paint_luma);
}

/* --- Chroma ------------------------------------------------------------- */

/* The U and V samples of the block at (@y, @x), both even. */
static void
find_chroma (const NucsegDrawCall *call, gint y, gint x, guint8 **u, guint8 **v)
{
  const NucsegFrame *shown = call->shown;
  guint8 *row = shown->data[1] + (gsize) (y / 2) * shown->stride[1];

  if (shown->format == NUCSEG_FORMAT_NV12) {
    *u = row + x;
    *v = row + x + 1;
  } else {
    *u = row + x / 2;
    *v = shown->data[2] + (gsize) (y / 2) * shown->stride[2] + x / 2;
  }
}

/* @value blended with colours of sum @sum, which cover @k of @n pixels. */
static inline guint8
blend_share (guint value, guint sum, guint k, guint n, guint alpha)
{
  return (guint8) ((value * (256 * n - alpha * k) + alpha * sum + 128 * n)
      / (256 * n));
}

static void
paint_block (const NucsegDrawCall *call, gint y, gint x, const guint8 *layers)
{
  const gint width = call->frame->width, height = call->frame->height;
  guint n = 0, n_fill = 0, sum_u = 0, sum_v = 0;
  guint32 contour = 0;
  gboolean has_contour = FALSE;
  guint8 *u, *v;

  for (gint py = y; py < MIN (y + 2, height); py++) {
    for (gint px = x; px < MIN (x + 2, width); px++) {
      const guint8 here = layers[(gsize) (py - y) * width + px];
      const guint label = nucseg_draw_labels (call, py)[px];

      n++;
      if (here & NUCSEG_LAYER_FILL) {
        const guint32 yuv = nucseg_palette_yuv (
            nucseg_draw_color (call, call->params->fill_color, label));

        n_fill++;
        sum_u += yuv >> 8 & 0xff;
        sum_v += yuv & 0xff;
      }
      if ((here & NUCSEG_LAYER_CONTOUR) && !has_contour) {
        contour = nucseg_palette_yuv (
            nucseg_draw_color (call, call->params->contour_color, label));
        has_contour = TRUE;
      }
    }
  }
  find_chroma (call, y, x, &u, &v);
  if (has_contour) {
    *u = contour >> 8 & 0xff;
    *v = contour & 0xff;
  } else if (n_fill > 0) {
    *u = blend_share (*u, sum_u, n_fill, n, call->alpha);
    *v = blend_share (*v, sum_v, n_fill, n, call->alpha);
  }
}

void
nucseg_paint_chroma (const NucsegDrawCall *call, gint y, const guint8 *layers)
{
  const gint width = call->frame->width;

  for (gint x = 0; x < width; x += 2) {
    const guint8 *a = layers + x, *b = a + width;

    if (a[0] | b[0] || (x + 1 < width && (a[1] | b[1])))
      paint_block (call, y, x, layers);
  }
}

/* --- The count ---------------------------------------------------------- */

static void
count_luma (const NucsegDrawCall *call, gint y, gint x, gboolean ink)
{
  guint8 *sample =
      call->shown->data[0] + (gsize) y * call->shown->stride[0] + x;
  const guint black = nucseg_palette_yuv (0x000000) >> 16;
  const guint white = nucseg_palette_yuv (0xffffff) >> 16;

  *sample =
      (guint8) (ink ? white
                    : nucseg_blend (*sample, black, NUCSEG_COUNT_BOX_ALPHA));
}

static void
count_packed (const NucsegDrawCall *call, gint y, gint x, gboolean ink)
{
  const NucsegPacking *p = &call->packing;
  const gint places[3] = { p->red, p->green, p->blue };
  guint8 *pixel = call->shown->data[0] + (gsize) y * call->shown->stride[0]
      + (gsize) x * p->size;

  for (gint c = 0; c < 3; c++) {
    guint8 *sample = &pixel[places[c]];
    *sample =
        ink ? 255 : (guint8) nucseg_blend (*sample, 0, NUCSEG_COUNT_BOX_ALPHA);
  }
}

static void
count_grey (const NucsegDrawCall *call, gint y, gint x, gboolean ink)
{
  const Samples s = samples_of (call, y);

  set_sample (&s, x,
      ink ? s.top
          : nucseg_blend (get_sample (&s, x), 0, NUCSEG_COUNT_BOX_ALPHA));
}

static void
count_chroma (const NucsegDrawCall *call, gint y, gint x)
{
  const gint width = call->frame->width, height = call->frame->height;
  guint n = 0, n_box = 0;
  gboolean ink = FALSE;
  guint8 *u, *v;

  for (gint py = y; py < MIN (y + 2, height); py++) {
    for (gint px = x; px < MIN (x + 2, width); px++) {
      const NucsegCountPixel here = nucseg_count_at (&call->count, px, py);

      n++;
      n_box += here != NUCSEG_COUNT_OUTSIDE;
      ink |= here == NUCSEG_COUNT_INK;
    }
  }
  if (n_box == 0)
    return;
  find_chroma (call, y, x, &u, &v);
  *u = ink ? 128
           : blend_share (*u, 128 * n_box, n_box, n, NUCSEG_COUNT_BOX_ALPHA);
  *v = ink ? 128
           : blend_share (*v, 128 * n_box, n_box, n, NUCSEG_COUNT_BOX_ALPHA);
}

void
nucseg_paint_count (const NucsegDrawCall *call)
{
  const NucsegCount *c = &call->count;
  const gint right = MIN (c->x + c->width, call->frame->width);
  const gint bottom = MIN (c->y + c->height, call->frame->height);
  const gboolean grey = nucseg_format_is_grey (call->shown->format);
  const gboolean packed = call->packing.size > 0;

  for (gint y = c->y; y < bottom; y++) {
    for (gint x = c->x; x < right; x++) {
      const gboolean ink = nucseg_count_at (c, x, y) == NUCSEG_COUNT_INK;

      if (grey)
        count_grey (call, y, x, ink);
      else if (packed)
        count_packed (call, y, x, ink);
      else
        count_luma (call, y, x, ink);
    }
  }
  if (grey || packed)
    return;
  for (gint y = c->y & ~1; y < bottom; y += 2) {
    for (gint x = c->x & ~1; x < right; x += 2)
      count_chroma (call, y, x);
  }
}
