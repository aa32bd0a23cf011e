// Layers of sequences against what Keras and PyTorch computed for them
// (tests/fixtures/make_keras_sequences.py, make_torch_sequences.py). Another order of gates, a bias
// too many, a state that moves at a step that does not count, a direction that gives its steps the
// other way round break it.
#include "../common/layer_cases.h"

enum { GENERATED_EVERY = 12 }; // random networks compare generated code

static void layers_agree_with_keras(void **state) {
    (void)state;
    assert_true(walk_cases("keras/sequences.txt", 1, compare_with_fixture) > 140);
}

static void layers_agree_with_pytorch(void **state) {
    (void)state;
    assert_true(walk_cases("torch/sequences.txt", 1, compare_with_fixture) > 20);
}

// NNC_ALL=1: of all cases.
static void generated_code_agrees(void **state) {
    (void)state;
    walk_cases("keras/sequences.txt", getenv("NNC_ALL") ? 1 : GENERATED_EVERY, compare_generated);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(layers_agree_with_keras),
                                       cmocka_unit_test(layers_agree_with_pytorch),
                                       cmocka_unit_test(generated_code_agrees)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
