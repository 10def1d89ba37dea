/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * emulated-device.h: what the emulated device tells the test that watches it.
 */
#ifndef NUCSEG_TESTS_EMULATED_DEVICE_H
#define NUCSEG_TESTS_EMULATED_DEVICE_H

#include <glib.h>

/* Written by whoever uses the device: one thread at a time. */
typedef struct {
  gsize live; /* bytes of device memory that nobody has freed */
  gsize live_weights; /* of these, those of networks' weights */
  guint n_weights; /* blocks of weights that were ever made */
  gsize uploaded, downloaded; /* bytes, ever, by copies; not by kernels */
  guint n_pinned; /* blocks of page-locked memory that nobody has freed */
  guint n_pinned_ever;
  guint n_mapped; /* times that memory was found to be such */
  gint n_graphs; /* that were ever made */
  gint live_cudnn; /* cuDNN's handles that nobody has freed */
  gint n_executed; /* convolutions by cuDNN, ever */
  gint executed_at_graph; /* that number when the last graph was made */
  gint n_plans; /* plans of cuDNN's that were ever built */
  gint n_ahead; /* convolutions whose plans were built ahead */
  gint n_loaded; /* and those that were read from the cache or a like one */
  gulong cudnn_us; /* what each use of cuDNN's objects takes longer */
  guint unrunnable; /* so many of the next plans that are read, when run */
  guint unbuildable; /* so many of a convolution's first engines */
  gboolean unbuildable_scaled; /* all with channel weights */
  gboolean unbuildable_sliced; /* all that write into a concatenation */
  guint deaf; /* so many of a convolution's first engines write densely */
  gint n_branches; /* of a network or a frame's end that ran, ever */
  guint failing_graphs; /* the next so many can't be captured */
  guint failing_waits; /* the next so many fail */
  guint n_allocs; /* of all kinds of memory above, ever */
  guint
      failing_alloc; /* of the next ones, which fails (1: the next); 0: none */
  const gchar *failed; /* what the last of those would have been for */
  gint n_launches, n_waits; /* of graphs, for the device, ever */
  gint n_at_work; /* threads that do what a GPU would at a launch */
  guint lost_in; /* so many allocations, captures, launches and waits; 0: no */
  gint lost; /* all of them fail with this cudaError_t from now on; 0: none */
} EmulatedLog;

/* The log, for the module's own parts; any thread. */
EmulatedLog *emulated_get_log (void);

/* What CUDA would refuse or not notice aborts the test: work outside of the
 * device's context. */
struct _NucsegCudaDevice;
void emulated_check_entered (const struct _NucsegCudaDevice *device);
/* Whether the calling thread is in any context. */
gboolean emulated_is_entered_here (void);

/* Whether a call that @what is about to make is one to a GPU that is there. */
gboolean emulated_call (const gchar *what, GError **error);

/* The executions of branches have each its own @workspace (nullable). */
void emulated_use_workspace (gconstpointer workspace);

/* The module exports this function under the name "emulated_get_log". */
typedef EmulatedLog *(*EmulatedGetLog) (void);
#define EMULATED_LOG_SYMBOL "emulated_get_log"

#endif /* NUCSEG_TESTS_EMULATED_DEVICE_H */
