/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fake-runtime.h: what the fake CUDA runtime tells of the streams: whose work
 * waits for whose, and who is in a capture.
 */
#ifndef NUCSEG_FAKE_RUNTIME_H
#define NUCSEG_FAKE_RUNTIME_H

#include <cuda_runtime_api.h>
#include <glib.h>

G_BEGIN_DECLS

#define FAKE_STREAMS 8 /* that were ever made, at most */

/* A piece of work: when it is done, as seen by each stream. */
typedef struct {
  guint stream;
  guint64 at;
  guint64 seen[FAKE_STREAMS]; /* of each stream's work, what came before it */
} FakeWork;

/* Queues work in @stream; 901 once its capture is spoilt. */
cudaError_t fake_work (cudaStream_t stream, FakeWork *work);
/* Whether @a is sure to be done before @b begins. */
gboolean fake_is_before (const FakeWork *a, const FakeWork *b);

/* As another thread would, or a program in the same context, by waiting for all
 * of the device. */
void fake_spoil_captures (void);

/* The call number @n from now on that may fail (1 is the next) does so, once;
 * 0: none. FALSE once it has. */
void fake_fail (guint n);
gboolean fake_is_failing (void);

guint fake_count_capturing (void); /* streams */
guint fake_count_waits (void); /* for streams and events, ever */
guint fake_count_sleeps (void); /* of those, for events, asleep */
/* The next wait for a stream calls @func once, as if it took so long. */
void fake_while_waiting (GFunc func, gpointer data);
guint fake_count_alive (void); /* streams, events, graphs, memory */

/* Whether a context is current already (it is, unless told otherwise); how many
 * references to the primary one there are, and how often it was made. */
void fake_have_context (gboolean have);
guint fake_count_retained (void);
guint fake_count_primaries (void);

G_END_DECLS

#endif /* NUCSEG_FAKE_RUNTIME_H */
