/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nuctestsrc-properties.c: the properties of nuctestsrc.
 */
#include "nuctestsrc-private.h"

#define DEFAULT_IS_LIVE TRUE
#define DEFAULT_SKIP_LATE TRUE
#define DEFAULT_SEED 1
#define DEFAULT_COUNT 80
#define DEFAULT_DIAMETER 22.0
#define DEFAULT_SPEED 0.3
#define DEFAULT_DIVISION_PERIOD 1500
#define DEFAULT_CLUSTERING 0.5
#define DEFAULT_SIGNIFICANT_BITS 12
#define DEFAULT_BLUR 1.0
#define DEFAULT_EXPOSURE 1.0
#define DEFAULT_BACKGROUND 0.03
#define DEFAULT_ILLUMINATION 0.25
#define DEFAULT_NOISE 1.0

enum {
  PROP_0,
  PROP_IS_LIVE,
  PROP_SKIP_LATE,
  PROP_SEED,
  PROP_COUNT,
  PROP_DIAMETER,
  PROP_SPEED,
  PROP_DIVISION_PERIOD,
  PROP_CLUSTERING,
  PROP_SIGNIFICANT_BITS,
  PROP_BLUR,
  PROP_EXPOSURE,
  PROP_BACKGROUND,
  PROP_ILLUMINATION,
  PROP_NOISE
};

static void
nuc_test_src_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  NucTestSrc *self = NUC_TEST_SRC (object);

  if (id == PROP_IS_LIVE) {
    gst_base_src_set_live (GST_BASE_SRC (self), g_value_get_boolean (value));
    return;
  }
  GST_OBJECT_LOCK (self);
  switch (id) {
  case PROP_SKIP_LATE:
    self->skip_late = g_value_get_boolean (value);
    break;
  case PROP_SEED:
    self->population.seed = g_value_get_uint64 (value);
    break;
  case PROP_COUNT:
    self->population.count = g_value_get_uint (value);
    break;
  case PROP_DIAMETER:
    self->population.diameter = g_value_get_double (value);
    break;
  case PROP_SPEED:
    self->population.speed = g_value_get_double (value);
    break;
  case PROP_DIVISION_PERIOD:
    self->population.division_period = g_value_get_uint (value);
    break;
  case PROP_CLUSTERING:
    self->population.clustering = g_value_get_double (value);
    break;
  case PROP_SIGNIFICANT_BITS:
    self->significant_bits = g_value_get_uint (value);
    break;
  case PROP_BLUR:
    self->exposure.blur = g_value_get_double (value);
    break;
  case PROP_EXPOSURE:
    self->exposure.exposure = g_value_get_double (value);
    break;
  case PROP_BACKGROUND:
    self->exposure.background = g_value_get_double (value);
    break;
  case PROP_ILLUMINATION:
    self->exposure.illumination = g_value_get_double (value);
    break;
  case PROP_NOISE:
    self->exposure.noise = g_value_get_double (value);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    break;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
nuc_test_src_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  NucTestSrc *self = NUC_TEST_SRC (object);

  if (id == PROP_IS_LIVE) {
    g_value_set_boolean (value, gst_base_src_is_live (GST_BASE_SRC (self)));
    return;
  }
  GST_OBJECT_LOCK (self);
  switch (id) {
  case PROP_SKIP_LATE:
    g_value_set_boolean (value, self->skip_late);
    break;
  case PROP_SEED:
    g_value_set_uint64 (value, self->population.seed);
    break;
  case PROP_COUNT:
    g_value_set_uint (value, self->population.count);
    break;
  case PROP_DIAMETER:
    g_value_set_double (value, self->population.diameter);
    break;
  case PROP_SPEED:
    g_value_set_double (value, self->population.speed);
    break;
  case PROP_DIVISION_PERIOD:
    g_value_set_uint (value, self->population.division_period);
    break;
  case PROP_CLUSTERING:
    g_value_set_double (value, self->population.clustering);
    break;
  case PROP_SIGNIFICANT_BITS:
    g_value_set_uint (value, self->significant_bits);
    break;
  case PROP_BLUR:
    g_value_set_double (value, self->exposure.blur);
    break;
  case PROP_EXPOSURE:
    g_value_set_double (value, self->exposure.exposure);
    break;
  case PROP_BACKGROUND:
    g_value_set_double (value, self->exposure.background);
    break;
  case PROP_ILLUMINATION:
    g_value_set_double (value, self->exposure.illumination);
    break;
  case PROP_NOISE:
    g_value_set_double (value, self->exposure.noise);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    break;
  }
  GST_OBJECT_UNLOCK (self);
}

