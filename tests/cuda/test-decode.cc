/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-decode.cc: nucseg_cuda_decode() against cpu/reference/decode.c: labels,
 * number of objects and what was left out must be equal.
 */
#include "common.h"
#include "tests/cuda/cases/decode.h"

#include <memory>
#include <vector>

static void
compare (
    const char *what, const DecodeCase *c, const gfloat *maps, unsigned seeds)
{
  NucsegGeometry g = case_geometry (c->width, c->height, c->scale, c->multiple);
  NucsegParams params = decode_params (c);
  NucsegOutput output = decode_output (c);
  NucsegRefDecode reference = {};
  NucsegResult result = {};
  NucsegObjectList objects = {};
  size_t stride = (size_t) c->width + c->padding;
  size_t n = stride * (c->height - 1) + c->width;
  Memory<guint16> expected (n), labels (n);
  g_autoptr (ParityPicture) picture = parity_picture_new (
      NUCSEG_FORMAT_GRAY8, c->width, c->height, 0, 0, FALSE);

  g_assert_true (nucseg_ref_decode_init (&reference, &g, nullptr));
  g_assert_true (
      nucseg_ref_decode_run (&reference, maps, &output, &picture->frame,
          &params, expected, stride * 2, &objects, &result, nullptr));

  Memory<guint8> workspace (nucseg_cuda_decode_workspace (&g));
  Memory<gint> positions (c->width + c->height);
  Memory<NucsegCudaRequest> request (1);
  Memory<NucsegCudaReply> reply (1);
  NucsegCudaDecode decode = { g, output, maps,
    c->scale == 1 ? nullptr : positions.get (), workspace.get (), request,
    reply };

  nucseg_cuda_label_positions (&g, positions);
  nucseg_cuda_request_init (request, &params, &output, c->scale);
  request->labels = labels;
  request->labels_stride = stride * 2;
  for (unsigned seed = 0; seed < test_seeds (seeds); seed++) {
    emulation::set_seed (seed);
    unsigned launches = emulation::n_launches ();

    check_cuda (nucseg_cuda_decode (&decode, nullptr), what, seed);
    /* What docs/cuda-kernels.md says; a map of one tile needs no merging. */
    launches = emulation::n_launches () - launches;
    if (g.net_width > 32 || g.net_height > 16)
      g_assert_cmpuint (
          launches, ==, c->decoder == NUCSEG_DECODER_VOTES ? 18 : 11);
    for (gint y = 0; y < c->height; y++)
      for (gint x = 0; x < (gint) stride; x++) {
        size_t i = stride * y + x;
        guint want = x < c->width ? expected[i] : 0xcdcd;

        if (i < n && labels[i] != want)
          g_error ("%s, seed %u: label at (y %d, x %d) is %u, expected %u",
              what, seed, y, x, labels[i], want);
      }
    g_assert_cmpuint (reply->n_objects, ==, objects.n);
    g_assert_cmpuint (reply->dropped, ==, result.dropped);
  }
  g_free (objects.items);
  nucseg_ref_decode_clear (&reference);
}

static void
test_case (gconstpointer data)
{
  const DecodeCase *c = (const DecodeCase *) data;
  NucsegGeometry g = case_geometry (c->width, c->height, c->scale, c->multiple);
  Memory<gfloat> maps ((size_t) g.pad_width * g.pad_height * c->n_maps);

  for (gint kind = 0; kind < PARITY_MAPS_LAST; kind++) {
    g_autofree gchar *what = g_strdup_printf (
        "%s %s", c->name, parity_maps_name ((ParityMaps) kind));

    parity_maps_fill ((ParityMaps) kind, 3, &g, c->n_maps, 16, maps);
    compare (what, c, maps, c->seeds);
  }
}

/* What is timed: nuclei, once. */
static void
test_timed (gconstpointer data)
{
  const DecodeCase *c = (const DecodeCase *) data;
  NucsegGeometry g = case_geometry (c->width, c->height, c->scale, c->multiple);
  Memory<gfloat> maps ((size_t) g.pad_width * g.pad_height * c->n_maps);

  parity_maps_fill (PARITY_MAPS_DISCS, 3, &g, c->n_maps, 16, maps);
  compare (c->name, c, maps, c->seeds);
}

/* More objects than labels: 73,728 single pixels. */
static void
test_too_many (void)
{
  DecodeCase c = { "too many", 768, 384, 1, 16, 1, NUCSEG_DECODER_COMPONENTS, 0,
    0, 0, 1, 0, FALSE, 0, 1 };
  Memory<gfloat> maps (768 * 384);

  for (gint i = 0; i < 768 * 384; i++)
    maps[i] = i % 768 % 2 == 0 && i / 768 % 2 == 0 ? 5 : -5;
  compare (c.name, &c, maps, 1);
}

