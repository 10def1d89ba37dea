/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-module.c: the module nucseg-cuda on machines that lack something: each
 * lack has an error of its own, and `auto` goes on with the CPU. The program
 * calls itself with one argument, a library path with a null driver or an old
 * cuDNN in front.
 */
#define _GNU_SOURCE /* RTLD_NEXT */
#include "backend.h"

#include <dlfcn.h>
#include <string.h>

#define NONE "none" /* a cuDNN that isn't found anywhere */
#define NONE_VARIABLE "NUCSEG_TEST_NO_CUDNN"

typedef struct {
  const gchar *name;
  const gchar *driver; /* what null-driver.c pretends; NULL: none is there */
  const gchar *cudnn; /* folder of a cuDNN, NULL: the installed one, if any */
  NucsegError code;
  const gchar *message; /* part of it */
} Case;

static const Case cases[] = {
  { "no-driver", NULL, NULL, NUCSEG_ERROR_NO_DEVICE,
      "no NVIDIA driver is installed" },
  { "no-device", "no-device", NULL, NUCSEG_ERROR_NO_DEVICE, "sees no GPU" },
  { "stub", "stub", NULL, NUCSEG_ERROR_NO_DEVICE, "the CUDA toolkit's stub" },
  { "broken", "broken", NULL, NUCSEG_ERROR_NO_DEVICE,
      "doesn't start: it says CUDA_ERROR_UNKNOWN (999)" },
  { "old-driver", "old", NULL, NUCSEG_ERROR_NO_DEVICE,
      "too old: it knows CUDA 11.4" },
  { "old-gpu", "old-gpu", NULL, NUCSEG_ERROR_NO_DEVICE,
      "Null GPU has compute capability 7.5, expected 8.0 or later" },
  { "no-memory", "gpu", NULL, NUCSEG_ERROR_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY" },
  { "no-cudnn", "gpu", NONE, NUCSEG_ERROR_NO_DEVICE,
      "cuDNN 9 is not installed, or not whole: libcudnn.so.none: cannot open "
      "shared object file" },
  { "broken-cudnn", "gpu", "broken-cudnn", NUCSEG_ERROR_NO_DEVICE,
      "broken-cudnn/libcudnn.so.9: invalid ELF header" },
  { "old-cudnn", "gpu", "old-cudnn", NUCSEG_ERROR_NO_DEVICE,
      "cuDNN 9.1.0 is too old, expected version 9.8.0 or later" },
  { "lacking-cudnn", "gpu", "lacking-cudnn", NUCSEG_ERROR_NO_DEVICE,
      "cuDNN is too old: its libcudnn.so.9 lacks" },
};

/* In the module's place too: the one way to not find what the loader's own
 * cache knows of. */
NUCSEG_API void *
dlopen (const char *name, int mode)
{
  void *(*real) (const char *name, int mode);
  void *symbol = dlsym (RTLD_NEXT, "dlopen");

  memcpy (&real, &symbol, sizeof real);
  if (g_strcmp0 (name, "libcudnn.so.9") == 0 && g_getenv (NONE_VARIABLE))
    name = "libcudnn.so.none";
  return real (name, mode);
}

/* In the child: prints "CODE MESSAGE" of cuda, then what auto took. */
static int
report (void)
{
  g_autoptr (GError) error = NULL;
  const NucsegBackend *backend = nucseg_backend_find ("cuda", &error);
  g_autofree gchar *text = nucseg_backend_describe ("cuda");

  if (backend) {
    g_print ("started\n");
    return 1;
  }
  g_print ("%d %s\n", error->code, error->message);
  backend = nucseg_backend_find (NULL, NULL);
  g_print ("%s\n", backend->name);
  g_print ("%s\n", text);
  return 0;
}

static void
run (const Case *c, const gchar *path, gchar **out, gchar **log)
{
  g_auto (GStrv) environment = g_get_environ ();
  g_autofree gchar *self = g_file_read_link ("/proc/self/exe", NULL);
  gchar *argv[] = { self, (gchar *) "--report", NULL };
  g_autoptr (GError) error = NULL;
  gint status;

  environment = g_environ_setenv (environment, "LD_LIBRARY_PATH", path, TRUE);
  environment = g_environ_setenv (
      environment, "NUCSEG_NULL_DRIVER", c->driver ? c->driver : "", TRUE);
  environment = g_environ_setenv (environment, "G_MESSAGES_DEBUG", "all", TRUE);
  if (g_strcmp0 (c->cudnn, NONE) == 0)
    environment = g_environ_setenv (environment, NONE_VARIABLE, "1", TRUE);
  g_spawn_sync (NULL, argv, environment, G_SPAWN_DEFAULT, NULL, NULL, out, log,
      &status, &error);
  g_assert_no_error (error);
  /* without a null driver a real one may start */
  if (c->driver && !g_spawn_check_wait_status (status, &error))
    g_error ("%s\n%s\n%s", error->message, *out, *log);
}

/* The build system may have put the folders of all fake libraries into the
 * path: ours alone say which are there. */
static gchar *
search_path (const Case *c)
{
  const gchar *dir = g_getenv ("NUCSEG_TEST_CUDA");
  const gchar *given = g_getenv ("LD_LIBRARY_PATH");
  g_auto (GStrv) parts = g_strsplit (given ? given : "", ":", -1);
  GString *path = g_string_new (NULL);

  if (c->driver)
    g_string_append_printf (path, "%s:", dir);
  if (c->cudnn)
    g_string_append_printf (path, "%s/%s:", dir, c->cudnn);
  for (guint i = 0; parts[i]; i++) {
    if (parts[i][0] && !g_str_has_prefix (parts[i], dir))
      g_string_append_printf (path, "%s:", parts[i]);
  }
  if (path->len > 0)
    g_string_truncate (path, path->len - 1);
  return g_string_free (path, FALSE);
}

static void
test_lack (gconstpointer data)
{
  const Case *c = data;
  g_autofree gchar *path = NULL, *out = NULL, *log = NULL;
  g_auto (GStrv) lines = NULL;
  gint code = -1;

  path = search_path (c);
  run (c, path, &out, &log);
  /* the library's own debug messages go to stdout, ours follow them */
  lines = g_strsplit (out, "\n", -1);
  if (!c->driver && g_strv_contains ((const gchar *const *) lines, "started")) {
    g_test_skip ("a driver and a GPU are here");
    return;
  }
  for (guint i = 0; lines[i]; i++) {
    gchar *rest = NULL;
    gint64 number = g_ascii_strtoll (lines[i], &rest, 10);

    if (rest == lines[i] || *rest != ' ')
      continue;
    code = (gint) number;
    if (!c->cudnn && strstr (rest, "cuDNN 9 is not installed")) {
      g_test_skip ("cuDNN is not installed");
      return;
    }
    if (!c->driver && !strstr (rest, c->message)) {
      g_test_skip ("a driver is installed");
      return;
    }
    if (!strstr (rest, c->message))
      g_error ("found \"%s\", expected \"%s\"", rest, c->message);
    /* with "auto" the CPU takes over, and the log says why */
    g_assert_nonnull (lines[i + 1]);
  }
  g_assert_cmpint (code, ==, c->code);
  g_assert_true (
      g_strrstr (out, "\nonednn\n") || g_strrstr (out, "\nreference\n"));
  g_assert_true (strstr (out, "auto: ") || strstr (log, "auto: "));
  g_assert_nonnull (strstr (out, "CUDA "));
}

int
main (int argc, char **argv)
{
  if (argc > 1 && g_str_equal (argv[1], "--report"))
    return report ();
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree gchar *path = g_strconcat ("/module/", cases[i].name, NULL);
    g_test_add_data_func (path, &cases[i], test_lack);
  }
  return g_test_run ();
}
