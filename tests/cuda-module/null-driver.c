/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * null-driver.c: a libcuda.so.1 without a GPU behind it, for tests. What it
 * pretends is told by the environment variable NUCSEG_NULL_DRIVER:
 *
 *   no-device (default)  a driver that sees no GPU
 *   stub                 the toolkit's stub library
 *   broken               a driver that doesn't start
 *   old                  a driver of CUDA 11.4
 *   old-gpu              one GPU of compute capability 7.5
 *   gpu                  one GPU of compute capability 9.0, which can do
 * nothing
 *
 * In all of them code can be "loaded", which is what cuDNN does with the
 * kernels of the plans that it builds for GPUs that are only described.
 * Nothing can be run.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#define API __attribute__ ((visibility ("default")))

enum {
  OK = 0,
  OUT_OF_MEMORY = 2,
  STUB_LIBRARY = 34,
  NO_DEVICE = 100,
  NOT_FOUND = 500,
  NOT_SUPPORTED = 801,
  UNKNOWN = 999
};

static int handle; /* what handles point to */

static int
is (const char *what)
{
  const char *mode = getenv ("NUCSEG_NULL_DRIVER");

  return strcmp (mode ? mode : "no-device", what) == 0;
}

static int
has_gpu (void)
{
  return is ("gpu") || is ("old-gpu") || is ("old");
}

/* What every function says that is not below. */
static int
refuse (void)
{
  return has_gpu () ? NOT_SUPPORTED : is ("stub") ? STUB_LIBRARY : NO_DEVICE;
}

/* --- Start ---------------------------------------------------------------- */

API int cuInit (unsigned flags);
API int
cuInit (unsigned flags)
{
  return has_gpu ()   ? OK
      : is ("stub")   ? STUB_LIBRARY
      : is ("broken") ? UNKNOWN
                      : NO_DEVICE;
}

API int cuDriverGetVersion (int *version);
API int
cuDriverGetVersion (int *version)
{
  *version = is ("old") ? 11040 : 13000;
  return OK;
}

API int cuDeviceGetCount (int *count);
API int
cuDeviceGetCount (int *count)
{
  *count = has_gpu ();
  return OK;
}

API int cuDeviceGet (int *device, int ordinal);
API int
cuDeviceGet (int *device, int ordinal)
{
  *device = 0;
  return has_gpu () && ordinal == 0 ? OK : refuse ();
}

API int cuDeviceGetName (char *name, int size, int device);
API int
cuDeviceGetName (char *name, int size, int device)
{
  strncpy (name, "Null GPU", (size_t) size);
  name[size - 1] = '\0';
  return OK;
}

API int cuDeviceGetAttribute (int *value, int attribute, int device);
API int
cuDeviceGetAttribute (int *value, int attribute, int device)
{
  const int major = 75, minor = 76; /* of the compute capability */

  *value = 1;
  if (attribute == major)
    *value = is ("old-gpu") ? 7 : 9;
  else if (attribute == minor)
    *value = is ("old-gpu") ? 5 : 0;
  return has_gpu () ? OK : refuse ();
}

API int cuGetErrorName (int error, const char **name);
API int
cuGetErrorName (int error, const char **name)
{
  *name = error == NOT_SUPPORTED ? "CUDA_ERROR_NOT_SUPPORTED"
      : error == UNKNOWN         ? "CUDA_ERROR_UNKNOWN"
      : error == OUT_OF_MEMORY   ? "CUDA_ERROR_OUT_OF_MEMORY"
                                 : "CUDA_ERROR_NO_DEVICE";
  return OK;
}

API int cuCtxGetCurrent (void **context);
API int
cuCtxGetCurrent (void **context)
{
  *context = NULL;
  return has_gpu () ? OK : refuse ();
}

/* --- What can't be done without a GPU ------------------------------------- */

#define REFUSE(name)                                                           \
  API int name (void);                                                         \
  API int name (void)                                                          \
  {                                                                            \
    return refuse ();                                                          \
  }

REFUSE (cuCtxGetDevice)
REFUSE (cuCtxPushCurrent_v2)
REFUSE (cuCtxPopCurrent_v2)
REFUSE (cuDevicePrimaryCtxRelease_v2)
/* cuDNN's heuristics look for these by name and give up if one is missing. */
REFUSE (cuCtxGetLimit)
REFUSE (cuCtxPopCurrent)
REFUSE (cuCtxPushCurrent)
REFUSE (cuGetErrorString)
REFUSE (cuLaunchCooperativeKernel)
REFUSE (cuLaunchKernel)
REFUSE (cuLaunchKernelEx)
REFUSE (cuLibraryLoadFromFile)
REFUSE (cuLinkAddData)
REFUSE (cuLinkComplete)
REFUSE (cuLinkCreate)
REFUSE (cuLinkDestroy)
REFUSE (cuOccupancyMaxPotentialClusterSize)
REFUSE (cuStreamGetCtx)

/* A GPU whose memory others have taken. */
API int cuDevicePrimaryCtxRetain (void **context, int device);
API int
cuDevicePrimaryCtxRetain (void **context, int device)
{
  return has_gpu () ? OUT_OF_MEMORY : refuse ();
}

/* --- Code that is loaded, but never run ----------------------------------- */

#define LOAD(name)                                                             \
  API int name (void **out, ...);                                              \
  API int name (void **out, ...)                                               \
  {                                                                            \
    *out = &handle;                                                            \
    return OK;                                                                 \
  }
#define QUIET(name)                                                            \
  API int name (void);                                                         \
  API int name (void)                                                          \
  {                                                                            \
    return OK;                                                                 \
  }
#define ONE(name)                                                              \
  API int name (int *out, ...);                                                \
  API int name (int *out, ...)                                                 \
  {                                                                            \
    *out = 1;                                                                  \
    return OK;                                                                 \
  }

LOAD (cuLibraryLoadData)
LOAD (cuLibraryGetKernel)
LOAD (cuLibraryGetModule)
LOAD (cuKernelGetFunction)
LOAD (cuModuleLoadData)
LOAD (cuModuleLoadDataEx)
LOAD (cuModuleGetFunction)
QUIET (cuModuleUnload)
QUIET (cuLibraryUnload)
QUIET (cuFuncSetAttribute)
QUIET (cuKernelSetAttribute)
ONE (cuFuncGetAttribute)
ONE (cuKernelGetAttribute)
ONE (cuOccupancyMaxActiveBlocksPerMultiprocessor)
ONE (cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags)
ONE (cuOccupancyMaxActiveClusters)

/* --- Functions by name ---------------------------------------------------- */

/* Callers take what they get for granted: every name is there. */
API int cuGetProcAddress_v2 (const char *name, void **out, int version,
    unsigned long long flags, int *status);
API int
cuGetProcAddress_v2 (const char *name, void **out, int version,
    unsigned long long flags, int *status)
{
  void *self = dlopen ("libcuda.so.1", RTLD_NOLOAD | RTLD_LAZY);

  *out = self ? dlsym (self, name) : NULL;
  if (self)
    dlclose (self);
  if (!*out)
    *out = (void *) refuse;
  if (status)
    *status = 0;
  return OK;
}

API int cuGetProcAddress (
    const char *name, void **out, int version, unsigned long long flags);
API int
cuGetProcAddress (
    const char *name, void **out, int version, unsigned long long flags)
{
  return cuGetProcAddress_v2 (name, out, version, flags, NULL);
}
