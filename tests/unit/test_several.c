// Which runs `fit --seeds` and lists of rates are, and what their files are called. That each has
// the bits of the run alone is run/several's.
#include "../../runtime/command/fit/several/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static nnrt_plan plan;

static void open_plan(const char *seeds, const char *rates, int64_t seed) {
    const nnrt_options options = {.seeds = seeds, .rates = rates, .seed = seed};
    if (nnrt_plan_open(&plan, &options)) fail_msg("%s", nnrt_error());
}

static void assert_run(int64_t number, const char *name, const char *mark) {
    assert_string_equal(plan.runs[number].name, name);
    assert_string_equal(plan.runs[number].mark, mark);
}

static void runs(void **state) {
    (void)state;
    open_plan("3", NULL, 7);
    assert_true(plan.count == 3 && plan.seeds == 3 && plan.rates == 1);
    assert_true(plan.runs[0].seed == 7 && plan.runs[2].seed == 9 && plan.runs[2].rate == 0);
    assert_run(2, "seed 9", "-seed9");
    nnrt_plan_free(&plan);
    open_plan("12,0", "0.1,1e-05", 1); // of each rate all seeds, as listed
    assert_true(plan.count == 4 && plan.seeds == 2 && plan.rates == 2);
    assert_true(plan.runs[1].seed == 0 && plan.runs[1].rate == 0.1 && plan.runs[2].rate == 1e-5);
    assert_run(0, "rate 0.1, seed 12", "-rate0.1-seed12");
    nnrt_plan_free(&plan);
    open_plan(NULL, "0.5,0.25", 3);
    assert_true(plan.count == 2 && plan.seeds == 1 && plan.runs[1].seed == 3);
    assert_run(1, "rate 0.25", "-rate0.25");
    nnrt_plan_free(&plan);
    open_plan("10000", NULL, 1);
    assert_true(plan.runs[9999].seed == 10000);
    nnrt_plan_free(&plan);
}

static void assert_path(const char *path, const char *marked) {
    char *made = nnrt_plan_path(path, "-seed3");
    assert_string_equal(made, marked);
    free(made);
}

static void assert_folder(const char *path, const char *marked) {
    char *made = nnrt_plan_folder(path, "-seed3");
    assert_string_equal(made, marked);
    free(made);
}

static void files(void **state) {
    (void)state;
    assert_path("net.safetensors", "net-seed3.safetensors");
    assert_path("a.b/net", "a.b/net-seed3");
    assert_path("a/.hidden", "a/.hidden-seed3");
    assert_path("net.tar.gz", "net.tar-seed3.gz");
    assert_path("best-{val_loss:.2f}", "best-{val_loss:.2f}-seed3"); // a dot of a placeholder
    assert_path("best-{val_loss:.2f}.safetensors", "best-{val_loss:.2f}-seed3.safetensors");
    assert_path("/dev/null", "/dev/null");
    assert_folder("logs", "logs/seed3");
    assert_folder("logs//", "logs/seed3");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs),
        cmocka_unit_test(files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
