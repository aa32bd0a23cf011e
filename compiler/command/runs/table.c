#include "table.h"

#include "../../../runtime/report/progress/bar.h"

#include <math.h>
#include <string.h>

void table_print(Text *out, const Cells *lines, int count) {
    int columns = count ? lines[0].count : 0;
    int *widths = ARENA_ARRAY(out->arena, int, columns + 1);
    for (int i = 0; i < count; i++)
        for (int k = 0; k < columns; k++) {
            int width = (int)strlen(lines[i].items[k]);
            if (width > widths[k]) widths[k] = width;
        }
    for (int i = 0; i < count; i++) {
        for (int k = 0; k < columns - 1; k++)
            text_format(out, "%-*s  ", widths[k], lines[i].items[k]);
        text_format(out, "%s\n", lines[i].items[columns - 1]);
    }
}

const char *table_value(Arena *arena, double value) {
    if (isnan(value)) return "-";
    bool is_plain = fabs(value) > 1e-3 || value == 0;
    return is_plain ? arena_format(arena, "%.4f", value) : arena_format(arena, "%.4e", value);
}

const char *table_time(Arena *arena, double seconds) {
    char text[64];
    if (isnan(seconds)) return "-";
    nnrt_bar_time(text, sizeof text, seconds);
    return arena_format(arena, "%s", text);
}
