/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nuctestsrc.h: the element nuctestsrc, a synthetic fluorescence microscope.
 */
#ifndef NUCTESTSRC_H
#define NUCTESTSRC_H

#include <gst/base/gstpushsrc.h>

G_BEGIN_DECLS

#define NUC_TYPE_TEST_SRC (nuc_test_src_get_type ())
G_DECLARE_FINAL_TYPE (NucTestSrc, nuc_test_src, NUC, TEST_SRC, GstPushSrc)

GST_ELEMENT_REGISTER_DECLARE (nuctestsrc)

G_END_DECLS

#endif /* NUCTESTSRC_H */
