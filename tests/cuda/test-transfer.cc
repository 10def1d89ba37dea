/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-transfer.cc: nucseg_cuda_fetch() and nucseg_cuda_deliver() against the
 * packing of cuda/picture.c: every byte equal, and none besides written.
 */
#include "common.h"
#include "tests/cuda/cases/transfer.h"

extern "C" {
#include "cuda/picture.h"
}

/* Planes with rubbish around them, each of its exact size. */
class Host {
public:
  Host (const NucsegCudaLayout *layout, gint shift, gint padding)
  {
    for (guint i = 0; i < layout->n_planes; i++) {
      gint stride = layout->row_bytes[i] + padding;

      planes_.emplace_back (new Memory<guint8> ((size_t) shift
          + (size_t) stride * (layout->rows[i] - 1) + layout->row_bytes[i]));
      frame.data[i] = planes_[i]->get () + shift;
      frame.stride[i] = stride;
    }
  }
  void
  fill (NucsegRandom *random)
  {
    for (auto &plane : planes_)
      for (size_t i = 0; i < plane->size (); i++)
        (*plane)[i] = (guint8) nucseg_random_below (random, 256);
  }
  bool
  equals (const Host &other) const
  {
    for (size_t i = 0; i < planes_.size (); i++)
      if (memcmp (
              planes_[i]->get (), other.planes_[i]->get (), planes_[i]->size ())
          != 0)
        return false;
    return true;
  }

  NucsegFrame frame = {};

private:
  std::vector<std::unique_ptr<Memory<guint8> > > planes_;
};

static void
run (NucsegFormat format, const TransferSize &size, gint shift, gint padding,
    unsigned seed)
{
  const NucsegCudaLayout layout =
      nucseg_cuda_layout (format, size.width, size.height);
  const NucsegCudaExtent extent = nucseg_cuda_layout_extent (&layout);
  NucsegRandom random = { seed + 1 };
  Host from (&layout, shift, padding), to (&layout, shift, padding),
      expected_to (&layout, shift, padding);
  Memory<guint8> block (layout.size), expected (layout.size);
  Memory<NucsegCudaRequest> request (1);
  g_autofree gchar *what = g_strdup_printf ("%s %dx%d, %d before, %d behind",
      nucseg_format_name (format), size.width, size.height, shift, padding);

  from.fill (&random);
  emulation::set_seed (seed);
  memset (request.get (), 0, sizeof (NucsegCudaRequest));
  request->mapped_frame = planes_of (&from.frame);
  request->frame = nucseg_cuda_layout_planes (&layout, block.get ());
  nucseg_cuda_layout_pack (&layout, &from.frame, expected);
  check_cuda (nucseg_cuda_fetch (&extent, request, nullptr), what, seed);
  if (memcmp (block.get (), expected.get (), layout.size) != 0)
    g_error ("%s: what was fetched differs", what);

  request->shown = request->frame;
  request->mapped_shown = planes_of (&to.frame);
  nucseg_cuda_layout_unpack (&layout, block, &expected_to.frame);
  check_cuda (nucseg_cuda_deliver (&extent, request, nullptr), what, seed);
  if (!to.equals (expected_to))
    g_error ("%s: what was delivered differs", what);
}

static void
test_format (gconstpointer data)
{
  NucsegFormat format = (NucsegFormat) GPOINTER_TO_INT (data);
  unsigned seed = 0;

  for (unsigned round = 0; round < test_seeds (1); round++)
    for (const TransferSize &size : transfer_sizes)
      for (gint shift : transfer_shifts)
        for (gint padding : transfer_paddings)
          run (format, size, shift, padding, seed++);
}

/* What is timed; its labels are below. */
static void
test_timed (void)
{
  for (NucsegFormat format : transfer_timed)
    run (format, { CASE_SIDE, CASE_SIDE }, 0, 0, 1);
}

