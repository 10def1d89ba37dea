/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * testsrc-tracks.c: which nucleus each label of nuctestsrc is: one number
 * through all frames, and the mother's in daughters.
 */
#include "testsrc-shot.h"

#include <math.h>

#define CAPS "video/x-raw,format=GRAY8,width=256,height=256,framerate=25/1"
#define N_FRAMES 80

/* Where a nucleus was last seen. */
typedef struct {
  guint mother;
  guint frame;
  gdouble x, y, width;
} Seen;

/* One that was seen before has moved no further than its own size. */
static void
assert_follows (
    Seen *seen, const NucsegTrack *track, const NucsegObject *o, guint frame)
{
  g_assert_cmpuint (seen->mother, ==, track->mother);
  g_assert_cmpuint (seen->frame, <, frame);
  if (seen->frame == frame - 1)
    g_assert_cmpfloat (hypot (o->centroid_x - seen->x, o->centroid_y - seen->y),
        <, (o->width + o->height) / 2.0);
}

/* Its mother was there in the last frame, near by. */
static void
assert_born (const Seen *mother, const NucsegObject *o, guint frame)
{
  g_assert_nonnull (mother);
  g_assert_cmpuint (mother->frame, ==, frame - 1);
  g_assert_cmpfloat (
      hypot (o->centroid_x - mother->x, o->centroid_y - mother->y), <,
      1.5 * mother->width);
}

static guint
add_frame (GHashTable *all, const NucsegMasks *truth, guint frame)
{
  guint born = 0;

  for (guint i = 0; i < truth->n_objects; i++) {
    const NucsegTrack *track = &truth->tracks[i];
    const NucsegObject *o = &truth->objects[i];
    const gpointer id = GUINT_TO_POINTER (track->id);
    const gpointer mother = GUINT_TO_POINTER (track->mother);
    Seen *seen = g_hash_table_lookup (all, id);

    g_assert_cmpuint (track->id, >, 0);
    g_assert_cmpuint (track->mother, <, track->id);
    if (seen) {
      assert_follows (seen, track, o, frame);
    } else {
      seen = g_new0 (Seen, 1);
      seen->mother = track->mother;
      g_hash_table_insert (all, id, seen);
      if (frame > 0) {
        assert_born (g_hash_table_lookup (all, mother), o, frame);
        born++;
      }
    }
    seen->frame = frame;
    seen->x = o->centroid_x;
    seen->y = o->centroid_y;
    seen->width = MAX (o->width, o->height);
  }
  /* who has divided is no longer there */
  for (guint i = 0; i < truth->n_objects; i++) {
    const Seen *mother =
        g_hash_table_lookup (all, GUINT_TO_POINTER (truth->tracks[i].mother));

    if (mother)
      g_assert_cmpuint (mother->frame, <, frame);
  }
  return born;
}

static void
test_tracks (void)
{
  GstHarness *h = source_new (CAPS, N_FRAMES, "count", 12, "division-period",
      60, "diameter", 24.0, NULL);
  g_autoptr (GHashTable) all = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  guint born = 0;

  gst_harness_play (h);
  for (guint frame = 0; frame < N_FRAMES; frame++) {
    Shot shot;

    shot_pull (&shot, h);
    g_assert_nonnull (shot.truth.tracks);
    born += add_frame (all, &shot.truth, frame);
    shot_free (&shot);
  }
  /* twins */
  g_assert_cmpuint (born, >=, 10);
  g_assert_cmpuint (born % 2, ==, 0);
  gst_harness_teardown (h);
}

static void
test_none (void)
{
  GstHarness *h = source_new (CAPS, 1, "count", 0, NULL);
  Shot shot;

  gst_harness_play (h);
  shot_pull (&shot, h);
  g_assert_cmpuint (shot.truth.n_objects, ==, 0);
  g_assert_null (shot.truth.tracks);
  g_assert_false (gst_structure_has_field (shot.truth.structure, "tracks"));
  shot_free (&shot);
  gst_harness_teardown (h);
}

/* Labels keep their numbers when a picture is scaled, and so do tracks. What is
 * too short for its labels is no meta. */
static void
test_scaled (void)
{
  GstHarness *source, *h;
  Shot shot;
  NucsegMasks masks;
  GstBuffer *buffer, *few;
  GstCustomMeta *meta;

  if (nst_lacks ("videoscale"))
    return;
  source = source_new (CAPS, 1, "count", 12, NULL);
  gst_harness_play (source);
  shot_pull (&shot, source);
  h = gst_harness_new_parse (
      "videoscale ! video/x-raw,width=128,height=128 ! identity");
  gst_harness_set_src_caps_str (h, CAPS);
  buffer = gst_harness_push_and_pull (h, gst_buffer_ref (shot.buffer));
  g_assert_true (nucseg_masks_map (buffer, NUCSEG_TRUTH_META_NAME, &masks));
  g_assert_cmpint (masks.width, ==, 128);
  g_assert_cmpmem (masks.tracks, masks.n_objects * sizeof (NucsegTrack),
      shot.truth.tracks, shot.truth.n_objects * sizeof (NucsegTrack));
  nucseg_masks_unmap (&masks);

  buffer = gst_buffer_make_writable (buffer);
  meta = gst_buffer_get_custom_meta (buffer, NUCSEG_TRUTH_META_NAME);
  few = gst_buffer_new_allocate (NULL, sizeof (NucsegTrack), NULL);
  gst_structure_set (gst_custom_meta_get_structure (meta), "tracks",
      GST_TYPE_BUFFER, few, NULL);
  gst_buffer_unref (few);
  g_assert_false (nucseg_masks_map (buffer, NUCSEG_TRUTH_META_NAME, &masks));
  gst_buffer_unref (buffer);
  shot_free (&shot);
  gst_harness_teardown (h);
  gst_harness_teardown (source);
}

int
main (int argc, char **argv)
{
  nst_init (&argc, &argv);
  g_test_add_func ("/testsrc/tracks", test_tracks);
  g_test_add_func ("/testsrc/tracks/none", test_none);
  g_test_add_func ("/testsrc/tracks/scaled", test_scaled);
  return nst_run ();
}
