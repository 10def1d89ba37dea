/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tune.c: see tune.h. An engine that is slow only takes longer to measure; one
 * that fails is left out.
 */
#include "cuda/tune.h"

#include "cuda/cache.h"
#include "cuda/convs.h"
#include "cuda/graph.h"
#include "cuda/slice.h"

#include <string.h>

/* Building a plan compiles kernels, half a second each and more: as many as
 * are worth waiting for. The heuristics put the best guesses first. */
#define MOST_TRIED 6
#define N_RUNS 20 /* in one launch: the time of a launch is small beside */
/* The user's number, 1..64; 1 takes the best guess. */
#define TRIALS_VARIABLE "NUCSEG_CUDA_TRIALS"

typedef struct {
  NucsegCudnnConv *conv;
  NucsegCudnnPack *pack;
  cudaStream_t stream;
} Trial;

static gboolean
run_trial (gpointer data, GError **error)
{
  const Trial *trial = data;

  return nucseg_cudnn_conv_execute (
      trial->conv, trial->pack, trial->stream, error);
}

/* Microseconds of the plan that is built, of so many runs in a launch; below 0
 * if it fails. No runs: one by itself, which isn't timed. */
static gdouble
measure (const NucsegTune *tune, NucsegStep *step, guint n_runs, GError **error)
{
  Trial trial = { step->cudnn, NULL,
    nucseg_cuda_device_get_stream (tune->device) };
  gsize size = nucseg_cudnn_conv_get_workspace (step->cudnn);
  gpointer workspace = NULL;
  gdouble time = -1;

  if (size > 0) {
    workspace = nucseg_cuda_alloc (
        tune->device, size, "a convolution's workspace", error);
    if (!workspace)
      return -1;
  }
  trial.pack = nucseg_step_make_pack (step, workspace, error);
  if (!trial.pack
      || !nucseg_slice_check (tune->device, step, run_trial, &trial, error))
    time = -1;
  else if (n_runs > 0)
    time = nucseg_cuda_measure (tune->device, run_trial, &trial, n_runs, error);
  else
    time = run_trial (&trial, error) && nucseg_cuda_wait (tune->device, error)
        ? 0
        : -1;
  nucseg_cudnn_pack_free (trial.pack);
  nucseg_cuda_free (tune->device, workspace);
  return time;
}

static guint
count_trials (void)
{
  const gchar *text = g_getenv (TRIALS_VARIABLE);
  guint64 n;

  if (text && g_ascii_string_to_unsigned (text, 10, 1, 64, &n, NULL))
    return (guint) n;
  return MOST_TRIED;
}

static gboolean
enter_or_leave (gpointer device, gboolean enter)
{
  if (enter)
    return nucseg_cuda_device_enter (device, NULL);
  nucseg_cuda_device_leave (device);
  return TRUE;
}

static void
build_ahead (const NucsegTune *tune, NucsegCudnnConv *const *convs, guint n)
{
  const guint most = count_trials ();

  /* On Hopper the heuristics name three or four. */
  for (guint i = 0; i < n; i++) {
    if (nucseg_cudnn_conv_count (convs[i]) < most)
      nucseg_cudnn_conv_ask_more (convs[i]);
  }
  nucseg_cudnn_build_ahead (convs, n, most, enter_or_leave, tune->device);
}

static void
note_memory (const GError *why, gboolean *poor)
{
  if (g_error_matches (why, NUCSEG_ERROR, NUCSEG_ERROR_MEMORY))
    *poor = TRUE;
}

/* Leaves the plan of the fastest candidate built; *@poor: (out): set where
 * memory was lacking for one. */
