// Paths with placeholders, as Python's str.format fills them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../../runtime/report/pattern.h"

static nnrt_log epoch_log(void) {
    nnrt_log log = {0};
    nnrt_log_put(&log, "loss", 0.125);
    nnrt_log_put(&log, "val_loss", 0.34567);
    nnrt_log_put(&log, "recall_1", 1);
    return log;
}

static void expect(const char *pattern, const char *wanted) {
    nnrt_log log = epoch_log();
    char path[128];
    assert_int_equal(nnrt_pattern_path(pattern, 7, &log, path, sizeof path), NNRT_OK);
    assert_string_equal(path, wanted);
}

static void fills_placeholders(void **state) {
    (void)state;
    expect("best.safetensors", "best.safetensors");
    expect("w{epoch}.x", "w7.x");
    expect("w{epoch:02d}.x", "w07.x");
    expect("w{epoch:4d}", "w   7");
    expect("{epoch:03d}-{val_loss:.2f}.x", "007-0.35.x");
    expect("{val_loss:08.3f}", "0000.346");
    expect("{val_loss:.1e}{loss:g}", "3.5e-010.125");
    expect("a/{loss}/{recall_1:.0f}", "a/0.125/1");
    expect("{{epoch}}{epoch}", "{epoch}7");
}

static void expect_bad(const char *pattern, const char *from) {
    nnrt_placeholder placeholder;
    assert_int_equal(nnrt_placeholder_next(pattern, &placeholder), -1);
    assert_string_equal(placeholder.end, from);
}

static void finds_mistakes(void **state) {
    (void)state;
    expect_bad("a{", "{");
    expect_bad("a{}", "{}");
    expect_bad("a{epoch", "{epoch");
    expect_bad("a{epoch:x}", "{epoch:x}");
    expect_bad("a{epoch:.2d}", "{epoch:.2d}");
    expect_bad("a{loss:.f}", "{loss:.f}");
    expect_bad("a{loss:123f}", "{loss:123f}");
    expect_bad("a}b", "}b");
    expect_bad("a{loss!r}", "{loss!r}");
}

static void refuses_long_names(void **state) {
    nnrt_log log = epoch_log();
    char path[8];
    (void)state;
    assert_int_equal(nnrt_pattern_path("{epoch:07d}", 7, &log, path, sizeof path), NNRT_OK);
    assert_int_equal(nnrt_pattern_path("{epoch:08d}", 7, &log, path, sizeof path), NNRT_ERROR);
    assert_int_equal(nnrt_pattern_path("{epoch:09d}-{loss}", 7, &log, path, sizeof path),
                     NNRT_ERROR);
    assert_int_equal(nnrt_pattern_path("12345678", 7, &log, path, sizeof path), NNRT_ERROR);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_placeholders),
        cmocka_unit_test(finds_mistakes),
        cmocka_unit_test(refuses_long_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
