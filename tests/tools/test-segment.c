/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-segment.c: `nucseg segment` as a user runs it, with a model that finds
 * what is bright, against labels that the test computed itself.
 */
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <tiff.h>
#include <unistd.h>
#include <glib/gstdio.h>

#include "fixtures.h"
#include "image.h"

#define MIN_AREA 4 /* of the test's model */

typedef struct {
  gint x0, y0, x1, y1;
  guint area;
  gdouble sum_x, sum_y;
} Piece;

/* A picture, its file and what must be found in it. */
typedef struct {
  gchar *path, *image;
  gint width, height;
  guint16 *labels;
  guint n;
  gdouble grey; /* of the nuclei */
} Truth;

static void
truth_free (Truth *t)
{
  g_free (t->path);
  g_free (t->image);
  g_free (t->labels);
  g_free (t);
}

/* Leaves out what is below the model's smallest area and numbers anew. */
static void
drop_small (Truth *t)
{
  g_autofree guint *areas = g_new0 (guint, t->n + 1);
  g_autofree guint16 *numbers = g_new0 (guint16, t->n + 1);
  guint kept = 0;

  for (gint i = 0; i < t->width * t->height; i++)
    areas[t->labels[i]]++;
  for (guint label = 1; label <= t->n; label++)
    numbers[label] = areas[label] >= MIN_AREA ? ++kept : 0;
  for (gint i = 0; i < t->width * t->height; i++)
    t->labels[i] = numbers[t->labels[i]];
  t->n = kept;
}

typedef struct {
  const gchar *name;
  gint width, height, channels, bits;
  guint low, high;
  gboolean tiff;
  PngKind png_kind;
  TiffKind tiff_kind;
  gdouble grey; /* of @high in the frame, 0: @high itself */
} Kind;

static Truth *
make_picture (Folder *folder, const Kind *k, guint64 seed)
{
  Truth *t = g_new0 (Truth, 1);
  g_autoptr (Samples) samples = NULL;

  *t = (Truth){ folder_file (folder, k->name), g_strdup (k->name), k->width,
    k->height, g_new (guint16, (gsize) k->width * k->height), 0,
    k->grey > 0 ? k->grey : k->high };
  samples = samples_new_blobs (k->width, k->height, k->channels, k->bits,
      k->low, k->high, seed, t->labels, &t->n);
  drop_small (t);
  if (k->tiff)
    write_tiff (t->path, samples, k->tiff_kind);
  else
    write_png (t->path, samples, k->png_kind);
  return t;
}

static const Kind plain = { "plain.png", 96, 64, 1, 8, 20, 200 };

/* --- Reading what was written ------------------------------------------- */

static ToolImage *
read_image (const gchar *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ToolReader) reader = tool_reader_open (path, &error);
  ToolImage *image = NULL;

  if (reader)
    image = tool_reader_read (reader, 0, &error);
  g_assert_no_error (error);
  return image;
}

static void
check_labels (const gchar *path, const Truth *t)
{
  g_autoptr (ToolImage) image = read_image (path);

  g_assert_cmpint (image->format, ==, TOOL_FORMAT_GRAY16);
  g_assert_cmpint (image->width, ==, t->width);
  g_assert_cmpint (image->height, ==, t->height);
  for (gint y = 0; y < t->height; y++)
    g_assert_cmpmem (image->data + y * image->stride, 2 * t->width,
        t->labels + (gsize) y * t->width, 2 * t->width);
}

/* Lines of the table without the header, those of @image. */
static GPtrArray *
rows_of (const gchar *table, const gchar *image)
{
  g_autofree gchar *text = NULL;
  g_auto (GStrv) lines = NULL;
  GPtrArray *rows =
      g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);

  g_assert_true (g_file_get_contents (table, &text, NULL, NULL));
  g_assert_true (g_str_has_suffix (text, "\n"));
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 1; lines[i] && lines[i][0]; i++) {
    gchar **cells = g_strsplit (lines[i], ",", -1);

    if (strcmp (cells[0], image) == 0)
      g_ptr_array_add (rows, cells);
    else
      g_strfreev (cells);
  }
  return rows;
}

