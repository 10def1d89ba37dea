/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * segment.c: finds the nuclei of one picture with libnucseg alone, without
 * GStreamer:
 *
 *   segment MODEL IN.pgm OUT.pgm > objects.csv
 *
 * IN is a binary PGM of 8 or 16 bits; OUT becomes a 16-bit PGM of labels (0 is
 * background), and the objects go to standard output. Outside the build tree:
 *
 *   cc segment.c $(pkg-config --cflags --libs nucseg) -o segment
 */
#include <nucseg.h>

#include <stdio.h>
#include <stdlib.h>

static int
fail (const char *what, const char *why)
{
  fprintf (stderr, "segment: %s%s%s\n", what, why ? ": " : "", why ? why : "");
  return EXIT_FAILURE;
}

/* Reads a number of a PGM header: white space and comments stand before it. */
static int
read_number (FILE *file)
{
  int c, number = 0;

  do {
    c = getc (file);
    if (c == '#') {
      while (c != '\n' && c != EOF)
        c = getc (file);
    }
  } while (c == ' ' || c == '\t' || c == '\r' || c == '\n');
  for (; c >= '0' && c <= '9' && number < 1000000; c = getc (file))
    number = number * 10 + (c - '0');
  return number; /* the one character behind it is read as well */
}

/* Fills @frame and allocates its pixels; says what is wrong, or NULL. */
static const char *
read_pgm (const char *path, NucsegFrame *frame)
{
  FILE *file = fopen (path, "rb");
  const char *problem = NULL;

  if (!file)
    return "can't be opened";
  char magic[3] = "";
  gboolean is_pgm = fread (magic, 1, 2, file) == 2 && g_str_equal (magic, "P5");
  frame->width = read_number (file);
  frame->height = read_number (file);
  int most = read_number (file);
  if (!is_pgm || most < 1 || most > 65535)
    problem = "not a binary PGM picture (P5)";
  else if (frame->width < NUCSEG_MIN_SIZE || frame->width > NUCSEG_MAX_SIZE
      || frame->height < NUCSEG_MIN_SIZE || frame->height > NUCSEG_MAX_SIZE)
    problem = "expected 16 to 8192 pixels a side";
  if (!problem) {
    /* 16-bit PGM is big-endian; a 12-bit camera says 4095 */
    frame->format = most > 255 ? NUCSEG_FORMAT_GRAY16_BE : NUCSEG_FORMAT_GRAY8;
    frame->significant_bits = most > 255 ? g_bit_storage ((gulong) most) : 8;
    frame->stride[0] = frame->width * (most > 255 ? 2 : 1);
    size_t size = (size_t) frame->stride[0] * (size_t) frame->height;
    frame->data[0] = g_malloc (size);
    if (fread (frame->data[0], 1, size, file) != size)
      problem = "the picture is cut off";
  }
  fclose (file);
  return problem;
}

static gboolean
write_pgm (const char *path, const guint16 *labels, const NucsegFrame *frame)
{
  FILE *file = fopen (path, "wb");

  if (!file)
    return FALSE;
  fprintf (file, "P5\n%d %d\n65535\n", frame->width, frame->height);
  for (gint i = 0; i < frame->width * frame->height; i++) {
    putc (labels[i] >> 8, file);
    putc (labels[i] & 0xff, file);
  }
  gboolean ok = !ferror (file);
  return fclose (file) == 0 && ok;
}

int
main (int argc, char **argv)
{
  g_autoptr (NucsegModel) model = NULL;
  g_autoptr (NucsegSession) session = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *pixels = NULL;
  g_autofree guint16 *labels = NULL;
  NucsegParams params = NUCSEG_PARAMS_INIT;
  NucsegFrame frame = { 0 };
  NucsegResult result;

  if (argc != 4)
    return fail ("usage", "segment MODEL IN.pgm OUT.pgm > objects.csv");
  const char *problem = read_pgm (argv[2], &frame);
  pixels = frame.data[0];
  if (problem)
    return fail (argv[2], problem);
  model = nucseg_model_load (argv[1], &error);
  if (model)
    session = nucseg_session_new (model, NULL, &error);
  if (!session)
    return fail (error->message, NULL);

  gsize stride = (gsize) frame.width * sizeof *labels;
  labels = g_malloc (stride * (gsize) frame.height);
  if (!nucseg_session_run (
          session, &frame, &params, labels, stride, NULL, &result, &error))
    return fail (argv[2], error->message);

  printf ("label,x,y,width,height,area,centroid_x,centroid_y,mean,"
          "perimeter,circularity\n");
  for (guint i = 0; i < result.n_objects; i++) {
    const NucsegObject *object = &result.objects[i];
    printf ("%u,%d,%d,%d,%d,%u,%.3f,%.3f,%.3f,%.3f,%.4f\n", object->label,
        object->x, object->y, object->width, object->height, object->area,
        object->centroid_x, object->centroid_y, object->mean, object->perimeter,
        object->circularity);
  }
  if (!write_pgm (argv[3], labels, &frame))
    return fail (argv[3], "can't be written");
  fprintf (stderr, "%u nuclei, back end %s, %.1f ms\n", result.n_objects,
      nucseg_session_get_backend (session),
      (double) result.stage_ns[NUCSEG_STAGE_TOTAL] / 1e6);
  return EXIT_SUCCESS;
}
