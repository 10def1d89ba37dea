/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * status.c: what is said of a call of CUDA's that failed.
 */
#include "cuda/device.h"

/* Names that the oldest toolkit lacks (driver_types.h of CUDA 13). */
enum {
  CONTAINED = 226, /* cudaErrorContained: errors of the hardware */
  TENSOR_MEMORY_LEAK = 721,
  MPS_CLIENT_TERMINATED = 810,
  EXTERNAL_DEVICE = 911,
};

gboolean
nucseg_cuda_is_lost (gint status)
{
  switch (status) {
  /* Of all of these the documentation says that "the process must be terminated
   * and relaunched": every later call fails as well. */
  case cudaErrorIllegalAddress:
  case cudaErrorLaunchTimeout:
  case cudaErrorAssert:
  case cudaErrorHardwareStackError:
  case cudaErrorIllegalInstruction:
  case cudaErrorMisalignedAddress:
  case cudaErrorInvalidAddressSpace:
  case cudaErrorInvalidPc:
  case cudaErrorLaunchFailure:
  case CONTAINED:
  case TENSOR_MEMORY_LEAK:
  case MPS_CLIENT_TERMINATED:
  case EXTERNAL_DEVICE:
  /* What was in the GPU's memory, or on its way, is not what it was. */
  case cudaErrorECCUncorrectable:
  case cudaErrorNvlinkUncorrectable:
  /* The context is gone, and with it all that was in it. */
  case cudaErrorContextIsDestroyed:
    return TRUE;
  /* Not cudaErrorDevicesUnavailable and cudaErrorNoDevice, which are answers
   * to a start, nor cudaErrorUnknown, which may be anything. */
  default:
    return FALSE;
  }
}

void
nucseg_cuda_set_lost (GError **error, const gchar *what, const gchar *reason)
{
  g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_DEVICE,
      "%s: the GPU was lost while it was at work: %s; this program can't use "
      "it any more and has to be started again (frames that came out before "
      "are whole)",
      what, reason);
}

gboolean
nucseg_cuda_check (cudaError_t status, const gchar *what, GError **error)
{
  if (status == cudaSuccess)
    return TRUE;
  /* What isn't sticky must not show up in the next call. */
  cudaGetLastError ();
  if (status == cudaErrorMemoryAllocation) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY,
        "%s: the GPU is out of memory", what);
    return FALSE;
  }
  g_autofree gchar *reason = g_strdup_printf (
      "%s (%s)", cudaGetErrorString (status), cudaGetErrorName (status));
  if (nucseg_cuda_is_lost ((gint) status))
    nucseg_cuda_set_lost (error, what, reason);
  else
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_DEVICE,
        "%s: the GPU failed: %s", what, reason);
  return FALSE;
}

gboolean
nucseg_cuda_check_memory (
    cudaError_t status, gsize size, const gchar *what, GError **error)
{
  g_autofree gchar *text =
      g_strdup_printf ("%" G_GSIZE_FORMAT " bytes for %s", size, what);

  return nucseg_cuda_check (status, text, error);
}
