#include "table.h"

#include "../../../runtime/base/text/listing.h"
#include "../../../runtime/base/text/number.h"
#include "../../../runtime/report/progress/bar.h"

#include <math.h>
#include <stdlib.h>

void table_print(Text *out, const Cells *lines, int count) {
    nnrt_listing listing = {.columns = count ? lines[0].count : 1};
    char *text = NULL;
    size_t length = 0;
    for (int i = 0; i < count; i++)
        for (int k = 0; k < lines[i].count; k++)
            nnrt_listing_add(&listing, "%s", lines[i].items[k]);
    FILE *file = listing.has_failed ? NULL : open_memstream(&text, &length);
    if (file) {
        nnrt_listing_print(&listing, "l", file);
        fclose(file);
        text_put(out, text);
    } else {
        fputs("nnc: there is no memory for the table\n", stderr);
    }
    free(text);
    nnrt_listing_free(&listing);
}

const char *table_value(Arena *arena, double value) {
    char text[NNRT_SHORT_NUMBER];
    return arena_strdup(arena, nnrt_number_short(value, text));
}

const char *table_time(Arena *arena, double seconds) {
    char text[64];
    if (isnan(seconds)) return "-";
    nnrt_bar_time(text, sizeof text, seconds);
    return arena_format(arena, "%s", text);
}
