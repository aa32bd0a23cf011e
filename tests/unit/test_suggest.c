// "did you mean": which names are near enough.
#include "../common/front.h"

static const char *const names[] = {"softmax", "sigmoid", "softplus", "relu",         "dense",
                                    "conv2d",  "dropout", "flatten",  "crossentropy", NULL};

static void assert_suggested(const char *name, const char *expected) {
    const char *found = suggest_name(name, names);
    if (expected)
        assert_string_equal(found ? found : "nothing", expected);
    else
        assert_null(found);
}

static void test_slips(void **state) {
    (void)state;
    assert_suggested("sofmax", "softmax");
    assert_suggested("softmxa", "softmax"); // neighbours swapped
    assert_suggested("Softmax", "softmax");
    assert_suggested("RELU", "relu");
    assert_suggested("rellu", "relu");
    assert_suggested("denes", "dense");
    assert_suggested("cross_entropy", "crossentropy");
    assert_suggested("conv", "conv2d");
    assert_suggested("flat", "flatten");
}

static void test_strangers(void **state) {
    (void)state;
    assert_suggested("lstm", NULL);
    assert_suggested("x", NULL);
    assert_suggested("", NULL);
    assert_suggested("transformer", NULL);
}

static void test_long_names(void **state) {
    (void)state;
    char name[400];
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_suggested(name, NULL);
    const char *const candidates[] = {name, "", "dense", NULL};
    assert_string_equal(suggest_name("dens", candidates), "dense");
    const char *const none[] = {NULL};
    assert_null(suggest_name("dense", none));
}

// One letter may be wrong, but not the only one.
static void test_short_names(void **state) {
    (void)state;
    const char *const candidates[] = {"d", NULL};
    assert_string_equal(suggest_name("dd", candidates), "d");
    assert_null(suggest_name("e", candidates));
    assert_null(suggest_name("ee", candidates));
}

// The first of several equally near names, whatever else is in the list.
static void test_order(void **state) {
    (void)state;
    const char *const candidates[] = {"mae", "mse", "mee", NULL};
    assert_string_equal(suggest_name("mxe", candidates), "mae");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slips),      cmocka_unit_test(test_strangers),
        cmocka_unit_test(test_long_names), cmocka_unit_test(test_short_names),
        cmocka_unit_test(test_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
