// The accounts of a profile: what passes between two marks is where it belongs, by two workers of
// different speed; FLOP and bytes follow steps and samples; lines are sums of their groups; causes
// are what was counted by the roofs, bytes in the cache that the distance between two touches says.
// A slot that is mixed up, time that is counted twice or lost, or a wrong scale breaks these.
#include "../../runtime/base/clock.h"
#include "../../runtime/report/causes.h"
#include "../../runtime/report/profile_report.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const nnrt_group groups[] = {
    {"a", "rows", "dense", 3, 0, 0, 100, 7, 10, 1, {.full_lanes = 1}},
    {"b", "rows", "dense", 5, 0, 0, 0, 0, 20, 0, {.full_lanes = 1}},
    {"c", "scalar", NULL, 3, 1, 0, 1, 1000, 0, 2, {.full_lanes = 1}}};
static const nnrt_function function = {.groups = groups, .group_count = 3};

enum { SLOTS = 7, BETWEEN = 6, WORKERS = 2, ROWS = 8 };

static double spent[SLOTS]; // seconds of all workers, by our own clock

// Works for so long, then marks the slot. Whatever interrupts us is in both clocks.
static void work(const nnrt_context *context, int slot, double seconds) {
    static double last;
    double now = nnrt_seconds();
    if (slot < 0) {
        nnrt_profile_skip(context);
        last = nnrt_seconds();
        return;
    }
    while (now - last < seconds) now = nnrt_seconds();
    if (slot == BETWEEN)
        nnrt_profile_between(context);
    else
        nnrt_profile_mark(context, slot);
    now = nnrt_seconds();
    spent[slot] += now - last;
    last = now;
}

static void run_worker(const nnrt_profile *profile, int thread, double slowness) {
    nnrt_context context = {.rows = ROWS, .thread = thread, .threads = WORKERS};
    context.account = nnrt_profile_account(profile, thread);
    for (int step = 0; step < 3; step++) {
        work(&context, -1, 0);
        nnrt_profile_count(&context);
        work(&context, BETWEEN, 0.001);
        work(&context, 0, 0.002 * slowness);
        work(&context, 2, 0.004 * slowness);
        work(&context, 3, 0.003);
        work(&context, 4, 0.001 * slowness);
        work(&context, 5, 0.002);
    }
}

static const nnrt_profile_row *row_of(const nnrt_profile_row *rows, int64_t count, int64_t group) {
    for (int64_t i = 0; i < count; i++)
        if (rows[i].group == group) return &rows[i];
    fail_msg("group %d has no row", (int)group);
    return NULL;
}

static void is_near(double value, double expected) {
    if (fabs(value - expected) > 0.02 * expected + 20e-6)
        fail_msg("%g s instead of %g", value, expected);
}

static void time_is_where_it_was_spent(void **state) {
    nnrt_roof roof = {.workers = WORKERS, .flops = 1e9, .bytes = 1e9};
    nnrt_profile *profile = nnrt_profile_create(&function, WORKERS, &roof);
    nnrt_profile_result result;
    double all = 0, first = 0;
    (void)state;
    memset(spent, 0, sizeof spent);
    run_worker(profile, 0, 1);
    for (int i = 0; i < SLOTS; i++) first += spent[i];
    run_worker(profile, 1, 2);
    for (int i = 0; i < SLOTS; i++) all += spent[i];
    assert_int_equal(nnrt_profile_read(profile, &result), NNRT_OK);
    double scale = first / all; // worker 0 ran as long as the whole
    is_near(result.seconds, first);
    assert_true(fabs(result.workers - fmin(all / first, WORKERS)) < 0.05);
    for (int i = 0; i < 3; i++) {
        const nnrt_profile_row *row = row_of(result.groups, result.group_count, i);
        is_near(row->seconds, scale * spent[2 * i]);
        is_near(row->waiting, scale * spent[2 * i + 1]);
    }
    is_near(result.between, scale * spent[BETWEEN]);
    double sum = result.waiting + result.between;
    for (int64_t i = 0; i < result.group_count; i++) {
        sum += result.groups[i].seconds;
        if (i) assert_true(result.groups[i - 1].seconds >= result.groups[i].seconds);
    }
    assert_true(fabs(sum - result.seconds) < 1e-9);
    nnrt_profile_result_free(&result);
    nnrt_profile_free(profile);
}

