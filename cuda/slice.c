/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * slice.c: see slice.h. The whole is filled with a value that nothing computes,
 * and looked at after a run.
 */
#include "cuda/slice.h"

#include <string.h>

#define UNTOUCHED 0x7b /* each byte: 61280 in f16, 1.3e36 in bf16 and f32 */

/* Bytes, within a pixel of the whole. */
typedef struct {
  gsize begin, end, pixel, element;
} Slice;

static Slice
get_slice (const NucsegStep *step)
{
  const NucsegCudaTensor *out = &step->out.tensor;
  const gsize element = nucseg_step_type_size (out->type);

  return (Slice){ step->out.offset, step->out.offset + out->channels * element,
    out->pitch * element, element };
}

static gboolean
is_untouched (const guint8 *bytes, gsize n)
{
  for (gsize i = 0; i < n; i++) {
    if (bytes[i] != UNTOUCHED)
      return FALSE;
  }
  return TRUE;
}

/* Whether @size bytes of the whole have all pixels of the slice, of which the
 * first and the last channel are looked at, and nothing else. */
static gboolean
check_whole (const Slice *slice, const guint8 *bytes, gsize size)
{
  for (const guint8 *p = bytes; p < bytes + size; p += slice->pixel) {
    if (!is_untouched (p, slice->begin)
        || is_untouched (p + slice->begin, slice->element)
        || is_untouched (p + slice->end - slice->element, slice->element)
        || !is_untouched (p + slice->end, slice->pixel - slice->end))
      return FALSE;
  }
  return TRUE;
}

gboolean
nucseg_slice_check (NucsegCudaDevice *device, const NucsegStep *step,
    NucsegCudaRecord run, gpointer data, GError **error)
{
  const NucsegCudaTensor *out = &step->out.tensor;
  const Slice slice = get_slice (step);
  const gsize size =
      (gsize) out->batch * out->height * out->width * slice.pixel;
  guint8 *whole = (guint8 *) out->data - slice.begin;
  g_autofree guint8 *bytes = NULL;

  if (out->pitch == out->channels)
    return TRUE;
  bytes = g_try_malloc (size);
  if (!bytes) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY,
        "no %" G_GSIZE_FORMAT " bytes to look at a concatenation", size);
    return FALSE;
  }
  memset (bytes, UNTOUCHED, size);
  if (!nucseg_cuda_upload (device, whole, bytes, size, error)
      || !run (data, error)
      || !nucseg_cuda_download (device, bytes, whole, size, error)
      || !nucseg_cuda_wait (device, error))
    return FALSE;
  if (check_whole (&slice, bytes, size))
    return TRUE;
  g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_DEVICE,
      "it doesn't write its part of a concatenation, or more than that");
  return FALSE;
}
