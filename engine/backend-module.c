/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * backend-module.c: opens the module of a back end and checks what it brings.
 */
#define _GNU_SOURCE /* RTLD_NOLOAD */
#include "backend-private.h"

#include <dlfcn.h>
#include <gmodule.h>
#include <link.h>
#include <string.h>

static gboolean
is_whole (const gchar *data, gsize size)
{
  ElfW (Ehdr) header;

  if (size < sizeof header)
    return FALSE;
  memcpy (&header, data, sizeof header);
  if (memcmp (header.e_ident, ELFMAG, SELFMAG) != 0
      || header.e_phentsize != sizeof (ElfW (Phdr)) || header.e_phoff > size
      || (gsize) header.e_phnum * sizeof (ElfW (Phdr)) > size - header.e_phoff)
    return FALSE;
  for (guint i = 0; i < header.e_phnum; i++) {
    ElfW (Phdr) segment;
    memcpy (
        &segment, data + header.e_phoff + i * sizeof segment, sizeof segment);
    if (segment.p_offset > size || segment.p_filesz > size - segment.p_offset)
      return FALSE;
  }
  return TRUE;
}

/* The loader maps the segments that a file speaks of and reads them: one that
 * was cut off ends the process by a signal. */
static gboolean
check_whole (const gchar *path, const gchar *name, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (GMappedFile) file = g_mapped_file_new (path, FALSE, &local);

  if (file
      && is_whole (
          g_mapped_file_get_contents (file), g_mapped_file_get_length (file)))
    return TRUE;
  g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_NO_DEVICE,
      "back end \"%s\": the module can't be opened: %s: %s", name, path,
      local ? local->message : "not a shared object, or cut off");
  return FALSE;
}

/*
 * libgomp spins between parallel regions unless told otherwise, which costs
 * milliseconds where threads outnumber free cores. Sleeping at once costs as
 * much: a frame has some 60 regions, and waking a thread is slow. A short spin
 * (a fraction of a millisecond) is the best of both; docs/performance.md has
 * the figures. libgomp reads the variables once, when it is loaded, and a
 * module may be what loads it; other OpenMPs know only the policy.
 *
 * g_setenv() is not safe while other threads call getenv(); that is why this
 * happens once, before the first module, and not at all where the user has
 * set a policy or OpenMP is there already.
 */
static void
tame_openmp (void)
{
  static gboolean done;

  if (done)
    return;
  done = TRUE;
  void *gomp = dlopen ("libgomp.so.1", RTLD_LAZY | RTLD_NOLOAD);
  if (gomp)
    dlclose (gomp);
  else if (!g_getenv ("OMP_WAIT_POLICY") && !g_getenv ("GOMP_SPINCOUNT")) {
    g_setenv ("OMP_WAIT_POLICY", "passive", FALSE);
    g_setenv ("GOMP_SPINCOUNT", "10000", FALSE);
  }
}

/* Whether the table is whole: only what devices have may be missing. */
static const gchar *
find_fault (const NucsegBackend *backend, const gchar *name)
{
  if (!backend)
    return "it gives no table";
  if (backend->abi != NUCSEG_BACKEND_ABI)
    return "it was built for another version of the library";
  if (!backend->name || !g_str_equal (backend->name, name))
    return "it calls itself otherwise";
  if (!backend->describe || !backend->probe || !backend->best_precision
      || !backend->supports || !backend->plan_new || !backend->plan_free
      || !backend->prepare || !backend->network || !backend->decode
      || !backend->overlay || !backend->write_input || !backend->read_input
      || !backend->write_maps || !backend->read_maps
      || !backend->run != !backend->ready
      || !backend->pinned_alloc != !backend->pinned_free)
    return "its table has gaps";
  return NULL;
}

const NucsegBackend *
nucseg_backend_open (const gchar *path, const gchar *name, GError **error)
{
  const NucsegBackend *backend;
  gpointer symbol = NULL;
  const gchar *fault;
  GModule *module;

  if (!check_whole (path, name, error))
    return NULL;
  tame_openmp ();
  module = g_module_open (path, G_MODULE_BIND_LOCAL | G_MODULE_BIND_LAZY);
  if (!module) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_NO_DEVICE,
        "back end \"%s\": the module can't be opened: %s", name,
        g_module_error ());
    return NULL;
  }
  if (!g_module_symbol (module, NUCSEG_BACKEND_SYMBOL, &symbol) || !symbol) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_NO_DEVICE,
        "back end \"%s\": %s is no back-end module: it lacks the "
        "function " NUCSEG_BACKEND_SYMBOL,
        name, path);
    g_module_close (module);
    return NULL;
  }
  backend = ((NucsegBackendGet) symbol) ();
  fault = find_fault (backend, name);
  if (fault) {
    g_set_error (error, NUCSEG_ERROR, NUCSEG_ERROR_NO_DEVICE,
        "back end \"%s\": %s: %s (ABI %u, expected %d)", name, path, fault,
        backend ? backend->abi : 0, NUCSEG_BACKEND_ABI);
    g_module_close (module);
    return NULL;
  }
  /* its libraries keep threads and tables that do not survive unloading */
  g_module_make_resident (module);
  return backend;
}
