// Recurrent cells of one's own against Keras's around cell classes, and against Keras's own layers
// where a block says what they do (tests/fixtures/make_keras_cells.py). States in another order,
// weights made in each step or named otherwise, a product that leaves the loop and should not, a
// mask or direction that is lost break it.
#include "../common/layer_cases.h"

static void cells_agree_with_keras(void **state) {
    (void)state;
    assert_true(walk_cases("keras/cells.txt", 1, compare_with_fixture) >= 10);
}

static void generated_code_agrees(void **state) {
    (void)state;
    walk_cases("keras/cells.txt", 1, compare_generated);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(cells_agree_with_keras),
                                       cmocka_unit_test(generated_code_agrees)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
