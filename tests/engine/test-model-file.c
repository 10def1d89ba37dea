/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-model-file.c: files that are not models, or are damaged: each ends in
 * one error that names the file and what was expected, and nothing leaks.
 */
#include "expect.h"
#include "model.h"
#include "modelbuilder.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#define METADATA(rest) "{\"__metadata__\": {\"format\": \"nucseg-model/1\"" rest

/* Headers without data. */
static void
test_headers (void)
{
  static const struct {
    const gchar *header, *part;
  } cases[] = {
    { "", "not a model" },
    { "[1, 2]", "not a model" },
    { "{", "expected a key" },
    { "{}", "__metadata__ is missing" },
    { "{\"a\": 1, \"a\": 2}", "\"a\" appears twice" },
    { "{\"a\": 1, \"\\u0061\": 2}", "\"a\" appears twice" },
    { "{\"a\": 01}", "starts with 0" },
    { "{\"a\": 1234567890123456789}", "19 digits" },
    { "{\"a\": 1.}", "expected a digit" },
    { "{\"a\": -}", "expected a digit" },
    { "{\"a\": 1e}", "expected a digit" },
    { "{\"a\": tru}", "expected a value" },
    { "{\"a\": 1,}", "expected a key" },
    { "{\"a\": [1,]}", "expected a value" },
    { "{\"a\" 1}", "expected ':'" },
    { "{\"a\": 1 \"b\": 2}", "expected ',' or '}'" },
    { "{\"a\": [1 2]}", "expected ',' or ']'" },
    { "{\"a\": \"b}", "no end" },
    { "{\"a\": \"\\x\"}", "unknown escape" },
    { "{\"a\": \"\\u0000\"}", "U+0000" },
    { "{\"a\": \"\\ud800\"}", "surrogate" },
    { "{\"a\": \"\\ud800\\u0041\"}", "surrogate" },
    { "{\"a\": \"\\u12g4\"}", "hexadecimal" },
    { "{\"a\": \"\t\"}", "control character" },
    { "{\"a\\u001b\": 1}", "control character in a key" },
    { "{\"a\": \"\377\"}", "not UTF-8" },
    { "{\"a\": 1} 2", "text behind the end" },
    { "{/* no */}", "expected a key" },
    { "{'a': 1}", "expected a key" },
    { "{\"__metadata__\": 1}", "__metadata__: expected an object" },
    { "{\"__metadata__\": {}}", "__metadata__.format: missing" },
    { "{\"__metadata__\": {\"format\": 1}}",
        "__metadata__.format: found 1, expected one of nucseg-model/1" },
    { "{\"__metadata__\": {\"format\": \"nucseg-model/3\"}}",
        "found \"nucseg-model/3\"" },
    { METADATA ("}}"), "__metadata__.name: missing" },
    { METADATA (", \"name\": \"\"}}"), "expected [a-z0-9]" },
    { METADATA (", \"name\": \"../a\"}}"), "expected [a-z0-9]" },
    { "{\"__metadata__\": {\"format\": \"a\\u001b[2J\\nb\"}}",
        "found \"a?[2J?b\", expected one of" },
    { METADATA (", \"name\": \"a\", \"description\": \"\\u001b[2J\"}}"),
        "__metadata__.description: found the control character U+001B" },
    { METADATA (", \"name\": \"a\", \"license\": \"a\\rb\"}}"),
        "__metadata__.license: found the control character U+000D" },
    { METADATA (", \"name\": \"a\", \"source\": \"\302\233\"}}"),
        "__metadata__.source: found the control character U+009B" },
    { METADATA (", \"name\": \"a\", \"author\": \"b\"}}"),
        "__metadata__.author: unknown key" },
    { METADATA (", \"name\": \"a\", \"license\": 1}}"),
        "__metadata__.license: found 1, expected a string" },
    { METADATA (", \"name\": \"a\"}}"), "__metadata__.graph: missing" },
    { METADATA (", \"name\": \"a\", \"graph\": \"{\"}}"),
        "__metadata__.graph: not valid JSON" },
    { METADATA (", \"name\": \"a\", \"graph\": \"[]\"}}"),
        "__metadata__.graph: expected a JSON object" },
    { METADATA ("}, \"t\": 1}"), "tensor \"t\": expected an object" },
    { METADATA ("}, \"t\": {}}"), "tensor \"t\".dtype: missing" },
    { METADATA ("}, \"t\": {\"dtype\": \"F16\"}}"),
        "tensor \"t\".dtype: found \"F16\", expected one of F32" },
    { METADATA ("}, \"t\": {\"dtype\": \"F32\", \"align\": 4}}"),
        "tensor \"t\".align: unknown key" },
    { METADATA ("}, \"t\": {\"dtype\": \"F32\", \"shape\": 4}}"),
        "tensor \"t\".shape: found 4, expected an array" },
    { METADATA ("}, \"t\": {\"dtype\": \"F32\", \"shape\": [0]}}"),
        "tensor \"t\".shape[0]: found 0, expected an integer from 1" },
    { METADATA ("}, \"t\": {\"dtype\": \"F32\", \"shape\": [1.0]}}"),
        "tensor \"t\".shape[0]: found 1.0, expected an integer" },
    { METADATA ("}, \"t\": {\"dtype\": \"F32\", \"shape\": [-1]}}"),
        "tensor \"t\".shape[0]: found -1" },
    { METADATA ("}, \"t\": {\"dtype\": \"F32\", \"shape\": "
                "[67108864, 67108864, 67108864]}}"),
        "tensor \"t\".shape: more than 67108864 elements" },
    { METADATA ("}, \"t\": {\"dtype\": \"F32\", \"shape\": [1], "
                "\"data_offsets\": [0]}}"),
        "tensor \"t\".data_offsets: found an array of 1" },
    { METADATA ("}, \"t\": {\"dtype\": \"F32\", \"shape\": [1], "
                "\"data_offsets\": [0, 4]}}"),
        "tensor \"t\": ends at byte 4 of the tensors, of which the file has 0: "
        "it is cut off" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    expect_refused (
        nucseg_builder_file (cases[i].header, NULL, 0), cases[i].part);
}

/* Layouts of two tensors in 16 bytes. */
static void
test_offsets (void)
{
  static const struct {
    guint begin1, end1, begin2, end2, elements;
    const gchar *part;
  } cases[] = {
    { 0, 8, 4, 12, 2, "starts at byte 4 of the data, expected 8" },
    { 0, 8, 0, 8, 2, "starts at byte 0 of the data, expected 8" },
    { 0, 4, 8, 12, 1, "starts at byte 8 of the data, expected 4" },
    { 4, 8, 8, 16, 1, "expected 4 for 1" },
    { 8, 12, 12, 16, 1, "starts at byte 8 of the data, expected 0" },
    { 0, 4, 4, 8, 1, "16 bytes of data, but the tensors end at 8" },
    { 0, 6, 6, 10, 1, "found 6 bytes, expected 4" },
    { 2, 6, 6, 10, 1, "starts at byte 2, expected a multiple of 4" },
    { 8, 4, 4, 8, 1, "found -4 bytes" },
    { 0, 8, 8, 20, 2,
        "ends at byte 20 of the tensors, of which the file has "
        "16: it is cut off" },
  };
  static const gfloat data[4] = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree gchar *header = g_strdup_printf (
        METADATA ("}, \"a\": {\"dtype\": \"F32\", \"shape\": [%u], "
                  "\"data_offsets\": [%u, %u]}, \"b\": {\"dtype\": \"F32\", "
                  "\"shape\": [%u], \"data_offsets\": [%u, %u]}}"),
        cases[i].elements, cases[i].begin1, cases[i].end1, cases[i].elements,
        cases[i].begin2, cases[i].end2);
    expect_refused (
        nucseg_builder_file (header, data, sizeof data), cases[i].part);
  }
}

static void
test_nesting (void)
{
  /* one level too deep, and enough to end the stack of who recurses */
  static const guint depths[] = { 16, 1000000 };

  for (guint i = 0; i < G_N_ELEMENTS (depths); i++) {
    g_autoptr (GString) header = g_string_new ("{\"a\": ");
    for (guint k = 0; k < depths[i]; k++)
      g_string_append_c (header, '[');
    for (guint k = 0; k < depths[i]; k++)
      g_string_append_c (header, ']');
    g_string_append_c (header, '}');
    expect_refused (nucseg_builder_file (header->str, NULL, 0),
        "nested deeper than 16 levels");
  }
  /* inside a string of the metadata too */
  NucsegBuilder *b = nucseg_builder_new (1, 1);
  g_autofree gchar *deep = g_strnfill (100000, '[');
  nucseg_builder_set (b, "input", deep);
  expect_refused (nucseg_builder_end (b, "input", 1), "__metadata__.input");
}

static void
test_sizes (void)
{
  g_autofree gchar *zeros = g_strnfill (300000, '0');
  g_autoptr (GString) many = g_string_new ("{\"a\": [0");

  for (guint i = 0; i < 250000; i++)
    g_string_append (many, ",0");
  g_string_append (many, "]}");
  expect_refused (nucseg_builder_file (many->str, NULL, 0), "values");
  /* digits without end */
  g_autofree gchar *header = g_strdup_printf ("{\"a\": 1%s}", zeros);
  expect_refused (nucseg_builder_file (header, NULL, 0), "digits");
}

static void
test_starts (void)
{
  static const struct {
    const gchar *bytes;
    gsize size;
    const gchar *part;
  } cases[] = {
    { "", 0, "is empty" },
    { "\0", 1, "1 bytes, expected at least" },
    { "\2\0\0\0\0\0\0", 7, "7 bytes, expected at least" },
    { "\2\0\0\0\0\0\0\0", 8, "cut off" },
    { "\0\0\0\0\0\0\0\0{}", 10, "not a model" },
    { "\2\0\0\0\0\0\0\0{}", 10, "multiple of 4" },
    { "\377\377\377\377\377\377\377\377{}", 10, "18446744073709551615" },
    { "\0\0\0\1\0\0\0\1{}", 10, "at most 16777216" },
    { "\211PNG\r\n\032\n\0\0\0\rIHDR", 16, "not a model" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    expect_refused (
        g_bytes_new_static (cases[i].bytes, cases[i].size), cases[i].part);
}

static void
test_weights (void)
{
  static const gfloat bad[] = { NAN, INFINITY, -INFINITY };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    NucsegBuilder *b = nucseg_builder_new (1, 1);
    gsize n;
    nucseg_builder_conv (b, "x", "input", 300,
        &(NucsegBuilderConv){ .kernel = 3, .padding = 1 });
    gfloat *data = nucseg_builder_get_tensor (b, "x.weight", &n);
    data[n - 1 - i * 1000] = bad[i];
    g_autofree gchar *part =
        g_strdup_printf ("tensor \"x.weight\": element %" G_GSIZE_FORMAT " is",
            n - 1 - i * 1000);
    expect_refused (nucseg_builder_end (b, "x", 1), part);
  }
  NucsegBuilder *b = nucseg_builder_new (1, 1);
  nucseg_builder_tensor (b, "orphan", NULL, 1, 2, 3, 3);
  expect_refused (nucseg_builder_end (b, "input", 1),
      "nothing in the graph uses the tensor \"orphan\"");
}

/* Either a whole model or one error of code MODEL. */
static gboolean
check_either (gconstpointer data, gsize size, const gchar *what, guint64 at)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (NucsegModel) model =
      nucseg_model_new_from_bytes (bytes, "bad.safetensors", &error);

  if (model) {
    const NucsegGraph *graph = nucseg_model_get_graph (model);
    g_autofree NucsegShape *shapes = g_new (NucsegShape, graph->n_nodes);
    g_assert_no_error (error);
    g_assert_true (nucseg_graph_infer (
        graph, 3 * graph->multiple, 4 * graph->multiple, shapes, NULL));
    return TRUE;
  }
  if (!g_error_matches (error, NUCSEG_ERROR, NUCSEG_ERROR_MODEL)
      || !g_str_has_prefix (error->message, "bad.safetensors: ")
      || !g_utf8_validate (error->message, -1, NULL))
    g_error ("%s at %" G_GUINT64_FORMAT ": %s", what, at,
        error ? error->message : "no error");
  return FALSE;
}

static void
test_truncated (void)
{
  g_autoptr (GBytes) bytes = nucseg_builder_attention_unet (3, 4);
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  for (gsize length = 0; length < size; length += 64) {
    /* in memory of its own, so that a read behind the end is seen */
    g_autofree guint8 *copy = g_memdup2 (data, length);
    g_assert_false (check_either (copy, length, "truncated", length));
  }
  g_assert_false (check_either (data, size - 1, "truncated", size - 1));
  g_assert_true (check_either (data, size, "whole", size));
}

static gsize
header_size (const guint8 *data)
{
  gsize length = 0;

  for (guint i = 0; i < 8; i++)
    length |= (gsize) data[i] << (8 * i);
  return 8 + length;
}

static void
test_bit_flips (void)
{
  g_autoptr (GBytes) bytes = nucseg_builder_attention_unet (3, 4);
  gsize size;
  gconstpointer data = g_bytes_get_data (bytes, &size);
  g_autofree guint8 *copy = g_memdup2 (data, size);
  guint n_bits = (guint) header_size (data) * 8, n_loaded = 0;
  NucsegRandom random = { 20240501 };

  for (guint i = 0; i < 10000; i++) {
    guint bit = nucseg_random_below (&random, n_bits);
    copy[bit / 8] ^= (guint8) (1u << bit % 8);
    n_loaded += check_either (copy, size, "bit", bit);
    copy[bit / 8] ^= (guint8) (1u << bit % 8);
  }
  g_test_message ("%u of 10000 still load", n_loaded);
  /* flips in free text do no harm; most must be seen */
  g_assert_cmpuint (n_loaded, <, 2000);
  g_assert_cmpuint (n_loaded, >, 0);
}

/* Spans of the header removed, doubled, moved; the length set right. */
static void
test_mutations (void)
{
  g_autoptr (GBytes) bytes = nucseg_builder_attention_unet (3, 4);
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  gsize text = header_size (data) - 8;
  NucsegRandom random = { 20240502 };

  for (guint i = 0; i < 4000; i++) {
    g_autoptr (GByteArray) file = g_byte_array_new ();
    guint at = nucseg_random_below (&random, (guint) text);
    guint span = 1 + nucseg_random_below (&random, 40);
    guint from = nucseg_random_below (&random, (guint) text - 40);
    guint8 start[8] = { 0 };
    span = MIN (span, (guint) text - at);
    g_byte_array_append (file, start, 8);
    g_byte_array_append (file, data + 8, at);
    if (i % 3 > 0)
      g_byte_array_append (file, data + 8 + (i % 3 == 1 ? at : from), span);
    g_byte_array_append (file, data + 8 + at + (i % 3 == 1 ? 0 : span),
        (guint) text - at - (i % 3 == 1 ? 0 : span));
    while (file->len % 4 != 0)
      g_byte_array_append (file, (const guint8 *) " ", 1);
    for (guint k = 0; k < 4; k++)
      file->data[k] = (guint8) ((file->len - 8) >> (8 * k));
    g_byte_array_append (file, data + 8 + text, (guint) (size - 8 - text));
    check_either (file->data, file->len, "mutation", i);
  }
}

static void
expect_load_error (const gchar *path, NucsegError code, const gchar *part)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (nucseg_model_load (path, &error));
  g_assert_error (error, NUCSEG_ERROR, (gint) code);
  expect_message (error, path, part);
}