static void
check_table (const gchar *table, const Truth *t)
{
  g_autoptr (GPtrArray) rows = rows_of (table, t->image);
  g_autofree Piece *pieces = g_new0 (Piece, t->n + 1);

  g_assert_cmpuint (rows->len, ==, t->n);
  for (gint y = 0; y < t->height; y++)
    for (gint x = 0; x < t->width; x++) {
      Piece *p = &pieces[t->labels[(gsize) y * t->width + x]];

      if (p->area++ == 0)
        *p = (Piece){ x, y, x, y, 1, 0, 0 };
      p->x0 = MIN (p->x0, x);
      p->x1 = MAX (p->x1, x);
      p->y1 = y;
      p->sum_x += x;
      p->sum_y += y;
    }
  for (guint i = 0; i < t->n; i++) {
    gchar **cells = rows->pdata[i];
    const Piece *p = &pieces[i + 1];
    const gdouble wanted[] = { i + 1, p->x0, p->y0, p->x1 - p->x0 + 1,
      p->y1 - p->y0 + 1, p->sum_x / p->area, p->sum_y / p->area, p->area,
      t->grey, t->grey * p->area };

    g_assert_cmpuint (g_strv_length (cells), >=, 13);
    for (guint c = 0; c < G_N_ELEMENTS (wanted); c++)
      g_assert_cmpfloat_with_epsilon (
          g_ascii_strtod (cells[c + 1], NULL), wanted[c], 0.00051);
    g_assert_cmpfloat (g_ascii_strtod (cells[11], NULL), >, 0);
    g_assert_cmpfloat (g_ascii_strtod (cells[12], NULL), <=, 1);
  }
}

static void
assert_only (const gchar *folder, const gchar *const *names)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const gchar *name;
  guint n = 0;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir))) {
    if (!g_strv_contains (names, name))
      g_error ("'%s' was left in the folder", name);
    n++;
  }
  g_assert_cmpuint (n, ==, g_strv_length ((gchar **) names));
}

/* --- The tests ---------------------------------------------------------- */

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

static void
test_bad_among_good (void)
{
  static const gchar *const left[] = { "objects.csv", "plain.png", "last.png",
    NULL };
  static const Kind other = { "last.png", 64, 96, 1, 16, 20, 5000 };
  static const Kind small = { "small.png", 15, 40, 1, 8, 20, 200 };
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *model = write_model (folder);
  g_autofree gchar *out = folder_file (folder, "out");
  g_autofree gchar *text = folder_file (folder, "text.png");
  g_autofree gchar *cut = folder_file (folder, "cut.png");
  g_autofree gchar *none = folder_file (folder, "none.tif");
  g_autofree gchar *dir = folder_file (folder, "dir.png");
  g_autofree gchar *labels = folder_file (folder, "out/plain.png");
  g_autofree gchar *last_labels = folder_file (folder, "out/last.png");
  g_autofree gchar *table = folder_file (folder, "out/objects.csv");
  g_autofree gchar *whole = NULL;
  Truth *good = make_picture (folder, &plain, 1);
  Truth *last = make_picture (folder, &other, 2);
  Truth *tiny = make_picture (folder, &small, 3);
  gsize size;

  write_bytes (text, "hello, world", 12);
  g_assert_true (g_file_get_contents (good->path, &whole, &size, NULL));
  write_bytes (cut, whole, size / 2);
  g_mkdir (dir, 0700);
  g_autoptr (Run) run = run_nucseg ("segment", "--model", model, "--out", out,
      text, good->path, cut, none, dir, tiny->path, last->path, NULL);
  assert_exits (run, 1);
  assert_says (run, "text.png: is neither a PNG nor a TIFF");
  assert_says (run, "cut.png: the PNG file is truncated");
  assert_says (run, "none.tif: there is no such file");
  assert_says (run, "dir.png: is a directory");
  assert_says (run, "small.png: the picture has 15x40 pixels; 16x16 to");
  assert_says (run, "2 images");
  assert_says (run, "5 files failed");
  check_labels (labels, good);
  check_labels (last_labels, last);
  check_table (table, good);
  check_table (table, last);
  assert_only (out, left);
  truth_free (good);
  truth_free (last);
  truth_free (tiny);
}

