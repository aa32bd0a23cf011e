#include "number.h"

#include "../../nnrt.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int nnrt_number_parse(const char *text, double *value) {
    char *end;
    if (text[strspn(text, "0123456789.eE+-")]) return 0;
    *value = strtod(text, &end);
    return end != text && !*end;
}

int nnrt_number_store(int64_t dtype, double value, void *values, int64_t index) {
    int is_byte = dtype == NNRT_U8;
    double low = is_byte ? 0 : INT32_MIN, high = is_byte ? 255 : INT32_MAX;
    if (dtype == NNRT_F32) {
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

const char *nnrt_number_wanted(int64_t dtype) {
    return dtype == NNRT_F32  ? "numbers that float32 holds"
           : dtype == NNRT_U8 ? "whole numbers from 0 to 255, as its data set holds them: values "
                                "before `scale`"
                              : "whole numbers, as its data set holds them: values before `scale`";
}

nnrt_status nnrt_number_read(int64_t dtype, const char *text, void *values, int64_t index) {
    double value;
    if (!nnrt_number_parse(text, &value))
        return nnrt_fail(NNRT_ERROR, "`%s` is not a number", text);
    if (nnrt_number_store(dtype, value, values, index)) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR, "`%s` does not fit: the model takes %s", text,
                     nnrt_number_wanted(dtype));
}

int nnrt_number_compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}
