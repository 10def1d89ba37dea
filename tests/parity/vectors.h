/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vectors.h: reads what the training framework wrote (tests/vectors).
 */
#ifndef NUCSEG_TESTS_PARITY_VECTORS_H
#define NUCSEG_TESTS_PARITY_VECTORS_H

#include <json-glib/json-glib.h>

typedef struct _ParityVectors ParityVectors;

/* Aborts on a file that can't be read: it belongs to the project. */
ParityVectors *parity_vectors_open (const gchar *path);
void parity_vectors_close (ParityVectors *vectors);
/* What the case needs to know: borrowed. */
JsonObject *parity_vectors_get_case (ParityVectors *vectors);
/* (transfer full); sizes that the tensor lacks are 1 */
gfloat *parity_vectors_get_tensor (
    ParityVectors *vectors, const gchar *name, gint shape[4]);

#endif /* NUCSEG_TESTS_PARITY_VECTORS_H */
