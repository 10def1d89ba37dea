/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * host-driver.h: what the driver in host memory tells the test that watches it.
 */
#ifndef TESTS_ELEMENTS_HOST_DRIVER_H
#define TESTS_ELEMENTS_HOST_DRIVER_H

#include <glib.h>

typedef struct {
  gint n_contexts, n_blocks; /* that nobody has given back */
  gint n_primary; /* who hold the primary context */
  gint n_uploads, n_downloads; /* planes that were copied, ever */
  gint n_default_waits; /* for the default stream, ever */
} HostDriverLog;

/* The library exports this function. */
HostDriverLog *host_driver_get_log (void);

#endif /* TESTS_ELEMENTS_HOST_DRIVER_H */
