// Drawing tokens: shares are what scores, temperature, top k and top p ask for, and no other token
// is ever drawn. A wrong share, a bound that is off by one, a draw that depends on anything but
// seed and scores fail here.
#include "../../runtime/command/generation/sample.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { TOKENS = 8, DRAWS = 40000 };

// The 0.9999 quantile of chi-square with 7 degrees of freedom; the seed is fixed.
static const double most_chi_square = 29.9;

static const float scores[TOKENS] = {0.5f, -1, 2, 0, 1.5f, -3, 1, 0.25f};

static nnrt_sampler open_sampler(double temperature, int64_t top_k, double top_p) {
    nnrt_sampler sampler = {
        .temperature = temperature, .top_k = top_k, .top_p = top_p, .banned = -1};
    assert_int_equal(nnrt_sampler_open(&sampler, TOKENS, 7), NNRT_OK);
    return sampler;
}

static void check_shares(nnrt_sampler *sampler, const float *values, int are_shares,
                         const double *wanted) {
    int64_t counts[TOKENS] = {0};
    double chi_square = 0;
    for (int i = 0; i < DRAWS; i++) {
        int32_t token = nnrt_sampler_draw(sampler, values, are_shares);
        assert_in_range(token, 0, TOKENS - 1);
        counts[token]++;
    }
    for (int i = 0; i < TOKENS; i++) {
        double expected = wanted[i] * DRAWS, distance = (double)counts[i] - expected;
        if (wanted[i] == 0) assert_int_equal(counts[i], 0);
        if (wanted[i] > 0) chi_square += distance * distance / expected;
    }
    assert_true(chi_square < most_chi_square);
    nnrt_sampler_close(sampler);
}

// Of the tokens that `keeps` names, by exp(score / temperature).
static void wanted_shares(double temperature, const int *keeps, double *wanted) {
    double sum = 0;
    for (int i = 0; i < TOKENS; i++) {
        wanted[i] = !keeps || keeps[i] ? exp((double)scores[i] / temperature) : 0;
        sum += wanted[i];
    }
    for (int i = 0; i < TOKENS; i++) wanted[i] /= sum;
}

static void draws_by_temperature(void **state) {
    static const double temperatures[] = {0.5, 1, 2.5};
    double wanted[TOKENS];
    (void)state;
    for (int i = 0; i < 3; i++) {
        nnrt_sampler sampler = open_sampler(temperatures[i], 0, 1);
        wanted_shares(temperatures[i], NULL, wanted);
        check_shares(&sampler, scores, 0, wanted);
    }
}

static void draws_by_shares(void **state) {
    static const double temperatures[] = {0.7, 1};
    double shares[TOKENS], wanted[TOKENS];
    float values[TOKENS];
    (void)state;
    wanted_shares(1, NULL, shares);
    for (int i = 0; i < TOKENS; i++) values[i] = (float)shares[i];
    for (int i = 0; i < 2; i++) {
        nnrt_sampler sampler = open_sampler(temperatures[i], 0, 1);
        wanted_shares(temperatures[i], NULL, wanted);
        check_shares(&sampler, values, 1, wanted);
    }
}

// In order: tokens 2, 4, 6, 0, 7, 3, 1, 5.
static void draws_from_the_likeliest(void **state) {
    static const int three[TOKENS] = {[2] = 1, [4] = 1, [6] = 1};
    double wanted[TOKENS];
    (void)state;
    nnrt_sampler sampler = open_sampler(1.3, 3, 1);
    wanted_shares(1.3, three, wanted);
    check_shares(&sampler, scores, 0, wanted);
    sampler = open_sampler(1.3, TOKENS + 5, 1); // more than there are: all
    wanted_shares(1.3, NULL, wanted);
    check_shares(&sampler, scores, 0, wanted);
}

