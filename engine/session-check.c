/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * session-check.c: what a session asks of frames, label maps and pictures
 * before a back end sees them.
 */
#include "params.h"

gboolean
nucseg_check_frame (
    const NucsegBackend *backend, const NucsegFrame *frame, GError **error)
{
  if (!nucseg_frame_check (frame, TRUE, error))
    return FALSE;
  if (frame->memory == NUCSEG_MEMORY_CUDA
      && !nucseg_backend_has_device (backend)) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
        "a frame in CUDA memory, the back end \"%s\" takes system memory",
        backend->name);
    return FALSE;
  }
  return TRUE;
}

gboolean
nucseg_check_labels (
    const NucsegFrame *frame, gsize labels_stride, GError **error)
{
  gsize least = (gsize) frame->width * sizeof (guint16);

  if (labels_stride < least || labels_stride % sizeof (guint16) != 0) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_SHAPE,
        "a label stride of %" G_GSIZE_FORMAT
        ", expected an even number of at least %" G_GSIZE_FORMAT " bytes",
        labels_stride, least);
    return FALSE;
  }
  return TRUE;
}

gboolean
nucseg_check_pictures (
    const NucsegFrame *frame, const NucsegFrame *shown, GError **error)
{
  if (shown->width != frame->width || shown->height != frame->height) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_SHAPE,
        "a picture of %dx%d to draw into, expected the frame's %dx%d",
        shown->width, shown->height, frame->width, frame->height);
    return FALSE;
  }
  if (shown->format != frame->format
      && (!nucseg_format_is_grey (frame->format)
          || nucseg_format_is_grey (shown->format))) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
        "drawing a %s frame as %s, expected the same format or, from grey, a "
        "colour format",
        nucseg_format_name (frame->format), nucseg_format_name (shown->format));
    return FALSE;
  }
  if (shown->format == frame->format
      && (nucseg_frame_get_depth (shown) != nucseg_frame_get_depth (frame)
          || (nucseg_frame_get_depth (frame) > 8
              && nucseg_frame_is_msb_aligned (shown)
                  != nucseg_frame_is_msb_aligned (frame)))) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED,
        "drawing %u significant bits as %u, expected the same at the same end",
        nucseg_frame_get_depth (frame), nucseg_frame_get_depth (shown));
    return FALSE;
  }
  return TRUE;
}

/* All planes of a picture of the frame's format are the frame's, or none. */
static gboolean
check_planes (
    const NucsegFrame *frame, const NucsegFrame *shown, GError **error)
{
  const gboolean in_place = shown->data[0] == frame->data[0];

  for (guint i = 0; i < nucseg_format_get_n_planes (frame->format); i++) {
    if ((shown->data[i] == frame->data[i]) != in_place) {
      g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_SHAPE,
          "plane %u is %s the frame's, plane 0 is%s: all of a picture or none "
          "is expected to be",
          i, in_place ? "not" : "also", in_place ? "" : " not");
      return FALSE;
    }
    if (in_place && shown->stride[i] != frame->stride[i]) {
      g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_SHAPE,
          "drawing in place as %s of stride %d, expected the frame's %s of "
          "stride %d (plane %u)",
          nucseg_format_name (shown->format), shown->stride[i],
          nucseg_format_name (frame->format), frame->stride[i], i);
      return FALSE;
    }
  }
  return TRUE;
}

gboolean
nucseg_check_shown (const NucsegBackend *backend, const NucsegFrame *frame,
    const NucsegFrame *shown, GError **error)
{
  if (!nucseg_check_frame (backend, shown, error)
      || !nucseg_check_pictures (frame, shown, error))
    return FALSE;
  if (shown->format == frame->format && !check_planes (frame, shown, error))
    return FALSE;
  if (shown->data[0] == frame->data[0] && shown->format != frame->format) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_SHAPE,
        "drawing in place as %s of stride %d, expected the frame's %s of "
        "stride %d",
        nucseg_format_name (shown->format), shown->stride[0],
        nucseg_format_name (frame->format), frame->stride[0]);
    return FALSE;
  }
  return TRUE;
}