/* The element refuses one picture; those behind it go through a new pipeline.
 */
static void
test_element_fails (void)
{
  static const Kind huge = { "huge.png", 8192, 8192, 1, 1, 0, 1 };
  static const Kind small = { "small.png", 40, 40, 1, 8, 20, 200 };
  static const gchar *const left[] = { "objects.csv", "plain.png", "small.png",
    NULL };
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *model = write_model (folder);
  g_autofree gchar *out = folder_file (folder, "out");
  Truth *first = make_picture (folder, &plain, 1);
  Truth *middle = make_picture (folder, &huge, 2);
  Truth *last = make_picture (folder, &small, 3);

  /* eightfold, the large one is beyond any network's input */
  g_autoptr (Run) run = run_nucseg ("segment", "--model", model, "--scale", "8",
      "--out", out, first->path, middle->path, last->path, NULL);
  assert_exits (run, 1);
  assert_says (run, "huge.png: ");
  assert_says (run, "2 images");
  assert_only (out, left);
  truth_free (first);
  truth_free (middle);
  truth_free (last);
}

static void
test_names (void)
{
  static const Kind tif = { "plain.tif", 40, 40, 1, 8, 20, 200, .tiff = TRUE };
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *model = write_model (folder);
  g_autofree gchar *out = folder_file (folder, "out");
  g_autofree gchar *before = NULL, *after = NULL;
  gsize size_before, size_after;
  Truth *png = make_picture (folder, &plain, 1);
  Truth *same = make_picture (folder, &tif, 2);

  g_autoptr (Run) twice = run_nucseg (
      "segment", "--model", model, "--out", out, png->path, same->path, NULL);
  assert_exits (twice, 2);
  assert_says (twice, png->path);
  assert_says (twice, same->path);
  g_assert_false (g_file_test (out, G_FILE_TEST_EXISTS));

  g_assert_true (g_file_get_contents (png->path, &before, &size_before, NULL));
  g_autoptr (Run) onto_itself = run_nucseg (
      "segment", "--model", model, "--out", folder->path, png->path, NULL);
  assert_exits (onto_itself, 2);
  assert_says (onto_itself, "would replace");
  g_assert_true (g_file_get_contents (png->path, &after, &size_after, NULL));
  g_assert_cmpmem (before, size_before, after, size_after);
  truth_free (png);
  truth_free (same);
}

static void
test_folder_cannot_be (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *model = write_model (folder);
  g_autofree gchar *file = folder_file (folder, "file");
  g_autofree gchar *below = folder_file (folder, "file/below");
  g_autofree gchar *locked = folder_file (folder, "locked");
  Truth *t = make_picture (folder, &plain, 1);

  write_bytes (file, "x", 1);
  g_autoptr (Run) at =
      run_nucseg ("segment", "--model", model, "--out", file, t->path, NULL);
  assert_exits (at, 1);
  assert_says (at, file);
  g_autoptr (Run) under =
      run_nucseg ("segment", "--model", model, "--out", below, t->path, NULL);
  assert_exits (under, 1);
  assert_says (under, below);
  /* root may write anywhere */
  if (geteuid () != 0) {
    g_mkdir (locked, 0500);
    g_autoptr (Run) in = run_nucseg (
        "segment", "--model", model, "--out", locked, t->path, NULL);
    assert_exits (in, 1);
    assert_says (in, locked);
  }
  truth_free (t);
}

