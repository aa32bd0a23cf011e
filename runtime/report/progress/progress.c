#include "progress.h"

#include "../../base/clock.h"
#include "../../base/text/print.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { BAR_WIDTH = 30, LINE_SIZE = NNRT_LOG_TEXT, SHOWN_PER_SECOND = 20 };

static nnrt_progress_mode resolve(const nnrt_options *options) {
    nnrt_progress_mode mode = (nnrt_progress_mode)options->progress;
    const char *terminal = getenv("TERM");
    if (mode != NNRT_PROGRESS_AUTO) return mode;
    if (options->json) return NNRT_PROGRESS_NONE;
    if (isatty(STDOUT_FILENO) && terminal && strcmp(terminal, "dumb") != 0)
        return NNRT_PROGRESS_BAR;
    return NNRT_PROGRESS_LINE;
}

void nnrt_progress_open(nnrt_progress *progress, const nnrt_options *options, int64_t epochs) {
    memset(progress, 0, sizeof *progress);
    progress->mode = resolve(options);
    progress->epochs = epochs;
}

void nnrt_progress_epoch(nnrt_progress *progress, int64_t epoch, int64_t steps) {
    progress->epoch = epoch;
    progress->steps = steps;
    progress->width = 0;
    progress->start = nnrt_seconds();
    progress->shown = progress->waited = 0;
    if (progress->mode == NNRT_PROGRESS_BAR)
        printf("Epoch %" PRId64 "/%" PRId64 "\n", epoch + 1, progress->epochs);
}

int nnrt_progress_due(const nnrt_progress *progress) {
    return progress->mode == NNRT_PROGRESS_BAR &&
           nnrt_seconds() - progress->shown > 1.0 / SHOWN_PER_SECOND;
}

// ---- The bar.

// "12/469 [>.............................]"
static int put_bar(char *line, int64_t done, int64_t steps) {
    char counter[32];
    int digits = snprintf(counter, sizeof counter, "%" PRId64, steps);
    int filled = steps ? (int)(BAR_WIDTH * (double)done / (double)steps) : BAR_WIDTH;
    int used = snprintf(line, LINE_SIZE, "%*" PRId64 "/%s [", digits, done, counter);
    for (int i = 0; i < BAR_WIDTH; i++)
        line[used++] = i >= filled ? '.' : i == filled - 1 && done < steps ? '>' : '=';
    line[used++] = ']';
    line[used] = 0;
    return used;
}

static int put_time_left(char *text, int size, double seconds) {
    int64_t s = (int64_t)seconds;
    if (s > 3600)
        return snprintf(text, (size_t)size, " - ETA: %" PRId64 ":%02" PRId64 ":%02" PRId64,
                        s / 3600, s % 3600 / 60, s % 60);
    if (s > 60)
        return snprintf(text, (size_t)size, " - ETA: %" PRId64 ":%02" PRId64, s / 60, s % 60);
    return snprintf(text, (size_t)size, " - ETA: %" PRId64 "s", s);
}

static int put_time_taken(char *text, int size, double seconds, double step) {
    const char *unit = step >= 1 ? "s" : step >= 1e-3 ? "ms" : "us";
    double scale = step >= 1 ? 1 : step >= 1e-3 ? 1e3 : 1e6;
    return snprintf(text, (size_t)size, " - %.0fs %.0f%s/step", seconds, step * scale, unit);
}

// Where data hold the training up, one should know.
static int put_waited(const nnrt_progress *progress, char *text, int size, double taken) {
    static const double worth_saying = 0.01;
    if (progress->waited <= worth_saying * taken) return 0;
    return snprintf(text, (size_t)size, " - data: %.0f%%", 100 * progress->waited / taken);
}

static int screen_width(void) {
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 2) return LINE_SIZE;
    return size.ws_col;
}

static void draw(nnrt_progress *progress, int64_t done, const nnrt_log *log, int is_end) {
    char line[LINE_SIZE];
    double now = nnrt_seconds(), taken = now - progress->start;
    double step = done ? taken / (double)done : 0;
    int used = put_bar(line, done, progress->steps);
    if (is_end)
        used += put_time_taken(line + used, LINE_SIZE - used, taken, step);
    else
        used +=
            put_time_left(line + used, LINE_SIZE - used, step * (double)(progress->steps - done));
    used += nnrt_log_text(log, line + used, LINE_SIZE - used);
    if (is_end) used += put_waited(progress, line + used, LINE_SIZE - used, taken);
    // A line that wraps could not be drawn over.
    int limit = screen_width() - 1;
    if (!is_end && used > limit) used = limit;
    int blanks = progress->width > used ? progress->width - used : 0;
    printf("\r%.*s%*s%s", used, line, blanks, "", is_end ? "\n" : "");
    nnrt_print_flush();
    progress->width = used;
    progress->shown = now;
    progress->is_drawn = !is_end;
}

// ---- Events.

void nnrt_progress_step(nnrt_progress *progress, int64_t done, const nnrt_log *log) {
    if (progress->mode == NNRT_PROGRESS_BAR) draw(progress, done, log, 0);
}

static void end_line(const nnrt_progress *progress, const nnrt_log *log) {
    char text[LINE_SIZE];
    double taken = nnrt_seconds() - progress->start;
    int used = nnrt_log_text(log, text, sizeof text);
    put_waited(progress, text + used, LINE_SIZE - used, taken);
    printf("Epoch %" PRId64 "/%" PRId64 " - %.1fs%s\n", progress->epoch + 1, progress->epochs,
           taken, text);
    nnrt_print_flush();
}

static void end_json(const nnrt_progress *progress, const nnrt_log *log) {
    nnrt_json json = {0};
    nnrt_json_open(&json, NULL, '{');
    nnrt_json_integer(&json, "epoch", progress->epoch + 1);
    nnrt_json_integer(&json, "epochs", progress->epochs);
    nnrt_json_number(&json, "seconds", nnrt_seconds() - progress->start);
    if (progress->waited > 0) nnrt_json_number(&json, "data_seconds", progress->waited);
    nnrt_log_json(log, &json);
    nnrt_json_close(&json, '}');
    nnrt_json_print(&json);
}

void nnrt_progress_end(nnrt_progress *progress, int64_t done, const nnrt_log *log) {
    if (progress->mode == NNRT_PROGRESS_BAR) draw(progress, done, log, 1);
    if (progress->mode == NNRT_PROGRESS_LINE) end_line(progress, log);
    if (progress->mode == NNRT_PROGRESS_JSON) end_json(progress, log);
}

void nnrt_progress_break(nnrt_progress *progress) {
    if (!progress->is_drawn) return;
    putchar('\n');
    nnrt_print_flush();
    progress->is_drawn = 0;
}

void nnrt_progress_note(const nnrt_progress *progress, const char *format, ...) {
    if (progress->mode != NNRT_PROGRESS_BAR && progress->mode != NNRT_PROGRESS_LINE) return;
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    nnrt_print_flush();
}
