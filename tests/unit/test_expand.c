// What `nnc expand` prints is the same program: it is right without a message, trains the same
// graphs, and expands to itself. Of all programs of the golden files, the examples and the library
// that have no message, and of pairs of losses and metrics for several outputs.
#include "../common/check.h"

#include "../../compiler/graph/graph.h"

#include <glob.h>
#include <stdio.h>
#include <unistd.h>

// ---- What a program means.

static void put_call(Text *out, const Schema *schema, const Args *args) {
    if (!schema) return;
    text_format(out, "%s(", schema->name);
    if (args) args_print(out, args, true);
    text_put(out, ") ");
}

static void put_step(Text *out, const TrainStep *step) {
    text_format(out, "step %s x %d ", step->name, (int)step->repeat);
    if (step->optimizer) put_call(out, &step->optimizer->schema, step->optimizer_args);
    put_call(out, step->regularizer, step->regularizer_args);
    for (int i = 0; i < step->terms.count; i++)
        text_format(out, "%s %g ", step->terms.items[i].name, step->terms.items[i].weight);
    text_put(out, "\n");
    if (step->forward) graph_print(out, step->forward);
}

static void put_training(Text *out, const Training *training) {
    text_format(out, "train %d epochs\n", (int)training->epochs);
    for (int i = 0; i < training->steps.count; i++) put_step(out, training->steps.items[i]);
    for (int i = 0; i < training->losses.count; i++)
        for (int k = 0; k < training->losses.items[i].metrics.count; k++)
            put_call(out, training->losses.items[i].metrics.items[k].call.schema,
                     training->losses.items[i].metrics.items[k].call.args);
    for (int i = 0; i < training->callbacks.count; i++)
        put_call(out, training->callbacks.items[i].schema, training->callbacks.items[i].args);
    if (training->samples) graph_print(out, training->samples);
}

static const char *meaning(const Checked *checked) {
    Text out = text_create(checked->front.arena);
    const Program *program = checked->program;
    for (int i = 0; i < program->models.count; i++)
        graph_print(&out, program->models.items[i]->forward);
    for (int i = 0; i < program->trainings.count; i++)
        put_training(&out, program->trainings.items[i]);
    return out.data ? out.data : "";
}

// ---- One program.

static void fail_with(const char *title, const char *what, const char *source, const char *more) {
    print_error("%s: %s\n%s\n%s\n", title, what, source, more);
    fail();
}

// False: it has messages, so that nothing is expected of it.
static bool expands_to_itself(const char *title, const char *source) {
    Checked written = check(source);
    bool is_right = !written.messages[0] && written.program->written->ast->items.count;
    const char *first = is_right ? check_expand(&written) : "";
    if (*first) {
        Checked again = check(first);
        if (again.messages[0])
            fail_with(title, "messages of what it expands to", first, again.messages);
        if (strcmp(meaning(&written), meaning(&again)) != 0)
            fail_with(title, "expands to another program", first, meaning(&again));
        const char *second = check_expand(&again);
        Checked third = check(second);
        if (strcmp(check_expand(&third), second) != 0)
            fail_with(title, "what it expands to does not expand to itself", second,
                      check_expand(&third));
        check_end(&third);
        check_end(&again);
    }
    bool is_tried = *first;
    check_end(&written);
    return is_tried;
}

// ---- Files.

static const char *read_all(Arena *arena, const char *path) {
    char block[4096];
    Text text = text_create(arena);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    for (size_t size; (size = fread(block, 1, sizeof block, file)) > 0;)
        text_put_bytes(&text, block, size);
    fclose(file);
    return text.data ? text.data : "";
}

static int try_files(const char *pattern) {
    Arena *arena = arena_create();
    glob_t found;
    int tried = 0;
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        const char *path = found.gl_pathv[i];
        char *folder = arena_strdup(arena, path);
        *strrchr(folder, '/') = '\0';
        assert_int_equal(chdir(folder), 0); // imports and data are relative to it
        const char *source = read_all(arena, path);
        if (!strstr(source, "# args:")) tried += expands_to_itself(path, source);
    }
    globfree(&found);
    arena_destroy(arena);
    return tried;
}

static void programs_expand_to_themselves(void **state) {
    int tried = 0;
    (void)state;
    setenv("NNC_DATA", NNC_SOURCE_DIR "/tests/data", 1);
    tried += try_files(NNC_SOURCE_DIR "/tests/golden/*/*.nn");
    tried += try_files(NNC_SOURCE_DIR "/tests/fixtures/steps/*/*.nn");
    tried += try_files(NNC_SOURCE_DIR "/examples/*.nn");
    tried += try_files(NNC_SOURCE_DIR "/library/nn/*.nn");
    print_message("%d programs\n", tried);
    assert_true(tried > 150);
}

// ---- Several outputs.

static const char *const losses[] = {"crossentropy",
                                     "[b = crossentropy, a = crossentropy]",
                                     "[crossentropy, binary_crossentropy(label_smoothing = 0.1)]",
                                     "_entropy",
                                     "_gap",
                                     "[_gap(power = 3), _entropy]"};
static const char *const metrics[] = {"accuracy", "[]", "[accuracy, [accuracy, auc]]", "[b = auc]",
                                      "_gap"};
static const char *const names[] = {"none_of_it", "same", "zeros", "glorot_uniform", "l2", "relu6"};

#define COUNT(list) ((int)(sizeof(list) / sizeof *(list)))

// A data set and a value have the name of a word that defaults use.
static const char *outputs_program(Arena *arena, int loss, int metric, int name) {
    return arena_format(
        arena,
        "_entropy = crossentropy\n"
        "dataset %s = circles(60)\n"
        "block _gap(prediction, target, power = 2) { abs(sum(prediction) - target)^power }\n"
        "model net(x) {\n"
        "    a = x -> dense(3, relu) -> dense(2, softmax)\n"
        "    b = x -> dense(1)\n"
        "    return a, b\n"
        "}\n"
        "train net on %s {\n"
        "    loss = %s\n    metrics = %s\n"
        "    target = [label, label]\n    optimizer = sgd\n"
        "}\n",
        names[name], names[name], losses[loss], metrics[metric]);
}

static void outputs_have_their_own_losses(void **state) {
    Arena *arena = arena_create();
    int tried = 0;
    (void)state;
    for (int loss = 0; loss < COUNT(losses); loss++)
        for (int metric = 0; metric < COUNT(metrics); metric++)
            for (int name = 0; name < COUNT(names); name++)
                tried += expands_to_itself("outputs", outputs_program(arena, loss, metric, name));
    print_message("%d programs\n", tried);
    assert_true(tried > 100);
    arena_destroy(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(programs_expand_to_themselves),
                                       cmocka_unit_test(outputs_have_their_own_losses)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
