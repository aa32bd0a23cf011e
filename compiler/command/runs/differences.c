#include "differences.h"

#include <string.h>

enum { MOST = 4000 }; // lines that are compared with each other; programs are shorter

static Lines lines_of(Arena *arena, const char *text) {
    Lines lines = {0};
    while (*text && lines.count < MOST) {
        size_t length = strcspn(text, "\n");
        vec_push(arena, &lines, arena_copy(arena, text, length));
        text += length + (text[length] == '\n');
    }
    return lines;
}

static void push(Arena *arena, Lines *out, const char *mark, const char *line) {
    vec_push(arena, out, arena_format(arena, "%s%s", mark, line));
}

// lengths[i][k]: of the longest common subsequence of a's lines from i on and b's from k on.
static void walk(Arena *arena, const Lines *a, const Lines *b, const int *lengths, Lines *out) {
    int i = 0, k = 0, width = b->count + 1;
    while (i < a->count || k < b->count) {
        if (i < a->count && k < b->count && !strcmp(a->items[i], b->items[k])) {
            i++, k++;
        } else if (k == b->count ||
                   (i < a->count && lengths[(i + 1) * width + k] >= lengths[i * width + k + 1])) {
            push(arena, out, "- ", a->items[i++]);
        } else {
            push(arena, out, "+ ", b->items[k++]);
        }
    }
}

Lines differences(Arena *arena, const char *a, const char *b) {
    Lines first = lines_of(arena, a), second = lines_of(arena, b), out = {0};
    int width = second.count + 1;
    int *lengths = ARENA_ARRAY(arena, int, (first.count + 1) * width); // zeroed
    for (int i = first.count - 1; i >= 0; i--)
        for (int k = second.count - 1; k >= 0; k--) {
            int down = lengths[(i + 1) * width + k], right = lengths[i * width + k + 1];
            bool same = !strcmp(first.items[i], second.items[k]);
            lengths[i * width + k] = same           ? lengths[(i + 1) * width + k + 1] + 1
                                     : down > right ? down
                                                    : right;
        }
    walk(arena, &first, &second, lengths, &out);
    return out;
}
