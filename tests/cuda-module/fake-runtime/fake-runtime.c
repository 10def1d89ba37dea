/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fake-runtime.c: CUDA's streams, events and captures without any work: what
 * waits for what is followed by vector clocks, and rules of captures are those
 * of the programming guide (4.2.5.2, Creating a graph using stream capture): a
 * stream joins a capture by waiting for an event of it, all that joined have to
 * be waited for by the one that began, and streams of a capture wait for
 * nothing else.
 */
#include "fake-runtime.h"

#include <stdlib.h>
#include <string.h>

struct CUstream_st {
  guint number;
  guint64 seen[FAKE_STREAMS];
  guint capture; /* 0: none */
  gboolean began; /* the capture */
};

struct CUevent_st {
  unsigned flags;
  guint64 seen[FAKE_STREAMS];
  guint capture;
};

static cudaStream_t streams[FAKE_STREAMS];
static guint n_streams, n_alive, n_captures, n_waits, n_sleeps;
static GFunc meanwhile;
static gpointer meanwhile_data;
static gboolean spoilt;
static guint failing;

void
fake_fail (guint n)
{
  failing = n;
}

gboolean
fake_is_failing (void)
{
  return failing > 0;
}

static gboolean
fails (void)
{
  return failing > 0 && --failing == 0;
}

#define MAY_FAIL(error)                                                        \
  G_STMT_START                                                                 \
  {                                                                            \
    if (fails ())                                                              \
      return error;                                                            \
  }                                                                            \
  G_STMT_END

guint
fake_count_capturing (void)
{
  guint n = 0;

  for (guint i = 0; i < n_streams; i++)
    n += streams[i] && streams[i]->capture > 0;
  return n;
}

guint
fake_count_waits (void)
{
  return n_waits;
}

guint
fake_count_sleeps (void)
{
  return n_sleeps;
}

void
fake_while_waiting (GFunc func, gpointer data)
{
  meanwhile = func;
  meanwhile_data = data;
}

guint
fake_count_alive (void)
{
  return n_alive;
}

void
fake_spoil_captures (void)
{
  spoilt = fake_count_capturing () > 0;
}

cudaError_t
fake_work (cudaStream_t stream, FakeWork *work)
{
  if (stream->capture > 0 && spoilt)
    return cudaErrorStreamCaptureInvalidated;
  MAY_FAIL (cudaErrorUnknown);
  work->stream = stream->number;
  memcpy (work->seen, stream->seen, sizeof work->seen);
  work->at = ++stream->seen[stream->number];
  return cudaSuccess;
}

gboolean
fake_is_before (const FakeWork *a, const FakeWork *b)
{
  return b->seen[a->stream] >= a->at;
}

/* --- Streams and events --------------------------------------------------- */

cudaError_t
cudaStreamCreateWithFlags (cudaStream_t *stream, unsigned flags)
{
  MAY_FAIL (cudaErrorUnknown);
  g_assert (n_streams < FAKE_STREAMS && flags == cudaStreamNonBlocking);
  *stream = g_new0 (struct CUstream_st, 1);
  (*stream)->number = n_streams;
  streams[n_streams++] = *stream;
  n_alive++;
  return cudaSuccess;
}

cudaError_t
cudaStreamDestroy (cudaStream_t stream)
{
  g_assert (stream && stream->capture == 0);
  streams[stream->number] = NULL;
  /* numbers are given anew once all are gone */
  while (n_streams > 0 && !streams[n_streams - 1])
    n_streams--;
  g_free (stream);
  n_alive--;
  return cudaSuccess;
}

cudaError_t
cudaStreamSynchronize (cudaStream_t stream)
{
  const GFunc func = g_steal_pointer (&meanwhile);

  g_assert (stream->capture == 0);
  n_waits++;
  if (func)
    func (stream, meanwhile_data);
  MAY_FAIL (cudaErrorUnknown);
  return cudaSuccess;
}

cudaError_t
cudaEventSynchronize (cudaEvent_t event)
{
  g_assert (event->capture == 0 && event->flags & cudaEventBlockingSync);
  n_waits++;
  n_sleeps++;
  MAY_FAIL (cudaErrorUnknown);
  return cudaSuccess;
}

cudaError_t
cudaEventCreateWithFlags (cudaEvent_t *event, unsigned flags)
{
  MAY_FAIL (cudaErrorUnknown);
  g_assert (flags & cudaEventDisableTiming);
  *event = g_new0 (struct CUevent_st, 1);
  (*event)->flags = flags;
  n_alive++;
  return cudaSuccess;
}

cudaError_t
cudaEventCreate (cudaEvent_t *event)
{
  MAY_FAIL (cudaErrorUnknown);
  *event = g_new0 (struct CUevent_st, 1);
  n_alive++;
  return cudaSuccess;
}

/* A millisecond for each piece of work. */
cudaError_t
cudaEventElapsedTime (float *ms, cudaEvent_t begin, cudaEvent_t end)
{
  MAY_FAIL (cudaErrorUnknown);
  g_assert (!((begin->flags | end->flags) & cudaEventDisableTiming));
  *ms = 0;
  for (guint i = 0; i < FAKE_STREAMS; i++)
    *ms += (float) (end->seen[i] - begin->seen[i]);
  return cudaSuccess;
}

