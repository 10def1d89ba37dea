/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * network.h: a graph made ready for one input size, precision and number of
 * threads. Used by one thread at a time; running it allocates nothing.
 */
#ifndef NUCSEG_CPU_ONEDNN_NETWORK_H
#define NUCSEG_CPU_ONEDNN_NETWORK_H

#include "backend.h"
#include "cpu/tensor.h"

G_BEGIN_DECLS

typedef struct _NucsegNetwork NucsegNetwork;

/**
 * nucseg_network_new:
 * @graph: the graph; its weights must outlive the network
 * @height: of the input
 * @width: of the input
 * @precision: F32, BF16, or INT8 of a graph with scales
 * @threads: OpenMP's threads
 * @n_maps: channels of the output
 * @error: return location
 *
 * Returns: NULL with SHAPE, DEVICE or MEMORY
 */
NucsegNetwork *
nucseg_network_new (const NucsegGraph *graph, gint height, gint width,
    NucsegPrecision precision, guint threads, gint n_maps, GError **error);
void nucseg_network_free (NucsegNetwork *network);

/* Where the input is to be written: height x width elements of *@type. */
gpointer nucseg_network_get_input (NucsegNetwork *network, NucsegElement *type);

/* Where the output lies: @n_maps planes of height x width f32. */
gfloat *nucseg_network_get_maps (NucsegNetwork *network);

gboolean nucseg_network_run (NucsegNetwork *network, GError **error);

/* From here on every step's time is taken. */
void nucseg_network_set_profile (NucsegNetwork *network, gboolean profile);

/* Lines of "name TAB kind TAB shape TAB implementation TAB nanoseconds": the
 * fastest of each step's profiled runs; (transfer full). */
gchar *nucseg_network_get_profile (const NucsegNetwork *network);

G_END_DECLS

#endif /* NUCSEG_CPU_ONEDNN_NETWORK_H */
