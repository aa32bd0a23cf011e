#include "suggestion.h"

#include <string.h>

// By one row of the table.
static int distance(const char *a, const char *b) {
    size_t n = strlen(a), m = strlen(b);
    int row[NNRT_LONGEST_NAME + 1];
    if (n > NNRT_LONGEST_NAME || m > NNRT_LONGEST_NAME) return NNRT_LONGEST_NAME;
    for (size_t j = 0; j <= m; j++) row[j] = (int)j;
    for (size_t i = 1; i <= n; i++) {
        int diagonal = row[0];
        row[0] = (int)i;
        for (size_t j = 1; j <= m; j++) {
            int above = row[j], best = diagonal + (a[i - 1] != b[j - 1]);
            if (above + 1 < best) best = above + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            row[j] = best;
            diagonal = above;
        }
    }
    return row[m];
}

void nnrt_suggestion_consider(nnrt_suggestion *best, const char *wrong, const char *name) {
    int d = distance(wrong, name);
    if (d >= best->distance || d > 1 + (int)strlen(name) / 3) return;
    best->name = name;
    best->distance = d;
}