static void
run_labels (const TransferSize &size, gint from_gap, gint to_gap, gint shift,
    NucsegRandom *random, unsigned seed)
{
  const gint w = size.width, h = size.height;
  const gint from_row = w + from_gap, to_row = w + to_gap;
  Memory<guint16> from ((size_t) from_row * h),
      to ((size_t) shift + (size_t) to_row * h);
  Memory<NucsegCudaRequest> request (1);
  Memory<NucsegCudaReply> reply (1), host_reply (1);

  for (size_t i = 0; i < from.size (); i++)
    from[i] = (guint16) nucseg_random_below (random, 0x10000);
  memset (request.get (), 0, sizeof (NucsegCudaRequest));
  *reply = NucsegCudaReply{ 1, 2, 3, 4, 5 };
  request->labels = from;
  request->labels_stride = from_row * sizeof (guint16);
  request->mapped_labels = to.get () + shift;
  request->mapped_labels_stride = to_row * sizeof (guint16);
  request->mapped_reply = host_reply;
  emulation::set_seed (seed);
  check_cuda (nucseg_cuda_deliver_labels (w, h, request, reply, nullptr),
      "labels", seed);
  for (size_t i = 0; i < to.size (); i++) {
    const size_t at = i - shift, y = at / to_row, x = at % to_row;
    const guint want =
        i >= (size_t) shift && x < (size_t) w ? from[y * from_row + x] : 0xcdcd;

    if (to[i] != want)
      g_error ("%dx%d, gaps %d and %d, shift %d, seed %u: value %zu is %u, "
               "expected %u",
          w, h, from_gap, to_gap, shift, seed, i, to[i], want);
  }
  g_assert_cmpmem (
      host_reply.get (), sizeof *reply, reply.get (), sizeof *reply);
}

/* Labels without gaps and with, on either side, from any address on. */
static void
test_labels (void)
{
  NucsegRandom random = { 5 };
  unsigned seed = 0;

  for (unsigned round = 0; round < test_seeds (1); round++)
    for (const TransferSize &size : transfer_labels)
      for (gint from_gap : { 0, 0, 3 })
        for (gint to_gap : { 0, 1, 8 })
          for (gint shift : { 0, 1, 2, 4 })
            run_labels (size, from_gap, to_gap, shift, &random, seed++);
}

/* Nobody wants them on the host. */
static void
test_no_labels (void)
{
  Memory<NucsegCudaRequest> request (1);
  Memory<NucsegCudaReply> reply (1);

  memset (request.get (), 0, sizeof (NucsegCudaRequest));
  check_cuda (
      nucseg_cuda_deliver_labels (40, 30, request, reply, nullptr), "none", 0);
  g_assert_cmpint (nucseg_cuda_deliver_labels (0, 30, request, reply, nullptr),
      ==, cudaErrorInvalidValue);
}

static void
test_refused (void)
{
  Memory<NucsegCudaRequest> request (1);
  const NucsegCudaExtent none = {}, many = { 4, { 1, 1, 1 }, { 1, 1, 1 } },
                         empty = { 1, { 0 }, { 1 } };

  for (const NucsegCudaExtent *extent : { &none, &many, &empty }) {
    g_assert_cmpint (nucseg_cuda_fetch (extent, request, nullptr), ==,
        cudaErrorInvalidValue);
    g_assert_cmpint (nucseg_cuda_deliver (extent, request, nullptr), ==,
        cudaErrorInvalidValue);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gint format = 0; format < NUCSEG_FORMAT_LAST; format++) {
    g_autofree gchar *path = g_strdup_printf (
        "/cuda/transfer/%s", nucseg_format_name ((NucsegFormat) format));

    g_test_add_data_func (path, GINT_TO_POINTER (format), test_format);
  }
  g_test_add_func ("/cuda/transfer/timed", test_timed);
  g_test_add_func ("/cuda/transfer/labels", test_labels);
  g_test_add_func ("/cuda/transfer/no-labels", test_no_labels);
  g_test_add_func ("/cuda/transfer/refused", test_refused);
  return g_test_run ();
}
