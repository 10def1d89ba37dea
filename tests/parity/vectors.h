/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vectors.h: reads what the training framework wrote (tests/vectors).
 */
#ifndef NUCSEG_TESTS_PARITY_VECTORS_H
#define NUCSEG_TESTS_PARITY_VECTORS_H

#include <json-glib/json-glib.h>

/* The folder that the program was given. */
extern const gchar *parity_vectors_folder;

typedef struct _ParityVectors ParityVectors;

/* Aborts on a file that can't be read: it belongs to the project. */
ParityVectors *parity_vectors_open (const gchar *path);
void parity_vectors_close (ParityVectors *vectors);
/* What the case needs to know: borrowed. */
JsonObject *parity_vectors_get_case (ParityVectors *vectors);
/* (transfer full); sizes that the tensor lacks are 1 */
gfloat *parity_vectors_get_tensor (
    ParityVectors *vectors, const gchar *name, gint shape[4]);
/* (transfer full); @values is channels x height x width, the result height x
 * width x channels */
gfloat *parity_vectors_to_nhwc (
    const gfloat *values, gint channels, gint height, gint width);

/* parity_main() of a program whose second argument is the folder. */
gint parity_vectors_main (gint argc, gchar **argv, void (*add) (void));

#endif /* NUCSEG_TESTS_PARITY_VECTORS_H */
