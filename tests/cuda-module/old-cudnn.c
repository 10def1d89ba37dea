/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * old-cudnn.c: a libcudnn.so.9 that is too old, for test-module.c. With
 * LACKING defined it lacks functions as well.
 */
#include <stddef.h>

#define API __attribute__ ((visibility ("default")))

API size_t cudnnGetVersion (void);
API size_t
cudnnGetVersion (void)
{
  return 90100;
}

#ifndef LACKING
#define FUNCTION(name)                                                         \
  API int name (void);                                                         \
  API int name (void)                                                          \
  {                                                                            \
    return 1;                                                                  \
  }

FUNCTION (cudnnGetErrorString)
FUNCTION (cudnnGetLastErrorString)
FUNCTION (cudnnCreate)
FUNCTION (cudnnDestroy)
FUNCTION (cudnnSetStream)
FUNCTION (cudnnBackendCreateDescriptor)
FUNCTION (cudnnBackendDestroyDescriptor)
FUNCTION (cudnnBackendSetAttribute)
FUNCTION (cudnnBackendGetAttribute)
FUNCTION (cudnnBackendFinalize)
FUNCTION (cudnnBackendExecute)
#endif
