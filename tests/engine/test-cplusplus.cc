/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-cplusplus.cc: the public header as a C++ program sees it.
 */
#include "engine/nucseg.h"

static void
test_params (void)
{
  const NucsegParams params = NUCSEG_PARAMS_INIT;
  NucsegParams same = NUCSEG_PARAMS_INIT;

  same.min_area = 7;
  g_assert_cmpint (params.min_area, ==, -1);
  g_assert_cmpint (same.min_area, !=, params.min_area);
  g_assert_cmpint (params.polarity, ==, NUCSEG_POLARITY_AUTO);
  g_assert_cmpint (params.overlay, ==, NUCSEG_OVERLAY_CONTOUR);
}

/* That names are C's, and that autoptr's types are there. */
static void
test_linkage (void)
{
  g_autoptr (GError) error = nullptr;
  g_autoptr (NucsegModel) model =
      nucseg_model_load ("/no/such.safetensors", &error);

  g_assert_null (model);
  g_assert_error (error, NUCSEG_ERROR, NUCSEG_ERROR_NOT_FOUND);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, nullptr);
  g_test_add_func ("/cplusplus/params", test_params);
  g_test_add_func ("/cplusplus/linkage", test_linkage);
  return g_test_run ();
}
