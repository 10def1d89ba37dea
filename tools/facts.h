/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * facts.h: all that nucsegfilter attached to a buffer (docs/metadata.md), as
 * plain C.
 */
#ifndef NUCSEG_TOOL_FACTS_H
#define NUCSEG_TOOL_FACTS_H

#include <string.h>
#include <gst/gst.h>
#include "gst-plugin/nucsegmeta.h"

G_BEGIN_DECLS

/**
 * ToolFacts:
 * @masks: labels and objects
 *
 * The other members are the fields of NucsegMeta of the same names. Pointers
 * are valid until tool_facts_clear().
 */
typedef struct {
  NucsegMasks masks;
  guint dropped, age_frames;
  gdouble pixel_size, scale;
  const gchar *backend, *precision;
  gboolean inferred;
  guint64 age;
  guint64 stage_ns[NUCSEG_STAGE_LAST];
} ToolFacts;

/**
 * tool_facts_read:
 * @facts: (out): filled; all zero on failure
 * @buffer: a buffer that came out of nucsegfilter; must outlive @facts
 * @error: return location
 *
 * Returns: FALSE with NUCSEG_ERROR_UNSUPPORTED where the metadata is missing
 *   or not as documented
 */
gboolean tool_facts_read (ToolFacts *facts, GstBuffer *buffer, GError **error);
void tool_facts_clear (ToolFacts *facts);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ToolFacts, tool_facts_clear)

/* Mean area of the objects in pixels; 0 without objects. */
gdouble tool_facts_mean_area (const ToolFacts *facts);

/**
 * tool_sample_save:
 * @sample: a picture in RGB
 * @path: name of the PNG file
 * @error: return location
 *
 * Returns: TRUE on success; errors NUCSEG_ERROR_DEVICE, NUCSEG_ERROR_IO
 */
gboolean
tool_sample_save (GstSample *sample, const gchar *path, GError **error);

G_END_DECLS

#endif /* NUCSEG_TOOL_FACTS_H */
