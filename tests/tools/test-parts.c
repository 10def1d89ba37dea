/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-parts.c: the command's small parts: table, plan of names, outputs,
 * percentiles.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <glib/gstdio.h>

#include "csv.h"
#include "fixtures.h"
#include "histogram.h"
#include "modelbuilder.h"
#include "output.h"
#include "plan.h"
#include "png-io.h"

static void
test_csv (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *path = folder_file (folder, "t.csv");
  g_autofree gchar *text = NULL;
  const NucsegObject o = { .label = 3,
    .x = 4,
    .y = 5,
    .width = 6,
    .height = 7,
    .area = 30,
    .centroid_x = 6.25,
    .centroid_y = 8.0625,
    .mean = 1000.5,
    .integrated = 30015,
    .perimeter = 20.5,
    .circularity = 0.897 };
  FILE *file = g_fopen (path, "wb");

  tool_csv_header (file, 0.5);
  tool_csv_objects (file, "plain.png", &o, 1, 0.5);
  tool_csv_objects (file, "a \"b\", c\n.png", &o, 1, 0);
  tool_csv_objects (file, "none.png", NULL, 0, 0.5);
  fclose (file);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==,
      "image,label,x,y,width,height,centroid_x,centroid_y,area,mean,"
      "integrated,perimeter,circularity,area_um2,perimeter_um\n"
      "plain.png,3,4,5,6,7,6.250,8.062,30,1000.500,30015,20.500,0.8970,"
      "7.5000,10.2500\n"
      "\"a \"\"b\"\", c\n.png\",3,4,5,6,7,6.250,8.062,30,1000.500,30015,"
      "20.500,0.8970\n");
}

static void
assert_no_plan (const gchar *dir, const gchar *const *inputs, gboolean overlay,
    const gchar *first, const gchar *second)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ToolPlan) plan = tool_plan_new (dir, inputs, overlay, &error);

  g_assert_null (plan);
  g_assert_true (error->domain == G_OPTION_ERROR);
  g_assert_nonnull (strstr (error->message, first));
  g_assert_nonnull (strstr (error->message, second));
}

static void
test_plan_names (void)
{
  const gchar *inputs[] = { "x/a.b.tif", "y/c", ".hidden", NULL };
  static const gchar *const labels[] = { "out/a.b.png", "out/c.png",
    "out/.hidden.png" };
  g_autoptr (GError) error = NULL;
  g_autoptr (ToolPlan) plan = tool_plan_new ("out", inputs, TRUE, &error);
  ToolNames names;

  g_assert_no_error (error);
  for (guint i = 0; inputs[i]; i++) {
    g_autofree gchar *base = g_path_get_basename (inputs[i]);

    g_assert_true (tool_plan_names (plan, i, 0, 1, &names, &error));
    g_assert_cmpstr (names.image, ==, base);
    g_assert_cmpstr (names.labels, ==, labels[i]);
    g_assert_true (g_str_has_suffix (names.overlay, "-overlay.png"));
    tool_names_clear (&names);
  }
  g_assert_true (tool_plan_names (plan, 0, 1, 12, &names, &error));
  g_assert_cmpstr (names.image, ==, "a.b.tif#2");
  g_assert_cmpstr (names.labels, ==, "out/a.b-0002.png");
  g_assert_cmpstr (names.overlay, ==, "out/a.b-0002-overlay.png");
  tool_names_clear (&names);
}

