/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * plugin.c: the GStreamer plug-in "nucseg" and its elements.
 */
#include <gst/gst.h>

#include "nucsegmeta-write.h"
#ifdef HAVE_NUCSEGFILTER
#include "nucsegfilter.h"
#endif
#ifdef HAVE_NUCSEGMASK
#include "nucsegmask.h"
#endif
#ifdef HAVE_NUCTESTSRC
#include "nuctestsrc.h"
#endif

static gboolean
plugin_init (GstPlugin *plugin)
{
  gboolean any = FALSE;

  nucseg_meta_register ();
#ifdef HAVE_NUCSEGFILTER
  any |= GST_ELEMENT_REGISTER (nucsegfilter, plugin);
#endif
#ifdef HAVE_NUCSEGMASK
  any |= GST_ELEMENT_REGISTER (nucsegmask, plugin);
#endif
#ifdef HAVE_NUCTESTSRC
  any |= GST_ELEMENT_REGISTER (nuctestsrc, plugin);
#endif
  return any;
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, nucseg,
    "Segmentation of cell nuclei in live microscope video", plugin_init,
    VERSION, "LGPL", "nucsegfilter", "nucsegfilter")
