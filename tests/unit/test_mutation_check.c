// Dense programs with some words changed for others: the checks accept them or report an error with
// a code, and what they accept becomes a training graph without a complaint of the graph. (What the
// parser makes of changed characters is test_mutation.c's.) NNC_MUTATIONS says how many a program.
#include "../../compiler/pass/passes.h"
#include "../common/check.h"

#include <stdint.h>

#define END " optimizer = adam(0.01)\n metrics = mae\n epochs = 2\n batch = 2\n}\n"

static const char *const programs[] = {
    "param width = 4\ndataset d = moons(100, noise = 0.1) -> split(test = 0.2)\n"
    "model m(x) {\n h = x -> dense(width, relu)\n h * 2 + 1 -> dense(1, sigmoid)\n}\n"
    "train m on d {\n loss = crossentropy\n" END,
    "dataset d = blobs(100) -> scale(2, offset = 1) -> one_hot(label)\n"
    "model m(x: [2]) {\n x -> reshape(2, 1) -> dense(3, tanh) -> flatten -> dense(3, softmax)\n}\n"
    "train m on d {\n loss = categorical_crossentropy\n regularize = l2(0.1)\n" END,
    "dataset d = npy(\"rows.npy\", target = \"pairs.npy\") -> standardize\n"
    "block pair(x, n = 2) { if n > 1 { x -> dense(n) * 2 } else { x } }\n"
    "model m(x) {\n layer one = dense(6)\n x -> one -> one -> pair(6) -> reshape(2, 3)\n}\n"
    "train m on d {\n loss = huber(0.5)\n" END,
};

static const char *const words[] = {"0",
                                    "1",
                                    "2",
                                    "3",
                                    "6",
                                    "0.5",
                                    "dense",
                                    "relu",
                                    "softmax",
                                    "sigmoid",
                                    "flatten",
                                    "reshape",
                                    "x",
                                    "h",
                                    "mae",
                                    "mse",
                                    "hinge",
                                    "poisson",
                                    "auc",
                                    "top_k",
                                    "one_hot",
                                    "label",
                                    "moons",
                                    "xor",
                                    "blobs",
                                    "linear",
                                    "dropout",
                                    "l1",
                                    "sgd",
                                    "width",
                                    "m",
                                    "d",
                                    "tanh",
                                    "none",
                                    "true",
                                    "identity",
                                    "binary_crossentropy",
                                    "categorical_crossentropy",
                                    "kl_divergence",
                                    "accuracy",
                                    "precision"};

static uint64_t random_state; // splitmix64

static size_t random_below(size_t bound) {
    uint64_t z = random_state += 0x9E3779B97F4A7C15;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    return (size_t)((z ^ z >> 31) % bound);
}

static bool is_word(const char *program, Span span) {
    char first = program[span.lo];
    return (first >= 'a' && first <= 'z') || (first >= '0' && first <= '9');
}

// One word for another.
static const char *change_word(Front *front, const char *program) {
    size_t size = strlen(program);
    int file = sources_add(front->sources, "net.nn", program, size);
    TokenList tokens = parse_tokens(front->arena, front->sources, (uint32_t)file, front->sink);
    Span span;
    do span = tokens.items[random_below((size_t)tokens.count)].span;
    while (!is_word(program, span));
    Text out = text_create(front->arena);
    text_put_bytes(&out, program, span.lo);
    text_put(&out, words[random_below(sizeof words / sizeof *words)]);
    text_put_bytes(&out, program + span.hi, size - span.hi);
    return out.data;
}

// The compiler's way to the training graph; a shape that the checks should have refused ends it.
static void assert_trains(const Program *program) {
    const Model *model = program->main;
    if (!model || !model->trainings.count) return;
    const Training *training = model->trainings.items[0];
    const TrainStep *step = training->steps.items[0];
    Lowering lowering = lowering_begin(program->arena, step->forward, step, GRAPH_TRAIN);
    lowering.graph->sink = NULL;
    passes_run(&lowering, "grad");
    pass_expand(lowering.graph);
    graph_verify(lowering.graph, "update");
}

static void mutate(const char *program) {
    Front front = front_create();
    for (size_t changes = 1 + random_below(2); changes > 0; changes--)
        program = change_word(&front, program);
    Checked checked = check(program);
    if (checked.errors)
        assert_non_null(strstr(checked.messages, "error[E0"));
    else
        assert_trains(checked.program);
    check_end(&checked);
    front_destroy(&front);
}

static void test_mutations(void **state) {
    (void)state;
    const char *count = getenv("NNC_MUTATIONS");
    setenv("NNC_DATA", NNC_SOURCE_DIR "/tests/data", 1);
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        Checked checked = check(programs[i]);
        assert_string_equal(checked.messages, "");
        assert_trains(checked.program);
        check_end(&checked);
        for (int j = 0; j < (count ? atoi(count) : 400); j++) {
            random_state = (uint64_t)j << 8 | i;
            mutate(programs[i]);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_mutations)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
