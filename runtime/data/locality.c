#include "locality.h"

#include <string.h>

#include "../formats/array.h"
#include "table/table.h"

static int64_t row_bytes(const nnrt_column *column) {
    return column->size * nnrt_dtype_size(column->dtype);
}

// Of a sample, in all columns.
static int64_t sample_bytes(const nnrt_data *data) {
    int64_t sum = 0;
    for (int64_t i = 0; i < nnrt_data_column_count(&data->info); i++)
        sum += row_bytes(nnrt_data_column(&data->info, i));
    return sum > 0 ? sum : 1;
}

static int64_t rows_of(const nnrt_data *data, int64_t bytes) {
    int64_t rows = bytes / sample_bytes(data);
    return rows > 1 ? rows : 1;
}

// ---- The order.

int64_t nnrt_locality_blocks(const nnrt_data *data, const nnrt_part *part) {
    int64_t length = rows_of(data, NNRT_BLOCK_BYTES);
    return (part->count + length - 1) / length;
}

static int64_t smaller(int64_t a, int64_t b) {
    return a < b ? a : b;
}

static int64_t window_rows(const nnrt_data *data, int64_t batch) {
    int64_t batches = rows_of(data, NNRT_WINDOW_BYTES) / batch;
    return (batches > 1 ? batches : 1) * batch;
}

int64_t nnrt_locality_left(const nnrt_data *data, int64_t batch, int64_t now) {
    if (!data || !data->is_on_disk) return INT64_MAX;
    int64_t window = window_rows(data, batch);
    return window - now % window;
}

void nnrt_locality_shuffle(const nnrt_data *data, const nnrt_part *part, int64_t batch,
                           nnrt_random *random, uint32_t *rows, uint32_t *order) {
    int64_t length = rows_of(data, NNRT_BLOCK_BYTES), window = window_rows(data, batch);
    int64_t blocks = nnrt_locality_blocks(data, part), count = part->count, place = 0;
    if (!data->is_on_disk) {
        memcpy(rows, part->rows, (size_t)count * sizeof *rows);
        nnrt_random_shuffle(random, rows, count);
        return;
    }
    for (int64_t i = 0; i < blocks; i++) order[i] = (uint32_t)i;
    nnrt_random_shuffle(random, order, blocks);
    for (int64_t i = 0; i < blocks; i++) {
        int64_t first = order[i] * length, taken = smaller(length, count - first);
        memcpy(rows + place, part->rows + first, (size_t)taken * sizeof *rows);
        place += taken;
    }
    for (int64_t first = 0; first < count; first += window)
        nnrt_random_shuffle(random, rows + first, smaller(window, count - first));
}

// ---- What is in memory.

static void each_column(const nnrt_data *data, const uint32_t *rows, int64_t count,
                        void (*visit)(void *values, int64_t row_bytes, const uint32_t *rows,
                                      int64_t count)) {
    for (int64_t i = 0; i < nnrt_data_column_count(&data->info); i++)
        if (data->columns[i])
            visit(data->columns[i], row_bytes(nnrt_data_column(&data->info, i)), rows, count);
}

static void let_go(void *values, int64_t bytes, const uint32_t *rows, int64_t count) {
    (void)bytes, (void)rows, (void)count;
    nnrt_storage_let_go(values);
}

// Asks for each stretch of the file that a row is in, once where the rows of a stretch are near
// each other in the list; the kernel knows what it has.
static void expect(void *values, int64_t bytes, const uint32_t *rows, int64_t count) {
    enum { STRETCHES = 1 << 16 };
    static uint8_t is_asked[STRETCHES];
    memset(is_asked, 0, sizeof is_asked);
    for (int64_t i = 0; i < count; i++) {
        int64_t stretch = rows[i] * bytes / NNRT_BLOCK_BYTES;
        if (is_asked[stretch % STRETCHES]) continue;
        is_asked[stretch % STRETCHES] = 1;
        nnrt_storage_expect(values, stretch * NNRT_BLOCK_BYTES, (stretch + 1) * NNRT_BLOCK_BYTES);
    }
}

void nnrt_locality_advance(const nnrt_data *data, int64_t batch, const uint32_t *rows,
                           int64_t count, int64_t now) {
    if (!data || !data->is_on_disk) return;
    int64_t window = window_rows(data, batch), next = now + window;
    if (now % window != 0 || data->row_count <= window) return; // all of it stays for later passes
    each_column(data, NULL, 0, let_go);
    if (next < count) each_column(data, rows + next, smaller(window, count - next), expect);
}
