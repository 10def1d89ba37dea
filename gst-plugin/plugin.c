/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * plugin.c: the GStreamer plug-in "nucseg" and its elements.
 */
#include <gst/gst.h>

#include "nucsegfilter.h"
#include "nucsegmask.h"
#include "nucsegmeta-write.h"
#include "nuctestsrc.h"

static gboolean
plugin_init (GstPlugin *plugin)
{
  gboolean any = FALSE;

  nucseg_meta_register ();
  any |= GST_ELEMENT_REGISTER (nucsegfilter, plugin);
  any |= GST_ELEMENT_REGISTER (nucsegmask, plugin);
  any |= GST_ELEMENT_REGISTER (nuctestsrc, plugin);
  return any;
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, nucseg,
    "Segmentation of cell nuclei in live microscope video", plugin_init,
    VERSION, "LGPL", "nucsegfilter", "nucsegfilter")
