#include "profile_report.h"

#include "causes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { LINE_WIDTH = 60, NUMBER_WIDTH = 32, MOST_EXPLAINED = 8 };
static const double least_explained = 0.02; // of the time of a step
static const double least_named = 0.03;     // of the time of a group

// What a row is measured by.
typedef struct report {
    const nnrt_profile *profile;
    const nnrt_program *program;
    const nnrt_function *function;
    const nnrt_roof *roof;
    nnrt_profile_result result;
} report;

static nnrt_status open_report(report *r, const nnrt_profile *profile,
                               const nnrt_program *program) {
    r->profile = profile;
    r->program = program;
    r->function = nnrt_profile_function(profile);
    r->roof = nnrt_profile_roof(profile);
    return nnrt_profile_read(profile, &r->result);
}

static double quotient(double x, double y) {
    return y > 0 ? x / y : 0;
}

static double share_of(const report *r, double seconds) {
    return quotient(seconds, r->result.seconds);
}

static double microseconds_a_step(const report *r, double seconds) {
    return 1e6 * quotient(seconds, (double)r->result.steps);
}

void nnrt_profile_line_text(const nnrt_program *program, int64_t line, char *text, size_t size) {
    const char *start = program->source_text;
    for (int64_t i = 1; start && i < line; i++) {
        start = strchr(start, '\n');
        if (start) start++;
    }
    *text = 0;
    if (!start || line < 1) return;
    start += strspn(start, " \t");
    size_t length = strcspn(start, "\r\n"), room = size - 1;
    if (length > room) {
        length = room;
        while (length && ((unsigned char)start[length] & 0xC0) == 0x80) length--; // whole letters
    }
    while (length && (start[length - 1] == ' ' || start[length - 1] == '\t')) length--;
    for (size_t i = 0; i < length; i++)
        text[i] = (unsigned char)start[i] < 0x20 || start[i] == 0x7F ? ' ' : start[i];
    text[length] = 0;
}

// ---- Tables.

static void put_time(double microseconds, int width) {
    printf("%*.*f", width, microseconds < 10 ? 3 : microseconds < 1000 ? 2 : 1, microseconds);
}

// What the row's operations would take at the roofs, as a share of what they took; 0: not known.
static double share_of_peak(const nnrt_profile_row *row, const nnrt_roof *roof) {
    double narrow = roof->narrow_flops > 0 ? roof->narrow_flops : roof->flops;
    if (!(roof->flops > 0 && row->seconds > 0)) return 0;
    double least = (row->flops - row->narrow_flops) / roof->flops + row->narrow_flops / narrow;
    return least / row->seconds;
}

// A rate in 10^9 a second and its share of the roof; 0: that is not known.
static void put_rate(double amount, double seconds, double share) {
    char percent[NUMBER_WIDTH] = "-";
    if (!(amount > 0 && seconds > 0)) {
        printf("%9s%6s", "-", "-");
        return;
    }
    double rate = amount / seconds;
    if (share > 0) snprintf(percent, sizeof percent, "%.0f%%", 100 * share);
    printf("%9.2f%6s", rate * 1e-9, percent);
}

static void put_row(const report *r, const nnrt_profile_row *row) {
    printf("%6.1f%%", 100 * share_of(r, row->seconds));
    put_time(microseconds_a_step(r, row->seconds), 11);
    put_time(microseconds_a_step(r, row->waiting), 10);
    put_rate(row->flops, row->seconds, share_of_peak(row, r->roof));
    put_rate(row->bytes, row->seconds,
             quotient(quotient(row->bytes, row->seconds), r->roof->bytes));
    if (row->line)
        printf("%6" PRId64 "  ", row->line);
    else
        printf("%6s  ", "-");
}

static void put_other(const report *r, double seconds, const char *name) {
    printf("%6.1f%%", 100 * share_of(r, seconds));
    put_time(microseconds_a_step(r, seconds), 11);
    printf("%48s%s\n", "", name);
}

static void put_head(const char *last) {
    printf("\n  share    us/step   waiting  GFLOP/s  peak     GB/s  mem.  line  %s\n", last);
}

