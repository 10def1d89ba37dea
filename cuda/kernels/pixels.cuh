/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pixels.cuh: raw frames of every format as grey values on the device
 * (docs/model-format.md, input, step 1). Twin of cpu/reference/grey.c.
 */
#ifndef NUCSEG_CUDA_PIXELS_CUH
#define NUCSEG_CUDA_PIXELS_CUH

#include "cuda/kernels/launch.cuh"

/* How a pixel of plane 0 is read: kernels are compiled for each. */
enum PixelKind {
  PIXEL_BYTE, /* GRAY8, and Y of NV12 and I420 */
  PIXEL_WORD, /* GRAY16, and Y of P010 */
  PIXEL_PACKED /* colour */
};

struct Pixels {
  PixelKind kind;
  uint8_t size; /* bytes a pixel */
  uint8_t red, green, blue, fourth; /* where they stand in it */
  uint8_t depth; /* bits of the grey value */
  bool big_endian, msb_aligned;
};

/* Host. FALSE for formats that are not known. */
static inline bool
pixels_of (NucsegFormat format, unsigned depth, bool msb_aligned, Pixels *p)
{
  static const Pixels packings[] = {
    { PIXEL_PACKED, 3, 0, 1, 2, 0, 8, false, false }, /* RGB */
    { PIXEL_PACKED, 3, 2, 1, 0, 0, 8, false, false }, /* BGR */
    { PIXEL_PACKED, 4, 0, 1, 2, 3, 8, false, false }, /* RGBX */
    { PIXEL_PACKED, 4, 2, 1, 0, 3, 8, false, false }, /* BGRX */
    { PIXEL_PACKED, 4, 1, 2, 3, 0, 8, false, false }, /* XRGB */
    { PIXEL_PACKED, 4, 3, 2, 1, 0, 8, false, false }, /* XBGR */
    { PIXEL_PACKED, 4, 0, 1, 2, 3, 8, false, false }, /* RGBA */
    { PIXEL_PACKED, 4, 2, 1, 0, 3, 8, false, false }, /* BGRA */
  };

  switch (format) {
  case NUCSEG_FORMAT_GRAY8:
  case NUCSEG_FORMAT_NV12:
  case NUCSEG_FORMAT_I420:
    *p = Pixels{ PIXEL_BYTE, 1, 0, 0, 0, 0, 8, false, false };
    return true;
  case NUCSEG_FORMAT_GRAY16_LE:
  case NUCSEG_FORMAT_GRAY16_BE:
    *p = Pixels{ PIXEL_WORD, 2, 0, 0, 0, 0, (uint8_t) depth,
      format == NUCSEG_FORMAT_GRAY16_BE, msb_aligned };
    return depth >= 8 && depth <= 16;
  case NUCSEG_FORMAT_P010:
    *p = Pixels{ PIXEL_WORD, 2, 0, 0, 0, 0, 10, false, true };
    return true;
  default:
    if (format < NUCSEG_FORMAT_RGB || format > NUCSEG_FORMAT_BGRA)
      return false;
    *p = packings[format - NUCSEG_FORMAT_RGB];
    return true;
  }
}

static __device__ __forceinline__ unsigned
swap_bytes (unsigned word)
{
  return (word >> 8 | word << 8) & 0xffff;
}

/* Grey value of pixel @x of @line. */
template <PixelKind KIND>
static __device__ __forceinline__ unsigned
grey_at (const Pixels &p, const uint8_t *line, int x)
{
  if (KIND == PIXEL_BYTE)
    return line[x];
  if (KIND == PIXEL_WORD) {
    unsigned word = reinterpret_cast<const uint16_t *> (line)[x];

    if (p.big_endian)
      word = swap_bytes (word);
    return p.msb_aligned ? word >> (16 - p.depth)
                         : min (word, (1u << p.depth) - 1);
  }
  line += (size_t) x * p.size;
  return (19595u * line[p.red] + 38470u * line[p.green] + 7471u * line[p.blue]
             + 32768u)
      >> 16;
}

/* Row @y of plane @plane. */
static __device__ __forceinline__ uint8_t *
row_of (const NucsegCudaPlanes &planes, int plane, int y)
{
  return planes.data[plane] + (ptrdiff_t) planes.stride[plane] * y;
}

/* Runs STATEMENT with KIND, a constant, set to @pixels.kind. */
#define NUCSEG_FOR_KIND(pixels, STATEMENT)                                     \
  do {                                                                         \
    if ((pixels).kind == PIXEL_BYTE) {                                         \
      constexpr PixelKind KIND = PIXEL_BYTE;                                   \
      STATEMENT;                                                               \
    } else if ((pixels).kind == PIXEL_WORD) {                                  \
      constexpr PixelKind KIND = PIXEL_WORD;                                   \
      STATEMENT;                                                               \
    } else {                                                                   \
      constexpr PixelKind KIND = PIXEL_PACKED;                                 \
      STATEMENT;                                                               \
    }                                                                          \
  } while (0)

#endif /* NUCSEG_CUDA_PIXELS_CUH */
