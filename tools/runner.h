/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * runner.h: pictures through nucsegfilter, one after the other, whatever their
 * sizes.
 */
#ifndef NUCSEG_TOOL_RUNNER_H
#define NUCSEG_TOOL_RUNNER_H

#include "command.h"
#include "image.h"

G_BEGIN_DECLS

typedef struct _ToolRunner ToolRunner;

/**
 * tool_runner_new:
 * @options: model options; must outlive the runner
 * @draw: TRUE: pictures come back in RGB with contours
 * @error: G_OPTION_ERROR for a wrong value, else NUCSEG_ERROR
 *
 * Loads the model.
 *
 * Returns: (transfer full) (nullable): a runner; one thread at a time
 */
ToolRunner *tool_runner_new (
    const ToolModelOptions *options, gboolean draw, GError **error);
void tool_runner_free (ToolRunner *runner);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ToolRunner, tool_runner_free)

/* Hands a picture over; returns at once. */
void tool_runner_push (ToolRunner *runner, ToolImage *image);

/* Pictures pushed and not pulled. */
guint tool_runner_n_waiting (ToolRunner *runner);

/**
 * tool_runner_pull:
 * @runner: a runner with at least one picture waiting
 * @error: why this picture failed; the others are not touched by it
 *
 * Waits for the oldest picture.
 *
 * Returns: (transfer full) (nullable): the buffer with its metadata
 */
GstSample *tool_runner_pull (ToolRunner *runner, GError **error);

G_END_DECLS

#endif /* NUCSEG_TOOL_RUNNER_H */
