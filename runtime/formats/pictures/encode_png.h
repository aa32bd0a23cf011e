// Writes PNG files by libpng.
#ifndef NNRT_ENCODE_PNG_H
#define NNRT_ENCODE_PNG_H

#include "../../base/status.h"
#include "../../files/file.h"
#include "../../nnrt.h"

enum { NNRT_PNG_PALETTE = 0 }; // for `channels`: bytes are indices into the colours of classes

// Commits `file`; NULL: it could not be created, and nnrt_error() says why. `bytes` are [height,
// width, channels], 1 (grey), 3 (RGB) or NNRT_PNG_PALETTE: [height, width]. The class colours are
// those of PASCAL VOC's label maps: 0 is black.
nnrt_status nnrt_png_write(nnrt_file *file, int64_t height, int64_t width, int64_t channels,
                           const uint8_t *bytes);

#endif
