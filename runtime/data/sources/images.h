// Folders of pictures, one folder a class: the source `images`, and what `cifar10` is where its
// binary files are missing. Private to the data modules.
#ifndef NNRT_IMAGES_H
#define NNRT_IMAGES_H

#include "../stage.h"

// Lists `folder`: the folders train/, validation/ (val/, valid/) and test/ in it are the parts;
// without train/, all of it is the training part. Classes are the folders in there, sorted by name
// (bytes), with their PNG and JPEG files at any depth. Fills what a source's `open` fills, for
// pictures of `channels` (1 or 3). Up to `unreadable` pictures that cannot be read are left out;
// unless that is 0, all are decoded to find them.
nnrt_status nnrt_images_open(nnrt_table *table, const char *folder, int64_t channels,
                             int64_t unreadable);

#endif