static void work_follows_steps_and_samples(void **state) {
    nnrt_roof roof = {.workers = 1};
    nnrt_profile *profile = nnrt_profile_create(&function, 1, &roof);
    nnrt_context context = {.rows = ROWS, .threads = 1};
    nnrt_profile_result result;
    (void)state;
    context.account = nnrt_profile_account(profile, 0);
    nnrt_profile_skip(&context);
    for (int step = 0; step < 5; step++) {
        if (step == 4) context.rows = 3; // the short batch
        nnrt_profile_count(&context);
        nnrt_profile_mark(&context, 0);
        nnrt_profile_mark(&context, 4);
    }
    assert_int_equal(nnrt_profile_read(profile, &result), NNRT_OK);
    assert_int_equal(result.steps, 5);
    assert_int_equal(result.samples, 4 * ROWS + 3);
    const nnrt_profile_row *a = row_of(result.groups, 3, 0), *c = row_of(result.groups, 3, 2);
    assert_true(a->flops == 100 * 35 + 7 * 5);
    assert_true(a->bytes == 10 * 35 + 1 * 5);
    assert_true(c->flops == 35 + 1000 * 5);
    assert_int_equal(result.line_count, 2);
    const nnrt_profile_row *line = row_of(result.lines, 2, 0);
    assert_int_equal(line->line, 3);
    assert_true(line->flops == a->flops + c->flops);
    assert_true(line->seconds == a->seconds + c->seconds);
    assert_true(row_of(result.lines, 2, 1)->seconds == 0); // b never ran
    nnrt_profile_result_free(&result);
    nnrt_profile_free(profile);
}

static void nothing_ran(void **state) {
    nnrt_roof roof = {.workers = 1};
    nnrt_profile *profile = nnrt_profile_create(&function, 1, &roof);
    nnrt_profile_result result;
    (void)state;
    assert_int_equal(nnrt_profile_read(profile, &result), NNRT_OK);
    assert_true(result.seconds == 0 && result.workers == 0 && result.waiting == 0);
    nnrt_profile_result_free(&result);
    nnrt_profile_free(profile);
}

// ---- Causes.

// Two workers, 10^9 FLOP/s; L1 holds 1000 bytes, L2 10,000 and L3 100,000.
static const nnrt_roof known_roof = {.workers = 2,
                                     .flops = 1e9,
                                     .narrow_flops = 4e9,
                                     .bytes = 1e6,
                                     .cache_sizes = {1000, 10000, 100000},
                                     .cache_bytes = {0, 1e8, 1e7}};
static const nnrt_profile_result ten_steps = {.steps = 10, .samples = 80, .workers = 2};

static nnrt_causes causes_of(const nnrt_group *group, const nnrt_touch *touches, int64_t count,
                             double seconds) {
    nnrt_function one = {
        .groups = group, .group_count = 1, .touches = touches, .touch_count = count};
    nnrt_profile *profile = nnrt_profile_create(&one, WORKERS, &known_roof);
    nnrt_profile_row row = {.group = 0, .seconds = seconds};
    nnrt_causes causes = nnrt_causes_of(profile, &ten_steps, &row);
    nnrt_profile_free(profile);
    return causes;
}

static void is_close(double value, double expected) {
    if (fabs(value - expected) > 1e-9 * fmax(expected, 1e-6))
        fail_msg("%g instead of %g", value, expected);
}

static void instructions_take_their_time(void **state) {
    nnrt_group group = {.effort = {.products = {1e6, 0},  // 80 samples: 8e7 FLOP
                                   .values = {0, 1e6},    // 10 steps: 1e7 values
                                   .functions = {1e3, 0}, // 8e4 of twenty instructions
                                   .converted = {1e4, 0}, // 8e5 of two
                                   .moved = {2e4, 0},     // 1.6e6 of two
                                   .joined = {0, 1e5},    // 1e6 of four
                                   .full_lanes = 0.625}};
    (void)state;
    nnrt_causes causes = causes_of(&group, NULL, 0, 0.2);
    const double *seconds = causes.seconds;
    is_close(seconds[NNRT_CAUSE_PRODUCTS], 0.08);
    is_close(seconds[NNRT_CAUSE_VALUES], 0.02);
    is_close(seconds[NNRT_CAUSE_FUNCTIONS], 0.0032);
    is_close(seconds[NNRT_CAUSE_CONVERTED], 0.0032);
    is_close(seconds[NNRT_CAUSE_MOVED], 0.0064);
    is_close(seconds[NNRT_CAUSE_JOINED], 0.008);
    is_close(seconds[NNRT_CAUSE_REST], 0.2 - 0.1208);
    is_close(causes.full_lanes, 0.625);
    assert_int_equal(causes.largest, NNRT_CAUSE_PRODUCTS);
    group.in_bfloat16 = 1;
    causes = causes_of(&group, NULL, 0, 0.05);
    is_close(causes.seconds[NNRT_CAUSE_PRODUCTS], 0.02);
    is_close(causes.seconds[NNRT_CAUSE_REST], 0); // never less
}

