#include "progress.h"

#include "../../base/clock.h"
#include "../../base/text/print.h"
#include "../../base/text/terminal.h"
#include "bar.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const double shown_every = 0.1, default_heartbeat = 60; // seconds

// Who sends the lines to a file and looks at a terminal has both.
static void choose(nnrt_progress *progress, const nnrt_options *options) {
    switch ((nnrt_progress_mode)options->progress) {
    case NNRT_PROGRESS_AUTO:
        if (options->json) return;
        progress->has_bar = nnrt_terminal_can_draw(STDERR_FILENO);
        progress->has_lines = !progress->has_bar || !isatty(STDOUT_FILENO);
        return;
    case NNRT_PROGRESS_BAR: progress->has_bar = 1; return;
    case NNRT_PROGRESS_LINE: progress->has_lines = 1; return;
    case NNRT_PROGRESS_JSON: progress->has_json = 1; return;
    case NNRT_PROGRESS_NONE: return;
    }
}

void nnrt_progress_open(nnrt_progress *progress, const nnrt_options *options, int64_t epochs) {
    memset(progress, 0, sizeof *progress);
    choose(progress, options);
    progress->is_terminal = isatty(STDERR_FILENO);
    progress->has_color = nnrt_terminal_has_color(STDERR_FILENO);
    // Objects between those of the epochs are for who asks for them.
    if (progress->has_lines || (progress->has_json && options->heartbeat > 0))
        progress->heartbeat = options->heartbeat > 0 ? options->heartbeat : default_heartbeat;
    progress->has_notes = progress->has_bar || progress->has_lines;
    progress->epochs = epochs;
    progress->first_epoch = -1;
}

// ---- The bar.

// The training does not wait for a terminal that is stopped (Ctrl-S), and goes on without one that
// went away.
static void put(nnrt_progress *progress, const char *text, int length) {
    struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};
    if (progress->is_terminal && poll(&ready, 1, 0) == 0) return;
    while (length > 0) {
        ssize_t written = write(STDERR_FILENO, text, (size_t)length);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0 && errno == EAGAIN) return; // somebody made it one that does not wait
        if (written <= 0) {
            progress->has_bar = progress->is_drawn = 0;
            return;
        }
        text += written;
        length -= (int)written;
    }
}

// Where lines stay elsewhere, one bar is drawn over the other and none stays.
static int is_passing(const nnrt_progress *progress) {
    return progress->has_lines;
}

static double step_seconds(const nnrt_progress *progress, int64_t done, double now) {
    int64_t own = done - progress->first;
    return own > 0 ? (now - progress->start) / (double)own : 0;
}

static void draw(nnrt_progress *progress, int64_t done, const nnrt_log *log, int is_end) {
    char text[NNRT_BAR_TEXT + 32], head[64] = "";
    double now = nnrt_seconds();
    if (is_passing(progress))
        snprintf(head, sizeof head, "Epoch %" PRId64 "/%" PRId64 " ", progress->epoch + 1,
                 progress->epochs);
    nnrt_bar bar = {.head = head,
                    .done = done,
                    .steps = progress->steps,
                    .taken = now - progress->start,
                    .step = step_seconds(progress, done, now),
                    .waited = progress->waited,
                    .is_end = is_end,
                    .width = nnrt_terminal_width(STDERR_FILENO),
                    .has_color = progress->has_color};
    text[0] = '\r';
    int used = 1 + nnrt_bar_text(&bar, log, text + 1);
    if (progress->is_terminal) used += sprintf(text + used, "\033[K");
    if (is_end) text[used++] = '\n';
    progress->shown = now;
    progress->is_drawn = !is_end;
    put(progress, text, used);
}

static void erase(nnrt_progress *progress) {
    if (progress->is_drawn) put(progress, "\r\033[K", 4);
    progress->is_drawn = 0;
}

// "Epoch 3/20", after the first one with the time that all will take where that is long.
static void put_head(nnrt_progress *progress, double now) {
    char text[192], time[64];
    int64_t done = progress->epoch - progress->first_epoch;
    int used = snprintf(text, sizeof text, "Epoch %" PRId64 "/%" PRId64, progress->epoch + 1,
                        progress->epochs);
    double all =
        done ? (now - progress->begun) / (double)done * (double)(progress->epochs - progress->epoch)
             : 0;
    nnrt_bar_time(time, sizeof time, all);
    if (all >= 60) used += snprintf(text + used, sizeof text - (size_t)used, " - %s to go", time);
    used += snprintf(text + used, sizeof text - (size_t)used, "\n");
    put(progress, text, used);
}

// ---- Lines.

static void put_line(nnrt_progress *progress, const nnrt_log *log) {
    char text[NNRT_LOG_TEXT];
    double now = nnrt_seconds(), taken = now - progress->start;
    int used = nnrt_log_text(log, text, sizeof text);
    nnrt_bar_waited(text + used, NNRT_LOG_TEXT - used, progress->waited, taken);
    printf("Epoch %" PRId64 "/%" PRId64 " - %.1fs%s\n", progress->epoch + 1, progress->epochs,
           taken, text);
    nnrt_print_flush();
    progress->told = now;
}

