// ROC and precision-recall curves, the areas under them, and calibration, against scikit-learn's
// numbers (tests/fixtures/make_curves.py). Fails where ties are parted, a threshold is missing, an
// area is summed otherwise, or a score on an edge is in another bin; and for samples of one kind.
#include "../../runtime/metrics/calibration.h"
#include "../../runtime/metrics/ranking.h"

#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MOST = 128 };
static const double close = 1e-9;

typedef struct sample_case {
    const json_t *json;
    float scores[MOST];
    uint8_t is_yes[MOST];
    int64_t count;
} sample_case;

static void close_to(double a, double b, double tolerance) {
    if (!(fabs(a - b) <= tolerance)) fail_msg("%.12g is not %.12g", a, b);
}

static double number_at(const json_t *json, const char *name, size_t i) {
    const json_t *value = json_array_get(json_object_get(json, name), i);
    assert_true(json_is_number(value));
    return json_number_value(value);
}

static sample_case read_case(const json_t *json) {
    sample_case c = {.json = json,
                     .count = (int64_t)json_array_size(json_object_get(json, "scores"))};
    assert_in_range(c.count, 2, MOST);
    for (int64_t i = 0; i < c.count; i++) {
        c.scores[i] = (float)number_at(json, "scores", (size_t)i);
        c.is_yes[i] = number_at(json, "is_yes", (size_t)i) != 0;
    }
    return c;
}

static void check_ranking(const sample_case *c) {
    nnrt_ranking r;
    assert_int_equal(nnrt_ranking_make(&r, c->scores, 1, c->is_yes, c->count), NNRT_OK);
    assert_int_equal(r.count, json_array_size(json_object_get(c->json, "false_rates")));
    // scikit-learn's precision-recall curve ends where the last sample of the class is found.
    size_t points = json_array_size(json_object_get(c->json, "recalls"));
    for (size_t i = 0; i < (size_t)r.count; i++) {
        close_to(r.false_rates[i], number_at(c->json, "false_rates", i), close);
        close_to(r.true_rates[i], number_at(c->json, "true_rates", i), close);
        if (i < points) close_to(r.precisions[i], number_at(c->json, "precisions", i), close);
    }
    close_to(r.area, json_number_value(json_object_get(c->json, "area")), close);
    close_to(r.average_precision, json_number_value(json_object_get(c->json, "average_precision")),
             close);
    nnrt_ranking_free(&r);
}

static void check_calibration(const sample_case *c) {
    nnrt_calibration calibration = {0};
    size_t filled = 0;
    double error = 0;
    for (int64_t i = 0; i < c->count; i++)
        nnrt_calibration_add(&calibration, (double)c->scores[i], c->is_yes[i]);
    assert_int_equal(nnrt_calibration_count(&calibration), c->count);
    for (int i = 0; i < NNRT_CALIBRATION_BINS; i++) {
        double count = (double)calibration.counts[i];
        if (count == 0) continue;
        close_to(calibration.said[i] / count, number_at(c->json, "said", filled), 1e-7);
        close_to(calibration.right[i] / count, number_at(c->json, "right", filled), close);
        error += fabs(calibration.said[i] - calibration.right[i]);
        filled++;
    }
    assert_int_equal(filled, json_array_size(json_object_get(c->json, "said")));
    close_to(nnrt_calibration_error(&calibration), error / (double)c->count, close);
}

static void curves_are_those_of_scikit_learn(void **state) {
    json_t *cases = json_load_file(NNC_SOURCE_DIR "/tests/fixtures/curves/curves.json", 0, NULL);
    (void)state;
    assert_true(json_array_size(cases) >= 5);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        sample_case c = read_case(json_array_get(cases, i));
        check_ranking(&c);
        check_calibration(&c);
    }
    json_decref(cases);
}

static void one_kind_has_no_area(void **state) {
    static const float scores[] = {0.1f, NAN, 0.7f};
    static const uint8_t all[] = {1, 1, 1}, none[] = {0, 0, 0}, nan_is_last[] = {1, 0, 1};
    nnrt_ranking r;
    (void)state;
    assert_int_equal(nnrt_ranking_make(&r, scores, 1, all, 3), NNRT_OK);
    assert_true(isnan(r.area));
    close_to(r.average_precision, 1, close);
    nnrt_ranking_free(&r);
    assert_int_equal(nnrt_ranking_make(&r, scores, 1, none, 3), NNRT_OK);
    assert_true(isnan(r.area) && isnan(r.average_precision));
    nnrt_ranking_free(&r);
    assert_int_equal(nnrt_ranking_make(&r, scores, 1, nan_is_last, 3), NNRT_OK);
    close_to(r.area, 1, close);
    nnrt_ranking_free(&r);
    assert_int_equal(nnrt_ranking_make(&r, scores, 1, all, 0), NNRT_OK);
    assert_int_equal(r.count, 1);
    nnrt_ranking_free(&r);
}

static void what_is_no_probability_is_not_counted(void **state) {
    nnrt_calibration calibration = {0};
    (void)state;
    nnrt_calibration_add(&calibration, NAN, 1);
    nnrt_calibration_add(&calibration, 1.5, 1);
    nnrt_calibration_add(&calibration, -0.1, 0);
    assert_int_equal(nnrt_calibration_count(&calibration), 0);
    assert_true(isnan(nnrt_calibration_error(&calibration)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(curves_are_those_of_scikit_learn),
        cmocka_unit_test(one_kind_has_no_area),
        cmocka_unit_test(what_is_no_probability_is_not_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
