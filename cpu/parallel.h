/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * parallel.h: how the CPU code shares work between OpenMP's threads: rows in
 * contiguous parts, one for each, or pieces one by one. Without OpenMP
 * everything runs on the calling thread.
 */
#ifndef NUCSEG_CPU_PARALLEL_H
#define NUCSEG_CPU_PARALLEL_H

#include <glib.h>

#ifdef _OPENMP
#include <omp.h>
#endif

G_BEGIN_DECLS

/* Threads that OpenMP would take at this moment. */
static inline guint
nucseg_parallel_threads (void)
{
#ifdef _OPENMP
  return omp_get_max_threads ();
#else
  return 1;
#endif
}

/* Rows first..end; @part is the number of the part, from 0. */
typedef void (*NucsegRowsFunc) (gpointer data, gint part, gint first, gint end);

/* In how many parts nucseg_parallel_rows() does @rows. */
static inline gint
nucseg_parallel_parts (gint rows, guint threads)
{
  return MAX (1, MIN ((gint) threads, rows));
}

/* Calls @func for all of @rows, in nucseg_parallel_parts() parts: always that
 * many, however many threads there are to do them. */
static inline void
nucseg_parallel_rows (
    NucsegRowsFunc func, gpointer data, gint rows, guint threads)
{
  const gint n = nucseg_parallel_parts (rows, threads);

  if (n == 1) {
    func (data, 0, 0, rows);
    return;
  }
#ifdef _OPENMP
#pragma omp parallel for schedule(static) num_threads(n)
#endif
  for (gint i = 0; i < n; i++)
    func (data, i, (gint) ((gint64) rows * i / n),
        (gint) ((gint64) rows * (i + 1) / n));
}

/* Calls @func for each of @n pieces of work by itself; each goes to whichever
 * of up to @threads threads is free, whose number @part is. For threads that
 * are not equally fast, or pieces that are not equally long. */
static inline void
nucseg_parallel_pieces (
    NucsegRowsFunc func, gpointer data, gint n, guint threads)
{
  const gint n_threads = nucseg_parallel_parts (n, threads);

  if (n_threads == 1) {
    func (data, 0, 0, n);
    return;
  }
#ifdef _OPENMP
#pragma omp parallel for schedule(dynamic) num_threads(n_threads)
#endif
  for (gint i = 0; i < n; i++) {
#ifdef _OPENMP
    const gint part = omp_get_thread_num ();
#else
    const gint part = 0;
#endif

    func (data, part, i, i + 1);
  }
}

G_END_DECLS

#endif /* NUCSEG_CPU_PARALLEL_H */
