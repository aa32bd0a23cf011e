// Pictures in files as the samples of a column: what `images` and `load` share. Private to the data
// modules.
#ifndef NNRT_PICTURES_H
#define NNRT_PICTURES_H

#include "../stage.h"

typedef struct nnrt_pictures {
    char **paths; // [count]
    int32_t *labels;
    int64_t count, capacity;
    // Which picture a row of the table shows, -1: none, as it is in no part. NULL: that of its
    // number.
    int32_t *of_row;
    const nnrt_table *table; // of those rows, for messages
} nnrt_pictures;

nnrt_pictures *nnrt_pictures_create(void); // NULL with nnrt_error() set: no memory
void nnrt_pictures_free(void *pictures);
nnrt_status nnrt_pictures_add(nnrt_pictures *pictures, const char *path, int32_t label);

// Forgets the others; `rows`: of the table.
nnrt_status nnrt_pictures_keep(nnrt_pictures *pictures, int64_t rows, const uint8_t *is_kept);

// The samples of the column become the pictures, of `channels` (1 or 3) and the size of the first;
// they are decoded when samples are read. `pictures` has to live as long as the table.
nnrt_status nnrt_pictures_show(nnrt_table *table, nnrt_field *field, nnrt_pictures *pictures,
                               int64_t channels);

// The other function of source rows: looks at the sizes of pictures that nothing resizes.
nnrt_status nnrt_pictures_settle(nnrt_table *table);

#endif
