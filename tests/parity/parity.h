/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * parity.h: what all parity tests share: the back end under test, seeded
 * numbers, tolerances, comparison, plans made by hand.
 *
 * Each program takes the name of a back end as its first argument and runs its
 * cases through that back end's real table, next to the reference's. Where the
 * back end isn't there the program shows as skipped, unless NUCSEG_REQUIRE (a
 * list of names with commas) names it: then it fails. Run against the
 * reference itself a program still checks what must hold in any back end.
 */
#ifndef NUCSEG_TESTS_PARITY_H
#define NUCSEG_TESTS_PARITY_H

#include "backend.h"
#include "modelbuilder.h"

/* --- Seeded numbers ------------------------------------------------------ */

/* In [@low, @high). */
gfloat parity_uniform (NucsegRandom *random, gfloat low, gfloat high);
/* Near 0, with a standard deviation of 1. */
gfloat parity_normal (NucsegRandom *random);

/* --- Tolerances ---------------------------------------------------------- */

typedef enum {
  PARITY_OPERATION_F32,
  PARITY_OPERATION_BF16,
  PARITY_OPERATION_F16,
  PARITY_OPERATION_INT8,
  PARITY_NETWORK_F32,
  PARITY_NETWORK_BF16,
  PARITY_NETWORK_F16,
  PARITY_NETWORK_INT8,
  PARITY_PREPARE_F32,
  PARITY_PREPARE_BF16,
  PARITY_PREPARE_F16,
  PARITY_VECTOR_NETWORK,
  PARITY_VECTOR_SHIPPED,
  PARITY_VECTOR_PREPARE,
  PARITY_LAST
} ParityLimit;

/* An element may differ by relative x magnitude + absolute; what magnitude is
 * stands in the table's reason (parity.c). */
typedef struct {
  const gchar *name;
  gdouble relative, absolute;
  const gchar *reason;
} ParityTolerance;

extern const ParityTolerance parity_tolerances[PARITY_LAST];

/* Those of maps, of a single operation or of a @whole network. */
ParityLimit parity_maps_limit (NucsegPrecision precision, gboolean whole);
/* Those of a network's input; in int8 it is f32. */
ParityLimit parity_input_limit (NucsegPrecision precision);

/**
 * parity_compare:
 * @what: the case
 * @seed: its seed
 * @limit: row of the table
 * @expected: height x width x channels values
 * @actual: the same
 * @magnitude: (nullable): the same; NULL: the absolute value of @expected
 * @height: rows
 * @width: columns
 * @channels: of each pixel
 *
 * Fails the running test, naming seed, case, the first element that differs,
 * both values and the tolerance.
 */
gboolean parity_compare (const gchar *what, guint64 seed, ParityLimit limit,
    const gfloat *expected, const gfloat *actual, const gfloat *magnitude,
    gint height, gint width, gint channels);

/**
 * parity_largest_of_maps:
 * @maps: @n pixels x @channels values
 * @n: pixels
 * @channels: of each
 *
 * Returns: (transfer full): @n x @channels magnitudes for parity_compare(): of
 *   each value the largest absolute one of its channel
 */
gfloat *parity_largest_of_maps (const gfloat *maps, gsize n, gint channels);

#define assert_near(a, b) g_assert_cmpfloat_with_epsilon (a, b, 1e-6)

/* --- Back ends and plans -------------------------------------------------- */

const NucsegBackend *parity_reference (void);
/* The back end under test. */
const NucsegBackend *parity_backend (void);

/* Of the plans to come; 2 before anyone sets it. */
extern guint parity_threads;

/* A plan at any size: @scale x the frame, rounded up to the graph's multiple;
 * fails the test and returns NULL if it can't be had. */
NucsegPlan *parity_plan_new (const NucsegBackend *backend, NucsegModel *model,
    gint frame_width, gint frame_height, gdouble scale,
    NucsegPrecision precision, NucsegGeometry *geometry);

/* Runs the network of @plan on @input, of its padded size; @maps (out)
 * (nullable): what comes out. */
void parity_run_network (const NucsegBackend *backend, NucsegPlan *plan,
    const gfloat *input, gfloat *maps);

/* Whether the back end under test runs @model at @precision; the reference
 * has to. */
gboolean parity_supports (NucsegModel *model, NucsegPrecision precision);

/* Whether any machine gives the back end under test this precision: where none
 * does there is nothing to add cases for. (bf16 depends on the CPU.) */
gboolean parity_offers (NucsegPrecision precision);

/* A model with the shortest network there is, whose input and output are what
 * the JSON objects say; NULL takes the builder's. */
NucsegModel *
parity_plain_model (gint multiple, const gchar *input, const gchar *output);

/* The model in @bytes (transfer full); aborts if it is refused. */
NucsegModel *parity_model (GBytes *bytes);

/* Runs the tests that @add registers; the value of main(). */
gint parity_main (gint argc, gchar **argv, void (*add) (void));

#endif /* NUCSEG_TESTS_PARITY_H */