/* Spirals: regions whose tiles join in long chains. */
static void
test_spiral (void)
{
  DecodeCase c = { "spiral", 128, 128, 1, 16, 1, NUCSEG_DECODER_COMPONENTS, 0,
    0, 0, 1, 0, FALSE, 0, 4 };
  Memory<gfloat> maps (128 * 128);
  std::vector<bool> wall (128 * 128);
  gint y = 64, x = 64, dy = 0, dx = 1;

  for (gint length = 2; length < 124; length += 2)
    for (gint turn = 0; turn < 2; turn++) {
      for (gint i = 0; i < length; i++) {
        wall[y * 128 + x] = true;
        y += dy;
        x += dx;
      }
      gint swap = dy;

      dy = dx;
      dx = -swap;
    }
  for (gint i = 0; i < 128 * 128; i++)
    maps[i] = wall[i] ? 5 : -5;
  compare (c.name, &c, maps, c.seeds);
}

/* Single votes and small heaps of them all over: centres that touch at corners
 * only, also over the borders of tiles, centres as far above a cell as another
 * is below it, and, at scale 2, four labels of equal weight. */
static void
test_sparse (void)
{
  NucsegRandom random = { 99 };

  for (unsigned round = 0; round < 24; round++) {
    DecodeCase c = { "sparse", 101, 71, round % 3 == 2 ? 2.0 : 1.0, 16, 3,
      NUCSEG_DECODER_VOTES, 1 + (gint) round % 4, 2 + (gint) round % 6, 0, 0, 0,
      FALSE, 0, 2 };
    NucsegGeometry g = case_geometry (c.width, c.height, c.scale, c.multiple);
    size_t n = (size_t) g.pad_width * g.pad_height;
    Memory<gfloat> maps (n * 3);

    for (size_t i = 0; i < n; i++) {
      maps[3 * i] = nucseg_random_below (&random, 12 - round % 9) == 0 ? 5 : -5;
      for (gint k = 1; k < 3; k++)
        maps[3 * i + k] = ((gint) nucseg_random_below (&random, 5) - 2) / 16.0f;
    }
    compare (c.name, &c, maps, c.seeds);
  }
}

/* Centres of 3x3 cells on a lattice, which touch at edges and corners, in all
 * positions to the tiles. */
static void
test_lattice (void)
{
  NucsegRandom random = { 100 };

  for (gint round = 0; round < 18; round++) {
    DecodeCase c = { "lattice", 101, 71, 1, 16, 3, NUCSEG_DECODER_VOTES, 1, 1,
      0, 0, 0, FALSE, 0, 1 };
    NucsegGeometry g = case_geometry (c.width, c.height, 1, c.multiple);
    size_t n = (size_t) g.pad_width * g.pad_height;
    Memory<gfloat> maps (n * 3);

    for (size_t i = 0; i < n; i++) {
      gint y = (gint) (i / g.pad_width), x = (gint) (i % g.pad_width);

      maps[3 * i] = y % 3 == round / 3 % 3 && x % 3 == round % 3
              && nucseg_random_below (&random, 3) == 0
          ? 5
          : -5;
      maps[3 * i + 1] = maps[3 * i + 2] = 0;
    }
    compare (c.name, &c, maps, c.seeds);
  }
}

static void
test_refused (void)
{
  NucsegCudaDecode decode = {};

  g_assert_cmpint (
      nucseg_cuda_decode (&decode, nullptr), ==, cudaErrorInvalidValue);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (const DecodeCase &c : decode_cases) {
    g_autofree gchar *path = g_strdup_printf ("/cuda/decode/%s", c.name);

    g_test_add_data_func (path, &c, test_case);
  }
  for (const DecodeCase &c : decode_timed) {
    g_autofree gchar *path = g_strdup_printf ("/cuda/decode/timed/%s", c.name);

    g_test_add_data_func (path, &c, test_timed);
  }
  g_test_add_func ("/cuda/decode/too-many", test_too_many);
  g_test_add_func ("/cuda/decode/spiral", test_spiral);
  g_test_add_func ("/cuda/decode/sparse", test_sparse);
  g_test_add_func ("/cuda/decode/lattice", test_lattice);
  g_test_add_func ("/cuda/decode/refused", test_refused);
  return g_test_run ();
}