cudaError_t
cudaEventDestroy (cudaEvent_t event)
{
  g_free (event);
  n_alive--;
  return cudaSuccess;
}

cudaError_t
cudaEventRecord (cudaEvent_t event, cudaStream_t stream)
{
  if (stream->capture > 0 && spoilt)
    return cudaErrorStreamCaptureInvalidated;
  MAY_FAIL (cudaErrorUnknown);
  memcpy (event->seen, stream->seen, sizeof event->seen);
  event->capture = stream->capture;
  return cudaSuccess;
}

cudaError_t
cudaStreamWaitEvent (cudaStream_t stream, cudaEvent_t event, unsigned flags)
{
  if ((stream->capture > 0 || event->capture > 0) && spoilt)
    return cudaErrorStreamCaptureInvalidated;
  MAY_FAIL (cudaErrorUnknown);
  if (stream->capture > 0 && event->capture != stream->capture)
    return cudaErrorStreamCaptureIsolation;
  stream->capture = event->capture;
  for (guint i = 0; i < FAKE_STREAMS; i++)
    stream->seen[i] = MAX (stream->seen[i], event->seen[i]);
  return cudaSuccess;
}

/* --- Captures and graphs -------------------------------------------------- */

cudaError_t
cudaStreamBeginCapture (cudaStream_t stream, cudaStreamCaptureMode mode)
{
  MAY_FAIL (cudaErrorStreamCaptureUnsupported);
  g_assert (mode == cudaStreamCaptureModeThreadLocal && stream->capture == 0);
  stream->capture = ++n_captures;
  stream->began = TRUE;
  spoilt = FALSE;
  return cudaSuccess;
}

cudaError_t
cudaStreamEndCapture (cudaStream_t stream, cudaGraph_t *graph)
{
  const guint capture = stream->capture;
  cudaError_t status = cudaSuccess;

  g_assert (stream->began && capture > 0);
  for (guint i = 0; i < n_streams; i++) {
    if (!streams[i] || streams[i]->capture != capture)
      continue;
    if (stream->seen[i] < streams[i]->seen[i])
      status = cudaErrorStreamCaptureUnjoined;
    streams[i]->capture = 0;
  }
  stream->began = FALSE;
  *graph = NULL;
  if (spoilt && status == cudaSuccess)
    status = cudaErrorStreamCaptureInvalidated;
  spoilt = FALSE;
  if (fails ())
    status = cudaErrorUnknown;
  if (status == cudaSuccess) {
    *graph = (cudaGraph_t) g_malloc (1);
    n_alive++;
  }
  return status;
}

cudaError_t
cudaGraphInstantiate (
    cudaGraphExec_t *executable, cudaGraph_t graph, unsigned long long flags)
{
  MAY_FAIL (cudaErrorMemoryAllocation);
  *executable = (cudaGraphExec_t) g_malloc (1);
  n_alive++;
  return cudaSuccess;
}

cudaError_t
cudaGraphUpload (cudaGraphExec_t executable, cudaStream_t stream)
{
  MAY_FAIL (cudaErrorMemoryAllocation);
  return cudaSuccess;
}

cudaError_t
cudaGraphLaunch (cudaGraphExec_t executable, cudaStream_t stream)
{
  FakeWork work;

  return fake_work (stream, &work);
}

cudaError_t
cudaGraphDestroy (cudaGraph_t graph)
{
  g_free (graph);
  n_alive--;
  return cudaSuccess;
}

cudaError_t
cudaGraphExecDestroy (cudaGraphExec_t executable)
{
  g_free (executable);
  n_alive--;
  return cudaSuccess;
}

/* --- Memory and errors ---------------------------------------------------- */

cudaError_t
cudaMalloc (void **memory, size_t size)
{
  MAY_FAIL (cudaErrorMemoryAllocation);
  *memory = g_malloc (size);
  n_alive++;
  return cudaSuccess;
}

cudaError_t
cudaFree (void *memory)
{
  g_free (memory);
  n_alive--;
  return cudaSuccess;
}

cudaError_t
cudaHostAlloc (void **memory, size_t size, unsigned flags)
{
  return cudaMalloc (memory, size);
}

cudaError_t
cudaHostGetDevicePointer (void **mapped, void *memory, unsigned flags)
{
  MAY_FAIL (cudaErrorUnknown);
  *mapped = memory;
  return cudaSuccess;
}

cudaError_t
cudaFreeHost (void *memory)
{
  return cudaFree (memory);
}

cudaError_t
cudaMemsetAsync (void *memory, int value, size_t size, cudaStream_t stream)
{
  FakeWork work;

  memset (memory, value, size);
  return fake_work (stream, &work);
}

cudaError_t
cudaMemcpyAsync (void *to, const void *from, size_t size, cudaMemcpyKind kind,
    cudaStream_t stream)
{
  FakeWork work;

  memcpy (to, from, size);
  return fake_work (stream, &work);
}

cudaError_t
cudaGetLastError (void)
{
  return cudaSuccess;
}

const char *
cudaGetErrorName (cudaError_t error)
{
  return "fake";
}

const char *
cudaGetErrorString (cudaError_t error)
{
  return "the fake runtime says so";
}