static void
test_plan_refuses (void)
{
  const gchar *same[] = { "x/a.tif", "b.png", "y/a.png", NULL };
  const gchar *twice[] = { "a.png", "a.png", NULL };
  const gchar *overlays[] = { "a.tif", "a-overlay.tif", NULL };
  const gchar *pages[] = { "s.tif", "s-0002.tif", NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (ToolPlan) plan = NULL;
  ToolNames names;

  assert_no_plan ("out", same, FALSE, "x/a.tif", "y/a.png");
  assert_no_plan ("out", twice, FALSE, "a.png", "out/a.png");
  assert_no_plan ("out", overlays, TRUE, "a.tif", "out/a-overlay.png");
  plan = tool_plan_new ("out", overlays, FALSE, &error);
  g_assert_no_error (error);
  tool_plan_free (plan);

  /* Pages are known later, and only the one whose name is taken is refused. */
  plan = tool_plan_new ("out", pages, FALSE, &error);
  g_assert_no_error (error);
  g_assert_true (tool_plan_names (plan, 0, 0, 2, &names, &error));
  tool_names_clear (&names);
  g_assert_false (tool_plan_names (plan, 0, 1, 2, &names, &error));
  g_assert_nonnull (strstr (error->message, "s-0002.tif"));
}

static void
test_plan_spares_inputs (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *picture = folder_file (folder, "a.png");
  g_autofree gchar *link = folder_file (folder, "b.tif");
  const gchar *inputs[] = { picture, NULL };
  const gchar *linked[] = { link, NULL };
  g_autofree gchar *target = folder_file (folder, "b.png");

  write_bytes (picture, "x", 1);
  assert_no_plan (folder->path, inputs, FALSE, "a.png", "would replace");
  /* under another name */
  g_assert_cmpint (link[0], ==, '/');
  g_assert_cmpint (symlink (picture, link), ==, 0);
  g_assert_cmpint (symlink (picture, target), ==, 0);
  assert_no_plan (folder->path, linked, FALSE, "b.tif", "would replace");
}

static void
test_output (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *path = folder_file (folder, "a.txt");
  g_autofree gchar *nowhere = folder_file (folder, "none/a.txt");
  g_autofree gchar *text = NULL;
  g_autoptr (GError) error = NULL;
  ToolOutput *output;

  write_bytes (path, "old", 3);
  output = tool_output_open (path, &error);
  g_assert_no_error (error);
  fputs ("new", output->file);
  fflush (output->file);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "old");
  g_free (text);
  g_assert_true (tool_output_commit (output, &error));
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "new");

  output = tool_output_open (path, &error);
  fputs ("half", output->file);
  tool_output_abandon (output);
  g_free (text);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "new");

  g_assert_null (tool_output_open (nowhere, &error));
  g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_IO);
  g_assert_nonnull (strstr (error->message, nowhere));

  /* nothing else was left there */
  g_autoptr (GDir) dir = g_dir_open (folder->path, 0, NULL);
  g_assert_cmpstr (g_dir_read_name (dir), ==, "a.txt");
  g_assert_null (g_dir_read_name (dir));
}

static void
assert_holds (const gchar *path, const gchar *expected)
{
  g_autofree gchar *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, expected);
}

/* A name that is taken before the end, and what is kept then. */
static void
test_output_published (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *path = folder_file (folder, "a.txt");
  g_autofree gchar *link = folder_file (folder, "link.txt");
  g_autoptr (GError) error = NULL;
  ToolOutput *output;

  write_bytes (path, "old", 3);
  g_assert_cmpint (symlink ("a.txt", link), ==, 0);
  /* through a link, which stays one */
  output = tool_output_open (link, &error);
  g_assert_no_error (error);
  assert_holds (path, "old");
  fputs ("part", output->file);
  fflush (output->file);
  tool_output_publish (output);
  assert_holds (path, "part");
  fputs (" and more", output->file);
  tool_output_publish (output);
  tool_output_abandon (output);
  assert_holds (path, "part and more");
  g_assert_true (g_file_test (link, G_FILE_TEST_IS_SYMLINK));

  output = tool_output_open (path, &error);
  g_assert_no_error (error);
  tool_output_publish (output);
  fputs ("whole", output->file);
  g_assert_true (tool_output_commit (output, &error));
  assert_holds (path, "whole");

  /* a device is written, not replaced */
  output = tool_output_open ("/dev/null", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (output->written, ==, "/dev/null");
  tool_output_publish (output);
  g_assert_true (tool_output_commit (output, &error));
  output = tool_output_open ("/dev/null", &error);
  tool_output_abandon (output);
  g_assert_false (g_file_test ("/dev/null", G_FILE_TEST_IS_REGULAR));
  g_assert_true (g_file_test ("/dev/null", G_FILE_TEST_EXISTS));

  g_assert_null (tool_output_open (folder->path, &error));
  g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_IO);
}