static void put_heartbeat(nnrt_progress *progress, int64_t done, const nnrt_log *log, double now) {
    char values[NNRT_LOG_TEXT], time[64], rate[64];
    double step = step_seconds(progress, done, now);
    nnrt_log_text(log, values, sizeof values);
    nnrt_bar_time(time, sizeof time, step * (double)(progress->steps - done));
    nnrt_bar_rate(rate, sizeof rate, step);
    printf("Epoch %" PRId64 "/%" PRId64 " - step %" PRId64 "/%" PRId64
           " - %.1fs - ETA: %s - %s%s\n",
           progress->epoch + 1, progress->epochs, done, progress->steps, now - progress->start,
           time, rate, values);
    nnrt_print_flush();
}

// `done`: of the steps of an epoch that goes on; -1: it is over.
static void put_json(nnrt_progress *progress, int64_t done, const nnrt_log *log) {
    nnrt_json json = {0};
    nnrt_json_open(&json, NULL, '{');
    nnrt_json_integer(&json, "epoch", progress->epoch + 1);
    nnrt_json_integer(&json, "epochs", progress->epochs);
    if (done >= 0) nnrt_json_integer(&json, "step", done);
    if (done >= 0) nnrt_json_integer(&json, "steps", progress->steps);
    nnrt_json_number(&json, "seconds", nnrt_seconds() - progress->start);
    if (progress->waited > 0) nnrt_json_number(&json, "data_seconds", progress->waited);
    nnrt_log_json(log, &json);
    nnrt_json_close(&json, '}');
    nnrt_json_print(&json);
    progress->told = nnrt_seconds();
}

// ---- Events.

void nnrt_progress_epoch(nnrt_progress *progress, int64_t epoch, int64_t steps, int64_t first) {
    double now = nnrt_seconds();
    if (progress->first_epoch < 0) {
        progress->first_epoch = epoch;
        progress->begun = progress->told = now;
    }
    progress->epoch = epoch;
    progress->steps = steps;
    progress->first = first;
    progress->start = now;
    progress->waited = 0;
    progress->shown = is_passing(progress) ? now : 0;
    if (progress->has_bar && !is_passing(progress)) put_head(progress, now);
}

static int is_bar_due(const nnrt_progress *progress, double now) {
    return progress->has_bar && now - progress->shown >= shown_every;
}

// A resumed training may have no epoch left: what is evaluated then is none's.
static int is_heartbeat_due(const nnrt_progress *progress, double now) {
    return progress->heartbeat > 0 && progress->first_epoch >= 0 &&
           now - progress->told >= progress->heartbeat;
}

int nnrt_progress_due(const nnrt_progress *progress) {
    if (!progress->has_bar && !(progress->heartbeat > 0)) return 0;
    double now = nnrt_seconds();
    return is_bar_due(progress, now) || is_heartbeat_due(progress, now);
}

void nnrt_progress_step(nnrt_progress *progress, int64_t done, const nnrt_log *log) {
    double now = nnrt_seconds();
    if (is_heartbeat_due(progress, now)) {
        erase(progress);
        if (progress->has_lines) put_heartbeat(progress, done, log, now);
        if (progress->has_json) put_json(progress, done, log);
        progress->told = now;
    }
    if (is_bar_due(progress, now)) draw(progress, done, log, 0);
}

void nnrt_progress_look(nnrt_progress *progress, int64_t done, int64_t steps) {
    double now = nnrt_seconds();
    if (!is_heartbeat_due(progress, now)) return;
    erase(progress);
    progress->told = now;
    if (progress->has_lines) {
        printf("Epoch %" PRId64 "/%" PRId64 " - evaluated %" PRId64 "/%" PRId64 " - %.1fs\n",
               progress->epoch + 1, progress->epochs, done, steps, now - progress->start);
        nnrt_print_flush();
    }
    if (!progress->has_json) return;
    nnrt_json json = {0};
    nnrt_json_open(&json, NULL, '{');
    nnrt_json_integer(&json, "epoch", progress->epoch + 1);
    nnrt_json_integer(&json, "epochs", progress->epochs);
    nnrt_json_integer(&json, "evaluated", done);
    nnrt_json_integer(&json, "steps", steps);
    nnrt_json_number(&json, "seconds", now - progress->start);
    nnrt_json_close(&json, '}');
    nnrt_json_print(&json);
}

void nnrt_progress_end(nnrt_progress *progress, int64_t done, const nnrt_log *log) {
    if (is_passing(progress))
        erase(progress);
    else if (progress->has_bar)
        draw(progress, done, log, 1);
    if (progress->has_lines) put_line(progress, log);
    if (progress->has_json) put_json(progress, -1, log);
}

void nnrt_progress_break(nnrt_progress *progress) {
    if (is_passing(progress))
        erase(progress);
    else if (progress->is_drawn)
        put(progress, "\n", 1);
    progress->is_drawn = 0;
}

void nnrt_progress_note(const nnrt_progress *progress, const char *format, ...) {
    if (!progress->has_notes) return;
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    nnrt_print_flush();
}
