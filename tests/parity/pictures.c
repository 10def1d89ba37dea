/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pictures.c: see pictures.h.
 */
#include "tests/parity/pictures.h"

#include "tests/parity/parity.h"

#include <math.h>
#include <string.h>

#define FILLER 0xa5

gint
parity_picture_row_bytes (const NucsegFrame *frame, gint plane)
{
  gint half = (frame->width + 1) / 2;

  switch (frame->format) {
  case NUCSEG_FORMAT_NV12:
    return plane == 0 ? frame->width : plane == 1 ? 2 * half : 0;
  case NUCSEG_FORMAT_P010:
    return plane == 0 ? 2 * frame->width : plane == 1 ? 4 * half : 0;
  case NUCSEG_FORMAT_I420:
    return plane == 0 ? frame->width : half;
  case NUCSEG_FORMAT_GRAY8:
    return plane == 0 ? frame->width : 0;
  case NUCSEG_FORMAT_GRAY16_LE:
  case NUCSEG_FORMAT_GRAY16_BE:
    return plane == 0 ? frame->width * 2 : 0;
  case NUCSEG_FORMAT_RGB:
  case NUCSEG_FORMAT_BGR:
    return plane == 0 ? frame->width * 3 : 0;
  default:
    return plane == 0 ? frame->width * 4 : 0;
  }
}

gint
parity_picture_rows (const NucsegFrame *frame, gint plane)
{
  return plane == 0 ? frame->height : (frame->height + 1) / 2;
}

ParityPicture *
parity_picture_new (NucsegFormat format, gint width, gint height, gint padding,
    guint bits, gboolean msb_aligned)
{
  ParityPicture *picture = g_new0 (ParityPicture, 1);

  picture->frame = (NucsegFrame){ .format = format,
    .width = width,
    .height = height,
    .significant_bits = bits,
    .msb_aligned = msb_aligned };
  for (gint i = 0; i < 3; i++) {
    gint row = parity_picture_row_bytes (&picture->frame, i);

    if (row == 0)
      continue;
    picture->frame.stride[i] = row + padding;
    picture->size[i] =
        (gsize) (row + padding) * parity_picture_rows (&picture->frame, i);
    picture->memory[i] = g_malloc (picture->size[i]);
    memset (picture->memory[i], FILLER, picture->size[i]);
    picture->frame.data[i] = picture->memory[i];
  }
  return picture;
}

ParityPicture *
parity_picture_copy (const ParityPicture *picture)
{
  ParityPicture *copy = g_new (ParityPicture, 1);

  *copy = *picture;
  for (gint i = 0; i < 3; i++) {
    copy->memory[i] = g_memdup2 (picture->memory[i], picture->size[i]);
    copy->frame.data[i] = copy->memory[i];
  }
  return copy;
}

void
parity_picture_free (ParityPicture *picture)
{
  for (gint i = 0; i < 3; i++)
    g_free (picture->memory[i]);
  g_free (picture);
}

/* A share of full scale at each pixel: a tilted ground with blobs on it. */
static gfloat *
make_scene (gint width, gint height, NucsegRandom *random, gboolean dark)
{
  gfloat *scene = g_new (gfloat, (gsize) width * height);
  gint n_blobs = 1 + width * height / 400;

  for (gint y = 0; y < height; y++)
    for (gint x = 0; x < width; x++)
      scene[y * width + x] =
          0.15f + 0.1f * x / width + 0.01f * parity_normal (random);
  while (n_blobs-- > 0) {
    gint cy = nucseg_random_below (random, height);
    gint cx = nucseg_random_below (random, width);
    gfloat r = parity_uniform (random, 2, 6);
    gfloat light = parity_uniform (random, 0.3f, 0.6f);

    for (gint y = MAX (0, cy - 6); y < MIN (height, cy + 7); y++)
      for (gint x = MAX (0, cx - 6); x < MIN (width, cx + 7); x++)
        if ((y - cy) * (y - cy) + (x - cx) * (x - cx) < r * r)
          scene[y * width + x] = 0.2f + light;
  }
  for (gint i = 0; i < width * height; i++) {
    scene[i] = CLAMP (scene[i], 0, 1);
    if (dark)
      scene[i] = 1 - scene[i];
  }
  return scene;
}

