// Messages: the last one stays, arguments may point into it, and of one that is too long the
// beginning and the end are kept, where the file and the remedy stand. Fails where a long message
// loses its end.
#include "../../runtime/base/status.h"
#include "../common/check.h"

#include <stdlib.h>
#include <string.h>

static void keeps_the_last_one(void **state) {
    (void)state;
    assert_int_equal(nnrt_fail(NNRT_USAGE, "first"), NNRT_USAGE);
    assert_int_equal(nnrt_fail(NNRT_ERROR, "second, after %s", nnrt_error()), NNRT_ERROR);
    assert_string_equal(nnrt_error(), "second, after first");
    assert_int_equal(nnrt_failure(), NNRT_ERROR);
}

static void keeps_both_ends(void **state) {
    enum { LONG = 3 * NNRT_MESSAGE };
    char *middle = malloc(LONG + 1);
    (void)state;
    memset(middle, 'x', LONG);
    middle[LONG] = 0;
    nnrt_fail(NNRT_ERROR, "cannot read `a file`: %s; get it again", middle);
    const char *text = nnrt_error();
    assert_true(strlen(text) < NNRT_MESSAGE && strlen(text) > NNRT_MESSAGE / 2);
    assert_int_equal(strncmp(text, "cannot read `a file`", 20), 0);
    assert_string_equal(text + strlen(text) - 14, "; get it again");
    middle[4095] = 0; // as long as a path may be
    nnrt_fail(NNRT_ERROR, "`%s` and `%s`; get them again", middle, middle);
    assert_null(strstr(nnrt_error(), "[...]"));
    free(middle);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(keeps_the_last_one),
                                       cmocka_unit_test(keeps_both_ends)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
