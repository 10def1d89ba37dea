/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * segment.c: `nucseg segment`: label maps and a table from image files. One
 * picture is on its way through the network while the next is read; whatever
 * happens to one file, the others are finished.
 */
#include "command.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <glib/gstdio.h>

#include "csv.h"
#include "facts.h"
#include "image.h"
#include "output.h"
#include "plan.h"
#include "png-io.h"
#include "runner.h"

#define AHEAD 2 /* pictures in the pipeline at once */

/* A picture on its way. */
typedef struct {
  guint input;
  gint width, height;
  ToolNames names;
} Job;

typedef struct {
  ToolModelOptions model;
  gchar *out;
  gboolean overlay, quiet;
  gchar **inputs;
  guint n_inputs;

  ToolPlan *plan;
  ToolRunner *runner;
  ToolOutput *table;
  gdouble pixel_size;
  GQueue jobs; /* Job, in the runner's order */
  gint64 start;
  guint n_done, n_failed_files, last_failed;
  guint64 n_nuclei;
  gchar *backend, *precision;
} Segment;

static volatile sig_atomic_t stopped_by;

static void
on_signal (int signum)
{
  stopped_by = signum;
}

/* The second one of a kind ends the program as usual. */
static void
catch_signals (void)
{
  struct sigaction action = { .sa_handler = on_signal,
    .sa_flags = SA_RESTART | (int) SA_RESETHAND };

  sigaction (SIGINT, &action, NULL);
  sigaction (SIGTERM, &action, NULL);
}

static void
job_free (Job *job)
{
  tool_names_clear (&job->names);
  g_free (job);
}

static void
file_failed (Segment *s, guint input, const gchar *reason)
{
  tool_message ("%s: %s", s->inputs[input], reason);
  /* Of a file with several bad pages only the file is counted. */
  if (s->last_failed != input + 1)
    s->n_failed_files++;
  s->last_failed = input + 1;
}

static void
show_progress (Segment *s, guint input)
{
  gdouble seconds = (g_get_monotonic_time () - s->start) / 1e6;
  gdouble rate = seconds > 0 ? s->n_done / seconds : 0;

  if (s->quiet || !tool_progress_is_seen ())
    return;
  if (s->n_done == 0)
    tool_progress ("%u of %u files", input, s->n_inputs);
  else
    tool_progress ("%u of %u files, %.1f images/s, %.0f s left", input,
        s->n_inputs, rate, seconds / (input + 1) * (s->n_inputs - input - 1));
}

static gboolean
write_results (Segment *s, const Job *job, GstSample *sample, GError **error)
{
  g_auto (ToolFacts) facts = { 0 };

  if (!tool_facts_read (&facts, gst_sample_get_buffer (sample), error))
    return FALSE;
  const ToolImage labels = { TOOL_FORMAT_GRAY16, facts.masks.width,
    facts.masks.height, facts.masks.width * sizeof (guint16),
    (guint8 *) facts.masks.labels };
  if (labels.width != job->width || labels.height != job->height) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_SHAPE,
        "the label map is %dx%d, the picture %dx%d", labels.width,
        labels.height, job->width, job->height);
    return FALSE;
  }
  if (job->names.overlay
      && !tool_sample_save (sample, job->names.overlay, error))
    return FALSE;
  if (!tool_png_save (job->names.labels, &labels, error)) {
    if (job->names.overlay)
      g_unlink (job->names.overlay);
    return FALSE;
  }
  tool_csv_objects (s->table->file, job->names.image, facts.masks.objects,
      facts.masks.n_objects, s->pixel_size);
  if (facts.dropped)
    tool_message ("%s: %u nuclei beyond the first %u were left out",
        s->inputs[job->input], facts.dropped, NUCSEG_MAX_LABEL);
  s->n_nuclei += facts.masks.n_objects;
  if (!s->backend) {
    s->backend = g_strdup (facts.backend);
    s->precision = g_strdup (facts.precision);
  }
  return TRUE;
}

static void
finish_oldest (Segment *s)
{
  Job *job = g_queue_pop_head (&s->jobs);
  g_autoptr (GError) error = NULL;
  g_autoptr (GstSample) sample = tool_runner_pull (s->runner, &error);

  if (sample && write_results (s, job, sample, &error))
    s->n_done++;
  else
    file_failed (s, job->input, error->message);
  show_progress (s, job->input);
  job_free (job);
}

static gboolean
push_page (
    Segment *s, guint input, ToolReader *reader, guint page, GError **error)
{
  ToolNames names;
  ToolImage *image;

  if (!tool_plan_names (
          s->plan, input, page, tool_reader_n_pages (reader), &names, error))
    return FALSE;
  image = tool_reader_read (reader, page, error);
  if (!image) {
    tool_names_clear (&names);
    return FALSE;
  }
  Job *job = g_new (Job, 1);
  *job = (Job){ input, image->width, image->height, names };
  g_queue_push_tail (&s->jobs, job);
  tool_runner_push (s->runner, image);
  return TRUE;
}

