#include "number.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int nnrt_number_parse(const char *text, double *value) {
    char *end;
    if (text[strspn(text, "0123456789.eE+-")]) return 0;
    *value = strtod(text, &end);
    return end != text && !*end;
}

const char *nnrt_number_grouped(int64_t number, char text[NNRT_GROUPED_NUMBER]) {
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%" PRId64, number), at = 0;
    for (int i = 0; i < length; i++) {
        if (i && digits[i - 1] != '-' && (length - i) % 3 == 0) text[at++] = ',';
        text[at++] = digits[i];
    }
    text[at] = 0;
    return text;
}

const char *nnrt_number_short(double value, char text[NNRT_SHORT_NUMBER]) {
    int is_plain = fabs(value) > 1e-3 || value == 0;
    if (isnan(value))
        snprintf(text, NNRT_SHORT_NUMBER, "-");
    else if (is_plain && fabs(value) < 1e30)
        snprintf(text, NNRT_SHORT_NUMBER, "%.4f", value);
    else
        snprintf(text, NNRT_SHORT_NUMBER, "%.4e", value);
    return text;
}

int nnrt_number_is_below(double value, int64_t limit) {
    return value >= 0 && value < (double)limit && value == floor(value);
}

int nnrt_number_store(const nnrt_column *column, double value, void *values, int64_t index) {
    int is_byte = column->dtype == NNRT_U8;
    double low = is_byte ? 0 : INT32_MIN, high = is_byte ? 255 : INT32_MAX;
    if (column->limit && !nnrt_number_is_below(value, column->limit)) return 0;
    if (column->dtype == NNRT_F32) {
        ((float *)values)[index] = (float)value;
        return isfinite((float)value);
    }
    if (!(value >= low && value <= high) || value != floor(value)) return 0;
    if (is_byte)
        ((uint8_t *)values)[index] = (uint8_t)value;
    else
        ((int32_t *)values)[index] = (int32_t)value;
    return 1;
}

nnrt_wanted nnrt_number_wanted(const nnrt_column *column) {
    nnrt_wanted wanted;
    if (column->limit)
        snprintf(wanted.text, sizeof wanted.text,
                 "whole numbers from 0 to %" PRId64 " as `%s`, one for each row of its embedding",
                 column->limit - 1, column->name);
    else
        snprintf(wanted.text, sizeof wanted.text, "%s",
                 column->dtype == NNRT_F32 ? "numbers that float32 holds"
                 : column->dtype == NNRT_U8
                     ? "whole numbers from 0 to 255, as its data set holds them: values "
                       "before `scale`"
                     : "whole numbers, as its data set holds them: values before `scale`");
    return wanted;
}

nnrt_status nnrt_number_read(const nnrt_column *column, const char *text, void *values,
                             int64_t index) {
    double value;
    if (!nnrt_number_parse(text, &value))
        return nnrt_fail(NNRT_ERROR, "`%s` is not a number", text);
    if (nnrt_number_store(column, value, values, index)) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR, "`%s` does not fit: the model takes %s", text,
                     nnrt_number_wanted(column).text);
}

int nnrt_number_compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}
