/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-segment.c: `nucseg segment` as a user runs it, with a model that finds
 * what is bright, against labels that the test computed itself.
 */
#include <string.h>
#include <tiff.h>

#include "truth.h"

static const Kind plain = KIND_PLAIN;

/* Sizes, formats and depths through one run, in this order. */
static void
test_kinds (void)
{
  static const Kind kinds[] = {
    { "grey8.png", 96, 64, 1, 8, 20, 200 },
    { "grey16.png", 97, 63, 1, 16, 100, 3000 },
    { "rgb8.png", 61, 75, 3, 8, 10, 180 },
    { "rgba8.png", 64, 64, 4, 8, 10, 180 },
    { "rgb16.png", 70, 50, 3, 16, 500, 9000 },
    { "bit1.png", 80, 40, 1, 1, 0, 1, .grey = 255 },
    { "palette.png", 80, 41, 1, 8, 1, 20, .png_kind = { .palette = TRUE },
        /* luma of colour 20: 143, 198, 172 */
        .grey = 179 },
    { "interlaced.png", 33, 90, 1, 16, 100, 60000,
        .png_kind = { .interlace = TRUE } },
    { "strips8.tiff", 96, 64, 1, 8, 20, 200, .tiff = TRUE },
    { "tiled16.tif", 130, 70, 1, 16, 300, 4095, .tiff = TRUE,
        .tiff_kind = { .tiled = TRUE, .compression = COMPRESSION_LZW } },
    { "white.tif", 65, 66, 1, 8, 235, 55, .tiff = TRUE,
        .tiff_kind = { .white_is_zero = TRUE }, .grey = 200 },
    { "rgbplanar.tif", 50, 90, 3, 8, 5, 100, .tiff = TRUE,
        .tiff_kind = { .planar = TRUE } },
    { "smallest.png", 16, 16, 1, 8, 20, 200 },
    { "again.png", 96, 64, 1, 8, 20, 200 },
  };
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *model = write_model (folder);
  g_autofree gchar *out = folder_file (folder, "new/folder");
  g_autofree gchar *table = g_build_filename (out, "objects.csv", NULL);
  g_autoptr (GPtrArray) truths =
      g_ptr_array_new_with_free_func ((GDestroyNotify) truth_free);
  g_autoptr (GPtrArray) arguments = g_ptr_array_new ();
  /* The smallest is mostly nucleus, which "auto" takes for a bright ground. */
  const gchar *const first[] = { "segment", "--backend", "reference",
    "--polarity", "bright", "--model", model, "--out", out };

  for (guint i = 0; i < G_N_ELEMENTS (first); i++)
    g_ptr_array_add (arguments, (gpointer) first[i]);
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++) {
    Truth *t = make_picture (folder, &kinds[i], i + 1);

    g_assert_cmpuint (t->n, >, 0);
    g_ptr_array_add (truths, t);
    g_ptr_array_add (arguments, t->path);
  }
  g_ptr_array_add (arguments, NULL);

  g_autoptr (Run) run =
      run_nucseg_argv ((const gchar *const *) arguments->pdata);
  assert_exits (run, 0);
  g_assert_cmpstr (run->err, ==, "");
  assert_says (run, "14 images");
  assert_says (run, "back end reference, precision f32");
  for (guint i = 0; i < truths->len; i++) {
    const Truth *t = truths->pdata[i];
    g_autofree gchar *stem =
        g_strndup (t->image, (gsize) (strrchr (t->image, '.') - t->image));
    g_autofree gchar *file = g_strconcat (out, "/", stem, ".png", NULL);

    g_test_message ("%s: %u nuclei", t->image, t->n);
    check_labels (file, t);
    check_table (table, t);
  }
}

/* Whether the options reach the element. */
static void
test_options (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *model = write_model (folder);
  g_autofree gchar *out = folder_file (folder, "out");
  g_autofree gchar *table = folder_file (folder, "out/objects.csv");
  g_autofree gchar *text = NULL;
  Truth *t = make_picture (folder, &plain, 1);
  guint inner = 0;

  g_autoptr (Run) none = run_nucseg ("segment", "--quiet", "--model", model,
      "--min-area", "100000", "--out", out, t->path, NULL);
  assert_exits (none, 0);
  g_assert_cmpstr (none->out, ==, "");
  assert_quiet (none);
  g_assert_true (g_file_get_contents (table, &text, NULL, NULL));
  g_assert_cmpstr (text, ==,
      "image,label,x,y,width,height,centroid_x,centroid_y,area,mean,"
      "integrated,perimeter,circularity\n");

  g_autoptr (Run) some = run_nucseg ("segment", "--model", model,
      "--exclude-border", "--pixel-size", "0.5", "--out", out, t->path, NULL);
  assert_exits (some, 0);
  for (guint label = 1; label <= t->n; label++) {
    gboolean touches = FALSE;

    for (gint i = 0; i < t->width * t->height; i++)
      touches |= t->labels[i] == label
          && (i % t->width == 0 || i % t->width == t->width - 1 || i < t->width
              || i >= t->width * (t->height - 1));
    inner += !touches;
  }
  g_assert_cmpuint (inner, <, t->n);
  g_assert_cmpuint (inner, >, 0);
  g_autoptr (GPtrArray) rows = rows_of (table, t->image);
  g_assert_cmpuint (rows->len, ==, inner);
  for (guint i = 0; i < rows->len; i++) {
    gchar **cells = rows->pdata[i];

    g_assert_cmpuint (g_strv_length (cells), ==, 15);
    g_assert_cmpfloat_with_epsilon (g_ascii_strtod (cells[13], NULL),
        0.25 * g_ascii_strtod (cells[8], NULL), 0.0001);
    g_assert_cmpfloat_with_epsilon (g_ascii_strtod (cells[14], NULL),
        0.5 * g_ascii_strtod (cells[11], NULL), 0.001);
  }
  truth_free (t);
}

