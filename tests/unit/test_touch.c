// First touch: after it every page of every parameter, and of every slot, is there, whichever
// worker took it, and is zero; small ones are left alone. A part that nobody touches, or one that
// begins or ends elsewhere, breaks these.
#include "../../runtime/session/touch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

enum { LARGE = 5 << 20, SMALL = 1000, BEHIND = 64, ALL = LARGE + SMALL + BEHIND };

static const nnrt_parameter parameters[] = {
    {.name = "a", .storage = {.offset = 0, .size = LARGE}},
    {.name = "b", .storage = {.offset = LARGE + BEHIND, .size = SMALL}}};
static const nnrt_program program = {
    .parameters = parameters, .parameter_count = 2, .weights_size = ALL};
static const nnrt_slot slots[] = {{.name = "a/m", .offset = SMALL, .size = LARGE},
                                  {.name = "b/m", .offset = 0, .size = SMALL}};
static const nnrt_train_step step = {.slots = slots, .slot_count = 2, .slots_size = ALL};

// Of the pages that hold these floats.
static int64_t absent_pages(const float *values, int64_t count) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), first = (uintptr_t)values / page * page;
    size_t bytes = (uintptr_t)(values + count) - first, pages = (bytes + page - 1) / page;
    unsigned char *there = calloc(pages, 1);
    int64_t absent = 0;
    assert_non_null(there);
    assert_int_equal(mincore((void *)first, bytes, there), 0);
    for (size_t i = 0; i < pages; i++) absent += !(there[i] & 1);
    free(there);
    return absent;
}

static nnrt_session session_of(const nnrt_program *own, int workers) {
    nnrt_session session = {.program = own, .team = nnrt_team_create(workers)};
    assert_non_null(session.team);
    assert_int_equal(nnrt_block_allocate(&session.weights, ALL, "weights"), NNRT_OK);
    return session;
}

static void close_session(nnrt_session *session) {
    nnrt_team_free(session->team);
    nnrt_block_free(&session->weights);
}

static void all_pages_are_touched(void **state) {
    (void)state;
    for (int workers = 2; workers <= 5; workers++) {
        nnrt_session session = session_of(&program, workers);
        assert_true(absent_pages(session.weights.values, ALL) > 0);
        nnrt_touch_weights(&session);
        assert_int_equal(absent_pages(session.weights.values, LARGE), 0);
        for (int64_t i = 0; i < ALL; i++) assert_true(session.weights.values[i] == 0);
        close_session(&session);
        session = session_of(&program, workers);
        nnrt_touch_slots(&session, &step, session.weights.values);
        assert_int_equal(absent_pages(session.weights.values + SMALL, LARGE), 0);
        close_session(&session);
    }
}

static void small_ones_are_left_alone(void **state) {
    static const nnrt_program small = {
        .parameters = parameters, .parameter_count = 2, .weights_size = SMALL};
    (void)state;
    nnrt_session session = session_of(&small, 2);
    nnrt_touch_weights(&session);
    assert_true(absent_pages(session.weights.values, ALL) > 0);
    close_session(&session);
    session = session_of(&program, 1); // one worker: whoever writes it first will do
    nnrt_touch_weights(&session);
    assert_true(absent_pages(session.weights.values, ALL) > 0);
    close_session(&session);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_pages_are_touched),
        cmocka_unit_test(small_ones_are_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
