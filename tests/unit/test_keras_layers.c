// Layers of convolutional networks, attention and functions, against what Keras computed for them
// (tests/fixtures/make_keras_layers.py). A layer with another padding, order of weights, rule for
// what is divided, or update of an average breaks it.
#include "../common/layer_cases.h"

static void layers_agree_with_keras(void **state) {
    (void)state;
    assert_true(walk_cases("keras/layers.txt", 1, compare_with_fixture) > 170);
}

static void generated_code_agrees(void **state) {
    (void)state;
    walk_cases("keras/layers.txt", 1, compare_generated);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(layers_agree_with_keras),
                                       cmocka_unit_test(generated_code_agrees)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
