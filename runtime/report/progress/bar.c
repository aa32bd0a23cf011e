#include "bar.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { LONGEST = 30, SHORTEST = 8 }; // columns of the bar itself

static const char green[] = "\033[32m", pale[] = "\033[2m", plain[] = "\033[0m";

int nnrt_bar_time(char *text, int size, double seconds) {
    int64_t s = seconds < 1e12 ? (int64_t)seconds : 0;
    if (s >= 3600)
        return snprintf(text, (size_t)size, "%" PRId64 ":%02" PRId64 ":%02" PRId64, s / 3600,
                        s % 3600 / 60, s % 60);
    if (s >= 60) return snprintf(text, (size_t)size, "%" PRId64 ":%02" PRId64, s / 60, s % 60);
    return snprintf(text, (size_t)size, "%" PRId64 "s", s);
}

int nnrt_bar_rate(char *text, int size, double step) {
    const char *unit = step >= 1 ? "s" : step >= 1e-3 ? "ms" : "us";
    double scale = step >= 1 ? 1 : step >= 1e-3 ? 1e3 : 1e6;
    return snprintf(text, (size_t)size, "%.0f%s/step", step * scale, unit);
}

int nnrt_bar_waited(char *text, int size, double waited, double taken) {
    static const double worth_saying = 0.01;
    if (waited <= worth_saying * taken) return 0;
    return snprintf(text, (size_t)size, " - data: %.0f%%", 100 * waited / taken);
}

// " - ETA: 12s - 28us/step - loss: 0.5432", or with the time taken and what was waited for.
static int put_tail(const nnrt_bar *bar, const nnrt_log *log, char *text, int size) {
    char rate[64], time[64];
    nnrt_bar_rate(rate, sizeof rate, bar->step);
    int used = 0;
    if (bar->is_end) {
        used = snprintf(text, (size_t)size, " - %.0fs %s", bar->taken, rate);
    } else if (bar->step > 0) {
        nnrt_bar_time(time, sizeof time, bar->step * (double)(bar->steps - bar->done));
        used = snprintf(text, (size_t)size, " - ETA: %s - %s", time, rate);
    }
    used += nnrt_log_text(log, text + used, size - used);
    if (bar->is_end) used += nnrt_bar_waited(text + used, size - used, bar->waited, bar->taken);
    return used < size ? used : size - 1;
}

// "[====>.....]" of so many columns between the brackets.
static int put_bar(const nnrt_bar *bar, int columns, char *text) {
    int filled =
        bar->steps ? (int)((double)columns * (double)bar->done / (double)bar->steps) : columns;
    int used = sprintf(text, "[%s", bar->has_color ? green : "");
    for (int i = 0; i < filled; i++)
        text[used++] = i == filled - 1 && bar->done < bar->steps ? '>' : '=';
    if (bar->has_color) used += sprintf(text + used, "%s%s", plain, pale);
    for (int i = filled; i < columns; i++) text[used++] = '.';
    return used + sprintf(text + used, "%s]", bar->has_color ? plain : "");
}

// Values that do not fit are left out whole.
static void shorten(char *tail, int room) {
    while ((int)strlen(tail) > room) {
        char *last = tail;
        for (char *next = strstr(tail, " - "); next; next = strstr(next + 1, " - ")) last = next;
        *last = 0;
    }
}

int nnrt_bar_text(const nnrt_bar *bar, const nnrt_log *log, char text[NNRT_BAR_TEXT]) {
    char counter[32], tail[NNRT_LOG_TEXT];
    int digits = snprintf(counter, sizeof counter, "%" PRId64, bar->steps);
    int used = snprintf(text, 128, "%.64s%*" PRId64 "/%s", bar->head, digits, bar->done, counter);
    int columns = LONGEST, length = put_tail(bar, log, tail, sizeof tail);
    if (bar->width && !bar->is_end) {
        int room = bar->width - 1 - used; // a line that wraps could not be drawn over
        int left = room - length - 3;     // for the bar: a blank and brackets go
        if (left < LONGEST) columns = left >= SHORTEST ? left : 0;
        if (!columns) shorten(tail, room > 0 ? room : 0);
        if (room < 0) used = bar->width > 1 ? bar->width - 1 : 0;
    }
    if (columns) {
        text[used++] = ' ';
        used += put_bar(bar, columns, text + used);
    }
    return used + snprintf(text + used, (size_t)(NNRT_BAR_TEXT - used), "%s", tail);
}