static gboolean
choose (
    const NucsegTune *tune, NucsegStep *step, gboolean *poor, GError **error)
{
  const guint most = count_trials ();
  guint best = G_MAXUINT, tried = 0;
  g_autoptr (GError) why = NULL;
  gdouble fastest = 0;

  build_ahead (tune, &step->cudnn, 1);
  for (guint i = 0; tried < most; i++) {
    gdouble time = -1;

    if (i == nucseg_cudnn_conv_count (step->cudnn)
        && (tried > 0 || !nucseg_cudnn_conv_ask_more (step->cudnn)))
      break;

    g_clear_error (&why);
    if (nucseg_cudnn_conv_build (step->cudnn, i, &why))
      time = measure (tune, step, most > 1 ? N_RUNS : 0, &why);
    if (time < 0) {
      g_debug ("node '%s', engine %s: %s", step->node->name,
          nucseg_cudnn_conv_get_name (step->cudnn, i), why->message);
      note_memory (why, poor);
      continue;
    }
    tried++;
    g_debug ("node '%s', engine %s: %.1f us", step->node->name,
        nucseg_cudnn_conv_get_name (step->cudnn, i), time);
    if (best == G_MAXUINT || time < fastest) {
      best = i;
      fastest = time;
    }
  }
  if (best == G_MAXUINT) {
    g_propagate_prefixed_error (error, g_steal_pointer (&why),
        "node '%s': none of %u engines of cuDNN works (most are compiled by "
        "CUDA's NVRTC, which must be installed): ",
        step->node->name, nucseg_cudnn_conv_count (step->cudnn));
    return FALSE;
  }
  return nucseg_cudnn_conv_build (step->cudnn, best, error);
}

/* Whether the candidate of this name is there and builds, from its @text
 * (nullable) if that is of use: then it is @loaded. */
static gboolean
take (NucsegStep *step, const gchar *name, const gchar *text, gboolean *loaded)
{
  *loaded = FALSE;
  for (guint i = 0; name; i++) {
    /* it may be one that only the fallback names */
    if (i == nucseg_cudnn_conv_count (step->cudnn)
        && !nucseg_cudnn_conv_ask_more (step->cudnn))
      break;
    if (!g_str_equal (nucseg_cudnn_conv_get_name (step->cudnn, i), name))
      continue;
    *loaded = text && nucseg_cudnn_conv_load (step->cudnn, i, text, NULL);
    return *loaded || nucseg_cudnn_conv_build (step->cudnn, i, NULL);
  }
  return FALSE;
}

/* The first earlier step of the same convolution; NULL: none. */
static NucsegCudnnConv *
find_alike (GArray *steps, guint at)
{
  const NucsegCudnnSpec *spec =
      nucseg_cudnn_conv_get_spec (g_array_index (steps, NucsegStep, at).cudnn);

  for (guint s = 0; s < at; s++) {
    NucsegCudnnConv *other = g_array_index (steps, NucsegStep, s).cudnn;

    if (other
        && memcmp (spec, nucseg_cudnn_conv_get_spec (other), sizeof *spec) == 0)
      return other;
  }
  return NULL;
}

/* The engine and plan that it got. */
static gboolean
take_alike (GArray *steps, guint at)
{
  NucsegStep *step = &g_array_index (steps, NucsegStep, at);
  NucsegCudnnConv *other = find_alike (steps, at);
  g_autofree gchar *text = NULL;
  gboolean loaded;

  /* of one that failed there is none */
  if (!other || nucseg_cudnn_conv_get_built (other) == G_MAXUINT)
    return FALSE;
  text = nucseg_cudnn_conv_get_text (other);
  return take (step,
      nucseg_cudnn_conv_get_name (other, nucseg_cudnn_conv_get_built (other)),
      text, &loaded);
}

/* What the cache or a convolution like this one has, if it runs: a plan that
 * was read is loaded onto the GPU by its first run alone. What was chosen from
 * fewer trials than are asked for now, by who couldn't wait, doesn't count. */
static gboolean
take_known (const NucsegTune *tune, NucsegCache *cache, guint number,
    GArray *steps, guint at, gboolean *loaded, gboolean *poor)
{
  NucsegStep *step = &g_array_index (steps, NucsegStep, at);
  g_autoptr (GError) why = NULL;

  if (!take (step, nucseg_cache_get (cache, number, count_trials ()),
          nucseg_cache_get_plan (cache, number), loaded)
      && !take_alike (steps, at))
    return FALSE;
  if (measure (tune, step, 0, &why) >= 0)
    return TRUE;
  g_info ("node '%s': the engine of the last time doesn't run: %s",
      step->node->name, why->message);
  nucseg_cuda_capture_lock ();
  nucseg_cudnn_conv_drop_built (step->cudnn);
  nucseg_cuda_capture_unlock ();
  /* at once: an error may have taken the GPU's context along, and the next
   * start must not meet it again */
  note_memory (why, poor);
  if (!*poor) {
    nucseg_cache_forget (cache, number);
    nucseg_cache_save (cache, NULL);
  }
  *loaded = FALSE;
  return FALSE;
}

