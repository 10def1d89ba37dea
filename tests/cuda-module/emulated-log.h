/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * emulated-log.h: how a test comes to the log of the module that it watches.
 */
#ifndef NUCSEG_TESTS_EMULATED_LOG_H
#define NUCSEG_TESTS_EMULATED_LOG_H

#include "emulated-device.h"

#include <gmodule.h>

/* Of the module in file @path, which stays open, as the engine's do. */
static inline EmulatedLog *
emulated_open_log (const gchar *path)
{
  GModule *module =
      g_module_open (path, G_MODULE_BIND_LAZY | G_MODULE_BIND_LOCAL);
  gpointer symbol = NULL;

  g_assert_nonnull (module);
  g_assert_true (g_module_symbol (module, EMULATED_LOG_SYMBOL, &symbol));
  return ((EmulatedGetLog) symbol) ();
}

#endif /* NUCSEG_TESTS_EMULATED_LOG_H */
