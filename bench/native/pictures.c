// How many pictures a second one core augments, resizes and decodes.
//
//   cc -O2 -o /tmp/pictures bench/native/pictures.c build/libnnrt.a -lpng -ljpeg -ldeflate
//   -ljansson -lminizip -lz -lm /tmp/pictures [FILE...]      FILE: PNG or JPEG pictures to decode
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "../../runtime/base/clock.h"
#include "../../runtime/data/transforms/pictures/augment.h"
#include "../../runtime/formats/pictures/picture.h"
#include "../../runtime/formats/pictures/resize.h"

enum { SMALL = 32, LARGE = 150, HEIGHT = 400, WIDTH = 500, PICTURES = 50000 };

const nnrt_program nnrt_program_descriptor; // the runtime wants one

static uint8_t pictures[PICTURES][SMALL * SMALL * 3], photograph[HEIGHT * WIDTH * 3];
static uint8_t result[LARGE * LARGE * 3];

static void report(const char *what, int64_t count, double start) {
    printf("%-40s %10.0f pictures/s\n", what, (double)count / (nnrt_seconds() - start));
}

static void augment(const char *what, const nnrt_augment *changes, int64_t side, int64_t count) {
    nnrt_column column = {.dtype = NNRT_U8, .rank = 3, .shape = {side, side, 3}};
    column.size = side * side * 3;
    double start = nnrt_seconds();
    for (int64_t i = 0; i < count; i++) {
        uint32_t row = (uint32_t)(i * 7919 % PICTURES); // in random order, as in training
        nnrt_random random = nnrt_augment_random(1, i / PICTURES, row);
        const void *from = side == SMALL ? pictures[row] : photograph;
        nnrt_augment_sample(changes, &column, &random, from, result);
    }
    report(what, count, start);
}

static void resize(int64_t count) {
    double start = nnrt_seconds();
    for (int64_t i = 0; i < count; i++)
        nnrt_resize_bytes(photograph, HEIGHT, WIDTH, 3, result, LARGE, LARGE);
    report("resize 500x400 to 150x150", count, start);
}

static int decode(char **paths, int count) {
    nnrt_picture picture;
    double start = nnrt_seconds();
    for (int i = 0; i < count; i++) {
        if (nnrt_picture_read(paths[i], 3, &picture)) return printf("%s\n", nnrt_error()), 1;
        nnrt_picture_free(&picture);
    }
    if (count) report("read and decode", count, start);
    return 0;
}

int main(int count, char **words) {
    const nnrt_augment copies = {.kinds = 1, .flip = 1, .pad = 4};
    const nnrt_augment moves = {.kinds = 1,
                                .flip = 1,
                                .rotate = 40,
                                .shift_height = 0.2,
                                .shift_width = 0.2,
                                .shear = 0.2,
                                .zoom = 0.2};
    memset(pictures, 100, sizeof pictures);
    augment("flip, crop: 32x32", &copies, SMALL, 20 * PICTURES);
    augment("flip, rotate, shift, shear, zoom: 32x32", &moves, SMALL, PICTURES);
    augment("the same: 150x150", &moves, LARGE, 2000);
    resize(2000);
    return decode(words + 1, count - 1);
}