static void
test_bad_options (void)
{
  static const struct {
    const gchar *option, *value;
    gint code;
    const gchar *says;
  } cases[] = {
    { "--backend", "abacus", 2, "abacus" },
    { "--precision", "f8", 2, "f32" },
    { "--polarity", "sideways", 2, "bright" },
    { "--threads", "two", 2, "a whole number" },
    { "--threads", "1.5", 2, "a whole number" },
    { "--threads", "-1", 2, "from 0" },
    { "--threads", "100000", 2, "256" },
    { "--threshold", "1.5", 2, "from 0 to 0.9" },
    { "--threshold", "0.5x", 2, "0.5x" },
    { "--scale", "nan", 2, "nan" },
    { "--scale", "9", 2, "8" },
    { "--pixel-size", "-1", 2, "--pixel-size" },
    { "--min-area", "1e99", 2, "--min-area" },
    { "--significant-bits", "17", 2, "16" },
    { "--model", "no-such-model", 1, "no-such-model" },
    { "--model", "/", 1, "/" },
    { "--precision", "int8", 1, "int8" },
  };
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *model = write_model (folder);
  g_autofree gchar *out = folder_file (folder, "out");
  Truth *t = make_picture (folder, &plain, 1);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (Run) run =
        run_nucseg ("segment", "--model", model, "--backend=reference",
            cases[i].option, cases[i].value, "--out", out, t->path, NULL);

    assert_exits (run, cases[i].code);
    assert_says (run, cases[i].says);
    g_assert_false (g_file_test (out, G_FILE_TEST_EXISTS));
  }
  truth_free (t);
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
  g_assert_cmpstr (none->err, ==, "");
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
test_interrupt (void)
{
  static const Kind large = { "large.png", 1600, 1600, 1, 8, 20, 200 };
  g_autoptr (Folder) folder = folder_new ();
  g_autofree gchar *model = write_model (folder);
  g_autofree gchar *out = folder_file (folder, "out");
  g_autofree gchar *one = folder_file (folder, "out/p00.png");
  g_autofree gchar *table = folder_file (folder, "out/objects.csv");
  g_autoptr (GPtrArray) arguments = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  Truth *t = make_picture (folder, &large, 1);
  const gchar *const first[] = { "segment", "--quiet", "--model", model,
    "--out", out };
  GPid pid;
  gint status;
  guint n_files = 0, n_labels = 0;
  const gchar *name;

  for (guint i = 0; i < G_N_ELEMENTS (first); i++)
    g_ptr_array_add (arguments, g_strdup (first[i]));
  for (guint i = 0; i < 60; i++) {
    g_autofree gchar *link = g_strdup_printf ("%s/p%02u.png", folder->path, i);

    g_assert_cmpint (symlink (t->path, link), ==, 0);
    g_ptr_array_add (arguments, g_steal_pointer (&link));
  }
  g_ptr_array_add (arguments, NULL);
  g_auto (GStrv) argv = nucseg_argv ((const gchar *const *) arguments->pdata);
  g_spawn_async (NULL, argv, NULL,
      G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, &pid,
      &error);
  g_assert_no_error (error);
  while (!g_file_test (one, G_FILE_TEST_EXISTS)
      && waitpid (pid, &status, WNOHANG) == 0)
    g_usleep (5000);
  g_assert_cmpint (kill (pid, SIGINT), ==, 0);
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 130);

  /* The table is complete for the label maps that are there. */
  g_autoptr (GDir) dir = g_dir_open (out, 0, NULL);
  while ((name = g_dir_read_name (dir))) {
    g_assert_cmpint (name[0], !=, '.');
    n_files++;
    if (g_str_has_suffix (name, ".png")) {
      g_autoptr (GPtrArray) rows = rows_of (table, name);

      n_labels++;
      g_assert_cmpuint (rows->len, ==, t->n);
    }
  }
  g_assert_cmpuint (n_labels, >=, 1);
  g_assert_cmpuint (n_labels, <, 60);
  g_assert_cmpuint (n_files, ==, n_labels + 1);
  truth_free (t);
}

static void
add_tests (void)
{
  g_test_add_func ("/segment/kinds", test_kinds);
  g_test_add_func ("/segment/bad-among-good", test_bad_among_good);
  g_test_add_func ("/segment/element-fails", test_element_fails);
  g_test_add_func ("/segment/names", test_names);
  g_test_add_func ("/segment/folder-cannot-be", test_folder_cannot_be);
  g_test_add_func ("/segment/bad-options", test_bad_options);
  g_test_add_func ("/segment/options", test_options);
  g_test_add_func ("/segment/overlay", test_overlay);
  g_test_add_func ("/segment/pages", test_pages);
  g_test_add_func ("/segment/interrupt", test_interrupt);
}

int
main (int argc, char **argv)
{
  return tests_run (argc, argv, add_tests);
}
