/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cuda-support.c: see cuda-support.h. */
#include "cuda-support.h"
#include "emulated-log.h"
#include "pinnedallocator.h"

#include <gst/cuda/gstcudabufferpool.h>
#include <gst/cuda/gstcudaloader.h>
#include <stdlib.h>
#include <string.h>

static EmulatedLog uncounted;
static const HostDriverLog undriven;
static EmulatedLog *counted; /* NULL: a real GPU */
static const HostDriverLog *driver = &undriven;
static CUresult (*get_current) (CUcontext *);

/* --- The device ----------------------------------------------------------- */

/* Where it can't start, what is missing. */
static const gchar *
open_device (void)
{
  g_autofree gchar *path = g_build_filename (
      g_getenv ("NUCSEG_MODULE_PATH"), "libnucseg-cuda.so", NULL);
  GModule *module =
      g_module_open (path, G_MODULE_BIND_LAZY | G_MODULE_BIND_LOCAL);
  GModule *library = NULL;
  GstCudaContext *context;
  gpointer symbol;

  if (!module)
    return g_module_error ();
  if (!gst_cuda_load_library ()
      || !(library = g_module_open ("libcuda.so.1", G_MODULE_BIND_LAZY))
      || !g_module_symbol (library, "cuCtxGetCurrent", &symbol))
    return "GStreamer finds no driver (libcuda.so.1)";
  get_current = (CUresult (*) (CUcontext *)) symbol;
  if (g_module_symbol (module, EMULATED_LOG_SYMBOL, &symbol))
    counted = ((EmulatedGetLog) symbol) ();
  if (g_module_symbol (library, "host_driver_get_log", &symbol))
    driver = ((HostDriverLog * (*) (void) ) symbol) ();
  g_assert_true ((counted != NULL) == (driver != &undriven));
  context = gst_cuda_context_new (0);
  if (!context)
    return "GStreamer makes no CUDA context on the first GPU";
  gst_object_unref (context);
  return NULL;
}

EmulatedLog *
nst_cuda_init (int *argc, char ***argv)
{
  const gchar *required = g_getenv ("NUCSEG_REQUIRE"), *lacking;

  nst_init (argc, argv);
  lacking = open_device ();
  if (lacking && required && strstr (required, "cuda")) {
    g_printerr ("no GPU to test with: %s\n", lacking);
    exit (1);
  }
  if (lacking) {
    g_print ("1..0 # SKIP no GPU to test with: %s\n", lacking);
    exit (77);
  }
  return counted ? counted : &uncounted;
}

gboolean
nst_is_emulated (void)
{
  return counted != NULL;
}

const HostDriverLog *
nst_driver_log (void)
{
  return driver;
}

gboolean
nst_needs_emulation (const gchar *why)
{
  if (counted)
    return FALSE;
  g_test_skip (why);
  return TRUE;
}

/* --- Elements, frames ----------------------------------------------------- */

GstElement *
nst_cuda_filter_new (const gchar *backend)
{
  GstElement *filter = nst_filter_new (NULL, NULL);

  if (!counted && g_str_equal (backend, "auto"))
    backend = "cuda";
  gst_util_set_object_arg (G_OBJECT (filter), "backend", backend);
  return filter;
}

gchar *
nst_cuda_caps (gboolean cuda, GstVideoFormat format)
{
  return g_strdup_printf ("video/x-raw%s,format=%s,width=%d,height=%d,"
                          "framerate=25/1",
      cuda ? "(memory:CUDAMemory)" : "", gst_video_format_to_string (format),
      NST_CUDA_WIDTH, NST_CUDA_HEIGHT);
}

GstBuffer *
nst_cuda_frame_new (GstCudaContext *context, const GstVideoInfo *info, guint n)
{
  GstBufferPool *pool = gst_cuda_buffer_pool_new (context);
  GstStructure *config = gst_buffer_pool_get_config (pool);
  g_autofree gchar *text = nst_cuda_caps (TRUE, GST_VIDEO_INFO_FORMAT (info));
  g_autoptr (GstCaps) caps = gst_caps_from_string (text);
  GstBuffer *plain = nst_frame_new (info, n, NULL), *buffer = NULL;
  GstVideoFrame from, to;

  gst_buffer_pool_config_set_params (
      config, caps, GST_VIDEO_INFO_SIZE (info), 0, 0);
  gst_buffer_pool_config_add_option (config, GST_BUFFER_POOL_OPTION_VIDEO_META);
  g_assert_true (gst_buffer_pool_set_config (pool, config));
  g_assert_true (gst_buffer_pool_set_active (pool, TRUE));
  g_assert_cmpint (
      gst_buffer_pool_acquire_buffer (pool, &buffer, NULL), ==, GST_FLOW_OK);
  g_assert_true (gst_video_frame_map (&from, info, plain, GST_MAP_READ));
  g_assert_true (gst_video_frame_map (&to, info, buffer, GST_MAP_WRITE));
  g_assert_true (gst_video_frame_copy (&to, &from));
  gst_video_frame_unmap (&to);
  gst_video_frame_unmap (&from);
  g_assert_true (
      gst_video_frame_map (&to, info, buffer, GST_MAP_READ | GST_MAP_CUDA));
  gst_video_frame_unmap (&to);
  gst_buffer_copy_into (
      buffer, plain, GST_BUFFER_COPY_TIMESTAMPS | GST_BUFFER_COPY_FLAGS, 0, -1);
  gst_buffer_unref (plain);
  gst_buffer_pool_set_active (pool, FALSE);
  gst_object_unref (pool);
  return buffer;
}

gboolean
nst_is_cuda (GstBuffer *buffer)
{
  return gst_is_cuda_memory (gst_buffer_peek_memory (buffer, 0));
}

GstCudaContext *
nst_cuda_context_of (GstBuffer *buffer)
{
  g_assert_true (nst_is_cuda (buffer));
  return GST_CUDA_MEMORY_CAST (gst_buffer_peek_memory (buffer, 0))->context;
}

void
nst_assert_driver_clean (void)
{
  CUcontext current;

  g_assert_cmpint (driver->n_contexts, ==, 0);
  g_assert_cmpint (driver->n_blocks, ==, 0);
  get_current (&current);
  g_assert_null (current);
}

gboolean
nst_is_pinned (GstBuffer *buffer)
{
  return gst_memory_is_type (
      gst_buffer_peek_memory (buffer, 0), NUCSEG_PINNED_MEMORY_TYPE);
}

gboolean
nst_has_pinned_labels (GstBuffer *buffer)
{
  NucsegMasks masks;
  gboolean pinned;

  g_assert_true (nucseg_masks_map (buffer, NUCSEG_META_NAME, &masks));
  pinned = nst_is_pinned (masks.buffers[0]);
  nucseg_masks_unmap (&masks);
  return pinned;
}

GstCudaContext *
nst_cuda_context_new (void)
{
  GstCudaContext *context;

  g_assert_true (gst_cuda_load_library ());
  gst_cuda_memory_init_once ();
  context = gst_cuda_context_new (0);
  g_assert_nonnull (context);
  return context;
}

void
nst_give_context (GstElement *filter, GstCudaContext *context)
{
  GstContext *message = gst_context_new_cuda_context (context);

  gst_element_set_context (filter, message);
  gst_context_unref (message);
}