/* Precisions by name; the same labels in each. */
static void
test_precisions (void)
{
  static const gchar *const names[] = { "f32", "bf16", "f16" };
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *model = write_model (folder);
  g_autofree gchar *out = folder_file (folder, "out");
  Truth *t = make_picture (folder, &plain, 1);

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree gchar *says =
        g_strdup_printf ("back end reference, precision %s\n", names[i]);
    g_autofree gchar *to = g_build_filename (out, names[i], NULL);
    g_autofree gchar *file = g_build_filename (to, t->image, NULL);
    g_autoptr (Run) run = run_nucseg ("segment", "--model", model, "--backend",
        "reference", "--precision", names[i], "--out", to, t->path, NULL);

    assert_exits (run, 0);
    assert_says (run, says);
    check_labels (file, t);
  }
  truth_free (t);
}

/* A dim picture of a 12-bit camera: 300 grey values of contrast are too few
 * for 16 bits, and enough for 12. */
static void
test_depth (void)
{
  static const Kind dim = { "dim.png", 96, 64, 1, 16, 100, 400 };
  static const Kind deep = { "deep.png", 96, 64, 1, 16, 5000, 60000 };
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *model = write_model (folder);
  g_autofree gchar *out = folder_file (folder, "out");
  g_autofree gchar *labels = folder_file (folder, "out/dim.png");
  g_autofree gchar *others = folder_file (folder, "out/deep.png");
  g_autofree gchar *table = folder_file (folder, "out/objects.csv");
  Truth *t = make_picture (folder, &dim, 1);
  Truth *next = make_picture (folder, &deep, 2);

  g_autoptr (Run) plain_run = run_nucseg (
      "segment", "--model", model, "--out", out, t->path, next->path, NULL);
  assert_exits (plain_run, 0);
  check_labels (labels, t);
  check_labels (others, next);
  g_autoptr (Run) as_16 = run_nucseg ("segment", "--model", model,
      "--significant-bits", "16", "--out", out, t->path, NULL);
  assert_exits (as_16, 0);
  g_autoptr (GPtrArray) rows = rows_of (table, t->image);
  g_assert_cmpuint (rows->len, ==, 0);
  truth_free (t);
  truth_free (next);
}

static void
test_overlay (void)
{
  static const Kind deep = { "deep.png", 96, 64, 1, 16, 100, 3000 };
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *model = write_model (folder);
  g_autofree gchar *out = folder_file (folder, "out");
  g_autofree gchar *labels = folder_file (folder, "out/deep.png");
  g_autofree gchar *picture = folder_file (folder, "out/deep-overlay.png");
  Truth *t = make_picture (folder, &deep, 1);
  guint coloured = 0;

  g_autoptr (Run) run = run_nucseg (
      "segment", "--overlay", "--model", model, "--out", out, t->path, NULL);
  assert_exits (run, 0);
  check_labels (labels, t);
  g_autoptr (ToolImage) image = read_image (picture);
  g_assert_cmpint (image->format, ==, NUCSEG_FORMAT_RGB);
  g_assert_cmpint (image->width, ==, t->width);
  g_assert_cmpint (image->height, ==, t->height);
  for (gint y = 0; y < t->height; y++)
    for (gint x = 0; x < t->width; x++) {
      const guint8 *p = image->data + y * image->stride + 3 * x;

      coloured += p[0] != p[1] || p[1] != p[2];
    }
  /* contours are coloured, the ground and the insides are not */
  g_assert_cmpuint (coloured, >, 10 * t->n);
  g_assert_cmpuint (coloured, <, (guint) t->width * t->height / 2);
  truth_free (t);
}

static void
test_pages (void)
{
  static const gchar *const left[] = { "objects.csv", "stack-0001.png",
    "stack-0002.png", NULL };
  static const Kind page = { "stack.tif", 60, 44, 1, 8, 20, 200, .tiff = TRUE };
  static const Kind more = { "stack.tif", 44, 60, 1, 16, 20, 5000, .tiff = TRUE,
    .tiff_kind = { .append = TRUE } };
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *model = write_model (folder);
  g_autofree gchar *out = folder_file (folder, "out");
  g_autofree gchar *labels1 = folder_file (folder, "out/stack-0001.png");
  g_autofree gchar *labels2 = folder_file (folder, "out/stack-0002.png");
  g_autofree gchar *table = folder_file (folder, "out/objects.csv");
  Truth *first = make_picture (folder, &page, 1);
  Truth *second = make_picture (folder, &more, 2);

  g_autoptr (Run) run =
      run_nucseg ("segment", "--model", model, "--out", out, first->path, NULL);
  assert_exits (run, 0);
  assert_says (run, "2 images");
  check_labels (labels1, first);
  check_labels (labels2, second);
  g_free (first->image);
  first->image = g_strdup ("stack.tif#1");
  g_free (second->image);
  second->image = g_strdup ("stack.tif#2");
  check_table (table, first);
  check_table (table, second);
  assert_only (out, left);
  truth_free (first);
  truth_free (second);
}

static void
add_tests (void)
{
  g_test_add_func ("/segment/kinds", test_kinds);
  g_test_add_func ("/segment/options", test_options);
  g_test_add_func ("/segment/precisions", test_precisions);
  g_test_add_func ("/segment/depth", test_depth);
  g_test_add_func ("/segment/overlay", test_overlay);
  g_test_add_func ("/segment/pages", test_pages);
}

int
main (int argc, char **argv)
{
  return tests_run (argc, argv, add_tests);
}