static void
segment_file (Segment *s, guint input)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ToolReader) reader = tool_reader_open (s->inputs[input], &error);

  if (!reader) {
    file_failed (s, input, error->message);
    return;
  }
  guint n_pages = tool_reader_n_pages (reader);
  for (guint page = 0; page < n_pages && !stopped_by; page++) {
    if (!push_page (s, input, reader, page, &error)) {
      if (n_pages > 1)
        g_prefix_error (&error, "page %u: ", page + 1);
      file_failed (s, input, error->message);
      g_clear_error (&error);
    }
    while (tool_runner_n_waiting (s->runner) >= AHEAD)
      finish_oldest (s);
  }
}

static void
print_summary (Segment *s)
{
  gdouble seconds = (g_get_monotonic_time () - s->start) / 1e6;

  tool_progress ("%s", "");
  if (s->quiet)
    return;
  g_print ("%u image%s, %" G_GUINT64_FORMAT " %s, %.2f s", s->n_done,
      s->n_done == 1 ? "" : "s", s->n_nuclei,
      s->n_nuclei == 1 ? "nucleus" : "nuclei", seconds);
  if (s->backend)
    g_print (" (%.1f images/s), back end %s, precision %s", s->n_done / seconds,
        s->backend, s->precision);
  if (s->n_failed_files)
    g_print ("; %u file%s failed", s->n_failed_files,
        s->n_failed_files == 1 ? "" : "s");
  g_print ("\n");
}

static int
report (const GError *error)
{
  tool_message ("%s", error->message);
  return tool_error_is_usage (error) ? TOOL_EXIT_USAGE : TOOL_EXIT_FAILED;
}

/* Everything that can be wrong with the run as a whole comes before the first
 * file is written: the plan, the model, the folder. */
static int
run (Segment *s)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *table = g_build_filename (s->out, "objects.csv", NULL);

  s->plan = tool_plan_new (
      s->out, (const gchar *const *) s->inputs, s->overlay, &error);
  if (!s->plan || !tool_start_gstreamer (&error))
    return report (error);
  s->runner = tool_runner_new (&s->model, s->overlay, &error);
  if (!s->runner)
    return report (error);
  gboolean made = !g_file_test (s->out, G_FILE_TEST_EXISTS);
  if (g_mkdir_with_parents (s->out, 0777) != 0) {
    tool_message ("can't make the folder '%s': %s", s->out, g_strerror (errno));
    return TOOL_EXIT_FAILED;
  }
  s->table = tool_output_open (table, &error);
  if (!s->table)
    return report (error);
  tool_csv_header (s->table->file, s->pixel_size);

  catch_signals ();
  s->start = g_get_monotonic_time ();
  show_progress (s, 0);
  for (guint i = 0; i < s->n_inputs && !stopped_by; i++)
    segment_file (s, i);
  while (s->jobs.length)
    finish_oldest (s);
  if (s->n_done == 0) {
    /* An earlier run's table is better than one without a line. */
    tool_output_abandon (g_steal_pointer (&s->table));
    if (made)
      g_rmdir (s->out);
  } else if (!tool_output_commit (g_steal_pointer (&s->table), &error)) {
    tool_progress ("%s", "");
    return report (error);
  }
  print_summary (s);
  if (stopped_by) {
    tool_message ("stopped; what was finished is in '%s'", s->out);
    return TOOL_EXIT_SIGNAL + stopped_by;
  }
  return s->n_failed_files ? TOOL_EXIT_FAILED : TOOL_EXIT_OK;
}

static gboolean
parse (Segment *s, int argc, char **argv)
{
  const GOptionEntry entries[] = {
    { "out", 'o', 0, G_OPTION_ARG_FILENAME, &s->out,
        "Folder for the results; made if it is not there", "DIR" },
    { "overlay", 0, 0, G_OPTION_ARG_NONE, &s->overlay,
        "Also write DIR/STEM-overlay.png, the picture with contours", NULL },
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &s->quiet,
        "Print neither progress nor a summary", NULL },
    { NULL },
  };

  if (!tool_parse (argc, argv, "--out DIR FILE...",
          "Finds nuclei in PNG and TIFF images. Writes for each image\n"
          "DIR/STEM.png, a 16-bit map of the image's size with 0 for "
          "background\nand 1..n for the nuclei, and DIR/objects.csv, a table "
          "of all of them.\nOf a TIFF with several pages each page is an "
          "image: STEM-0001.png ...",
          entries, &s->model, &s->inputs))
    return FALSE;
  if (!s->inputs || !s->out) {
    tool_message (s->inputs ? "--out DIR is missing" : "no image files given");
    g_printerr ("Try 'nucseg segment --help'.\n");
    return FALSE;
  }
  s->n_inputs = g_strv_length (s->inputs);
  /* The element checks the value when the runner is made. */
  s->pixel_size =
      s->model.pixel_size ? g_ascii_strtod (s->model.pixel_size, NULL) : 0;
  return TRUE;
}

int
tool_segment (int argc, char **argv)
{
  Segment s = { 0 };
  int code = TOOL_EXIT_USAGE;

  g_queue_init (&s.jobs);
  if (parse (&s, argc, argv))
    code = run (&s);
  g_queue_clear_full (&s.jobs, (GDestroyNotify) job_free);
  tool_output_abandon (s.table);
  tool_runner_free (s.runner);
  tool_plan_free (s.plan);
  tool_model_options_clear (&s.model);
  g_strfreev (s.inputs);
  g_free (s.out);
  g_free (s.backend);
  g_free (s.precision);
  return code;
}
