// The command line of compiled programs: values, spellings, suggestions, what belongs to what.
#include "../../runtime/session/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static nnrt_options options;

// `line`: arguments separated by blanks; "''" is an empty one.
static nnrt_status parse(const char *line) {
    static char words[512];
    static char *argv[32];
    int argc = 0;
    argv[argc++] = (char *)"./fashion";
    snprintf(words, sizeof words, "%s", line);
    for (char *word = strtok(words, " "); word; word = strtok(NULL, " "))
        argv[argc++] = strcmp(word, "''") ? word : (char *)"";
    argv[argc] = NULL;
    return nnrt_options_parse(&options, argc, argv);
}

static void accept(const char *line) {
    if (parse(line)) fail_msg("`%s`: %s", line, nnrt_error());
}

static void refuse(const char *line, const char *word) {
    nnrt_fail(NNRT_OK, "no message");
    if (parse(line) != NNRT_USAGE) fail_msg("`%s` was accepted", line);
    if (!strstr(nnrt_error(), word)) fail_msg("`%s`: no `%s` in: %s", line, word, nnrt_error());
}

static void defaults(void **state) {
    (void)state;
    accept("");
    assert_string_equal(options.command, "fit");
    assert_int_equal(options.epochs, 0);
    assert_int_equal(options.seed, 1);
    assert_int_equal(options.progress, NNRT_PROGRESS_AUTO);
    accept("--epochs 3");
    assert_string_equal(options.command, "fit");
    assert_int_equal(options.epochs, 3);
}

static void values(void **state) {
    (void)state;
    accept("fit --epochs 20 --steps=7 --learning-rate 1e-3 --seed=9223372036854775807 --threads 2 "
           "--no-shuffle --weights a --save=b=c --step-log d --history e --progress json --json");
    assert_true(options.epochs == 20 && options.steps == 7 && options.learning_rate == 1e-3);
    assert_true(options.seed == INT64_MAX && options.threads == 2 && options.no_shuffle == 1);
    assert_string_equal(options.weights, "a");
    assert_string_equal(options.save, "b=c");
    assert_string_equal(options.step_log, "d");
    assert_string_equal(options.history, "e");
    assert_true(options.progress == NNRT_PROGRESS_JSON && options.json);
    accept("fit --checkpoint c --every 10 --resume --changed --max-time 1h30m");
    assert_true(options.every.steps == 10 && options.resume && options.changed);
    assert_true(options.max_time == 5400);
    accept("fit --checkpoint c --every=2epochs --max-time 90s --seed 1");
    assert_true(options.every.epochs == 2 && options.max_time == 90 && options.has_seed);
    accept("fit --checkpoint c --every 5m");
    assert_true(options.every.seconds == 300 && !options.every.steps && !options.has_seed);
    refuse("fit --checkpoint c --every 0", "not `0`");
    refuse("fit --checkpoint c --every 5parsecs", "2epochs");
    refuse("fit --checkpoint c --every -3s", "2epochs");
    refuse("fit --checkpoint c --changed", "`--changed` needs `--resume`");
    refuse("fit --max-time 8", "90s, 30m");
    accept("fit --run runs/ --resume --every 10");
    assert_string_equal(options.run, "runs/");
    accept("fit --heartbeat 10s");
    assert_true(options.heartbeat == 10 && !options.max_time_text);
    accept("fit --seeds 5 --learning-rate 0.1,1e-2");
    assert_string_equal(options.seeds, "5");
    assert_string_equal(options.rates, "0.1,1e-2");
    assert_true(options.learning_rate == 0 && !options.has_seed);
    accept("fit --learning-rate 0.1,0.2 --learning-rate 0.3");
    assert_true(options.learning_rate == 0.3 && !options.rates);
    refuse("fit --seeds=", "`--seeds` needs");
    refuse("bench --seeds 3", "an option of `fit`");
    accept("predict --model judge a");
    assert_string_equal(options.model, "judge");
    refuse("bench --model=", "`--model` needs a name");
    accept("fit --allow-write a --allow-write=b/c");
    assert_string_equal(options.allow_write[0], "a");
    assert_string_equal(options.allow_write[1], "b/c");
    assert_null(options.allow_write[2]);
    accept("bench --seconds 0.5 --threads 1 --json");
    assert_true(options.seconds == 0.5);
}

static void inputs(void **state) {
    (void)state;
    accept("predict a.npy --weights w b.png -- --c.npy");
    assert_int_equal(options.input_count, 3);
    assert_string_equal(options.inputs[0], "a.npy");
    assert_string_equal(options.inputs[1], "b.png");
    assert_string_equal(options.inputs[2], "--c.npy");
    accept("predict -1.5 - .5 -- -2");
    assert_int_equal(options.input_count, 4);
    assert_string_equal(options.inputs[0], "-1.5");
    assert_string_equal(options.inputs[1], "-");
    assert_string_equal(options.inputs[3], "-2");
    refuse("predict -1.5x", "unknown option");
    refuse("evaluate -1.5", "unknown option");
    refuse("predict", "input");
    refuse("predict --json --csv a", "only one");
    refuse("fit a.npy", "a.npy");
}

static void wrong_values(void **state) {
    static const char *const lines[] = {"--epochs 0",
                                        "--epochs -1",
                                        "--epochs many",
                                        "--epochs 3x",
                                        "--epochs ''",
                                        "--epochs=",
                                        "--epochs 1.5",
                                        "--threads 0",
                                        "--steps 1e3",
                                        "--seed -1",
                                        "--steps 99999999999999999999",
                                        "--seed 9223372036854775808",
                                        "--learning-rate 0",
                                        "--learning-rate -1",
                                        "--learning-rate nan",
                                        "--learning-rate inf",
                                        "--learning-rate 1e999",
                                        "--learning-rate x",
                                        "--progress nonsense",
                                        "--save ''",
                                        "--epochs",
                                        "--save",
                                        "--json=yes"};
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char name[64];
        snprintf(name, sizeof name, "`%.*s`", (int)strcspn(lines[i], " ="), lines[i]);
        refuse(lines[i], name);
    }
}

static void suggestions(void **state) {
    (void)state;
    refuse("fti", "did you mean `fit`?");
    refuse("evalute", "did you mean `evaluate`?");
    refuse("frobnicate", "`help` lists them");
    refuse("fit --epoch 3", "did you mean `--epochs`?");
    refuse("fit --learning_rate 3", "did you mean `--learning-rate`?");
    refuse("fit --learnig-rate=3", "did you mean `--learning-rate`?");
    refuse("fit --frobnicate", "`help fit` lists them");
    refuse("init --epochs 3", "is an option of `fit`, not of `init`");
    refuse("fit --csv", "is an option of `predict`, not of `fit`");
    refuse("fit -x", "unknown option `-x`");
    refuse("help fti", "did you mean `fit`?");
}

static void help(void **state) {
    (void)state;
    accept("help");
    assert_string_equal(options.command, "help");
    accept("help fit");
    assert_string_equal(options.topic, "fit");
    accept("--help");
    assert_string_equal(options.command, "help");
    accept("predict --help");
    assert_string_equal(options.command, "predict");
    assert_int_equal(options.help, 1);
    accept("fit -h");
    assert_int_equal(options.help, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),     cmocka_unit_test(values),      cmocka_unit_test(inputs),
        cmocka_unit_test(wrong_values), cmocka_unit_test(suggestions), cmocka_unit_test(help),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