static void print_roofs(const report *r) {
    printf("at best: ");
    if (r->roof->flops > 0) printf("%.1f GFLOP/s in registers, ", r->roof->flops * 1e-9);
    if (r->roof->narrow_flops > 0)
        printf("%.1f of them in bfloat16, ", r->roof->narrow_flops * 1e-9);
    static const char *const names[NNRT_CACHES] = {"L1", "L2", "L3"};
    for (int i = NNRT_SECOND_CACHE; i < NNRT_CACHES; i++)
        if (r->roof->cache_bytes[i] > 0)
            printf("%.0f GB/s from %s, ", r->roof->cache_bytes[i] * 1e-9, names[i]);
    printf("%.1f GB/s in memory (%d worker%s)\n", r->roof->bytes * 1e-9, r->roof->workers,
           r->roof->workers > 1 ? "s" : "");
}

static void print_lines(const report *r) {
    put_head("source");
    for (int64_t i = 0; i < r->result.line_count; i++) {
        char text[LINE_WIDTH];
        nnrt_profile_line_text(r->program, r->result.lines[i].line, text, sizeof text);
        put_row(r, &r->result.lines[i]);
        printf("%s\n", text);
    }
}

// "multiply-adds 61 % (62 % of the lanes full), L2 12 %, rest 30 %": what takes some of the time.
static void put_causes(const report *r, const nnrt_profile_row *row) {
    nnrt_causes causes = nnrt_causes_of(r->profile, &r->result, row);
    const char *between = "";
    for (int i = 0; i < NNRT_CAUSES; i++) {
        double share = quotient(causes.seconds[i], row->seconds);
        if (share < least_named && i != (int)causes.largest) continue;
        printf("%s%s %.0f%%", between, nnrt_cause_name((nnrt_cause)i), 100 * share);
        if (i == NNRT_CAUSE_PRODUCTS && causes.full_lanes < 0.95)
            printf(" (%.0f%% of the lanes full)", 100 * causes.full_lanes);
        between = ", ";
    }
    if (row->waiting > least_named * row->seconds)
        printf("%swaiting behind it %.0f%%", between, 100 * row->waiting / row->seconds);
}

static void print_causes(const report *r) {
    for (int64_t i = 0; i < r->result.group_count && i < MOST_EXPLAINED; i++) {
        const nnrt_profile_row *row = &r->result.groups[i];
        if (share_of(r, row->seconds) < least_explained) break;
        if (!i)
            printf("\nwhat the largest groups would take for each of these alone, in %% of their "
                   "time\n");
        printf("%6.1f%%  %s: ", 100 * share_of(r, row->seconds),
               r->function->groups[row->group].name);
        put_causes(r, row);
        printf("\n");
    }
}

nnrt_status nnrt_profile_print(const nnrt_profile *profile, const nnrt_program *program,
                               const char *title) {
    report r;
    nnrt_status status = open_report(&r, profile, program);
    if (status) return status;
    const nnrt_profile_result *result = &r.result;
    printf("\nprofile of %s: %" PRId64 " steps, %.2f workers, ", title, result->steps,
           result->workers);
    put_time(microseconds_a_step(&r, result->seconds), 0);
    printf(" us a step\n");
    print_roofs(&r);
    put_head("group");
    for (int64_t i = 0; i < result->group_count; i++) {
        put_row(&r, &result->groups[i]);
        printf("%s\n", r.function->groups[result->groups[i].group].name);
    }
    put_other(&r, result->waiting, "waiting at barriers");
    put_other(&r, result->between, "between steps");
    print_causes(&r);
    print_lines(&r);
    nnrt_profile_result_free(&r.result);
    return NNRT_OK;
}

// ---- JSON.

static void json_row(nnrt_json *json, const report *r, const nnrt_profile_row *row) {
    double flops = quotient(row->flops, row->seconds), bytes = quotient(row->bytes, row->seconds);
    nnrt_json_number(json, "seconds", row->seconds);
    nnrt_json_number(json, "share", share_of(r, row->seconds));
    nnrt_json_number(json, "step_us", microseconds_a_step(r, row->seconds));
    nnrt_json_number(json, "waiting_seconds", row->waiting);
    nnrt_json_number(json, "flops", row->flops);
    nnrt_json_number(json, "bytes", row->bytes);
    nnrt_json_number(json, "flops_per_second", flops);
    nnrt_json_number(json, "bytes_per_second", bytes);
    nnrt_json_number(json, "share_of_peak", share_of_peak(row, r->roof));
    nnrt_json_number(json, "share_of_memory", quotient(bytes, r->roof->bytes));
}

