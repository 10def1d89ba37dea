/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * host-driver-private.h: what the files of the driver in host memory share.
 */
#ifndef TESTS_ELEMENTS_HOST_DRIVER_PRIVATE_H
#define TESTS_ELEMENTS_HOST_DRIVER_PRIVATE_H

/* A function that the library exports. */
#define API __attribute__ ((visibility ("default")))

/* CUresult of cuda.h */
enum { OK = 0, INVALID = 1, NO_DEVICE = 100, NOT_SUPPORTED = 801 };

#endif /* TESTS_ELEMENTS_HOST_DRIVER_PRIVATE_H */
