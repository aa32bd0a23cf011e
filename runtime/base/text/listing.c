#include "listing.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static int make_room(nnrt_listing *listing) {
    if (listing->count < listing->room) return 1;
    int64_t room = 2 * listing->room + 64;
    char **cells = realloc(listing->items, (size_t)room * sizeof *cells);
    if (!cells) return 0;
    listing->items = cells;
    listing->room = room;
    return 1;
}

void nnrt_listing_add(nnrt_listing *listing, const char *format, ...) {
    va_list arguments;
    char *cell = NULL;
    if (listing->has_failed) return;
    va_start(arguments, format);
    listing->has_failed = !make_room(listing) || vasprintf(&cell, format, arguments) < 0;
    va_end(arguments);
    if (!listing->has_failed) listing->items[listing->count++] = cell;
}

void nnrt_listing_end_line(nnrt_listing *listing) {
    while (listing->count % listing->columns && !listing->has_failed)
        nnrt_listing_add(listing, "%s", "");
}

static int width_of(const nnrt_listing *listing, int64_t column) {
    size_t widest = 0;
    for (int64_t i = column; i < listing->count; i += listing->columns) {
        size_t width = strlen(listing->items[i]);
        if (width > widest) widest = width;
    }
    return (int)widest;
}

static void print_line(const nnrt_listing *listing, char *const *line, const int *widths,
                       const char *alignment, FILE *out) {
    int64_t last = listing->columns - 1;
    while (last && !*line[last]) last--;
    for (int64_t i = 0, end = (int64_t)strlen(alignment) - 1; i <= last; i++) {
        int is_left = alignment[i < end ? i : end] == 'l';
        int width = is_left && i == last ? 0 : widths[i];
        fprintf(out, "%s%*s", i ? "  " : "", is_left ? -width : width, line[i]);
    }
    fputc('\n', out);
}

void nnrt_listing_print(const nnrt_listing *listing, const char *alignment, FILE *out) {
    int *widths = calloc((size_t)listing->columns + 1, sizeof *widths);
    if (!widths) return;
    for (int64_t i = 0; i < listing->columns; i++) widths[i] = width_of(listing, i);
    for (int64_t i = 0; i + listing->columns <= listing->count; i += listing->columns)
        print_line(listing, listing->items + i, widths, alignment, out);
    free(widths);
}

void nnrt_listing_free(nnrt_listing *listing) {
    for (int64_t i = 0; i < listing->count; i++) free(listing->items[i]);
    free(listing->items);
    *listing = (nnrt_listing){0};
}