// Seconds of each cause alone.
static void json_causes(nnrt_json *json, const report *r, const nnrt_profile_row *row) {
    nnrt_causes causes = nnrt_causes_of(r->profile, &r->result, row);
    nnrt_json_open(json, "causes", '{');
    for (int i = 0; i < NNRT_CAUSES; i++)
        nnrt_json_number(json, nnrt_cause_field((nnrt_cause)i), causes.seconds[i]);
    nnrt_json_number(json, "full_lanes", causes.full_lanes);
    nnrt_json_string(json, "largest", nnrt_cause_field(causes.largest));
    nnrt_json_close(json, '}');
}

static void json_group(nnrt_json *json, const report *r, const nnrt_profile_row *row) {
    const nnrt_group *group = &r->function->groups[row->group];
    nnrt_json_open(json, NULL, '{');
    nnrt_json_string(json, "name", group->name);
    nnrt_json_string(json, "layer", group->layer);
    nnrt_json_integer(json, "line", group->line);
    nnrt_json_string(json, "kind", group->kind);
    nnrt_json_integer(json, "group", row->group);
    nnrt_json_integer(json, "phase", group->phase);
    json_row(json, r, row);
    json_causes(json, r, row);
    nnrt_json_close(json, '}');
}

static void json_line(nnrt_json *json, const report *r, const nnrt_profile_row *row) {
    char text[256];
    nnrt_profile_line_text(r->program, row->line, text, sizeof text);
    nnrt_json_open(json, NULL, '{');
    nnrt_json_integer(json, "line", row->line);
    nnrt_json_string(json, "text", text);
    json_row(json, r, row);
    nnrt_json_close(json, '}');
}

static void json_whole(nnrt_json *json, const report *r) {
    const nnrt_profile_result *result = &r->result;
    nnrt_json_integer(json, "steps", result->steps);
    nnrt_json_integer(json, "samples", result->samples);
    nnrt_json_number(json, "workers", result->workers);
    nnrt_json_number(json, "seconds", result->seconds);
    nnrt_json_number(json, "step_us", microseconds_a_step(r, result->seconds));
    nnrt_json_number(json, "waiting_seconds", result->waiting);
    nnrt_json_number(json, "between_seconds", result->between);
    nnrt_json_number(json, "peak_flops_per_second", r->roof->flops);
    if (r->roof->narrow_flops > 0)
        nnrt_json_number(json, "bfloat16_peak_flops_per_second", r->roof->narrow_flops);
    nnrt_json_number(json, "memory_bytes_per_second", r->roof->bytes);
    nnrt_json_number(json, "second_cache_bytes_per_second",
                     r->roof->cache_bytes[NNRT_SECOND_CACHE]);
    nnrt_json_number(json, "third_cache_bytes_per_second", r->roof->cache_bytes[NNRT_THIRD_CACHE]);
    nnrt_json_integer(json, "peak_workers", r->roof->workers);
}

nnrt_status nnrt_profile_json(nnrt_json *json, const nnrt_profile *profile,
                              const nnrt_program *program, const char *function) {
    report r;
    nnrt_status status = open_report(&r, profile, program);
    if (status) return status;
    nnrt_json_open(json, NULL, '{');
    nnrt_json_string(json, "function", function);
    json_whole(json, &r);
    nnrt_json_open(json, "groups", '[');
    for (int64_t i = 0; i < r.result.group_count; i++) json_group(json, &r, &r.result.groups[i]);
    nnrt_json_close(json, ']');
    nnrt_json_open(json, "lines", '[');
    for (int64_t i = 0; i < r.result.line_count; i++) json_line(json, &r, &r.result.lines[i]);
    nnrt_json_close(json, ']');
    nnrt_json_close(json, '}');
    nnrt_profile_result_free(&r.result);
    return NNRT_OK;
}
