/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dnnl.c: oneDNN's engine, its stream and what it says about this CPU.
 */
#include "cpu/onednn/dnnl-private.h"

#include <oneapi/dnnl/dnnl_debug.h>

gboolean
nucseg_dnnl_check (dnnl_status_t status, const gchar *what, GError **error)
{
  if (status == dnnl_success)
    return TRUE;
  g_set_error (error, NUCSEG_ERROR,
      status == dnnl_out_of_memory ? NUCSEG_ERROR_MEMORY : NUCSEG_ERROR_DEVICE,
      "oneDNN: %s failed: %s", what, dnnl_status2str (status));
  return FALSE;
}

gchar *
nucseg_dnnl_describe (void)
{
  const dnnl_version_t *v = dnnl_version ();

  return g_strdup_printf ("oneDNN %d.%d.%d", v->major, v->minor, v->patch);
}

gboolean
nucseg_dnnl_has_bf16 (void)
{
#if defined(__x86_64__)
  /* The values are sets of bits: each names all that it includes. */
  guint want = dnnl_cpu_isa_avx512_core_bf16;

  return ((guint) dnnl_get_effective_cpu_isa () & want) == want;
#else
  return FALSE;
#endif
}

gboolean
nucseg_dnnl_has_int8 (void)
{
#if defined(__x86_64__)
  guint isa = (guint) dnnl_get_effective_cpu_isa ();
  guint avx512 = dnnl_cpu_isa_avx512_core_vnni, avx2 = dnnl_cpu_isa_avx2_vnni;

  return (isa & avx512) == avx512 || (isa & avx2) == avx2;
#else
  return FALSE;
#endif
}

gboolean
nucseg_dnnl_has_amx (void)
{
#if defined(__x86_64__)
  const guint want = dnnl_cpu_isa_avx512_core_amx;

  return ((guint) dnnl_get_effective_cpu_isa () & want) == want;
#else
  return FALSE;
#endif
}

NucsegDnnl *
nucseg_dnnl_new (GError **error)
{
  NucsegDnnl *dnnl = g_new0 (NucsegDnnl, 1);

  if (nucseg_dnnl_check (dnnl_engine_create (&dnnl->engine, dnnl_cpu, 0),
          "making a CPU engine", error)
      && nucseg_dnnl_check (dnnl_stream_create (&dnnl->stream, dnnl->engine,
                                dnnl_stream_default_flags),
          "making a stream", error))
    return dnnl;
  nucseg_dnnl_free (dnnl);
  return NULL;
}

void
nucseg_dnnl_free (NucsegDnnl *dnnl)
{
  if (!dnnl)
    return;
  if (dnnl->stream)
    dnnl_stream_destroy (dnnl->stream);
  if (dnnl->engine)
    dnnl_engine_destroy (dnnl->engine);
  g_free (dnnl);
}