static void
test_output_identity (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *path = folder_file (folder, "a.txt");
  g_autofree gchar *round = folder_file (folder, "../a.txt");
  g_autofree gchar *link = folder_file (folder, "link.txt");
  g_autofree gchar *soon = folder_file (folder, "soon.txt");
  g_autofree gchar *again = folder_file (folder, "./soon.txt");

  write_bytes (path, "x", 1);
  g_assert_cmpint (symlink (path, link), ==, 0);
  g_autofree gchar *id = tool_output_identity (path);
  g_autofree gchar *of_link = tool_output_identity (link);
  g_autofree gchar *of_round = tool_output_identity (round);
  g_autofree gchar *of_soon = tool_output_identity (soon);
  g_autofree gchar *of_again = tool_output_identity (again);

  g_assert_nonnull (id);
  g_assert_cmpstr (of_link, ==, id);
  g_assert_cmpstr (of_round, !=, id);
  g_assert_nonnull (of_soon);
  g_assert_cmpstr (of_again, ==, of_soon);
  g_autofree gchar *of_file = tool_file_identity (link);
  g_assert_cmpstr (of_file, ==, id);
  g_assert_null (tool_file_identity (soon));
  g_assert_null (tool_output_identity ("/dev/null"));
  g_assert_null (tool_output_identity ("/no/such/folder/a.txt"));
}

/* A device that is full, where the system has one. */
static void
test_full_disk (void)
{
  g_autoptr (ToolImage) image = NULL;
  g_autoptr (GError) error = NULL;
  FILE *full = g_fopen ("/dev/full", "wb");

  if (!full) {
    g_test_skip ("no /dev/full here");
    return;
  }
  setvbuf (full, NULL, _IONBF, 0);
  image = tool_image_new (NUCSEG_FORMAT_GRAY8, 64, 64, NULL);
  memset (image->data, 7, image->stride * 64);
  g_assert_false (tool_png_write (full, image, &error));
  g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_IO);
  fclose (full);
}

static int
compare_numbers (gconstpointer a, gconstpointer b)
{
  guint64 x = *(const guint64 *) a, y = *(const guint64 *) b;

  return x < y ? -1 : x > y;
}

static void
test_histogram (void)
{
  g_autofree ToolHistogram *h = g_new0 (ToolHistogram, 1);
  NucsegRandom random = { 3 };
  enum { N = 5000 };
  g_autofree guint64 *all = g_new (guint64, N);

  g_assert_cmpfloat (tool_histogram_percentile (h, 50), ==, 0);
  for (guint i = 0; i < N; i++) {
    /* 20 us to 20 s, evenly in the logarithm */
    all[i] = (guint64) (2e4
        * pow (1e6, nucseg_random_below (&random, 100000) / 1e5));
    tool_histogram_add (h, all[i]);
  }
  qsort (all, N, sizeof *all, compare_numbers);
  for (gdouble p = 1; p < 100; p += 7) {
    gdouble exact = all[(guint) ceil (p / 100 * N) - 1] / 1e6;

    g_assert_cmpfloat_with_epsilon (
        tool_histogram_percentile (h, p) / exact, 1, 0.0101);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/parts/csv", test_csv);
  g_test_add_func ("/parts/plan/names", test_plan_names);
  g_test_add_func ("/parts/plan/refuses", test_plan_refuses);
  g_test_add_func ("/parts/plan/spares-inputs", test_plan_spares_inputs);
  g_test_add_func ("/parts/output", test_output);
  g_test_add_func ("/parts/output/published", test_output_published);
  g_test_add_func ("/parts/output/identity", test_output_identity);
  g_test_add_func ("/parts/full-disk", test_full_disk);
  g_test_add_func ("/parts/histogram", test_histogram);
  return g_test_run ();
}
