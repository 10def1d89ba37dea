/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * paint.c: what docs/model-format.md (Overlay) says of each kind of sample:
 * grey, packed colour, luma, chroma; and the count of nuclei.
 */
#include "cpu/overlay-private.h"
#include "palette.h"

#include <string.h>

/* --- Samples ------------------------------------------------------------ */

/* A row of grey, luma or chroma samples of 8 or 16 bits. */
typedef struct {
  guint8 *line;
  gboolean wide, big;
  guint shift; /* bits below the value */
  guint top; /* full scale */
  guint extra; /* bits that a value has beyond 8 */
} Samples;

/* A grey picture's, which has the frame's format. */
static Samples
samples_of (const NucsegDrawCall *call, gint y)
{
  const NucsegFrame *frame = call->frame;
  const guint depth = nucseg_frame_get_depth (frame);

  return (Samples){ call->shown->data[0] + (gsize) y * call->shown->stride[0],
    nucseg_grey_is_wide (frame), frame->format == NUCSEG_FORMAT_GRAY16_BE,
    nucseg_frame_is_msb_aligned (frame) ? 16 - depth : 0, (1u << depth) - 1,
    depth - 8 };
}

/* A YUV picture's: row @y of plane @plane. */
static Samples
yuv_samples_of (const NucsegDrawCall *call, gint plane, gint y)
{
  const NucsegFrame *shown = call->shown;
  guint8 *line = shown->data[plane] + (gsize) y * shown->stride[plane];

  if (shown->format == NUCSEG_FORMAT_P010)
    return (Samples){ line, TRUE, FALSE, 6, 1023, 2 };
  return (Samples){ line, FALSE, FALSE, 0, 255, 0 };
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

/* --- Grey --------------------------------------------------------------- */

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
  const Samples s = yuv_samples_of (call, 0, y);
  const gboolean contour = layers[x] & NUCSEG_LAYER_CONTOUR;
  const guint color =
      (nucseg_palette_yuv (
           nucseg_draw_color (call,
               contour ? call->params->contour_color : call->params->fill_color,
               label),
           call->shown->yuv)
          >> 16)
      << s.extra;

  set_sample (&s, x,
      contour ? color : nucseg_blend (get_sample (&s, x), color, call->alpha));
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

/* The U and V samples of a block. */
typedef struct {
  Samples u, v;
  gint u_at, v_at;
} Chroma;

/* Those of the block at (@y, @x), both even. */
static Chroma
find_chroma (const NucsegDrawCall *call, gint y, gint x)
{
  const Samples row = yuv_samples_of (call, 1, y / 2);

  if (call->shown->format != NUCSEG_FORMAT_I420)
    return (Chroma){ row, row, x, x + 1 };
  return (Chroma){ row, yuv_samples_of (call, 2, y / 2), x / 2, x / 2 };
}

/* @value blended with colours of sum @sum, which cover @k of @n pixels. */
static inline guint
blend_share (guint value, guint sum, guint k, guint n, guint alpha)
{
  return (value * (256 * n - alpha * k) + alpha * sum + 128 * n) / (256 * n);
}

/* The sample at @x blended with 8-bit colours. */
static void
share_sample (
    const Samples *s, gint x, guint sum, guint k, guint n, guint alpha)
{
  set_sample (
      s, x, blend_share (get_sample (s, x), sum << s->extra, k, n, alpha));
}

static void
paint_block (const NucsegDrawCall *call, gint y, gint x, const guint8 *layers)
{
  const gint width = call->frame->width, height = call->frame->height;
  guint n = 0, n_fill = 0, sum_u = 0, sum_v = 0;
  guint32 contour = 0;
  gboolean has_contour = FALSE;
  const Chroma c = find_chroma (call, y, x);
  const NucsegYuv yuv = call->shown->yuv;

  for (gint py = y; py < MIN (y + 2, height); py++) {
    for (gint px = x; px < MIN (x + 2, width); px++) {
      const guint8 here = layers[(gsize) (py - y) * width + px];
      const guint label = nucseg_draw_labels (call, py)[px];

      n++;
      if (here & NUCSEG_LAYER_FILL) {
        const guint32 fill = nucseg_palette_yuv (
            nucseg_draw_color (call, call->params->fill_color, label), yuv);

        n_fill++;
        sum_u += fill >> 8 & 0xff;
        sum_v += fill & 0xff;
      }
      if ((here & NUCSEG_LAYER_CONTOUR) && !has_contour) {
        contour = nucseg_palette_yuv (
            nucseg_draw_color (call, call->params->contour_color, label), yuv);
        has_contour = TRUE;
      }
    }
  }
  if (has_contour) {
    set_sample (&c.u, c.u_at, (contour >> 8 & 0xff) << c.u.extra);
    set_sample (&c.v, c.v_at, (contour & 0xff) << c.v.extra);
  } else if (n_fill > 0) {
    share_sample (&c.u, c.u_at, sum_u, n_fill, n, call->alpha);
    share_sample (&c.v, c.v_at, sum_v, n_fill, n, call->alpha);
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
  const Samples s = yuv_samples_of (call, 0, y);
  const NucsegYuv yuv = call->shown->yuv;
  const guint black = (nucseg_palette_yuv (0x000000, yuv) >> 16) << s.extra;
  const guint white = (nucseg_palette_yuv (0xffffff, yuv) >> 16) << s.extra;

  set_sample (&s, x,
      ink ? white
          : nucseg_blend (get_sample (&s, x), black, NUCSEG_COUNT_BOX_ALPHA));
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
  const Chroma c = find_chroma (call, y, x);

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
  if (ink) {
    set_sample (&c.u, c.u_at, 128u << c.u.extra);
    set_sample (&c.v, c.v_at, 128u << c.v.extra);
  } else {
    const guint sum = 128 * n_box;

    share_sample (&c.u, c.u_at, sum, n_box, n, NUCSEG_COUNT_BOX_ALPHA);
    share_sample (&c.v, c.v_at, sum, n_box, n, NUCSEG_COUNT_BOX_ALPHA);
  }
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
