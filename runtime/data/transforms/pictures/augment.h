// Augmentation: how a training sample is moved, turned and mirrored anew in each epoch. What
// happens is a function of seed, epoch and sample, so it does not depend on batches, threads or
// interruptions.
//
// Angles are degrees, shifts, shears and zooms fractions (docs/language.md). Rotation, shift, shear
// and zoom are one movement about the centre with one bilinear interpolation, multiplied in the
// order of Keras's ImageDataGenerator (keras/src/legacy/preprocessing/image.py,
// apply_affine_transform; shear is a fraction here, an angle there), whatever order they are
// written in; then flips, then crop, then brightness.
#ifndef NNRT_AUGMENT_H
#define NNRT_AUGMENT_H

#include "../../../base/numbers/random.h"
#include "../../data.h"
#include "../../table/table.h"

// All features that are pictures go through `resize` and `augment`; one at least must be.
nnrt_status nnrt_pictures_check(const nnrt_table *table, const char *name);

// The random numbers of one sample in one epoch.
nnrt_random nnrt_augment_random(uint64_t seed, int64_t epoch, uint32_t row);

// from and to: one sample of `column`, [height, width] or [height, width, channels], uint8 or
// float32; they do not overlap.
void nnrt_augment_sample(const nnrt_augment *augment, const nnrt_column *column,
                         nnrt_random *random, const void *from, void *to);

// ---- The movement alone.

typedef struct nnrt_movement {
    double degrees, down, right, shear; // down and right in pixels
    double tall, wide;                  // more than 1: more of the picture is seen
} nnrt_movement;

// What lies at (y, x) of `to` comes from the movement of (y, x) in `from`. `fill`: 0 nearest,
// 1 constant (zeros), 2 reflect, 3 wrap.
void nnrt_augment_move(const nnrt_movement *movement, int64_t fill, const nnrt_column *column,
                       const void *from, void *to);

#endif
