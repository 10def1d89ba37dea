/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * model.h: what a back end reads of a model. docs/model-format.md says what
 * each value means. Everything is const and lives as long as the model.
 */
#ifndef NUCSEG_MODEL_H
#define NUCSEG_MODEL_H

#include "graph.h"

G_BEGIN_DECLS

typedef enum {
  NUCSEG_METHOD_PERCENTILE,
  NUCSEG_METHOD_MINMAX,
  NUCSEG_METHOD_EQUALIZE,
  NUCSEG_METHOD_NONE
} NucsegMethod;

typedef enum {
  NUCSEG_TRAINED_BRIGHT,
  NUCSEG_TRAINED_DARK,
  NUCSEG_TRAINED_BOTH
} NucsegTrainedPolarity;

typedef struct {
  NucsegMethod method;
  gdouble low, high; /* percentiles, 0..100, low < high */
  gfloat clip_low, clip_high; /* clip_low < clip_high */
  gdouble min_range; /* share of full scale, 0..1 */
  gdouble smoothing; /* Gaussian sigma in network pixels, 0..8 */
  NucsegTrainedPolarity polarity;
  gdouble pixel_size_um; /* 0: unknown */
} NucsegInput;

/* Mean of a frame's network values above which it shows dark nuclei on a bright
 * ground. Of 541 training images the fluorescent ones have at most 0.26, the
 * stained and brightfield ones at least 0.50: this is between. Equalised
 * frames have a mean near one half whatever they show. */
#define NUCSEG_DARK_MEAN(method)                                               \
  ((method) == NUCSEG_METHOD_EQUALIZE ? 0.5 : 0.4)

typedef enum { NUCSEG_DECODER_COMPONENTS, NUCSEG_DECODER_VOTES } NucsegDecoder;

typedef struct {
  gint n_maps; /* channels of the network's output */
  gint foreground, offset_y, offset_x; /* their channels; -1: none */
  NucsegDecoder decoder;
  gdouble threshold; /* inside (0, 1) */
  gfloat offset_scale; /* network pixels per unit, 1..256 */
  gint min_votes; /* 1..1000 */
  gint vote_reach; /* network pixels, 1..1024; 0: any */
  gint radius; /* network pixels, 0..64 */
  gint min_area; /* network pixels, >= 0 */
} NucsegOutput;

NUCSEG_API const NucsegGraph *nucseg_model_get_graph (const NucsegModel *model);
NUCSEG_API const NucsegInput *nucseg_model_get_input (const NucsegModel *model);
NUCSEG_API const NucsegOutput *
nucseg_model_get_output (const NucsegModel *model);

G_END_DECLS

#endif /* NUCSEG_MODEL_H */