static void
test_paths (void)
{
  g_autofree gchar *dir = g_dir_make_tmp ("nucseg-XXXXXX", NULL);
  g_autofree gchar *path = g_build_filename (dir, "m.safetensors", NULL);
  g_autofree gchar *below = g_build_filename (path, "x", NULL);
  g_autoptr (GError) error = NULL;

  expect_load_error (path, NUCSEG_ERROR_NOT_FOUND, "No such file");
  expect_load_error (dir, NUCSEG_ERROR_IO, "a folder, expected a model file");
  g_assert_true (g_file_set_contents (path, "", 0, &error));
  expect_load_error (path, NUCSEG_ERROR_MODEL, "is empty");
  expect_load_error (below, NUCSEG_ERROR_NOT_FOUND, "Not a directory");
  g_assert_true (
      g_file_set_contents (path, "P5 2 2 255 this is an image", -1, &error));
  expect_load_error (path, NUCSEG_ERROR_MODEL, "not a model");
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  expect_load_error (path, NUCSEG_ERROR_IO, "not a regular file");
  g_assert_cmpint (g_unlink (path), ==, 0);
  /* a link to itself exists, but can't be followed */
  g_assert_cmpint (symlink (path, path), ==, 0);
  expect_load_error (path, NUCSEG_ERROR_IO, g_strerror (ELOOP));
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_cmpint (g_rmdir (dir), ==, 0);
}

