// The geometry of sliding windows; see window.h.
#include "window.h"

bool window_numbers(const Args *args, const char *name, int64_t *numbers, int count) {
    const ArgValue *value = args_get(args, name);
    if (value->count != count) return false;
    for (int i = 0; i < count; i++) numbers[i] = (int64_t)value->numbers[i];
    return true;
}

Window window_read(const Args *args, int64_t height, int64_t width) {
    Window window = {.size = {height, width}, .stride = {1, 1}, .dilation = {1, 1}};
    int64_t padding[4] = {0};
    window_numbers(args, "stride", window.stride, 2);
    window_numbers(args, "padding", padding, 4);
    if (schema_arg_index(args->schema, "dilation") >= 0)
        window_numbers(args, "dilation", window.dilation, 2);
    for (int axis = 0; axis < 2; axis++) {
        window.before[axis] = padding[2 * axis];
        window.after[axis] = padding[2 * axis + 1];
    }
    return window;
}

int64_t window_span(const Window *window, int axis) {
    return (window->size[axis] - 1) * window->dilation[axis] + 1;
}

int64_t window_places(const Window *window, int axis, int64_t extent) {
    int64_t room = extent + window->before[axis] + window->after[axis] - window_span(window, axis);
    return room < 0 ? 0 : room / window->stride[axis] + 1;
}

void window_real(const Window *window, int axis, int64_t place, int64_t extent, int64_t *first,
                 int64_t *end) {
    int64_t start = place * window->stride[axis] - window->before[axis];
    int64_t stop = start + window->size[axis];
    *first = start < 0 ? 0 : start;
    *end = stop > extent ? extent : stop;
}