// What one touch comes to: seconds in L2, L3, memory.
static void touch_takes(nnrt_touch touch, double second, double third, double memory) {
    nnrt_group group = {0};
    nnrt_causes causes = causes_of(&group, &touch, 1, 1);
    is_close(causes.seconds[NNRT_CAUSE_SECOND_CACHE], second);
    is_close(causes.seconds[NNRT_CAUSE_THIRD_CACHE], third);
    is_close(causes.seconds[NNRT_CAUSE_MEMORY], memory);
}

// 8 samples a step, 4 of each worker.
static void bytes_come_from_where_they_can_be(void **state) {
    (void)state;
    touch_takes((nnrt_touch){.bytes = {100, 0}, .between = {100, 200}}, 0, 0,
                0); // 1000 of a worker
    touch_takes((nnrt_touch){.bytes = {100, 0}, .between = {100, 201}}, 8e3 / 1e8, 0, 0);
    touch_takes((nnrt_touch){.bytes = {0, 100}, .between = {0, 9900}}, 1e3 / 1e8, 0, 0);
    touch_takes((nnrt_touch){.bytes = {0, 100}, .between = {0, 9901}}, 0, 1e3 / 1e7, 0);
    touch_takes((nnrt_touch){.bytes = {0, 100}, .between = {0, 49901}}, 0, 0, 1e3 / 1e6); // of both
    // All of it by each worker; what another one wrote; samples; two at a time.
    touch_takes((nnrt_touch){.bytes = {0, 100}, .between = {0, 9000}, .is_whole = 1}, 2e3 / 1e8, 0,
                0);
    touch_takes((nnrt_touch){.bytes = {0, 100}, .is_foreign = 1}, 0, 1e3 / 1e7, 0);
    touch_takes((nnrt_touch){.bytes = {10, 0}, .is_data = 1}, 0, 0, 800 / 1e6);
    touch_takes((nnrt_touch){.bytes = {100, 0}, .between = {400, 0}, .window = 2}, 0, 0, 0);
    touch_takes((nnrt_touch){.bytes = {100, 0}, .between = {400, 0}}, 8e3 / 1e8, 0, 0);
}

static void lines_of_the_source(void **state) {
    static const char source[] = "first\r\n\t  second, \xC3\xA4 \t\n\nlast";
    static const nnrt_program program = {.source_text = source};
    char text[32];
    (void)state;
    nnrt_profile_line_text(&program, 1, text, sizeof text);
    assert_string_equal(text, "first");
    nnrt_profile_line_text(&program, 2, text, sizeof text);
    assert_string_equal(text, "second, \xC3\xA4");
    nnrt_profile_line_text(&program, 2, text, 10); // in the middle of a letter
    assert_string_equal(text, "second,");
    nnrt_profile_line_text(&program, 3, text, sizeof text);
    assert_string_equal(text, "");
    nnrt_profile_line_text(&program, 4, text, sizeof text);
    assert_string_equal(text, "last");
    static const int64_t absent[] = {-1, 0, 5};
    for (int i = 0; i < 3; i++) {
        nnrt_profile_line_text(&program, absent[i], text, sizeof text);
        assert_string_equal(text, "");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_is_where_it_was_spent),
        cmocka_unit_test(work_follows_steps_and_samples),
        cmocka_unit_test(nothing_ran),
        cmocka_unit_test(instructions_take_their_time),
        cmocka_unit_test(bytes_come_from_where_they_can_be),
        cmocka_unit_test(lines_of_the_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