static void
test_unreadable (void)
{
  g_autofree gchar *dir = g_dir_make_tmp ("nucseg-XXXXXX", NULL);
  g_autofree gchar *path = g_build_filename (dir, "m.safetensors", NULL);
  uid_t user = geteuid ();

  g_assert_true (g_file_set_contents (path, "abc", -1, NULL));
  g_assert_cmpint (g_chmod (path, 0), ==, 0);
  g_assert_cmpint (g_chmod (dir, 0755), ==, 0);
  /* root may read everything: be nobody for a while, if there is one */
  if (user == 0 && seteuid (65534) != 0)
    g_test_skip ("root here can't be another user");
  else
    expect_load_error (path, NUCSEG_ERROR_IO, "can't be read");
  if (user == 0)
    g_assert_cmpint (seteuid (0), ==, 0);
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_cmpint (g_rmdir (dir), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/model-file/headers", test_headers);
  g_test_add_func ("/model-file/offsets", test_offsets);
  g_test_add_func ("/model-file/nesting", test_nesting);
  g_test_add_func ("/model-file/sizes", test_sizes);
  g_test_add_func ("/model-file/starts", test_starts);
  g_test_add_func ("/model-file/weights", test_weights);
  g_test_add_func ("/model-file/truncated", test_truncated);
  g_test_add_func ("/model-file/bit-flips", test_bit_flips);
  g_test_add_func ("/model-file/mutations", test_mutations);
  g_test_add_func ("/model-file/paths", test_paths);
  g_test_add_func ("/model-file/unreadable", test_unreadable);
  return g_test_run ();
}
