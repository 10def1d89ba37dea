/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * objects.cu: measures each object of a label map on the raw frame. Twins:
 * cpu/reference/objects.c, engine/measure.h.
 */
#include "cuda/kernels/pixels.cuh"

#define BLOCK 256

/* As NucsegSums; 32 bits are enough for what at most 8192^2 pixels count. */
struct Sums {
  int min_x, max_x, min_y, max_y;
  unsigned area, straight, diagonal, unused;
  unsigned long long sum_x, sum_y, sum_grey;
};

/* Empties the records of the frame's objects. A thread a record; those beyond
 * the frame's number have nothing to do. O(%NUCSEG_MAX_LABEL). */
static __global__ void
__launch_bounds__ (BLOCK)
    clear_sums (const NucsegCudaReply *reply, int width, int height, Sums *sums)
{
  unsigned i = blockIdx.x * BLOCK + threadIdx.x;

  if (i < reply->n_objects)
    sums[i] = Sums{ width, -1, height, -1, 0, 0, 0, 0, 0, 0, 0 };
}

static __device__ __forceinline__ unsigned
label_at (const NucsegCudaRequest *request, int width, int height, int y, int x)
{
  if (x < 0 || x >= width || y < 0 || y >= height)
    return 0;
  return __ldg (&reinterpret_cast<const uint16_t *> (
      reinterpret_cast<const uint8_t *> (request->labels)
      + request->labels_stride * y)[x]);
}

/*
 * Adds every pixel to its object. A thread a pixel, blocks of 32 x 8: the lanes
 * of a warp are 32 neighbours in a row; those of one label are summed within
 * the warp, and one of them sends the atomics. Sums are integers: their order
 * does not matter. No shared memory. Bound by L2 atomics (10 for each run of a
 * label in 32 pixels). O(pixels).
 */
template <PixelKind KIND>
static __global__ void
__launch_bounds__ (BLOCK) add_pixels (const NucsegCudaRequest *request,
    Pixels pixels, int width, int height, Sums *sums)
{
  int x = (int) (blockIdx.x * 32 + threadIdx.x);
  int y = (int) (blockIdx.y * 8 + threadIdx.y);
  unsigned label = label_at (request, width, height, y, x);
  unsigned grey = 0, straight = 0, diagonal = 0;

  if (label != 0) {
    grey = grey_at<KIND> (pixels, row_of (request->frame, 0, y), x);
#pragma unroll
    for (int dy = -1; dy <= 1; dy++)
#pragma unroll
      for (int dx = -1; dx <= 1; dx++) {
        unsigned other = label_at (request, width, height, y + dy, x + dx);

        if (other != label) {
          straight += dy == 0 || dx == 0;
          diagonal += dy != 0 && dx != 0;
        }
      }
  }

  unsigned group = __match_any_sync (FULL_MASK, label);
  int first = __ffs (group) - 1;

  grey = __reduce_add_sync (group, grey);
  straight = __reduce_add_sync (group, straight);
  diagonal = __reduce_add_sync (group, diagonal);
  unsigned sum_x = __reduce_add_sync (group, (unsigned) x);
  int last_x = __reduce_max_sync (group, x);

  if (label == 0 || (int) threadIdx.x != first)
    return;

  Sums *own = &sums[label - 1];
  unsigned n = (unsigned) __popc (group);

  /* Most pixels are inside the box that others have made already. */
  if (load_fresh (&own->min_x) > x)
    atomicMin (&own->min_x, x);
  if (load_fresh (&own->max_x) < last_x)
    atomicMax (&own->max_x, last_x);
  if (load_fresh (&own->min_y) > y)
    atomicMin (&own->min_y, y);
  if (load_fresh (&own->max_y) < y)
    atomicMax (&own->max_y, y);
  atomicAdd (&own->area, n);
  if (straight > 0)
    atomicAdd (&own->straight, straight);
  if (diagonal > 0)
    atomicAdd (&own->diagonal, diagonal);
  atomicAdd (&own->sum_x, (unsigned long long) sum_x);
  atomicAdd (&own->sum_y, (unsigned long long) n * (unsigned) y);
  atomicAdd (&own->sum_grey, (unsigned long long) grey);
}

/* Records from sums, in f64 with the operations of nucseg_sums_finish(). A
 * thread a record. Bound by writing them, perhaps over the bus. O(objects). */
static __global__ void
__launch_bounds__ (BLOCK) finish_sums (const NucsegCudaRequest *request,
    const NucsegCudaReply *reply, const Sums *sums)
{
  unsigned i = blockIdx.x * BLOCK + threadIdx.x;
  NucsegObject object;

  if (i >= reply->n_objects)
    return;

  Sums s = sums[i];
  double area = s.area, circularity;

  object.label = i + 1;
  object.x = s.min_x;
  object.y = s.min_y;
  object.width = s.max_x - s.min_x + 1;
  object.height = s.max_y - s.min_y + 1;
  object.area = s.area;
  object.centroid_x = (double) s.sum_x / area;
  object.centroid_y = (double) s.sum_y / area;
  object.mean = (double) s.sum_grey / area;
  object.integrated = (double) s.sum_grey;
  object.perimeter =
      G_PI / 8 * ((double) s.straight + (double) s.diagonal / G_SQRT2);
  circularity = 4 * G_PI * area / (object.perimeter * object.perimeter);
  object.circularity = 1.0 < circularity ? 1.0 : circularity;
  request->objects[i] = object;
}

extern "C" gsize
nucseg_cuda_objects_workspace (void)
{
  return aligned (NUCSEG_MAX_LABEL * sizeof (Sums));
}

extern "C" cudaError_t
nucseg_cuda_objects (const NucsegCudaObjects *objects, cudaStream_t stream)
{
  const NucsegCudaPicture *picture = &objects->picture;
  Sums *sums = static_cast<Sums *> (objects->workspace);
  unsigned blocks = ceil_div (NUCSEG_MAX_LABEL, BLOCK);
  Pixels pixels;

  NUCSEG_REQUIRE (pixels_of (
      picture->format, picture->depth, picture->msb_aligned, &pixels));
  NUCSEG_REQUIRE (picture->width > 0 && picture->height > 0 && sums != NULL
      && objects->request != NULL && objects->reply != NULL);

  NUCSEG_TRY (launch (clear_sums, blocks, BLOCK, 0, stream, objects->reply,
      picture->width, picture->height, sums));
  NUCSEG_FOR_KIND (pixels,
      NUCSEG_TRY (launch (add_pixels<KIND>,
          dim3 (ceil_div (picture->width, 32), ceil_div (picture->height, 8)),
          dim3 (32, 8), 0, stream, objects->request, pixels, picture->width,
          picture->height, sums)));
  return launch (finish_sums, blocks, BLOCK, 0, stream, objects->request,
      objects->reply, sums);
}
