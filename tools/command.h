/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * command.h: what the commands of nucseg have in common: exit codes, messages,
 * options.
 */
#ifndef NUCSEG_TOOL_COMMAND_H
#define NUCSEG_TOOL_COMMAND_H

#include <gst/gst.h>

G_BEGIN_DECLS

/* Documented in nucseg(1). */
enum {
  TOOL_EXIT_OK = 0,
  TOOL_EXIT_FAILED = 1, /* something failed; a message says what */
  TOOL_EXIT_USAGE = 2, /* nothing was done: the command line is wrong */
  TOOL_EXIT_SIGNAL = 128 /* plus the signal's number */
};

/* Commands: @argv[0] is the command's name. Return an exit code. */
int tool_segment (int argc, char **argv);
int tool_watch (int argc, char **argv);
int tool_info (int argc, char **argv);

/* --- messages.c --------------------------------------------------------- */

/* Writes "nucseg COMMAND: message" and a line feed on stderr, after wiping the
 * progress line if there is one. */
void tool_message (const gchar *format, ...) G_GNUC_PRINTF (1, 2);

/* Writes out what stdout has still to write. Returns @code, an exit code, or a
 * failure's with a message where not all that was printed could be written. */
int tool_end_output (int code);

/* The COMMAND of tool_message(); a static string. */
void tool_set_command (const gchar *command);

/* A line on stderr that the next one or the next message replaces; only where
 * stderr is a terminal. An empty text removes it. */
void tool_progress (const gchar *format, ...) G_GNUC_PRINTF (1, 2);
gboolean tool_progress_is_seen (void);

/* --- options.c ---------------------------------------------------------- */

/**
 * ToolModelOptions:
 *
 * What the user said about model, device and nuclei: texts, as they stand on
 * the command line, NULL where the element's default holds.
 */
typedef struct {
  gchar *model, *backend, *precision, *threads;
  gchar *scale, *pixel_size, *polarity, *threshold;
  gchar *min_area, *max_area, *significant_bits;
  gboolean exclude_border;
} ToolModelOptions;

void tool_model_options_clear (ToolModelOptions *options);

/**
 * tool_parse:
 * @usage: what follows the command in the usage line
 * @summary: text for --help
 * @entries: the command's own options
 * @model: (nullable): where the model options go; NULL if it has none
 * @rest: (out) (transfer full): the remaining arguments, NULL-terminated
 *
 * Returns: FALSE after a message; the command then ends with TOOL_EXIT_USAGE.
 *   --help prints and exits.
 */
gboolean
tool_parse (int argc, char **argv, const gchar *usage, const gchar *summary,
    const GOptionEntry *entries, ToolModelOptions *model, gchar ***rest);

/* --- filter.c ----------------------------------------------------------- */

/* Starts GStreamer and looks for our elements, also where this build installs
 * them. */
gboolean tool_start_gstreamer (GError **error);

/**
 * tool_element_new:
 * @factory: name of an element
 * @error: NUCSEG_ERROR_UNSUPPORTED, names the Debian package that has it
 *
 * Returns: (transfer floating) (nullable): the element
 */
GstElement *tool_element_new (const gchar *factory, GError **error);

/**
 * tool_filter_new:
 * @options: what the user said
 * @error: G_OPTION_ERROR for a value that can't be had, else NUCSEG_ERROR
 *
 * Returns: (transfer floating) (nullable): a nucsegfilter with its properties
 */
GstElement *tool_filter_new (const ToolModelOptions *options, GError **error);

/* The Debian package with the element of this name, or NULL. */
const gchar *tool_package_of (const gchar *factory);

/* TRUE if @error is about the command line. */
gboolean tool_error_is_usage (const GError *error);

/* The error of a message on @bus if there is one (the first: later ones are its
 * consequences), told as a user wants it. Warnings before it are said. */
gboolean tool_bus_take_error (GstBus *bus, GError **error);

/* Says the warnings on @bus before its first error, and drops what else stands
 * there. */
void tool_bus_show_warnings (GstBus *bus);

/* Says a warning of GStreamer on stderr. */
void tool_show_warning (GstMessage *message);

/* Turns an error message of GStreamer into a GError of its text. */
void tool_error_from_message (GstMessage *message, GError **error);

G_END_DECLS

#endif /* NUCSEG_TOOL_COMMAND_H */
