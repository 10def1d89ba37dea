/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * no-decoder.c: a libnvcuvid.so.1 that decodes nothing. GStreamer's plug-in
 * nvcodec has no element at all, so no cudaupload, where the driver brings
 * neither its decoder nor its encoder, as on hosts for computing alone.
 */
#include "host-driver-private.h"

#define REFUSE(name)                                                           \
  API int name (void)                                                          \
  {                                                                            \
    return NOT_SUPPORTED;                                                      \
  }

REFUSE (cuvidCtxLock)
REFUSE (cuvidCtxLockCreate)
REFUSE (cuvidCtxLockDestroy)
REFUSE (cuvidCtxUnlock)
REFUSE (cuvidCreateDecoder)
REFUSE (cuvidCreateVideoParser)
REFUSE (cuvidDecodePicture)
REFUSE (cuvidDestroyDecoder)
REFUSE (cuvidDestroyVideoParser)
REFUSE (cuvidGetDecoderCaps)
REFUSE (cuvidMapVideoFrame64)
REFUSE (cuvidParseVideoData)
REFUSE (cuvidUnmapVideoFrame64)
