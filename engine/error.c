/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * error.c: the error domain, and the names of enumerations and the version
 * that logs and messages use.
 */
#include "nucseg.h"

GQuark
nucseg_error_quark (void)
{
  return g_quark_from_static_string ("nucseg-error-quark");
}

const gchar *
nucseg_version (void)
{
  return NUCSEG_VERSION;
}

/**
 * nucseg_precision_name:
 * @precision: any value
 *
 * Returns: (transfer none): "auto", "f32", "bf16", "int8" or "f16"; "unknown"
 *   for a value outside the enumeration
 */
const gchar *
nucseg_precision_name (NucsegPrecision precision)
{
  switch (precision) {
  case NUCSEG_PRECISION_AUTO:
    return "auto";
  case NUCSEG_PRECISION_F32:
    return "f32";
  case NUCSEG_PRECISION_BF16:
    return "bf16";
  case NUCSEG_PRECISION_INT8:
    return "int8";
  case NUCSEG_PRECISION_F16:
    return "f16";
  }
  return "unknown";
}

/**
 * nucseg_stage_name:
 * @stage: a stage, or %NUCSEG_STAGE_TOTAL
 *
 * Returns: (transfer none): "prepare", "network", "decode", "overlay" or
 *   "total"; "unknown" for a value outside the enumeration
 */
const gchar *
nucseg_stage_name (NucsegStage stage)
{
  switch (stage) {
  case NUCSEG_STAGE_PREPARE:
    return "prepare";
  case NUCSEG_STAGE_NETWORK:
    return "network";
  case NUCSEG_STAGE_DECODE:
    return "decode";
  case NUCSEG_STAGE_OVERLAY:
    return "overlay";
  case NUCSEG_STAGE_TOTAL:
    return "total";
  case NUCSEG_STAGE_LAST:
    break;
  }
  return "unknown";
}
