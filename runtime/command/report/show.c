#include "show.h"

#include "../../base/text/number.h"
#include "../../drawing/pixels.h"
#include "../../formats/array.h"
#include "../../formats/pictures/resize.h"
#include "../../report/pictures/pixel.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LARGEST_SIDE = 72,
    SMALL_SIDE = 40,
    FEW_NUMBERS = 6,
    MOST_LETTERS = 160,
    BEST = 3,
    FEWEST = 4
};

// ---- Numbers.

const char *nnrt_show_number(double value, char text[NNRT_SHOWN_NUMBER]) {
    double size = fabs(value);
    int is_plain = size == 0 || (size >= 1e-3 && size < 1e6);
    snprintf(text, NNRT_SHOWN_NUMBER,
             isnan(value) ? "not a number"
             : is_plain   ? size < 10     ? "%.4f"
                            : size < 1000 ? "%.2f"
                                          : "%.1f"
                          : "%.3g",
             value);
    return text;
}

const char *nnrt_show_count(int64_t count, char text[NNRT_SHOWN_NUMBER]) {
    return nnrt_number_grouped(count, text);
}

const char *nnrt_show_bytes(double bytes, char text[NNRT_SHOWN_NUMBER]) {
    static const char *const units[] = {"bytes", "KB", "MB", "GB", "TB"};
    int unit = 0;
    for (; bytes >= 1024 && unit < 4; unit++) bytes /= 1024;
    snprintf(text, NNRT_SHOWN_NUMBER, unit && bytes < 100 ? "%.1f %s" : "%.0f %s", bytes,
             units[unit]);
    return text;
}

// ---- Classes.

// The words of the first input, where as many are what the matrix tells apart.
static const char *const *tokens_of(const nnrt_report *report, const nnrt_confusion *confusion) {
    const nnrt_data_info *info = &report->session->data.info;
    int are_tokens = confusion->of_places && !confusion->names && info->input_count &&
                     info->input_categories[0] == confusion->classes;
    return are_tokens ? info->input_words[0] : NULL;
}

static const char *visible(const char *token) {
    return strcmp(token, " ") == 0    ? "space"
           : strcmp(token, "\n") == 0 ? "line end"
           : strcmp(token, "\t") == 0 ? "tab"
                                      : token;
}

const char *nnrt_show_class(const nnrt_report *report, const nnrt_confusion *confusion,
                            int64_t class_index, char text[NNRT_SHOWN_CLASS]) {
    const char *const *tokens = tokens_of(report, confusion);
    char number[32];
    const char *name = tokens ? visible(tokens[class_index])
                              : nnrt_class_name(confusion->names, class_index, number);
    snprintf(text, NNRT_SHOWN_CLASS, "%s", name);
    return text;
}

// ---- Tables.

void nnrt_show_cell(nnrt_markup *markup, const char *text) {
    nnrt_markup_leaf(markup, "td", "w", text);
}

void nnrt_show_number_cell(nnrt_markup *markup, double value) {
    char text[NNRT_SHOWN_NUMBER];
    nnrt_markup_leaf(markup, "td", "n", nnrt_show_number(value, text));
}

void nnrt_show_count_cell(nnrt_markup *markup, int64_t count) {
    char text[NNRT_SHOWN_NUMBER];
    nnrt_markup_leaf(markup, "td", "n", nnrt_show_count(count, text));
}

void nnrt_show_bar(nnrt_markup *markup, double share, const char *class_name) {
    double shown = share > 0 ? share < 1 ? share : 1 : 0;
    nnrt_markup_open(markup, "span", "bar");
    nnrt_markup_open(markup, "i", class_name);
    nnrt_markup_format(markup, "style", "width:%.1f%%", 100 * shown);
    nnrt_markup_end(markup);
    nnrt_markup_end(markup);
}

void nnrt_show_head(nnrt_markup *markup, const char *const *columns) {
    nnrt_markup_begin(markup, "tr");
    for (; *columns; columns++) {
        int is_number = **columns == '>';
        nnrt_markup_leaf(markup, "th", is_number ? "n" : NULL, *columns + is_number);
    }
    nnrt_markup_end(markup);
}

void nnrt_show_key(nnrt_markup *markup, const char *colour, const char *words) {
    nnrt_markup_begin(markup, "span");
    nnrt_markup_begin(markup, "i");
    nnrt_markup_format(markup, "style", "background:var(--%s)", colour);
    nnrt_markup_end(markup);
    nnrt_markup_write(markup, words);
    nnrt_markup_end(markup);
}

// ---- Pictures.