void
nuc_test_src_init_properties (NucTestSrc *self)
{
  self->population.seed = DEFAULT_SEED;
  self->population.count = DEFAULT_COUNT;
  self->population.diameter = DEFAULT_DIAMETER;
  self->population.speed = DEFAULT_SPEED;
  self->population.division_period = DEFAULT_DIVISION_PERIOD;
  self->population.clustering = DEFAULT_CLUSTERING;
  self->exposure.blur = DEFAULT_BLUR;
  self->exposure.exposure = DEFAULT_EXPOSURE;
  self->exposure.background = DEFAULT_BACKGROUND;
  self->exposure.illumination = DEFAULT_ILLUMINATION;
  self->exposure.noise = DEFAULT_NOISE;
  self->significant_bits = DEFAULT_SIGNIFICANT_BITS;
  self->skip_late = DEFAULT_SKIP_LATE;
  gst_base_src_set_live (GST_BASE_SRC (self), DEFAULT_IS_LIVE);
}

void
nuc_test_src_install_properties (GObjectClass *klass)
{
  const GParamFlags usual = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;
  const GParamFlags start = usual | GST_PARAM_MUTABLE_READY;
  const GParamFlags playing =
      usual | GST_PARAM_MUTABLE_PLAYING | GST_PARAM_CONTROLLABLE;

  klass->set_property = nuc_test_src_set_property;
  klass->get_property = nuc_test_src_get_property;

  /**
   * nuctestsrc:is-live:
   *
   * Frames come at the time that they show, as from a camera.
   */
  g_object_class_install_property (klass, PROP_IS_LIVE,
      g_param_spec_boolean ("is-live", "Is live",
          "Whether frames come at the rate of a camera", DEFAULT_IS_LIVE,
          start));
  /**
   * nuctestsrc:skip-late:
   *
   * A camera does not wait: frames that nobody took in their time are lost.
   * Their numbers (buffer offsets) are missing, the next buffer is marked as a
   * discontinuity, and a QoS message counts them.
   */
  g_object_class_install_property (klass, PROP_SKIP_LATE,
      g_param_spec_boolean ("skip-late", "Skip late",
          "Live only: frames that nobody took in time are lost",
          DEFAULT_SKIP_LATE, usual | GST_PARAM_MUTABLE_PLAYING));
  /**
   * nuctestsrc:seed:
   *
   * Same seed, same bits.
   */
  g_object_class_install_property (klass, PROP_SEED,
      g_param_spec_uint64 ("seed", "Seed", "Same seed, same bits", 0,
          G_MAXUINT64, DEFAULT_SEED, start));
  /**
   * nuctestsrc:count:
   *
   * Nuclei in the frame. Around divisions there are a few more for a while.
   * Where so many don't fit they become smaller, and below a diameter of 8
   * pixels fewer.
   */
  g_object_class_install_property (klass, PROP_COUNT,
      g_param_spec_uint ("count", "Count", "Number of nuclei", 0,
          NUC_SIM_MAX_COUNT, DEFAULT_COUNT, start));
  /**
   * nuctestsrc:diameter:
   *
   * Mean diameter of the nuclei.
   */
  g_object_class_install_property (klass, PROP_DIAMETER,
      g_param_spec_double ("diameter", "Diameter",
          "Mean diameter of the nuclei in pixels", NUC_SIM_MIN_DIAMETER, 512.0,
          DEFAULT_DIAMETER, start));
  /**
   * nuctestsrc:speed:
   *
   * Root mean square of a nucleus' motion along each axis.
   */
  g_object_class_install_property (klass, PROP_SPEED,
      g_param_spec_double ("speed", "Speed",
          "Motion of the nuclei in pixels per frame", 0.0, 50.0, DEFAULT_SPEED,
          start));
  /**
   * nuctestsrc:division-period:
   *
   * Mean time from a nucleus' birth to its division, if it lives that long (for
   * each one too many a grown one dies); 0: nothing grows, divides or dies.
   * Periods under 16 frames count as 16.
   */
  g_object_class_install_property (klass, PROP_DIVISION_PERIOD,
      g_param_spec_uint ("division-period", "Division period",
          "Mean frames from a nucleus' birth to its division (0 = none "
          "divides)",
          0, 1000000, DEFAULT_DIVISION_PERIOD, start));
  /**
   * nuctestsrc:clustering:
   *
   * Part of the nuclei that stick to their neighbours and stay in touch.
   */
  g_object_class_install_property (klass, PROP_CLUSTERING,
      g_param_spec_double ("clustering", "Clustering",
          "Part of the nuclei that stick to their neighbours", 0.0, 1.0,
          DEFAULT_CLUSTERING, start));
  /**
   * nuctestsrc:significant-bits:
   *
   * GRAY16_LE: bits of the camera; they stand at the low end of the word.
   */
  g_object_class_install_property (klass, PROP_SIGNIFICANT_BITS,
      g_param_spec_uint ("significant-bits", "Significant bits",
          "Bits of a 16-bit sample that carry the value, at its low end", 8, 16,
          DEFAULT_SIGNIFICANT_BITS, usual | GST_PARAM_MUTABLE_PLAYING));
  /**
   * nuctestsrc:blur:
   *
   * Standard deviation of the Gaussian point spread.
   */
  g_object_class_install_property (klass, PROP_BLUR,
      g_param_spec_double ("blur", "Blur",
          "Standard deviation of the point spread in pixels", 0.0,
          NUC_CAMERA_MAX_BLUR, DEFAULT_BLUR, playing));
  /**
   * nuctestsrc:exposure:
   *
   * Factor on the light of the nuclei. At 1 a usual one has 0.42 of full
   * scale.
   */
  g_object_class_install_property (klass, PROP_EXPOSURE,
      g_param_spec_double ("exposure", "Exposure",
          "Factor on the light of the nuclei", 0.01, 10.0, DEFAULT_EXPOSURE,
          playing));
  /**
   * nuctestsrc:background:
   *
   * Level of the background.
   */
  g_object_class_install_property (klass, PROP_BACKGROUND,
      g_param_spec_double ("background", "Background",
          "Level of the background, part of full scale", 0.0, 1.0,
          DEFAULT_BACKGROUND, playing));
  /**
   * nuctestsrc:illumination:
   *
   * Unevenness of the light: what the worst lit corner lacks.
   */
  g_object_class_install_property (klass, PROP_ILLUMINATION,
      g_param_spec_double ("illumination", "Illumination",
          "Part of the light that the worst corner lacks", 0.0, 1.0,
          DEFAULT_ILLUMINATION, playing));
  /**
   * nuctestsrc:noise:
   *
   * Factor on shot and read noise. At 1 full scale stands for 1,500
   * photo-electrons, and the read noise is 6.
   */
  g_object_class_install_property (klass, PROP_NOISE,
      g_param_spec_double ("noise", "Noise", "Factor on shot and read noise",
          0.0, 20.0, DEFAULT_NOISE, playing));
}
