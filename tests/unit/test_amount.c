// Amounts with their units on the command line: sizes, times, how often. A unit that is a thousand
// instead of 1024, a number that overflows, or a word that is taken for a number breaks it.
#include "../../runtime/base/text/amount.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void sizes(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t bytes;
    } cases[] = {{"1", 1},
                 {"500", 500},
                 {"500B", 500},
                 {"1.5KB", 1500},
                 {"1.5 kib", 1536},
                 {"2k", 2000},
                 {"500MB", 500000000},
                 {"512MiB", 512ll << 20},
                 {"512mib", 512ll << 20},
                 {"1.5GB", 1500000000},
                 {"3G", 3000000000},
                 {"0.5GiB", 1ll << 29},
                 {"2TB", 2000000000000},
                 {"4TiB", 4ll << 40},
                 {"1e3", 1000},
                 {"0.001KB", 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t bytes = -1;
        if (!nnrt_size_parse(cases[i].text, &bytes)) fail_msg("%s is no size", cases[i].text);
        if (bytes != cases[i].bytes) fail_msg("%s is %lld", cases[i].text, (long long)bytes);
    }
}

static void no_sizes(void **state) {
    (void)state;
    static const char *const texts[] = {
        "",      "0",   "0.9", "-1",    "+1",    " 1",         "MB",  "1XB",   "1MBs", "1M B",
        "1e400", "inf", "nan", "1,5GB", "5e18B", "5000000TiB", "1Ki", "1 MB ", "1/2GB"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        int64_t bytes = 42;
        if (nnrt_size_parse(texts[i], &bytes)) fail_msg("%s passes for a size", texts[i]);
        assert_int_equal(bytes, 42); // as it was
    }
}

static void durations(void **state) {
    (void)state;
    double seconds;
    assert_true(nnrt_duration_parse("90s", &seconds) && seconds == 90);
    assert_true(nnrt_duration_parse("1h30m", &seconds) && seconds == 5400);
    assert_true(nnrt_duration_parse("0.5d", &seconds) && seconds == 43200);
    static const char *const texts[] = {"", "90", "s", "0s", "-1s", "1h30", "1w", "1e400s", "1 h"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (nnrt_duration_parse(texts[i], &seconds)) fail_msg("%s passes for a time", texts[i]);
}

static void how_often(void **state) {
    (void)state;
    nnrt_every every;
    assert_true(nnrt_every_parse("10", &every) && every.steps == 10);
    assert_true(nnrt_every_parse("1step", &every) && every.steps == 1 && !every.epochs);
    assert_true(nnrt_every_parse("2epochs", &every) && every.epochs == 2 && !every.steps);
    assert_true(nnrt_every_parse("5m", &every) && every.seconds == 300 && !every.steps);
    static const char *const texts[] = {"", "0", "-3", "steps", "0epochs", "99999999999999999999"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (nnrt_every_parse(texts[i], &every)) fail_msg("%s passes for how often", texts[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(sizes), cmocka_unit_test(no_sizes),
                                       cmocka_unit_test(durations), cmocka_unit_test(how_often)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
