// The accounts of a profile: what passes between two marks is where it belongs, by two workers of
// different speed; FLOP and bytes follow steps and samples; lines are sums of their groups. A slot
// that is mixed up, time that is counted twice or lost, or a wrong scale breaks these.
#include "../../runtime/base/clock.h"
#include "../../runtime/report/profile_report.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const nnrt_group groups[] = {{"a", "rows", "dense", 3, 0, 0, 100, 7, 10, 1},
                                    {"b", "rows", "dense", 5, 0, 0, 0, 0, 20, 0},
                                    {"c", "scalar", NULL, 3, 1, 0, 1, 1000, 0, 2}};
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
    nnrt_roof roof = {WORKERS, 1e9, 0, 1e9};
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
        cmocka_unit_test(lines_of_the_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
