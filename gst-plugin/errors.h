/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * errors.h: from the engine's errors to the bus.
 */
#ifndef NUCSEG_ERRORS_H
#define NUCSEG_ERRORS_H

#include <gst/gst.h>

G_BEGIN_DECLS

/**
 * nucseg_element_error:
 * @element: who posts
 * @error: (transfer full): an error of NUCSEG_ERROR (any other domain is
 *   LIBRARY/FAILED)
 * @doing: what was being done, for the debug part: "loading the model"
 *
 * Posts one error message. The one place where a GError becomes one:
 *
 * | NucsegError | message |
 * | --- | --- |
 * | NOT_FOUND | RESOURCE/NOT_FOUND |
 * | IO | RESOURCE/READ |
 * | MODEL | STREAM/WRONG_TYPE |
 * | NO_DEVICE | LIBRARY/INIT |
 * | UNSUPPORTED | LIBRARY/SETTINGS |
 * | DEVICE | LIBRARY/FAILED |
 * | MEMORY | RESOURCE/NO_SPACE_LEFT |
 * | SHAPE | CORE/NEGOTIATION |
 */
void
nucseg_element_error (GstElement *element, GError *error, const gchar *doing);

/**
 * nucseg_element_warning:
 * @element: who posts
 * @error: (transfer none): as for nucseg_element_error()
 * @doing: what was being done
 * @instead: how it goes on: "onednn takes over"
 *
 * Posts one warning of the same domain and code as the error would have.
 */
void nucseg_element_warning (GstElement *element, const GError *error,
    const gchar *doing, const gchar *instead);

G_END_DECLS

#endif /* NUCSEG_ERRORS_H */
