// Random numbers: known answers of Philox, ranges, permutations, independence of the domains.
#include "../../runtime/base/numbers/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

// From the known-answer tests of the authors' Random123 library: philox4x32, 10 rounds.
static void philox_gives_known_answers(void **state) {
    static const uint32_t counters[3][4] = {{0, 0, 0, 0},
                                            {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
                                            {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}};
    static const uint32_t keys[3][2] = {{0, 0}, {0xffffffff, 0xffffffff}, {0xa4093822, 0x299f31d0}};
    static const uint32_t answers[3][4] = {{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
                                           {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd},
                                           {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}};
    (void)state;
    for (int i = 0; i < 3; i++) {
        uint32_t out[4];
        nnrt_philox(counters[i], keys[i], out);
        assert_memory_equal(out, answers[i], sizeof out);
    }
}

static void numbers_stay_in_range(void **state) {
    nnrt_random random = nnrt_random_make(1, NNRT_RANDOM_DATA, 0);
    double sum = 0, squares = 0, uniform = 0;
    int counts[7] = {0};
    enum { N = 70000 };
    (void)state;
    for (int i = 0; i < N; i++) {
        double u = nnrt_random_uniform(&random), x = nnrt_random_normal(&random);
        assert_true(u >= 0 && u < 1);
        uniform += u;
        sum += x;
        squares += x * x;
        counts[nnrt_random_below(&random, 7)]++;
    }
    assert_true(fabs(uniform / N - 0.5) < 0.005);
    assert_true(fabs(sum / N) < 0.015);
    assert_true(fabs(squares / N - 1) < 0.025);
    for (int i = 0; i < 7; i++) assert_in_range(counts[i], N / 7 - 400, N / 7 + 400);
    assert_int_equal(nnrt_random_below(&random, 1), 0);
}

static void shuffling_permutes(void **state) {
    enum { N = 1000 };
    uint32_t rows[N], again[N];
    int seen[N] = {0}, fixed = 0;
    (void)state;
    for (uint32_t i = 0; i < N; i++) rows[i] = again[i] = i;
    nnrt_random random = nnrt_random_make(5, NNRT_RANDOM_SHUFFLE, 3);
    nnrt_random_shuffle(&random, rows, N);
    for (int i = 0; i < N; i++) {
        assert_true(rows[i] < N && !seen[rows[i]]++);
        fixed += rows[i] == (uint32_t)i;
    }
    assert_true(fixed < 10);
    random = nnrt_random_make(5, NNRT_RANDOM_SHUFFLE, 3);
    nnrt_random_shuffle(&random, again, N);
    assert_memory_equal(rows, again, sizeof rows);
    random = nnrt_random_make(5, NNRT_RANDOM_SHUFFLE, 4);
    nnrt_random_shuffle(&random, again, N);
    assert_memory_not_equal(rows, again, sizeof rows);
}

static void keys_differ(void **state) {
    (void)state;
    uint64_t key = nnrt_random_step_key(1, 2, 3);
    assert_true(key == nnrt_random_step_key(1, 2, 3));
    assert_true(key != nnrt_random_step_key(2, 2, 3));
    assert_true(key != nnrt_random_step_key(1, 3, 3));
    assert_true(key != nnrt_random_step_key(1, 2, 4));
    nnrt_random a = nnrt_random_make(1, NNRT_RANDOM_DATA, 0);
    nnrt_random b = nnrt_random_make(1, NNRT_RANDOM_INITIALIZE, 0);
    assert_true(nnrt_random_bits(&a) != nnrt_random_bits(&b));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(philox_gives_known_answers),
        cmocka_unit_test(numbers_stay_in_range),
        cmocka_unit_test(shuffling_permutes),
        cmocka_unit_test(keys_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
