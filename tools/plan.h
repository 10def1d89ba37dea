/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * plan.h: which file `nucseg segment` writes for which picture, so that none
 * is written twice and no input is written over.
 */
#ifndef NUCSEG_TOOL_PLAN_H
#define NUCSEG_TOOL_PLAN_H

#include <glib.h>

G_BEGIN_DECLS

typedef struct _ToolPlan ToolPlan;

/**
 * tool_plan_new:
 * @dir: output folder; need not exist
 * @inputs: (array zero-terminated=1): paths of the inputs
 * @overlay: whether overlays are written
 * @error: G_OPTION_ERROR: two inputs would become one file, or an input would
 *   be written over; names them
 *
 * Returns: (transfer full) (nullable): the plan
 */
ToolPlan *tool_plan_new (const gchar *dir, const gchar *const *inputs,
    gboolean overlay, GError **error);
void tool_plan_free (ToolPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ToolPlan, tool_plan_free)

/**
 * ToolNames:
 * @image: first column of the table: the input's file name, for pages with
 *   "#1" and so on behind it
 * @labels: path of the label map
 * @overlay: path of the overlay, NULL if there is none
 */
typedef struct {
  gchar *image, *labels, *overlay;
} ToolNames;

/**
 * tool_plan_names:
 * @plan: the plan
 * @input: number of the input
 * @page: number of the page, from 0
 * @n_pages: pages of this input; above 1 the names get "-0001" and so on
 * @names: (out): filled; to be freed by tool_names_clear()
 * @error: NUCSEG_ERROR_UNSUPPORTED: the name of this page is taken
 */
gboolean tool_plan_names (ToolPlan *plan, guint input, guint page,
    guint n_pages, ToolNames *names, GError **error);
void tool_names_clear (ToolNames *names);

G_END_DECLS

#endif /* NUCSEG_TOOL_PLAN_H */
