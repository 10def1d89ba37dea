/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * micro-maps.c: the maps of micro-maps.h, each with what decides it.
 */
#include "tests/parity/micro-maps.h"

/* clang-format off */
#define FLAT \
    "00000000" "00000000" "00000000" "00000000" \
    "00000000" "00000000" "00000000" "00000000"

/* A line of seven that points at its middle. */
#define SEVEN \
    "........" "........" "........" "#######." \
    "........" "........" "........" "........"
#define TO_THE_MIDDLE \
    "00000000" "00000000" "00000000" "3210abc0" \
    "00000000" "00000000" "00000000" "00000000"

const ParityMicro parity_micros[] = {
  /* diagonal contact does not connect; a hole is filled, even a winding one,
   * but not between several labels; numbers follow first pixels */
  { "..#....#"
    ".#.#...#"
    "..#....."
    "####...."
    "#..#.###"
    "#.##.#.#"
    "####.###"
    "........", NULL, NULL,
    "..1....2"
    ".3.4...2"
    "..5....."
    "5555...."
    "5555.666"
    "5555.666"
    "5555.666"
    "........", "", FALSE, 0, 0 },
  /* a hole that is open diagonally is still one; one at the border is not */
  { "###....."
    "#.#....."
    "##......"
    "........"
    "..#####."
    "..#...#."
    "..#...#."
    "..#...#.", NULL, NULL,
    "111....."
    "111....."
    "11......"
    "........"
    "..22222."
    "..2...2."
    "..2...2."
    "..2...2.", "", FALSE, 0, 0 },
  /* 5 to 8 pixels, and not at the border */
  { "........"
    ".##.##.."
    ".#..##.."
    ".##....."
    "......##"
    "..###.##"
    "..###..."
    "..###...", NULL, NULL,
    "........"
    ".11....."
    ".1......"
    ".11....."
    "........"
    "........"
    "........"
    "........", "", TRUE, 5, 8 },
  /* Two nuclei that touch: columns 0 to 3 point at row 2, column 1, the others
   * at column 6. 12 votes at each place make the 3x3 cells round it dense. */
  { "........"
    "########"
    "########"
    "########"
    "........"
    "........"
    "........"
    "........",
    "00000000"
    "11111111"
    "00000000"
    "aaaaaaaa"
    "00000000"
    "00000000"
    "00000000"
    "00000000",
    "00000000"
    "10ab210a"
    "10ab210a"
    "10ab210a"
    "00000000"
    "00000000"
    "00000000"
    "00000000",
    "........"
    "11112222"
    "11112222"
    "11112222"
    "........"
    "........"
    "........"
    "........",
    ", \"offset_scale\": 1, \"min_votes\": 9, \"radius\": 0", FALSE, 0, 0 },
  /* One vote is enough. (0, 0) and (0, 7) point at themselves: cells up to (1,
   * 1), and from column 6 on, are dense. (6, 3) points at (2, 3): rows 1 to 3,
   * columns 2 to 4 are dense and touch the first, so they are one centre. Its
   * label has two pieces of one pixel: the first in raster order stays. */
  { "#......#"
    "........"
    "........"
    "........"
    "........"
    "........"
    "...#...."
    "........",
    "00000000"
    "00000000"
    "00000000"
    "00000000"
    "00000000"
    "00000000"
    "000d0000"
    "00000000", FLAT,
    "1......2"
    "........"
    "........"
    "........"
    "........"
    "........"
    "........"
    "........",
    ", \"offset_scale\": 1, \"min_votes\": 1, \"radius\": 0", FALSE, 0, 0 },
  /* Four votes at (3, 0) and five at (3, 6): columns 0 to 1 and 5 to 7 of rows
   * 2 to 4 are dense. Three pixels point at (4, 3), two cells from either: the
   * smaller number takes them. */
  { "........"
    "........"
    "........"
    "##....##"
    "########"
    "........"
    "........"
    "........",
    "00000000"
    "00000000"
    "00000000"
    "00000000"
    "aa000aaa"
    "00000000"
    "00000000"
    "00000000",
    "00000000"
    "00000000"
    "00000000"
    "0a00000a"
    "0a10a10a"
    "00000000"
    "00000000"
    "00000000",
    "........"
    "........"
    "........"
    "11....22"
    "11111222"
    "........"
    "........"
    "........",
    ", \"offset_scale\": 1, \"min_votes\": 4, \"radius\": 2", FALSE, 0, 0 },
  /* the same where two cells are too far */
  { "........"
    "........"
    "........"
    "##....##"
    "########"
    "........"
    "........"
    "........",
    "00000000"
    "00000000"
    "00000000"
    "00000000"
    "aa000aaa"
    "00000000"
    "00000000"
    "00000000",
    "00000000"
    "00000000"
    "00000000"
    "0a00000a"
    "0a10a10a"
    "00000000"
    "00000000"
    "00000000",
    "........"
    "........"
    "........"
    "11....22"
    "11...222"
    "........"
    "........"
    "........",
    ", \"offset_scale\": 1, \"min_votes\": 4, \"radius\": 1", FALSE, 0, 0 },
  /* Only the three nearest vote: three votes at (3, 3). */
  { SEVEN, FLAT, TO_THE_MIDDLE,
    "........"
    "........"
    "........"
    "1111111."
    "........"
    "........"
    "........"
    "........",
    ", \"offset_scale\": 1, \"min_votes\": 3, \"vote_reach\": 1, "
    "\"radius\": 0", FALSE, 0, 0 },
  /* ... which are not four */
  { SEVEN, FLAT, TO_THE_MIDDLE,
    "........"
    "........"
    "........"
    "........"
    "........"
    "........"
    "........"
    "........",
    ", \"offset_scale\": 1, \"min_votes\": 4, \"vote_reach\": 1, "
    "\"radius\": 0", FALSE, 0, 0 },
};
/* clang-format on */

const guint parity_n_micros = G_N_ELEMENTS (parity_micros);