// As few tokens as reach the share: just below what three have, and just above.
static void draws_from_the_nucleus(void **state) {
    static const int three[TOKENS] = {[2] = 1, [4] = 1, [6] = 1};
    static const int four[TOKENS] = {[2] = 1, [4] = 1, [6] = 1, [0] = 1};
    double all[TOKENS], wanted[TOKENS];
    (void)state;
    wanted_shares(1, NULL, all);
    double reached = all[2] + all[4] + all[6];
    nnrt_sampler sampler = open_sampler(1, 0, reached - 1e-9);
    wanted_shares(1, three, wanted);
    check_shares(&sampler, scores, 0, wanted);
    sampler = open_sampler(1, 0, reached + 1e-9);
    wanted_shares(1, four, wanted);
    check_shares(&sampler, scores, 0, wanted);
    // Behind top k the share is of those that this leaves: of 0, 2, 4 and 6 three are 0.9.
    double left = reached + all[0];
    sampler = open_sampler(1, 4, reached / left - 1e-9);
    wanted_shares(1, three, wanted);
    check_shares(&sampler, scores, 0, wanted);
}

static void takes_the_likeliest(void **state) {
    static const float ties[TOKENS] = {1, 3, 2, 3, 0, 3, 1, 1};
    (void)state;
    nnrt_sampler sampler = open_sampler(0, 0, 1);
    for (int i = 0; i < 10; i++) assert_int_equal(nnrt_sampler_draw(&sampler, ties, 0), 1);
    sampler.banned = 1;
    assert_int_equal(nnrt_sampler_draw(&sampler, ties, 0), 3);
    nnrt_sampler_close(&sampler);
    sampler = open_sampler(1, 1, 1);
    for (int i = 0; i < 10; i++) assert_int_equal(nnrt_sampler_draw(&sampler, ties, 0), 1);
    sampler.top_k = 2; // of equal ones those that come first
    for (int i = 0; i < 100; i++) {
        int32_t token = nnrt_sampler_draw(&sampler, ties, 0);
        assert_true(token == 1 || token == 3);
    }
    nnrt_sampler_close(&sampler);
}

static void never_draws_what_is_banned(void **state) {
    static const int others[TOKENS] = {1, 1, 0, 1, 1, 1, 1, 1};
    double wanted[TOKENS];
    (void)state;
    nnrt_sampler sampler = open_sampler(1, 0, 1);
    sampler.banned = 2;
    wanted_shares(1, others, wanted);
    check_shares(&sampler, scores, 0, wanted);
}

static void finds_what_is_not_finite(void **state) {
    float values[TOKENS] = {0};
    (void)state;
    nnrt_sampler sampler = open_sampler(1, 0, 1);
    values[5] = NAN;
    assert_int_equal(nnrt_sampler_draw(&sampler, values, 0), -1);
    values[5] = INFINITY;
    assert_int_equal(nnrt_sampler_draw(&sampler, values, 0), -1);
    for (int i = 0; i < TOKENS; i++) values[i] = -INFINITY;
    assert_int_equal(nnrt_sampler_draw(&sampler, values, 0), -1);
    values[3] = -200; // all but one impossible
    assert_int_equal(nnrt_sampler_draw(&sampler, values, 0), 3);
    nnrt_sampler_close(&sampler);
}

static void measures_surprise(void **state) {
    double shares[TOKENS];
    float values[TOKENS];
    (void)state;
    wanted_shares(1, NULL, shares);
    for (int i = 0; i < TOKENS; i++) values[i] = (float)shares[i];
    for (int32_t i = 0; i < TOKENS; i++) {
        assert_true(fabs(nnrt_surprise(scores, TOKENS, 0, i) + log(shares[i])) < 1e-6);
        assert_true(fabs(nnrt_surprise(values, TOKENS, 1, i) + log(shares[i])) < 1e-6);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_by_temperature),     cmocka_unit_test(draws_by_shares),
        cmocka_unit_test(draws_from_the_likeliest), cmocka_unit_test(draws_from_the_nucleus),
        cmocka_unit_test(takes_the_likeliest),      cmocka_unit_test(never_draws_what_is_banned),
        cmocka_unit_test(finds_what_is_not_finite), cmocka_unit_test(measures_surprise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
