/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pictures.h: frames of every format with padded rows, and labels.
 */
#ifndef NUCSEG_TESTS_PARITY_PICTURES_H
#define NUCSEG_TESTS_PARITY_PICTURES_H

#include "backend.h"
#include "modelbuilder.h"

/* A frame and its memory. */
typedef struct {
  NucsegFrame frame;
  guint8 *memory[3];
  gsize size[3]; /* bytes */
} ParityPicture;

/**
 * parity_picture_new:
 * @format: pixel format
 * @width: pixels
 * @height: pixels
 * @padding: bytes behind each row (even for 16-bit formats)
 * @bits: significant bits of 16-bit formats
 * @msb_aligned: where they stand
 *
 * All bytes, padding included, are 0xa5.
 */
ParityPicture *parity_picture_new (NucsegFormat format, gint width, gint height,
    gint padding, guint bits, gboolean msb_aligned);
ParityPicture *parity_picture_copy (const ParityPicture *picture);
void parity_picture_free (ParityPicture *picture);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ParityPicture, parity_picture_free)

/* Bright blobs on a darker ground (@dark: the other way round) with noise;
 * colour: three different ones; 16-bit samples carry dirt outside their
 * significant bits. */
void parity_picture_fill (
    ParityPicture *picture, NucsegRandom *random, gboolean dark);
/* Uniformly random bytes in all samples. */
void parity_picture_fill_noise (ParityPicture *picture, NucsegRandom *random);

/* Bytes of a row of @plane, less padding; 0 where there is no such plane. */
gint parity_picture_row_bytes (const NucsegFrame *frame, gint plane);
gint parity_picture_rows (const NucsegFrame *frame, gint plane);

/* Whether both hold the same bytes in all planes, padding (of any size) aside;
 * fails the test with the place and @what if not. */
gboolean parity_picture_equal (const gchar *what, guint64 seed,
    const ParityPicture *expected, const ParityPicture *actual);
/* Fails the test if a byte of padding has been written. */
void
parity_picture_check_padding (const gchar *what, const ParityPicture *picture);

/* Overlapping rectangles and single pixels of @n labels; stride in pixels. */
void parity_labels_fill (guint16 *labels, gint stride, gint width, gint height,
    guint n, NucsegRandom *random);

#endif /* NUCSEG_TESTS_PARITY_PICTURES_H */
