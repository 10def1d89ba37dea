/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fake-backend.h: what a fake back end tells the test that watches it.
 */
#ifndef NUCSEG_TESTS_FAKE_BACKEND_H
#define NUCSEG_TESTS_FAKE_BACKEND_H

#include "backend.h"

typedef enum {
  FAKE_PLAN_NEW,
  FAKE_PREPARE,
  FAKE_NETWORK,
  FAKE_DECODE,
  FAKE_OVERLAY,
  FAKE_RUN,
  FAKE_READY,
  FAKE_NOTHING
} FakeStep;

typedef struct {
  guint n[FAKE_NOTHING]; /* calls of each step that succeeded */
  guint n_freed; /* plans */
  FakeStep fail; /* this step fails */
  NucsegError code; /* with this, DEVICE where it is 0 */
  NucsegGeometry geometry; /* of the plan used last */
  NucsegMemory memory; /* of the frame seen last */
  NucsegFormat shown; /* of the picture that the last run had; LAST: none */
  NucsegMemory ready, ready_shown; /* what it was last made ready for */
} FakeLog;

/* Modules export this function under the name "fake_get_log". */
typedef FakeLog *(*FakeGetLog) (void);
#define FAKE_LOG_SYMBOL "fake_get_log"

#endif /* NUCSEG_TESTS_FAKE_BACKEND_H */
