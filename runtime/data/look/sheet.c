#include "sheet.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../formats/array.h"
#include "../transforms/pictures/augment.h"

enum { COLUMNS = 8, LINES = 8, CLASSES = 32 };

typedef struct Drawing {
    const nnrt_data *data;
    int64_t input;
    nnrt_grid *grid;
    int is_augmented;
    char *sample, *moved;   // one sample each
    double lowest, highest; // numbers that are black and white
} Drawing;

// ---- One picture.

static double number_of(const nnrt_column *column, const void *values, int64_t i) {
    return column->dtype == NNRT_U8 ? ((const uint8_t *)values)[i]
                                    : (double)((const float *)values)[i];
}

static void draw(const Drawing *drawing, const void *values, int64_t number) {
    const nnrt_column *column = &drawing->data->info.inputs[drawing->input];
    const nnrt_grid *grid = drawing->grid;
    int64_t stored = column->rank == 3 ? column->shape[2] : 1;
    double range = drawing->highest - drawing->lowest;
    for (int64_t y = 0; y < grid->height; y++)
        for (int64_t x = 0; x < grid->width; x++)
            for (int64_t k = 0; k < grid->channels; k++) {
                double value = number_of(column, values, (y * grid->width + x) * stored + k);
                double share = (value - drawing->lowest) / (range > 0 ? range : 1);
                nnrt_grid_line(grid, number, y)[x * grid->channels + k] =
                    (uint8_t)lrint(255 * fmin(fmax(share, 0), 1));
            }
}

// A row of the training part, and beside it what augmentation makes of it.
static nnrt_status draw_row(const Drawing *drawing, uint32_t row, int64_t number) {
    const nnrt_data *data = drawing->data;
    nnrt_status status = nnrt_data_sample(data, drawing->input, row, drawing->sample);
    if (status) return status;
    draw(drawing, drawing->sample, number);
    if (!drawing->is_augmented) return NNRT_OK;
    nnrt_random random = nnrt_augment_random(0, 0, row);
    nnrt_augment_sample(&data->info.augment, &data->info.inputs[drawing->input], &random,
                        drawing->sample, drawing->moved);
    draw(drawing, drawing->moved, number + 1);
    return NNRT_OK;
}

// Bytes as they are; of other numbers, the extremes of the first row of the training part.
static nnrt_status find_range(Drawing *drawing) {
    const nnrt_column *column = &drawing->data->info.inputs[drawing->input];
    drawing->highest = 255;
    if (column->dtype == NNRT_U8) return NNRT_OK;
    nnrt_status status = nnrt_data_sample(drawing->data, drawing->input,
                                          drawing->data->train.rows[0], drawing->sample);
    drawing->lowest = INFINITY;
    drawing->highest = -INFINITY;
    for (int64_t i = 0; i < column->size && !status; i++) {
        double value = number_of(column, drawing->sample, i);
        drawing->lowest = fmin(drawing->lowest, value);
        drawing->highest = fmax(drawing->highest, value);
    }
    return status;
}

// ---- Which rows, and where.

static int64_t pictures_a_line(const Drawing *drawing) {
    return drawing->is_augmented ? COLUMNS / 2 : COLUMNS;
}

// The label of a row; -1: its target is none.
static int64_t label_of(const nnrt_data *data, uint32_t row) {
    const nnrt_target_info *target = &data->info.targets[0];
    const void *values = data->columns[data->info.input_count];
    if (!target->classes || !values) return -1;
    if (!target->one_hot) return ((const int32_t *)values)[row];
    for (int64_t i = 0; i < target->classes; i++)
        if (((const float *)values)[row * target->classes + i] > 0) return i;
    return -1;
}

// Each row takes the next place in the line of its class, as long as there is one.
static nnrt_status draw_rows(const Drawing *drawing, int64_t classes) {
    const nnrt_data *data = drawing->data;
    int64_t used[CLASSES] = {0}, drawn = 0, width = pictures_a_line(drawing);
    int64_t places = drawing->grid->lines * width, step = COLUMNS / width;
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < data->train.count && drawn < places && !status; i++) {
        uint32_t row = data->train.rows[i];
        int64_t label = classes ? label_of(data, row) : 0;
        if (label < 0 || label >= CLASSES || (classes && label >= classes)) continue;
        if (classes && used[label] == width) continue;
        int64_t place = classes ? label * width + used[label]++ : drawn;
        status = draw_row(drawing, row, place * step);
        drawn++;
    }
    return status;
}

static int64_t find_pictures(const nnrt_data_info *info) {
    for (int64_t i = 0; i < info->input_count; i++)
        if (nnrt_data_is_picture(&info->inputs[i])) return i;
    return -1;
}

static nnrt_status open_grid(Drawing *drawing, int64_t classes) {
    const nnrt_column *column = &drawing->data->info.inputs[drawing->input];
    int64_t width = pictures_a_line(drawing), rows = drawing->data->train.count;
    int64_t lines = (rows + width - 1) / width;
    if (classes)
        lines = classes;
    else if (lines > LINES)
        lines = LINES;
    return nnrt_grid_open(drawing->grid, COLUMNS, lines, column->shape[0], column->shape[1],
                          column->rank == 3 && column->shape[2] > 2 ? 3 : 1);
}

static nnrt_status draw_sheet(nnrt_sheet *sheet, const nnrt_data *data) {
    Drawing drawing = {.data = data,
                       .input = find_pictures(&data->info),
                       .grid = &sheet->grid,
                       .is_augmented = sheet->is_augmented};
    if (drawing.input < 0)
        return nnrt_fail(NNRT_ERROR, "the data set has no pictures: a sheet shows inputs of "
                                     "[height, width] or [height, width, channels]");
    const nnrt_column *column = &data->info.inputs[drawing.input];
    size_t bytes = (size_t)(column->size * nnrt_dtype_size(column->dtype));
    drawing.sample = malloc(2 * bytes + NNRT_ALIGNMENT);
    if (!drawing.sample) return nnrt_fail_memory("a sheet of pictures", 2 * bytes);
    drawing.moved = drawing.sample + bytes;
    nnrt_status status = find_range(&drawing);
    if (!status) status = open_grid(&drawing, sheet->classes);
    if (!status) status = draw_rows(&drawing, sheet->classes);
    free(drawing.sample);
    return status;
}

nnrt_status nnrt_sheet_make(const nnrt_call *stages, int64_t stage_count, const char *folder,
                            nnrt_sheet *sheet) {
    nnrt_data data;
    *sheet = (nnrt_sheet){0};
    nnrt_status status = nnrt_data_load(stages, stage_count, folder, &data);
    if (status) return status;
    const nnrt_target_info *target = &data.info.targets[0];
    sheet->is_augmented = data.info.augment.kinds != 0;
    sheet->classes = target->classes < CLASSES ? target->classes : CLASSES;
    sheet->names = target->class_names;
    status = draw_sheet(sheet, &data);
    if (status) nnrt_sheet_free(sheet);
    nnrt_data_free(&data);
    return status;
}

void nnrt_sheet_free(nnrt_sheet *sheet) {
    nnrt_grid_free(&sheet->grid);
}
