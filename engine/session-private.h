/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * session-private.h: what session.c (runs frames) and session-start.c (which
 * back end a session has) share. Internal to the engine.
 */
#ifndef NUCSEG_SESSION_PRIVATE_H
#define NUCSEG_SESSION_PRIVATE_H

#include "backend.h"

G_BEGIN_DECLS

typedef struct {
  NucsegPlan *plan; /* NULL: the slot is free */
  NucsegGeometry geometry;
  guint64 used; /* the session's clock when it was used last */
  gboolean has_limits; /* a frame of the user's has gone through prepare */
} NucsegSessionSlot;

struct _NucsegSession {
  NucsegModel *model;
  const NucsegBackend *backend;
  NucsegPrecision precision;
  guint threads;
  guint batch; /* >= 1 */
  guint64 batch_deadline_us;
  guint max_plans;
  NucsegSessionSlot *slots; /* max_plans of them */
  guint64 clock;
  NucsegObjectList objects;

  NucsegPrecision asked; /* the user's precision: may be AUTO */
  gboolean is_auto; /* the back end was the engine's choice */
  gboolean has_run; /* a frame of the user's: the back end stays */
  GError *fallback; /* why it isn't the best one that is installed, or NULL */
};

/* Frees the slot's plan, if it has one. */
void
nucseg_session_clear_slot (NucsegSession *session, NucsegSessionSlot *slot);

/**
 * nucseg_session_fall_back:
 * @session: a session
 * @failed: why no frame can be run; taken where TRUE is returned
 *
 * Goes on to the next back end of "auto"'s order, without any plan, where that
 * is allowed: the choice is the engine's, no frame of the user's was run, what
 * failed is a device and not what was asked of it.
 *
 * Returns: TRUE: try again
 */
gboolean nucseg_session_fall_back (NucsegSession *session, GError *failed);

G_END_DECLS

#endif /* NUCSEG_SESSION_PRIVATE_H */
