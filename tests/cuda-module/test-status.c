/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-status.c: what a user reads when CUDA fails: cuda/status.c, and
 * cuda/device.c's memory, over the fake runtime.
 */
#include "cuda/device.h"

#include "fake-runtime.h"

#include <string.h>

/* Which of CUDA's errors take the GPU along. */
static void
test_lost (void)
{
  static const struct {
    cudaError_t status;
    gboolean lost;
  } cases[] = {
    { cudaErrorECCUncorrectable, TRUE },
    { cudaErrorNvlinkUncorrectable, TRUE },
    { cudaErrorIllegalAddress, TRUE },
    { cudaErrorLaunchTimeout, TRUE },
    { cudaErrorContextIsDestroyed, TRUE },
    { cudaErrorAssert, TRUE },
    { cudaErrorHardwareStackError, TRUE },
    { cudaErrorIllegalInstruction, TRUE },
    { cudaErrorMisalignedAddress, TRUE },
    { cudaErrorInvalidAddressSpace, TRUE },
    { cudaErrorInvalidPc, TRUE },
    { cudaErrorLaunchFailure, TRUE },
    { (cudaError_t) 226, TRUE }, /* cudaErrorContained */
    { (cudaError_t) 721, TRUE }, /* cudaErrorTensorMemoryLeak */
    { (cudaError_t) 810, TRUE }, /* cudaErrorMpsClientTerminated */
    { (cudaError_t) 911, TRUE }, /* cudaErrorExternalDevice */
    { cudaErrorInvalidValue, FALSE },
    { cudaErrorDevicesUnavailable, FALSE },
    { cudaErrorNoDevice, FALSE },
    { cudaErrorStreamCaptureInvalidated, FALSE },
    { cudaErrorUnknown, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_cmpint (nucseg_cuda_is_lost (cases[i].status), ==, cases[i].lost);
    g_assert_false (nucseg_cuda_check (cases[i].status, "drawing", &error));
    g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_DEVICE);
    g_assert_cmpstr (error->message, ==,
        cases[i].lost
            ? "drawing: the GPU was lost while it was at work: the fake "
              "runtime "
              "says so (fake); this program can't use it any more and has to "
              "be started again (frames that came out before are whole)"
            : "drawing: the GPU failed: the fake runtime says so (fake)");
    /* who doesn't want to know */
    g_assert_false (nucseg_cuda_check (cases[i].status, "drawing", NULL));
  }
  g_assert_true (nucseg_cuda_check (cudaSuccess, "drawing", NULL));
  g_assert_false (nucseg_cuda_is_lost (cudaSuccess));
  g_assert_false (nucseg_cuda_is_lost (cudaErrorMemoryAllocation));
}

static gpointer
alloc (NucsegCudaDevice *device, gboolean on_host, GError **error)
{
  gpointer mapped;

  return on_host
      ? nucseg_cuda_alloc_host (device, 1234, "a frame", &mapped, error)
      : nucseg_cuda_alloc (device, 1234, "a frame", error);
}

/* Bytes and purpose are named, whichever of an allocation's calls fails, and
 * what it had got by then is given back. */
static void
test_memory (void)
{
  NucsegCudaDevice *device = nucseg_cuda_device_new (NULL);
  guint alive;

  g_assert_nonnull (device);
  g_assert_true (nucseg_cuda_device_enter (device, NULL));
  alive = fake_count_alive ();
  for (guint on_host = 0; on_host < 2; on_host++) {
    for (guint call = 1; call <= 2; call++) {
      g_autoptr (GError) error = NULL;

      fake_fail (call);
      g_assert_null (alloc (device, on_host, &error));
      g_assert_false (fake_is_failing ());
      if (call == 1)
        g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY);
      else
        g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_DEVICE);
      g_assert_cmpstr (error->message, ==,
          call == 1
              ? "1234 bytes for a frame: the GPU is out of memory"
              : "1234 bytes for a frame: the GPU failed: the fake runtime says "
                "so (fake)");
      g_assert_cmpuint (fake_count_alive (), ==, alive);
    }
    gpointer memory = alloc (device, on_host, NULL);
    g_assert_nonnull (memory);
    if (on_host)
      nucseg_cuda_free_host (device, memory);
    else
      nucseg_cuda_free (device, memory);
    g_assert_cmpuint (fake_count_alive (), ==, alive);
  }
  nucseg_cuda_device_leave (device);
  nucseg_cuda_device_free (device);
  g_assert_cmpuint (fake_count_alive (), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/status/lost", test_lost);
  g_test_add_func ("/status/memory", test_memory);
  return g_test_run ();
}