static guint
number_of (const NucsegGraph *graph, const NucsegStep *step)
{
  return nucseg_convs_number ((guint) (step->node - graph->nodes),
      nucseg_cudnn_conv_get_spec (step->cudnn));
}

static gboolean
lacks_plan (const NucsegStep *step)
{
  return step->cudnn && nucseg_cudnn_conv_get_built (step->cudnn) == G_MAXUINT;
}

/* Builds plans for the steps from @from on that will have to choose: for as
 * many of them as keep all processors busy, so that a program that is stopped
 * meanwhile has not waited for nothing. Returns the step behind them. */
static guint
look_ahead (const NucsegTune *tune, const NucsegGraph *graph,
    NucsegCache *cache, GArray *steps, guint from)
{
  const guint most = count_trials ();
  const guint wanted = (g_get_num_processors () + most - 1) / most;
  g_autofree NucsegCudnnConv **convs = g_new (NucsegCudnnConv *, wanted);
  guint n = 0, s;

  for (s = from; s < steps->len && n < wanted; s++) {
    const NucsegStep *step = &g_array_index (steps, NucsegStep, s);

    if (lacks_plan (step)
        && !nucseg_cache_get (cache, number_of (graph, step), most)
        && !find_alike (steps, s))
      convs[n++] = step->cudnn;
  }
  build_ahead (tune, convs, n);
  return s;
}

static void
note (NucsegCache *cache, guint number, NucsegCudnnConv *conv)
{
  g_autofree gchar *text = nucseg_cudnn_conv_get_text (conv);

  nucseg_cache_set (cache, number, count_trials (),
      nucseg_cudnn_conv_get_name (conv, nucseg_cudnn_conv_get_built (conv)),
      text);
}

gboolean
nucseg_tune_steps (const NucsegTune *tune, const NucsegGraph *graph,
    GArray *steps, NucsegBuffers *buffers, GArray *failed, GError **error)
{
  const NucsegCacheKey key = { .cudnn = nucseg_cudnn_get_version (tune->cudnn),
    .driver = nucseg_cuda_device_get_driver (tune->device),
    .gpu = nucseg_cuda_device_get_name (tune->device),
    .capability = nucseg_cuda_device_get_capability (tune->device),
    .model = tune->model,
    .precision = tune->precision,
    .batch = tune->batch,
    .height = tune->height,
    .width = tune->width };
  static GMutex lock;
  gboolean filled = FALSE, poor = FALSE;
  guint ahead = 0;
  NucsegCache *cache;
  g_autoptr (GError) first = NULL, unsaved = NULL;

  /* Measuring wants the GPU for itself; and a network that is made anew finds
   * what was chosen before it, or labels would depend on which one a frame
   * met. */
  g_mutex_lock (&lock);
  cache = nucseg_cache_open (&key);
  for (guint s = 0; s < steps->len; s++) {
    NucsegStep *step = &g_array_index (steps, NucsegStep, s);

    if (!lacks_plan (step))
      continue;
    if (s >= ahead)
      ahead = look_ahead (tune, graph, cache, steps, s);
    const guint number = number_of (graph, step);
    gboolean loaded, ok = TRUE;
    const gboolean chosen =
        !take_known (tune, cache, number, steps, s, &loaded, &poor);
    if (chosen) {
      /* where this fails, so does what is measured then */
      if (!filled)
        nucseg_buffers_fill (buffers, NULL);
      filled = TRUE;
      ok = choose (tune, step, &poor, first ? NULL : &first);
    }
    nucseg_cuda_capture_lock ();
    nucseg_cudnn_conv_keep_built (step->cudnn);
    nucseg_cuda_capture_unlock ();
    if (!ok)
      g_array_append_val (failed, s);
    /* what did for want of memory is not for later starts, which may have it,
     * nor what was taken from it */
    else if (!loaded && !poor)
      note (cache, number, step->cudnn);
    /* Each takes a second or more; a program that is stopped meanwhile has not
     * waited for nothing. */
    if (ok && chosen)
      nucseg_cache_save (cache, NULL);
  }
  if (!nucseg_cache_save (cache, &unsaved))
    g_info ("%s", unsaved->message);
  nucseg_cache_free (cache);
  g_mutex_unlock (&lock);
  if (!first)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&first));
  return FALSE;
}
