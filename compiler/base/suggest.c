// "did you mean": the optimal string alignment distance (insertion, deletion, substitution, swap of
// neighbours), blind to case.
#include "diagnostics/diag.h"

#include <ctype.h>
#include <string.h>

enum { SUGGEST_MAX_LENGTH = 64 }; // longer names are not compared

static int minimum(int a, int b) {
    return a < b ? a : b;
}

static bool same_letter(char a, char b) {
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static int edit_distance(const char *a, int a_length, const char *b, int b_length) {
    int rows[3][SUGGEST_MAX_LENGTH + 1];
    int *before = rows[0], *previous = rows[1], *current = rows[2];
    for (int j = 0; j <= b_length; j++) previous[j] = j;
    for (int i = 1; i <= a_length; i++) {
        current[0] = i;
        for (int j = 1; j <= b_length; j++) {
            int substituted = previous[j - 1] + !same_letter(a[i - 1], b[j - 1]);
            current[j] = minimum(substituted, minimum(previous[j], current[j - 1]) + 1);
            bool is_swap = i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) &&
                           same_letter(a[i - 2], b[j - 1]);
            if (is_swap) current[j] = minimum(current[j], before[j - 2] + 1);
        }
        int *recycled = before;
        before = previous, previous = current, current = recycled;
    }
    return previous[b_length];
}

const char *suggest_name(const char *name, const char *const *candidates) {
    size_t length = strlen(name);
    if (length == 0 || length > SUGGEST_MAX_LENGTH) return NULL;
    const char *best = NULL, *longer = NULL;
    int best_distance = SUGGEST_MAX_LENGTH;
    for (; *candidates; candidates++) {
        size_t other = strlen(*candidates);
        if (other == 0 || other > SUGGEST_MAX_LENGTH) continue;
        // A third of the letters may be wrong: rustc's rule.
        int allowed = (int)(length > other ? length : other) / 3;
        int distance = edit_distance(name, (int)length, *candidates, (int)other);
        if (distance <= (allowed ? allowed : 1) && distance < best_distance &&
            distance < (int)(length > other ? length : other)) {
            best = *candidates;
            best_distance = distance;
        }
        // `conv` for `conv2d`: the beginning of one name.
        if (!longer && length >= 3 && strncmp(name, *candidates, length) == 0) longer = *candidates;
    }
    return best ? best : longer;
}
