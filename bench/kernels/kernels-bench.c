/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * kernels-bench.c: how long each function of cuda/kernels.h and
 * kernels-network.h takes, by the GPU's clock, and its plain-C twin, on one
 * thread of the host; as a table and as JSON. The cases are those of the tests
 * in tests/cuda, and results are compared as there, before and behind the
 * launches that are timed.
 *
 * The same step is repeated over the same memory, so that what fits into the
 * GPU's cache comes from there, as much of a frame does.
 *
 * Exit status: 0, 1 something failed or differs, 77 no GPU.
 */
#include "bench/kernels/row.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TWIN_LIMIT 512 /* larger frames take the plain C too long */

static gint n_launches = 30, n_twins = 3;
static gboolean small;
static gchar *sizes, *types, *functions, *json_path, *spoiled;

static GOptionEntry entries[] = {
  { "sizes", 's', 0, G_OPTION_ARG_STRING, &sizes,
      "Sides of square frames, multiples of 64, by commas (512,2048)", "LIST" },
  { "types", 't', 0, G_OPTION_ARG_STRING, &types,
      "Types of tensors, by commas (bf16): f32, f16, bf16", "LIST" },
  { "functions", 'f', 0, G_OPTION_ARG_STRING, &functions,
      "Only these, by commas (nucseg_cuda_fill,...)", "LIST" },
  { "launches", 'n', 0, G_OPTION_ARG_INT, &n_launches,
      "Launches to measure, of ten steps each (30)", "N" },
  { "twin-runs", 0, 0, G_OPTION_ARG_INT, &n_twins,
      "Runs of the plain C to measure (3), for frames up to 512", "N" },
  { "small", 0, 0, G_OPTION_ARG_NONE, &small,
      "The small cases of the tests instead: a check, hardly a time", NULL },
  { "json", 0, 0, G_OPTION_ARG_FILENAME, &json_path, "Write the numbers there",
      "FILE" },
  { "spoil", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &spoiled,
      "Falsify the result of this function, to see that it is found",
      "FUNCTION" },
  { NULL },
};

/* After each size, so that what comes later can't cost it. */
static void
write_json (BenchKernels *k)
{
  g_autofree gchar *whole = g_strconcat (k->json->str, "\n]\n", NULL);
  GError *error = NULL;

  if (!json_path || g_file_set_contents (json_path, whole, -1, &error))
    return;
  if (k->error)
    g_error_free (error);
  else
    k->error = error;
}

/* One size with one type. */
static void
run_rows (BenchKernels *k, gint side)
{
  k->side = side;
  k->n_twins = side <= TWIN_LIMIT ? n_twins : 0;
  k->random = (NucsegRandom){ 20180215 };
  bench_rows_prepare (k); /* fill writes a tensor */
  bench_rows_network (k);
  bench_rows_conv (k);
  if (k->first) {
    bench_rows_transfer (k);
    bench_rows_decode (k);
    bench_rows_draw (k);
  }
  write_json (k);
}

static gboolean
parse_type (const gchar *name, NucsegCudaType *type, GError **error)
{
  static const NucsegCudaType all[] = { NUCSEG_CUDA_F32, NUCSEG_CUDA_F16,
    NUCSEG_CUDA_BF16 };

  for (guint i = 0; i < G_N_ELEMENTS (all); i++) {
    if (g_str_equal (name, bench_type_name (all[i]))) {
      *type = all[i];
      return TRUE;
    }
  }
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
      "--types: no type is called '%s': f32, f16 or bf16 is expected", name);
  return FALSE;
}

static gboolean
parse_side (const gchar *text, gint *side, GError **error)
{
  gint64 value;

  if (!g_ascii_string_to_signed (text, 10, 64, 16384, &value, error)) {
    g_prefix_error (error, "--sizes: ");
    return FALSE;
  }
  if (value % 64 != 0) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "--sizes: %s is no multiple of 64", text);
    return FALSE;
  }
  *side = (gint) value;
  return TRUE;
}

static void
run_all (BenchKernels *k)
{
  g_auto (GStrv) type_list = g_strsplit (types ? types : "bf16", ",", 0);
  g_auto (GStrv) side_list = g_strsplit (small ? "64"
          : sizes                              ? sizes
                                               : "512,2048",
      ",", 0);

  for (gchar **s = side_list; *s; s++)
    for (gchar **t = type_list; *t; t++) {
      gint side;

      if (k->error || !parse_side (*s, &side, &k->error)
          || !parse_type (*t, &k->type, &k->error))
        return;
      k->first = t == type_list;
      run_rows (k, small ? 0 : side);
    }
  if (!k->error && k->n_rows == 0)
    g_set_error (&k->error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "--functions: '%s' names none that has a row", functions);
}

static void
run (GError **error)
{
  BenchKernels k = { .device = nucseg_cuda_device_new (error),
    .n_launches = n_launches,
    .spoiled = spoiled };

  if (!k.device)
    return;
  k.functions = functions ? g_strsplit (functions, ",", 0) : NULL;
#ifdef NUCSEG_EMULATION
  k.emulated = TRUE;
#endif
  if (nucseg_cuda_device_enter (k.device, &k.error)) {
    k.memory = g_ptr_array_new ();
    k.host_memory = g_ptr_array_new ();
    k.heap = g_ptr_array_new_with_free_func (g_free);
    k.json = g_string_new ("[");
    printf ("%s, median and least of %d launches%s\n",
        nucseg_cuda_device_get_name (k.device), n_launches,
        k.emulated ? ": emulated, so that there are no times" : "");
    printf ("%-27s %-22s %-4s %5s %9s %9s %8s %9s\n", "function", "case",
        "type", "size", "p50 us", "least us", "GB/s", "C, ms");
    run_all (&k);
    bench_forget (&k);
    g_ptr_array_unref (k.memory);
    g_ptr_array_unref (k.host_memory);
    g_ptr_array_unref (k.heap);
    g_string_free (k.json, TRUE);
    nucseg_cuda_device_leave (k.device);
  }
  nucseg_cuda_device_free (k.device);
  g_strfreev (k.functions);
  if (k.error)
    g_propagate_error (error, k.error);
}

int
main (int argc, char **argv)
{
  GOptionContext *context = g_option_context_new ("- times of CUDA kernels");
  GError *error = NULL;
  gboolean ok, no_device;

  setlocale (LC_ALL, "C");
  g_option_context_add_main_entries (context, entries, NULL);
  ok = g_option_context_parse (context, &argc, &argv, &error);
  g_option_context_free (context);
  if (ok && (n_launches < 1 || n_twins < 0)) {
    g_set_error_literal (&error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "--launches must be at least 1, --twin-runs at least 0");
    ok = FALSE;
  }
  if (ok)
    run (&error);
  g_free (sizes);
  g_free (types);
  g_free (functions);
  g_free (json_path);
  g_free (spoiled);
  if (!error)
    return 0;
  no_device = g_error_matches (error, NUCSEG_ERROR, NUCSEG_ERROR_NO_DEVICE);
  fprintf (stderr, "kernels-bench: %s%s\n",
      no_device ? "no GPU to run on: " : "", error->message);
  g_error_free (error);
  return no_device ? 77 : 1;
}
