/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-pinned.c: frames in page-locked memory, on the GPU that the emulation
 * stands for: the same labels and pictures to the bit, without the copies; and
 * memory that outlives its session.
 *
 *   test-pinned MODULE|cuda
 */
#include "gpu-or-emulated.h"

#include <string.h>

#define BACKEND emulated_backend
#define WIDTH 47
#define HEIGHT 33
#define STRIDE (4 * WIDTH + 9)
#define SIZE (STRIDE * HEIGHT)
#define LABELS_STRIDE (2 * (WIDTH + 3)) /* of those with gaps */
/* more than a request and what else is small */
#define SMALL 1024

static EmulatedLog *device;

typedef struct {
  guint16 labels[HEIGHT * WIDTH];
  guint8 shown[SIZE];
  guint n_objects;
} Result;

static NucsegFrame
frame_at (guint8 *pixels, NucsegFormat format)
{
  return (NucsegFrame){ .format = format,
    .width = WIDTH,
    .height = HEIGHT,
    .data = { pixels },
    .stride = { STRIDE } };
}

static void
fill (guint8 *pixels, guint64 seed)
{
  NucsegRandom random = { seed };

  for (guint i = 0; i < SIZE; i++)
    pixels[i] = (guint8) nucseg_random_below (&random, 256);
}

/* Draws the labels of a frame before it if @reuse. @labels: of rows with gaps,
 * where they are to go; NULL: anywhere. */
static void
run (NucsegSession *session, guint8 *from, guint8 *to, NucsegFormat format,
    NucsegFormat shown_format, gboolean reuse, guint8 *labels, Result *result)
{
  const gsize row = WIDTH * sizeof (guint16);
  const NucsegParams params = emulated_params ();
  const NucsegFrame frame = frame_at (from, format);
  NucsegFrame shown = frame_at (to, shown_format);
  g_autoptr (GError) error = NULL;
  NucsegResult facts = { 0 };

  if (reuse)
    nucseg_session_draw (session, &frame, &params, result->labels, WIDTH * 2,
        result->n_objects, &shown, NULL, &error);
  else
    nucseg_session_run (session, &frame, &params,
        labels ? (guint16 *) (gpointer) labels : result->labels,
        labels ? LABELS_STRIDE : row, &shown, &facts, &error);
  g_assert_no_error (error);
  if (!reuse)
    result->n_objects = facts.n_objects;
  for (guint y = 0; !reuse && labels && y < HEIGHT; y++) {
    memcpy (
        (guint8 *) result->labels + y * row, labels + y * LABELS_STRIDE, row);
    /* the gaps are the caller's, but for what is behind the last row */
    for (guint i = row; y < HEIGHT - 1 && i < LABELS_STRIDE; i++)
      g_assert_cmphex (labels[y * LABELS_STRIDE + i], ==, 0x5a);
  }
  memcpy (result->shown, to, SIZE);
}

static void
assert_equal (const Result *a, const Result *b)
{
  g_assert_cmpuint (a->n_objects, >, 0);
  g_assert_cmpuint (a->n_objects, ==, b->n_objects);
  g_assert_cmpmem (a->labels, sizeof a->labels, b->labels, sizeof b->labels);
  g_assert_cmpmem (a->shown, sizeof a->shown, b->shown, sizeof b->shown);
}

/* Bytes of pixels that copies move, either way. */
static gboolean
copies (gsize before, gsize now)
{
  return now - before >= SMALL;
}

/* Where frame and picture lie: in one session all of these come, in turn. */
static void
test_frames (void)
{
  static const struct {
    NucsegFormat from, to;
  } formats[] = {
    { NUCSEG_FORMAT_GRAY8, NUCSEG_FORMAT_GRAY8 },
    { NUCSEG_FORMAT_GRAY16_LE, NUCSEG_FORMAT_RGB },
    { NUCSEG_FORMAT_BGRA, NUCSEG_FORMAT_BGRA },
  };
  NucsegSession *pinned_session = emulated_session_new (1, 0),
                *session = emulated_session_new (1, 0);
  const gsize labels = WIDTH * HEIGHT * sizeof (guint16);
  g_autoptr (GError) error = NULL;
  NucsegPinned *blocks[5];
  g_autofree Result *expected = g_new0 (Result, 1), *found = g_new0 (Result, 1);
  g_autofree guint8 *plain = g_malloc (SIZE), *plain_to = g_malloc (SIZE);
  g_autofree guint8 *other = g_malloc (SIZE), *other_to = g_malloc (SIZE);

  for (guint i = 0; i < G_N_ELEMENTS (blocks); i++) {
    blocks[i] = nucseg_pinned_new (BACKEND, SIZE + 5, &error);
    g_assert_no_error (error);
  }
  for (guint n = 0; n < 5 * 8 * G_N_ELEMENTS (formats); n++) {
    const NucsegFormat from = formats[n / 40].from, to = formats[n / 40].to;
    const gboolean in_place = n & 1 && from == to, reuse = n >> 1 & 1;
    /* two addresses of each kind, an odd one among them */
    const guint block = n & 1;
    const gint shift = n % 5 == 3 && from != NUCSEG_FORMAT_GRAY16_LE ? 1 : 0;
    const gboolean from_pinned = n % 3 != 1,
                   to_pinned = in_place ? from_pinned : n % 3 != 2;
    guint8 *a = from_pinned
        ? (guint8 *) nucseg_pinned_get_data (blocks[block]) + shift
        : other;
    guint8 *b = in_place ? a
        : to_pinned
        ? (guint8 *) nucseg_pinned_get_data (blocks[2 + block]) + shift
        : other_to;
    guint8 *to_labels = n % 7 < 3
        ? NULL
        : (guint8 *) nucseg_pinned_get_data (blocks[4]) + 2 * (n % 3);
    guint mapped;
    gsize up, down;

    memset (nucseg_pinned_get_data (blocks[4]), 0x5a, SIZE);
    fill (plain, n);
    fill (a, n);
    fill (plain_to, 1000 + n);
    if (!in_place)
      fill (b, 1000 + n);
    run (session, plain, in_place ? plain : plain_to, from, to, reuse, NULL,
        expected);
    up = device->uploaded;
    down = device->downloaded;
    mapped = device->n_mapped;
    run (pinned_session, a, b, from, to, reuse, to_labels, found);
    assert_equal (expected, found);
    /* reused labels go up, found ones come by a kernel, where they are wanted
     * if that can be; the first plan uploads weights */
    if (n == 0)
      continue;
    if (reuse)
      up += labels;
    assert_count (device->n_mapped - mapped, ==,
        (guint) from_pinned + (guint) to_pinned + (to_labels && !reuse));
    assert_count (copies (up, device->uploaded), ==, !from_pinned);
    assert_count (copies (down, device->downloaded), ==, !to_pinned);
  }
  nucseg_session_free (session);
  nucseg_session_free (pinned_session);
  assert_count (device->n_pinned, ==, G_N_ELEMENTS (blocks));
  for (guint i = 0; i < G_N_ELEMENTS (blocks); i++)
    nucseg_pinned_free (blocks[i]);
  assert_count (device->n_pinned, ==, 0);
  assert_count (device->live, ==, 0);
}