// Numbers that no `scale` made: as bytes, as shares of white, or between their extremes.
static nnrt_pixel guess_pixel(const nnrt_pixel *known, const float *values, int64_t count) {
    float low = INFINITY, high = -INFINITY;
    if (known->is_scaled) return *known;
    for (int64_t i = 0; i < count; i++) {
        low = fminf(low, values[i]);
        high = fmaxf(high, values[i]);
    }
    if (low >= 0 && high <= 1) return *known;
    if (low >= 0 && high <= 255) return (nnrt_pixel){.scale = 1};
    double size = (double)high - (double)low;
    return (nnrt_pixel){.scale = (size > 0 && isfinite(size) ? size : 1) / 255,
                        .offset = (double)low};
}

static uint8_t *bytes_of(const nnrt_report *report, const nnrt_column *column, const void *values) {
    uint8_t *bytes = malloc((size_t)column->size);
    if (!bytes) return NULL;
    if (column->dtype == NNRT_U8) return memcpy(bytes, values, (size_t)column->size);
    nnrt_pixel known = nnrt_pixel_of(nnrt_session_dataset(report->session));
    nnrt_pixel pixel = guess_pixel(&known, values, column->size);
    for (int64_t i = 0; i < column->size; i++)
        bytes[i] = nnrt_pixel_byte(&pixel, ((const float *)values)[i]);
    return bytes;
}

// Grey, RGB or RGB with opacity; two channels are shown as the first one.
static int64_t drop_channels(uint8_t *bytes, int64_t pixels, int64_t channels) {
    for (int64_t i = 0; channels == 2 && i < pixels; i++) bytes[i] = bytes[2 * i];
    return channels == 2 ? 1 : channels;
}

static nnrt_status draw_small(const nnrt_report *report, uint8_t *bytes, int64_t height,
                              int64_t width, int64_t channels, const char *alt) {
    int64_t side = height > width ? height : width, high = height, wide = width;
    uint8_t *small = NULL;
    if (side > LARGEST_SIDE) {
        high = (height * LARGEST_SIDE + side / 2) / side;
        wide = (width * LARGEST_SIDE + side / 2) / side;
        high = high ? high : 1;
        wide = wide ? wide : 1;
        small = malloc((size_t)(high * wide * channels));
        if (!small) return nnrt_fail_memory("a picture", 0);
        nnrt_resize_bytes(bytes, height, width, channels, small, high, wide);
    }
    nnrt_pixels_draw(report->markup, small ? small : bytes, high, wide, channels,
                     side <= SMALL_SIDE ? "pixels" : NULL, alt, 0);
    free(small);
    return NNRT_OK;
}

nnrt_status nnrt_show_picture(const nnrt_report *report, const nnrt_column *column,
                              const void *values, const char *alt) {
    uint8_t *bytes = bytes_of(report, column, values);
    if (!bytes) return nnrt_fail_memory("a picture", (size_t)column->size);
    int64_t height = column->shape[0], width = column->shape[1];
    int64_t channels = column->rank == 3 ? column->shape[2] : 1;
    channels = drop_channels(bytes, height * width, channels);
    nnrt_status status = draw_small(report, bytes, height, width, channels, alt);
    free(bytes);
    return status;
}

// ---- Samples.

// The data set's column of the first input.
static int shown_column(const nnrt_report *report) {
    const nnrt_function *function = &report->training->steps[0].evaluate;
    return function->input_count ? nnrt_session_source(report->session, &function->columns[0]) : -1;
}

int nnrt_show_is_picture(const nnrt_column *column) {
    if (!nnrt_data_is_picture(column) || column->shape[0] < FEWEST || column->shape[1] < FEWEST)
        return 0;
    return column->dtype == NNRT_U8 || column->rank == 3 || column->shape[0] == column->shape[1];
}

int nnrt_shows_pictures(const nnrt_report *report) {
    int source = report->is_evaluated ? shown_column(report) : -1;
    return source >= 0 &&
           nnrt_show_is_picture(nnrt_data_column(&report->session->data.info, source));
}

static void write_words(const nnrt_report *report, int source, const int32_t *values,
                        int64_t count) {
    const nnrt_data_info *info = &report->session->data.info;
    const char *const *words = info->input_words[source];
    size_t length = 0;
    nnrt_markup_open(report->markup, "div", "quote");
    for (int64_t i = 0; i < count && length < MOST_LETTERS; i++) {
        int is_word = values[i] >= 0 && values[i] < info->input_categories[source];
        if (!is_word || !*words[values[i]]) continue;
        if (length) nnrt_markup_write(report->markup, " ");
        nnrt_markup_write(report->markup, words[values[i]]);
        length += strlen(words[values[i]]) + 1;
    }
    if (length >= MOST_LETTERS) nnrt_markup_write(report->markup, " \xE2\x80\xA6");
    nnrt_markup_end(report->markup);
}

