/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * filter-depth-errors.c: frames of nucsegfilter in work at once where something
 * fails: frames that can't be segmented, and what downstream answers.
 */
#include "filter-depth-stream.h"

static void
assert_one_error (Stream *s, GstBus *bus, GQuark domain, gint code)
{
  g_autoptr (GError) error = nst_wait_error (s->filter, NULL);

  g_assert_error (error, domain, code);
  g_assert_null (gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR));
}

/* A frame that can't be segmented: at the scale of that moment it is too large.
 * It is in work when others follow. */
static void
test_error (void)
{
  GstBus *bus = gst_bus_new ();
  Stream s;

  stream_init (&s, DEPTH);
  gst_element_set_bus (s.filter, bus);
  stream_set_size (&s, 2000, 16);
  g_string_truncate (s.log, 0);
  for (guint n = 0; n < 7; n++) {
    g_object_set (s.filter, "scale", n == 5 ? 8.0 : 0.0, NULL);
    g_assert_cmpint (push_size (&s, n, 2000, 16), ==, GST_FLOW_OK);
  }
  g_assert_cmpstr (s.log->str, ==, "0 1 2 3 4 ");
  g_assert_cmpint (push_size (&s, 7, 2000, 16), ==, GST_FLOW_ERROR);
  assert_one_error (&s, bus, GST_CORE_ERROR, GST_CORE_ERROR_NEGOTIATION);
  /* none of those behind it, and none lost of those that come */
  g_string_truncate (s.log, 0);
  for (guint n = 10; n < 13; n++)
    g_assert_cmpint (push_size (&s, n, 2000, 16), ==, GST_FLOW_OK);
  g_assert_cmpstr (s.log->str, ==, "10 ");

  /* an event finds it */
  g_object_set (s.filter, "scale", 8.0, NULL);
  g_assert_cmpint (push_size (&s, 13, 2000, 16), ==, GST_FLOW_OK);
  g_object_set (s.filter, "scale", 0.0, NULL);
  g_assert_cmpint (push_size (&s, 14, 2000, 16), ==, GST_FLOW_OK);
  gst_harness_push_event (s.h, gst_event_new_gap (0, GST_SECOND));
  g_assert_cmpstr (s.log->str, ==, "10 11 12 gap ");
  assert_one_error (&s, bus, GST_CORE_ERROR, GST_CORE_ERROR_NEGOTIATION);
  g_assert_cmpint (push_size (&s, 15, 2000, 16), ==, GST_FLOW_ERROR);
  g_assert_cmpint (push_size (&s, 16, 2000, 16), ==, GST_FLOW_OK);

  /* a flush doesn't care */
  for (guint n = 17; n < 19; n++) {
    g_object_set (s.filter, "scale", n == 17 ? 8.0 : 0.0, NULL);
    g_assert_cmpint (push_size (&s, n, 2000, 16), ==, GST_FLOW_OK);
  }
  push_event (&s, gst_event_new_flush_start ());
  push_event (&s, gst_event_new_flush_stop (TRUE));
  g_assert_null (gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR));
  gst_element_set_bus (s.filter, NULL);
  gst_object_unref (bus);
  stream_end (&s);
}

/* A buffer that is no frame is refused when it comes; those before it go. */
static void
test_bad_buffer (void)
{
  GstBus *bus = gst_bus_new ();
  Stream s;

  stream_start (&s, DEPTH);
  gst_element_set_bus (s.filter, bus);
  push (&s, 0, 4);
  assert_log (&s, "0 1 ");
  g_assert_cmpint (
      gst_harness_push (s.h, gst_buffer_new_allocate (NULL, 1000, NULL)), ==,
      GST_FLOW_ERROR);
  assert_log (&s, "0 1 2 3 ");
  assert_one_error (&s, bus, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT);
  gst_element_set_bus (s.filter, NULL);
  gst_object_unref (bus);
  stream_end (&s);
}

/* --- What downstream answers ---------------------------------------------- */

static void
test_answers (void)
{
  static const GstFlowReturn answers[] = { GST_FLOW_EOS, GST_FLOW_FLUSHING,
    GST_FLOW_NOT_LINKED, GST_FLOW_NOT_NEGOTIATED, GST_FLOW_ERROR };

  for (guint i = 0; i < G_N_ELEMENTS (answers); i++) {
    const gboolean fatal = answers[i] == GST_FLOW_ERROR;
    Stream s;

    stream_start (&s, DEPTH);
    push (&s, 0, 3);
    s.answer = answers[i];
    g_assert_cmpint (push_size (&s, 3, 64, 48), ==, answers[i]);
    s.answer = GST_FLOW_OK;
    /* frame 1 wasn't taken; those behind it are, unless it is an error */
    push (&s, 4, 7);
    assert_log (&s, fatal ? "0 4 " : "0 2 3 4 ");

    /* what an event's frames are answered comes with the next frame, once */
    s.answer = answers[i];
    gst_harness_push_event (s.h, gst_event_new_gap (0, GST_SECOND));
    s.answer = GST_FLOW_OK;
    g_assert_cmpint (push_size (&s, 7, 64, 48), ==, answers[i]);
    push (&s, 8, 11);
    assert_log (&s, fatal ? "0 4 gap 8 " : "0 2 3 4 gap 8 ");

    /* a flush, or another stream, makes it all new */
    s.answer = answers[i];
    gst_harness_push_event (s.h, gst_event_new_gap (0, GST_SECOND));
    s.answer = GST_FLOW_OK;
    gst_harness_push_event (s.h, gst_event_new_stream_start ("another"));
    g_string_truncate (s.log, 0);
    push (&s, 11, 14);
    assert_log (&s, "11 ");
    stream_end (&s);
  }
}

int
main (int argc, char **argv)
{
  nst_init (&argc, &argv);
  g_test_add_func ("/filter/depth/error", test_error);
  g_test_add_func ("/filter/depth/bad-buffer", test_bad_buffer);
  g_test_add_func ("/filter/depth/answers", test_answers);
  return nst_run ();
}
