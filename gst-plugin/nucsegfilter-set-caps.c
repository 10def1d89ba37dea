/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nucsegfilter-set-caps.c: what nucsegfilter does once caps are chosen: CUDA
 * memory, plans and label maps made ready for frames of this size and format.
 */
#include "errors.h"
#include "nucsegfilter-cuda.h"
#include "nucsegfilter-private.h"

static gboolean
upstream_is_live (GstBaseTransform *trans)
{
  GstQuery *query = gst_query_new_latency ();
  gboolean live = FALSE;

  if (gst_pad_peer_query (GST_BASE_TRANSFORM_SINK_PAD (trans), query))
    gst_query_parse_latency (query, &live, NULL, NULL);
  gst_query_unref (query);
  return live;
}

/* A frame without planes. */
static NucsegFrame
describe_frame (const GstVideoInfo *info, gboolean is_cuda,
    const NucsegFrameSettings *settings)
{
  NucsegFrame frame = { .format =
                            nucseg_filter_format (GST_VIDEO_INFO_FORMAT (info)),
    .memory = is_cuda ? NUCSEG_MEMORY_CUDA : NUCSEG_MEMORY_SYSTEM,
    .width = GST_VIDEO_INFO_WIDTH (info),
    .height = GST_VIDEO_INFO_HEIGHT (info),
    .significant_bits = settings->significant_bits,
    .msb_aligned = settings->msb_aligned };

  for (guint i = 0; i < GST_VIDEO_INFO_N_PLANES (info); i++)
    frame.stride[i] = GST_VIDEO_INFO_PLANE_STRIDE (info, i);
  return frame;
}

/* Plans for frames of self->in_info, before the first comes. */
static gboolean
make_ready (GstNucsegFilter *self, const NucsegFrameSettings *settings)
{
  const NucsegFrame frame =
      describe_frame (&self->in_info, self->in_cuda, settings);
  const NucsegFrame shown =
      describe_frame (&self->out_info, self->out_cuda, settings);
  const gboolean draws = shown.format != frame.format
      || shown.memory != frame.memory || nucseg_frame_settings_draws (settings);
  GError *error = NULL;
  gint64 took;

  if (!nucseg_filter_warm_up (self, &frame, draws ? &shown : NULL,
          &settings->params, &took, &error)) {
    nucseg_element_error (
        GST_ELEMENT (self), error, "making ready for frames of this size");
    return FALSE;
  }
  nucseg_filter_set_latency (self, (GstClockTime) took * GST_USECOND);
  return TRUE;
}

static gboolean
set_caps (GstBaseTransform *trans, GstCaps *incaps, GstCaps *outcaps)
{
  GstNucsegFilter *self = GST_NUCSEG_FILTER (trans);
  NucsegFrameSettings settings;
  GError *error = NULL;
  /* stop() forgets the size */
  const gboolean first = GST_VIDEO_INFO_WIDTH (&self->in_info) == 0;
  gboolean awaited;

  /* a new negotiation may have been asked for a moment ago */
  nucseg_filter_drain (self);
  if (!gst_video_info_from_caps (&self->in_info, incaps)
      || !gst_video_info_from_caps (&self->out_info, outcaps)) {
    GST_ELEMENT_ERROR (self, CORE, NEGOTIATION,
        ("The caps are not those of raw video."),
        ("in %" GST_PTR_FORMAT ", out %" GST_PTR_FORMAT, incaps, outcaps));
    return FALSE;
  }
  nucseg_filter_forget_mask (self);
  self->in_cuda = nucseg_filter_is_cuda (gst_caps_get_features (incaps, 0));
  self->out_cuda = nucseg_filter_is_cuda (gst_caps_get_features (outcaps, 0));
  if ((self->in_cuda || self->out_cuda)
      && !nucseg_filter_cuda_start (self, &error)) {
    nucseg_element_error (
        GST_ELEMENT (self), error, "making CUDA memory ready");
    return FALSE;
  }
  nucseg_filter_get_frame_settings (self, &settings);
  /* Files one after the other wait for nothing: their frames are the warm-up.
   * Images of many sizes would else cost three runs each. */
  awaited = first || upstream_is_live (trans);
  if (awaited && !make_ready (self, &settings))
    return FALSE;
  nucseg_filter_prepare_masks (self, awaited);
  nucseg_filter_note_depth (self, &settings, NULL);
  return TRUE;
}

static gboolean
get_unit_size (GstBaseTransform *trans, GstCaps *caps, gsize *size)
{
  GstVideoInfo info;

  if (!gst_video_info_from_caps (&info, caps))
    return FALSE;
  *size = GST_VIDEO_INFO_SIZE (&info);
  return TRUE;
}

void
nucseg_filter_install_set_caps (GstNucsegFilterClass *klass)
{
  GstBaseTransformClass *trans_class = GST_BASE_TRANSFORM_CLASS (klass);

  trans_class->set_caps = GST_DEBUG_FUNCPTR (set_caps);
  trans_class->get_unit_size = GST_DEBUG_FUNCPTR (get_unit_size);
}
