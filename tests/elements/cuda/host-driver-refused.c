/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * host-driver-refused.c: functions that GStreamer's CUDA library looks for when
 * it opens the driver, and that the driver in host memory refuses: graphics,
 * modules and kernels, textures, pools and memory of other processes.
 */
#include "host-driver-private.h"

#define REFUSE(name)                                                           \
  API int name (void)                                                          \
  {                                                                            \
    return NOT_SUPPORTED;                                                      \
  }

REFUSE (cuCtxDisablePeerAccess)
REFUSE (cuCtxEnablePeerAccess)
REFUSE (cuDeviceCanAccessPeer)
REFUSE (cuGLGetDevices_v2)
REFUSE (cuGraphicsGLRegisterBuffer)
REFUSE (cuGraphicsGLRegisterImage)
REFUSE (cuGraphicsMapResources)
REFUSE (cuGraphicsResourceGetMappedPointer_v2)
REFUSE (cuGraphicsResourceSetMapFlags_v2)
REFUSE (cuGraphicsSubResourceGetMappedArray)
REFUSE (cuGraphicsUnmapResources)
REFUSE (cuGraphicsUnregisterResource)
REFUSE (cuLaunchKernel)
REFUSE (cuModuleGetFunction)
REFUSE (cuModuleLoadData)
REFUSE (cuModuleUnload)
REFUSE (cuTexObjectCreate)
REFUSE (cuTexObjectDestroy)

/* GStreamer from 1.24 on */
REFUSE (cuCtxGetLimit)
REFUSE (cuDestroyExternalMemory)
REFUSE (cuDestroyExternalSemaphore)
REFUSE (cuExternalMemoryGetMappedBuffer)
REFUSE (cuExternalMemoryGetMappedMipmappedArray)
REFUSE (cuImportExternalMemory)
REFUSE (cuImportExternalSemaphore)
REFUSE (cuIpcCloseMemHandle)
REFUSE (cuIpcGetEventHandle)
REFUSE (cuIpcGetMemHandle)
REFUSE (cuIpcOpenEventHandle)
REFUSE (cuIpcOpenMemHandle)
REFUSE (cuMemAddressFree)
REFUSE (cuMemAddressReserve)
REFUSE (cuMemAllocAsync)
REFUSE (cuMemAllocFromPoolAsync)
REFUSE (cuMemCreate)
REFUSE (cuMemExportToShareableHandle)
REFUSE (cuMemFreeAsync)
REFUSE (cuMemGetAccess)
REFUSE (cuMemGetAllocationGranularity)
REFUSE (cuMemGetAllocationPropertiesFromHandle)
REFUSE (cuMemImportFromShareableHandle)
REFUSE (cuMemMap)
REFUSE (cuMemPoolCreate)
REFUSE (cuMemPoolDestroy)
REFUSE (cuMemPoolGetAttribute)
REFUSE (cuMemPoolSetAttribute)
REFUSE (cuMemRelease)
REFUSE (cuMemRetainAllocationHandle)
REFUSE (cuMemSetAccess)
REFUSE (cuMemUnmap)
REFUSE (cuMemcpyDtoDAsync_v2)
REFUSE (cuMemcpyDtoD_v2)
REFUSE (cuMemcpyDtoHAsync_v2)
REFUSE (cuMemcpyDtoH_v2)
REFUSE (cuMemcpyHtoDAsync_v2)
REFUSE (cuMemcpyHtoD_v2)
REFUSE (cuMemsetD2D16Async)
REFUSE (cuMemsetD2D16_v2)
REFUSE (cuMemsetD2D32Async)
REFUSE (cuMemsetD2D32_v2)
REFUSE (cuMemsetD2D8Async)
REFUSE (cuMemsetD2D8_v2)
REFUSE (cuSignalExternalSemaphoresAsync)
REFUSE (cuWaitExternalSemaphoresAsync)