static void write_numbers(const nnrt_report *report, const nnrt_column *column, const float *values,
                          uint32_t row) {
    char number[NNRT_SHOWN_NUMBER];
    nnrt_markup_open(report->markup, "div", "quote");
    if (column->dtype != NNRT_F32 || column->size > FEW_NUMBERS)
        nnrt_markup_print(report->markup, "row %" PRIu32, row);
    else
        for (int64_t i = 0; i < column->size; i++)
            nnrt_markup_print(report->markup, "%s%s", i ? ", " : "",
                              nnrt_show_number((double)values[i], number));
    nnrt_markup_end(report->markup);
}

static nnrt_status show_values(const nnrt_report *report, int source, const void *values,
                               uint32_t row) {
    const nnrt_data_info *info = &report->session->data.info;
    const nnrt_column *column = nnrt_data_column(info, source);
    char alt[64];
    snprintf(alt, sizeof alt, "sample %" PRIu32, row);
    if (nnrt_show_is_picture(column)) return nnrt_show_picture(report, column, values, alt);
    if (source < info->input_count && info->input_words[source] && column->dtype == NNRT_I32)
        write_words(report, source, values, column->size);
    else
        write_numbers(report, column, values, row);
    return NNRT_OK;
}

nnrt_status nnrt_show_sample(const nnrt_report *report, uint32_t row) {
    const nnrt_data *data = &report->session->data;
    int source = shown_column(report);
    if (source < 0) return NNRT_OK;
    const nnrt_column *column = nnrt_data_column(&data->info, source);
    void *values = nnrt_array_allocate(column->dtype, column->size);
    if (!values) return NNRT_ERROR;
    size_t bytes = (size_t)column->size * (size_t)nnrt_dtype_size(column->dtype);
    nnrt_status status = NNRT_OK;
    if (data->columns[source])
        memcpy(values, (const char *)data->columns[source] + row * bytes, bytes);
    else
        status = nnrt_data_sample(data, source, row, values);
    if (!status) status = show_values(report, source, values, row);
    free(values);
    return status;
}

// ---- Predictions of classes.

// The classes that are shown: the most probable, and the true one in the last place if it is none
// of them. Returns how many.
static int shown_classes(const nnrt_gathered *gathered, int64_t sample, int64_t classes[BEST]) {
    int64_t is = nnrt_gathered_class(gathered, sample);
    int count = 0, has_true = 0;
    for (; count < BEST && count < gathered->size; count++) {
        int64_t best = -1;
        for (int64_t k = 0; k < gathered->size; k++) {
            int is_taken = 0;
            for (int i = 0; i < count; i++) is_taken |= classes[i] == k;
            double share = nnrt_gathered_share(gathered, sample, k);
            if (!is_taken && (best < 0 || share > nnrt_gathered_share(gathered, sample, best)))
                best = k;
        }
        classes[count] = best;
        has_true |= best == is;
    }
    if (!has_true && count) classes[count - 1] = is;
    return count;
}

static void show_share(const nnrt_report *report, const nnrt_gathered *gathered, int64_t sample,
                       int64_t class_index) {
    nnrt_markup *markup = report->markup;
    char number[32];
    double share = nnrt_gathered_share(gathered, sample, class_index);
    int is_true = class_index == nnrt_gathered_class(gathered, sample);
    int is_best = class_index == nnrt_gathered_best(gathered, sample);
    nnrt_markup_open(markup, "div", "row");
    nnrt_markup_leaf(markup, "span", NULL, nnrt_gathered_name(gathered, class_index, number));
    nnrt_show_bar(markup, share, is_true ? "g" : is_best ? "r" : "q");
    nnrt_markup_leaf_print(markup, "b", NULL, "%.0f%%", isfinite(share) ? 100 * share : 0);
    nnrt_markup_end(markup);
}

nnrt_status nnrt_show_prediction(const nnrt_report *report, const nnrt_gathered *gathered,
                                 int64_t sample) {
    nnrt_markup *markup = report->markup;
    char number[32];
    int64_t best = nnrt_gathered_best(gathered, sample), is = nnrt_gathered_class(gathered, sample);
    int64_t classes[BEST];
    int has_picture = nnrt_shows_pictures(report);
    nnrt_status status = NNRT_OK;
    nnrt_markup_open(markup, "div", best == is ? "card right" : "card wrong");
    if (has_picture) status = nnrt_show_sample(report, gathered->rows[sample]);
    nnrt_markup_begin(markup, "div");
    if (!has_picture) status = nnrt_show_sample(report, gathered->rows[sample]);
    nnrt_markup_leaf(markup, "div", "said", nnrt_gathered_name(gathered, best, number));
    if (best != is) {
        nnrt_markup_open(markup, "div", "is");
        nnrt_markup_write(markup, "is ");
        nnrt_markup_write(markup, nnrt_gathered_name(gathered, is, number));
        nnrt_markup_end(markup);
    }
    int count = shown_classes(gathered, sample, classes);
    for (int i = 0; i < count; i++) show_share(report, gathered, sample, classes[i]);
    nnrt_markup_end(markup);
    nnrt_markup_end(markup);
    return status;
}
