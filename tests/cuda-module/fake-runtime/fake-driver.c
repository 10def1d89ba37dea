/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fake-driver.c: cuda/driver.h for the fake runtime: one context.
 */
#include "cuda/driver.h"

#include "fake-runtime.h"

static gboolean lacks_context;
static guint n_retained, n_primaries;

void
fake_have_context (gboolean have)
{
  lacks_context = !have;
}

guint
fake_count_retained (void)
{
  return n_retained;
}

guint
fake_count_primaries (void)
{
  return n_primaries;
}

static CUresult
get_current (CUcontext *context)
{
  *context = lacks_context ? NULL : (CUcontext) &get_current;
  return CUDA_SUCCESS;
}

static CUresult
primary_retain (CUcontext *context, CUdevice device)
{
  *context = (CUcontext) &n_primaries;
  n_primaries += n_retained++ == 0;
  return CUDA_SUCCESS;
}

static CUresult
primary_release (CUdevice device)
{
  g_assert_cmpuint (n_retained, >, 0);
  n_retained--;
  return CUDA_SUCCESS;
}

static CUresult
push (CUcontext context)
{
  return CUDA_SUCCESS;
}

static CUresult
pop (CUcontext *context)
{
  return CUDA_SUCCESS;
}

const NucsegCudaDriver *
nucseg_cuda_driver_get (GError **error)
{
  static const NucsegCudaDriver driver = { .get_current = get_current,
    .push = push,
    .pop = pop,
    .primary_retain = primary_retain,
    .primary_release = primary_release };

  return &driver;
}

gboolean
nucseg_cuda_driver_check (const NucsegCudaDriver *driver, CUresult status,
    const gchar *what, GError **error)
{
  return status == CUDA_SUCCESS;
}

gboolean
nucseg_cuda_driver_pick (const NucsegCudaDriver *driver, CUdevice *device,
    gint *capability, gchar **name, GError **error)
{
  *device = 0;
  *name = g_strdup ("fake");
  return TRUE;
}

gchar *
nucseg_cuda_version_string (gint version)
{
  return g_strdup_printf ("%d", version);
}
