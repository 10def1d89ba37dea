/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * overlay.cu: draws labels over a frame, straight into the output's format
 * (docs/model-format.md, Overlay). Twin: cpu/reference/overlay.c.
 *
 * All kernels: blocks of 32 x 8 threads; a thread reads from the frame what it
 * writes to the picture, so that both may be the same memory. No shared memory.
 * Bound by memory bandwidth: a frame and its labels read, a picture written
 * (the neighbours' labels come from L1). O(pixels).
 */
#include "cuda/kernels/colours.cuh"
#include "cuda/kernels/pixels.cuh"

struct Scene {
  const NucsegCudaRequest *request;
  const NucsegCudaReply *reply;
  int width, height;
};

/* What lies over one pixel, from below: blended colours and a solid one. */
struct Layers {
  bool fill, contour, box, ink;
  unsigned fill_color, contour_color; /* 0xRRGGBB */
};

static __device__ __forceinline__ unsigned
label_at (const Scene &s, int y, int x)
{
  return __ldg (&reinterpret_cast<const uint16_t *> (
      reinterpret_cast<const uint8_t *> (s.request->labels)
      + s.request->labels_stride * y)[x]);
}

static __device__ __forceinline__ unsigned
color_of (unsigned color, unsigned label)
{
  return color == NUCSEG_COLOR_LABEL ? color_of_label (label)
                                     : color & 0xffffff;
}

static __device__ inline Layers
layers_at (const Scene &s, int y, int x)
{
  unsigned overlay = s.request->overlay;
  Layers layers = { false, false, false, false, 0, 0 };
  unsigned label = overlay == NUCSEG_OVERLAY_NONE ? 0 : label_at (s, y, x);

  if (label != 0) {
    layers.fill = overlay != NUCSEG_OVERLAY_CONTOUR;
    layers.contour = overlay != NUCSEG_OVERLAY_FILL
        && ((x > 0 && label_at (s, y, x - 1) != label)
            || (x < s.width - 1 && label_at (s, y, x + 1) != label)
            || (y > 0 && label_at (s, y - 1, x) != label)
            || (y < s.height - 1 && label_at (s, y + 1, x) != label));
    if (layers.fill)
      layers.fill_color = color_of (s.request->fill_color, label);
    if (layers.contour)
      layers.contour_color = color_of (s.request->contour_color, label);
  }
  if (s.request->draw_count) {
    CountPixel pixel = count_at (s.reply->n_objects, s.height, x, y);

    layers.box = pixel != COUNT_OUTSIDE;
    layers.ink = pixel == COUNT_INK;
  }
  return layers;
}

/* One sample under @layers; fill, contour, black and white are this sample's
 * share of those colours. */
static __device__ __forceinline__ unsigned
paint (const Scene &s, const Layers &layers, unsigned value, unsigned fill,
    unsigned contour, unsigned black, unsigned white)
{
  if (layers.fill)
    value = blend (value, fill, s.request->alpha);
  if (layers.contour)
    value = contour;
  if (layers.box)
    value = blend (value, black, BOX_ALPHA);
  if (layers.ink)
    value = white;
  return value;
}

/* Grey into its own format. A thread a pixel. */
template <PixelKind KIND>
static __global__ void
    __launch_bounds__ (256) draw_grey (Scene s, Pixels pixels)
{
  int x = (int) (blockIdx.x * 32 + threadIdx.x);
  int y = (int) (blockIdx.y * 8 + threadIdx.y);
  unsigned top = (1u << pixels.depth) - 1;

  if (x >= s.width || y >= s.height)
    return;

  Layers layers = layers_at (s, y, x);
  const uint8_t *line = row_of (s.request->frame, 0, y);
  uint8_t *out = row_of (s.request->shown, 0, y);
  unsigned value =
      paint (s, layers, grey_at<KIND> (pixels, line, x), top, top, 0, top);

  if (KIND == PIXEL_BYTE) {
    out[x] = (uint8_t) value;
    return;
  }
  /* A sample that is not drawn on keeps its bytes. */
  if (layers.fill || layers.contour || layers.box) {
    if (pixels.msb_aligned)
      value <<= 16 - pixels.depth;
    if (pixels.big_endian)
      value = swap_bytes (value);
  } else {
    value = reinterpret_cast<const uint16_t *> (line)[x];
  }
  reinterpret_cast<uint16_t *> (out)[x] = (uint16_t) value;
}

/* Into packed colour @to, from the same format, or from grey (KIND is then how
 * grey is read). A thread a pixel. */
template <PixelKind KIND>
static __global__ void
    __launch_bounds__ (256) draw_packed (Scene s, Pixels from, Pixels to)
{
  int x = (int) (blockIdx.x * 32 + threadIdx.x);
  int y = (int) (blockIdx.y * 8 + threadIdx.y);

  if (x >= s.width || y >= s.height)
    return;

  Layers layers = layers_at (s, y, x);
  const uint8_t *line = row_of (s.request->frame, 0, y);
  uint8_t *out = row_of (s.request->shown, 0, y) + (size_t) x * to.size;
  const uint8_t places[3] = { to.red, to.green, to.blue };
  unsigned grey = 0;

  if (KIND != PIXEL_PACKED)
    grey = stretch (
        grey_at<KIND> (from, line, x), s.reply->low_level, s.reply->high_level);
  line += (size_t) x * to.size; /* of a frame of the same format */
#pragma unroll
  for (int c = 0; c < 3; c++) {
    int shift = 16 - 8 * c;
    unsigned value = KIND == PIXEL_PACKED ? line[places[c]] : grey;

    out[places[c]] =
        (uint8_t) paint (s, layers, value, layers.fill_color >> shift & 0xff,
            layers.contour_color >> shift & 0xff, 0, 255);
  }
  if (to.size == 4)
    out[to.fourth] = KIND == PIXEL_PACKED ? line[to.fourth] : 255;
}

/* @value blended with colours of sum @sum, which cover @k of @n pixels. */
static __device__ __forceinline__ unsigned
blend_share (
    unsigned value, unsigned sum, unsigned k, unsigned n, unsigned alpha)
{
  return (value * (256 * n - alpha * k) + alpha * sum + 128 * n) / (256 * n);
}

/* A sample of a YUV plane: a byte, or (WIDE) the upper ten bits of a word. */
template <bool WIDE>
static __device__ __forceinline__ unsigned
get_sample (const uint8_t *line, int x)
{
  return WIDE ? reinterpret_cast<const uint16_t *> (line)[x] >> 6 : line[x];
}

template <bool WIDE>
static __device__ __forceinline__ void
set_sample (uint8_t *line, int x, unsigned value)
{
  if (WIDE)
    reinterpret_cast<uint16_t *> (line)[x] = (uint16_t) (value << 6);
  else
    line[x] = (uint8_t) value;
}

/* A sample that is not drawn on: of a word all bits. */
template <bool WIDE>
static __device__ __forceinline__ void
keep_sample (const uint8_t *from, uint8_t *to, int x)
{
  if (WIDE)
    reinterpret_cast<uint16_t *> (to)[x] =
        reinterpret_cast<const uint16_t *> (from)[x];
  else
    to[x] = from[x];
}

static __device__ __forceinline__ bool
is_drawn (const Layers &layers)
{
  return layers.fill || layers.contour || layers.box;
}

/* One chroma sample (@shift 8: U, 0: V) of a block of @n pixels; colours have
 * @EXTRA bits beyond 8. */
template <unsigned EXTRA>
static __device__ __forceinline__ unsigned
paint_chroma (const Scene &s, const Layers (&layers)[4], unsigned n, int shift,
    unsigned value)
{
  unsigned n_fill = 0, n_box = 0, sum_fill = 0;
  int contour = -1;
  bool ink = false;

#pragma unroll
  for (int k = 0; k < 4; k++) {
    if (layers[k].fill) {
      n_fill++;
      sum_fill += yuv_of (layers[k].fill_color, s.request->yuv) >> shift & 0xff;
    }
    if (layers[k].contour && contour < 0)
      contour = (int) (yuv_of (layers[k].contour_color, s.request->yuv) >> shift
          & 0xff);
    n_box += layers[k].box;
    ink = ink || layers[k].ink;
  }
  value = blend_share (value, sum_fill << EXTRA, n_fill, n, s.request->alpha);
  if (contour >= 0)
    value = (unsigned) contour << EXTRA;
  value = blend_share (value, 128 * n_box << EXTRA, n_box, n, BOX_ALPHA);
  return ink ? 128u << EXTRA : value;
}

/* Into NV12, P010 (@WIDE; both @pairs) or I420, from the same format, or from
 * grey (@FROM_GREY); KIND is how the frame is read. A thread takes 2x2 pixels
 * and their chroma. */
template <bool FROM_GREY, PixelKind KIND, bool WIDE>
static __global__ void
    __launch_bounds__ (256) draw_yuv (Scene s, Pixels from, bool pairs)
{
  int cx = (int) (blockIdx.x * 32 + threadIdx.x);
  int cy = (int) (blockIdx.y * 8 + threadIdx.y);
  const NucsegCudaPlanes &frame = s.request->frame, &shown = s.request->shown;
  constexpr unsigned EXTRA = WIDE ? 2 : 0;
  Layers layers[4];
  unsigned n = 0;
  bool drawn = false;

  if (cx >= (s.width + 1) / 2 || cy >= (s.height + 1) / 2)
    return;
#pragma unroll
  for (int k = 0; k < 4; k++) {
    int x = 2 * cx + k % 2, y = 2 * cy + k / 2;
    unsigned value;

    if (x >= s.width || y >= s.height) {
      layers[k] = Layers{ false, false, false, false, 0, 0 };
      continue;
    }
    n++;
    layers[k] = layers_at (s, y, x);
    drawn = drawn || is_drawn (layers[k]);
    if (!FROM_GREY && !is_drawn (layers[k])) {
      keep_sample<WIDE> (row_of (frame, 0, y), row_of (shown, 0, y), x);
      continue;
    }
    value = grey_at<KIND> (from, row_of (frame, 0, y), x);
    if (FROM_GREY) {
      value = stretch (value, s.reply->low_level, s.reply->high_level);
      value = yuv_of (value << 16 | value << 8 | value, s.request->yuv) >> 16
              << EXTRA;
    }
    set_sample<WIDE> (row_of (shown, 0, y), x,
        paint (s, layers[k], value,
            yuv_of (layers[k].fill_color, s.request->yuv) >> 16 << EXTRA,
            yuv_of (layers[k].contour_color, s.request->yuv) >> 16 << EXTRA,
            yuv_of (BLACK, s.request->yuv) >> 16 << EXTRA,
            yuv_of (WHITE, s.request->yuv) >> 16 << EXTRA));
  }
#pragma unroll
  for (int c = 0; c < 2; c++) {
    int plane = pairs ? 1 : 1 + c, at = pairs ? 2 * cx + c : cx;

    if (!FROM_GREY && !drawn) {
      keep_sample<WIDE> (
          row_of (frame, plane, cy), row_of (shown, plane, cy), at);
      continue;
    }
    set_sample<WIDE> (row_of (shown, plane, cy), at,
        paint_chroma<EXTRA> (s, layers, n, 8 - 8 * c,
            FROM_GREY ? 128u << EXTRA
                      : get_sample<WIDE> (row_of (frame, plane, cy), at)));
  }
}

extern "C" cudaError_t
nucseg_cuda_overlay (const NucsegCudaPicture *picture, NucsegFormat shown,
    const NucsegCudaRequest *request, const NucsegCudaReply *reply,
    cudaStream_t stream)
{
  Scene scene = { request, reply, picture->width, picture->height };
  Pixels from, to;
  dim3 threads (32, 8);
  dim3 grid (ceil_div (picture->width, 32), ceil_div (picture->height, 8));
  dim3 half (ceil_div ((size_t) (picture->width + 1) / 2, 32),
      ceil_div ((size_t) (picture->height + 1) / 2, 8));
  bool grey = picture->format <= NUCSEG_FORMAT_GRAY16_BE;
  bool wide = shown == NUCSEG_FORMAT_P010;
  bool yuv = wide || shown == NUCSEG_FORMAT_NV12 || shown == NUCSEG_FORMAT_I420;

  NUCSEG_REQUIRE (
      pixels_of (picture->format, picture->depth, picture->msb_aligned, &from));
  NUCSEG_REQUIRE (pixels_of (shown, picture->depth, picture->msb_aligned, &to));
  NUCSEG_REQUIRE (picture->width > 0 && picture->height > 0 && request != NULL
      && reply != NULL);
  NUCSEG_REQUIRE (
      shown == picture->format || (grey && shown > NUCSEG_FORMAT_GRAY16_BE));

  if (shown == picture->format && grey)
    return to.kind == PIXEL_BYTE
        ? launch (draw_grey<PIXEL_BYTE>, grid, threads, 0, stream, scene, from)
        : launch (draw_grey<PIXEL_WORD>, grid, threads, 0, stream, scene, from);
  if (!yuv)
    NUCSEG_FOR_KIND (from,
        return launch (
            draw_packed<KIND>, grid, threads, 0, stream, scene, from, to));

  decltype (&draw_yuv<false, PIXEL_BYTE, false>) draw;

  if (!grey)
    draw = wide ? draw_yuv<false, PIXEL_WORD, true>
                : draw_yuv<false, PIXEL_BYTE, false>;
  else if (from.kind == PIXEL_BYTE)
    draw = wide ? draw_yuv<true, PIXEL_BYTE, true>
                : draw_yuv<true, PIXEL_BYTE, false>;
  else
    draw = wide ? draw_yuv<true, PIXEL_WORD, true>
                : draw_yuv<true, PIXEL_WORD, false>;
  return launch (
      draw, half, threads, 0, stream, scene, from, shown != NUCSEG_FORMAT_I420);
}