static void
put_16 (const NucsegFrame *frame, guint8 *line, gint x, gfloat share,
    NucsegRandom *random)
{
  guint bits = nucseg_frame_get_depth (frame), word;
  gboolean big = frame->format == NUCSEG_FORMAT_GRAY16_BE;

  word = (guint) lrintf (share * ((1u << bits) - 1));
  if (nucseg_frame_is_msb_aligned (frame)) {
    word =
        word << (16 - bits) | nucseg_random_below (random, 1u << (16 - bits));
  } else if (bits < 16 && nucseg_random_below (random, 50) == 0) {
    word |= 1u << bits;
  }
  line[2 * x + (big ? 0 : 1)] = (guint8) (word >> 8);
  line[2 * x + (big ? 1 : 0)] = (guint8) word;
}

void
parity_picture_fill (
    ParityPicture *picture, NucsegRandom *random, gboolean dark)
{
  const NucsegFrame *frame = &picture->frame;
  gboolean words = nucseg_format_get_sample_bytes (frame->format) == 2;
  gint samples = words ? 1 : parity_picture_row_bytes (frame, 0) / frame->width;
  g_autofree gfloat *scene =
      make_scene (frame->width, frame->height, random, dark);

  parity_picture_fill_noise (picture, random);
  for (gint y = 0; y < frame->height; y++) {
    guint8 *line = frame->data[0] + (gsize) y * frame->stride[0];

    for (gint x = 0; x < frame->width; x++) {
      gfloat share = scene[y * frame->width + x];

      if (words) {
        put_16 (frame, line, x, share, random);
        continue;
      }
      for (gint c = 0; c < samples; c++)
        line[x * samples + c] =
            (guint8) (share * (255 - 40 * (samples > 1 ? c : 0)));
    }
  }
}

void
parity_picture_fill_noise (ParityPicture *picture, NucsegRandom *random)
{
  const NucsegFrame *frame = &picture->frame;

  for (gint i = 0; i < 3; i++) {
    gint row = parity_picture_row_bytes (frame, i);

    for (gint y = 0; row > 0 && y < parity_picture_rows (frame, i); y++)
      for (gint x = 0; x < row; x++)
        frame->data[i][(gsize) y * frame->stride[i] + x] =
            (guint8) nucseg_random_below (random, 256);
  }
}

gboolean
parity_picture_equal (const gchar *what, guint64 seed,
    const ParityPicture *expected, const ParityPicture *actual)
{
  const NucsegFrame *a = &expected->frame, *b = &actual->frame;

  for (gint i = 0; i < 3; i++) {
    gint row = parity_picture_row_bytes (a, i);

    for (gint y = 0; row > 0 && y < parity_picture_rows (a, i); y++) {
      const guint8 *p = a->data[i] + (gsize) y * a->stride[i];
      const guint8 *q = b->data[i] + (gsize) y * b->stride[i];

      for (gint x = 0; x < row; x++)
        if (p[x] != q[x]) {
          g_test_message ("%s, seed %" G_GUINT64_FORMAT
                          ": %s %dx%d differs first in plane %d, row %d, "
                          "byte %d: expected %u, found %u; no tolerance",
              what, seed, nucseg_format_name (a->format), a->width, a->height,
              i, y, x, p[x], q[x]);
          g_test_fail ();
          return FALSE;
        }
    }
  }
  return TRUE;
}

void
parity_picture_check_padding (const gchar *what, const ParityPicture *picture)
{
  const NucsegFrame *frame = &picture->frame;

  for (gint i = 0; i < 3; i++) {
    gint row = parity_picture_row_bytes (frame, i);

    for (gint y = 0; row > 0 && y < parity_picture_rows (frame, i); y++)
      for (gint x = row; x < frame->stride[i]; x++)
        if (frame->data[i][(gsize) y * frame->stride[i] + x] != FILLER) {
          g_test_message ("%s: %s: the padding of plane %d was written at "
                          "row %d, byte %d",
              what, nucseg_format_name (frame->format), i, y, x);
          g_test_fail ();
          return;
        }
  }
}

void
parity_labels_fill (guint16 *labels, gint stride, gint width, gint height,
    guint n, NucsegRandom *random)
{
  for (gint y = 0; y < height; y++)
    for (gint x = 0; x < width; x++)
      labels[y * stride + x] = 0;
  for (guint label = 1; label <= n; label++) {
    gint top = nucseg_random_below (random, height);
    gint left = nucseg_random_below (random, width);
    gint rows = 1 + nucseg_random_below (random, 9);
    gint columns = 1 + nucseg_random_below (random, 9);

    for (gint y = top; y < MIN (height, top + rows); y++)
      for (gint x = left; x < MIN (width, left + columns); x++)
        labels[y * stride + x] = (guint16) label;
  }
}