/* Page-locked up to the last row: what begins well must not be trusted. */
static void
test_part (void)
{
  NucsegSession *session = emulated_session_new (1, 0);
  g_autofree Result *expected = g_new0 (Result, 1), *found = g_new0 (Result, 1);
  g_autofree guint8 *plain = g_malloc (SIZE);
  g_autoptr (GError) error = NULL;
  NucsegPinned *pinned =
      nucseg_pinned_new (BACKEND, STRIDE * (HEIGHT - 1) + WIDTH - 1, &error);

  g_assert_no_error (error);
  /* blocks are padded, a GPU's to whole pages: the bytes behind are there */
  g_assert_cmpuint ((STRIDE * (HEIGHT - 1) + WIDTH - 1) % 256, !=, 0);
  for (guint i = 0; i < 2; i++) {
    const NucsegParams params = emulated_params ();
    guint8 *pixels = i == 0 ? plain : nucseg_pinned_get_data (pinned);
    const NucsegFrame frame = frame_at (pixels, NUCSEG_FORMAT_GRAY8);
    Result *result = i == 0 ? expected : found;
    NucsegResult facts;
    gsize up;

    for (guint k = 0; k < STRIDE * (HEIGHT - 1) + WIDTH; k++)
      pixels[k] = (guint8) (k * k >> 4);
    up = device->uploaded;
    nucseg_session_run (session, &frame, &params, result->labels, WIDTH * 2,
        NULL, &facts, &error);
    g_assert_no_error (error);
    assert_count (copies (up, device->uploaded), ==, TRUE);
  }
  g_assert_cmpmem (expected->labels, sizeof expected->labels, found->labels,
      sizeof found->labels);
  nucseg_pinned_free (pinned);
  nucseg_session_free (session);
}

static gpointer
free_elsewhere (gpointer pinned)
{
  nucseg_pinned_free (pinned);
  return NULL;
}

static void
test_life (void)
{
  NucsegSession *session = emulated_session_new (1, 0);
  g_autoptr (GError) error = NULL;
  NucsegPinned *pinned = nucseg_pinned_new (BACKEND, 1000, &error);
  guint8 *data;

  g_assert_no_error (error);
  data = nucseg_pinned_get_data (pinned);
  g_assert_cmpuint (GPOINTER_TO_SIZE (data) % 256, ==, 0);
  for (guint i = 0; i < 1000; i++)
    g_assert_cmpuint (data[i], ==, 0);
  nucseg_session_free (session);
  memset (data, 1, 1000);
  g_thread_join (g_thread_new ("free", free_elsewhere, pinned));
  assert_count (device->n_pinned, ==, 0);
  nucseg_pinned_free (NULL);
}

static void
test_support (void)
{
  g_autoptr (GError) error = NULL, unknown = NULL;

  g_assert_true (nucseg_pinned_is_supported (BACKEND));
  g_assert_false (nucseg_pinned_is_supported ("reference"));
  g_assert_false (nucseg_pinned_is_supported ("no-such"));
  g_assert_null (nucseg_pinned_new ("reference", 1, &error));
  g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_UNSUPPORTED);
  g_assert_null (nucseg_pinned_new ("no-such", 1, &unknown));
  g_assert_error (unknown, NUCSEG_ERROR, NUCSEG_ERROR_NO_DEVICE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (argc, ==, 2);
  device = open_device (argv[1]);
  g_test_add_func ("/pinned/frames", test_frames);
  g_test_add_func ("/pinned/part", test_part);
  g_test_add_func ("/pinned/life", test_life);
  g_test_add_func ("/pinned/support", test_support);
  return g_test_run ();
}
