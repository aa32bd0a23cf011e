// Lists of names in messages: commas between, none at the ends, and never more than the text holds.
#include "../../runtime/base/text/list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void joins(void **state) {
    (void)state;
    char text[32];
    nnrt_list list = nnrt_list_make(text, sizeof text);
    assert_string_equal(text, "");
    nnrt_list_add(&list, "%s", "left");
    assert_string_equal(text, "left");
    nnrt_list_add(&list, "%d of %d", 3, 4);
    nnrt_list_add(&list, "%s", "");
    assert_string_equal(text, "left, 3 of 4, ");
    assert_int_equal(list.count, 3);
}

static void is_cut(void **state) {
    (void)state;
    for (size_t size = 1; size < 12; size++) {
        char text[16], whole[] = "one, two, three";
        memset(text, '#', sizeof text);
        nnrt_list list = nnrt_list_make(text, size);
        nnrt_list_add(&list, "one");
        nnrt_list_add(&list, "two");
        nnrt_list_add(&list, "three");
        assert_int_equal(strlen(text), size - 1);
        assert_memory_equal(text, whole, size - 1);
        assert_int_equal(text[size], '#');
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(joins), cmocka_unit_test(is_cut)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
