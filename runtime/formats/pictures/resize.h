// Resizing of pictures: bilinear between the centres of pixels, without antialiasing, as Keras's
// Resizing and image_dataset_from_directory (tf.image.resize; tensorflow/core/kernels/image/
// resize_bilinear_op.cc with half_pixel_centers). Bytes are rounded to the nearest.
#ifndef NNRT_RESIZE_H
#define NNRT_RESIZE_H

#include "../../nnrt.h"

// from[height, width, channels] to[to_height, to_width, channels]
void nnrt_resize_bytes(const uint8_t *from, int64_t height, int64_t width, int64_t channels,
                       uint8_t *to, int64_t to_height, int64_t to_width);
void nnrt_resize_floats(const float *from, int64_t height, int64_t width, int64_t channels,
                        float *to, int64_t to_height, int64_t to_width);

// One sample of pictures, [height, width] or [height, width, channels], as `old` says becomes one
// as `new` says, which differs in height and width alone.
void nnrt_resize_sample(const nnrt_column *old, const void *from, const nnrt_column *new, void *to);

#endif
