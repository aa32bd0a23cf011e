// The table of passes: in every mode each pass finds what it needs, and the verifier between passes
// stops a pass that breaks the graph under that pass's name.
#include "../common/check.h"

#include "../../compiler/pass/passes.h"

#include <sys/wait.h>
#include <unistd.h>

static const char *const program =
    "dataset points = moons(200)\n"
    "model net(x: [2]) { x -> dense(4, tanh) -> dense(2, softmax) }\n"
    "train net on points { loss = crossentropy  optimizer = adam }\n";

static Lowering begin(const Checked *checked, GraphMode mode) {
    const Program *made = checked->program;
    const TrainStep *step = made->trainings.items[0]->steps.items[0];
    bool predicts = mode == GRAPH_PREDICT;
    Lowering lowering = lowering_begin(made->arena, predicts ? made->main->forward : step->forward,
                                       predicts ? NULL : step, mode);
    lowering.graph->sink = NULL;
    return lowering;
}

static int count_rows(void) {
    int count = 0;
    while (pass_rows[count].name) count++;
    return count;
}

// ---- The table.

static void rows_are_complete(void **state) {
    (void)state;
    for (const Pass *pass = pass_rows; pass->name; pass++) {
        assert_true(pass->doc && *pass->doc && pass->run && pass->modes);
        for (const Pass *other = pass_rows; other != pass; other++)
            assert_string_not_equal(other->name, pass->name);
    }
}

static unsigned walk(GraphMode mode) {
    unsigned facts = FACT_LAYOUT; // the caller's
    for (const Pass *pass = pass_rows; pass->name; pass++) {
        if (!(pass->modes & 1u << mode)) continue;
        if (pass->needs & ~facts)
            fail_msg("%s: nothing before it provides %#x in mode %s", pass->name,
                     pass->needs & ~facts, graph_mode_name(mode));
        facts |= pass->provides;
    }
    return facts;
}

static void needs_are_provided_before(void **state) {
    (void)state;
    unsigned all = FACT_LAYOUT | FACT_PRIMITIVE | FACT_GROUPS | FACT_PLAN;
    assert_int_equal(walk(GRAPH_PREDICT), all);
    assert_int_equal(walk(GRAPH_EVALUATE), all | FACT_LOSS);
    assert_int_equal(walk(GRAPH_TRAIN), all | FACT_LOSS | FACT_UPDATES);
}

// What rows say of themselves is what running them gives.
static void provides_what_it_says(void **state) {
    (void)state;
    Checked checked = check_clean(program);
    for (GraphMode mode = GRAPH_TRAIN; mode <= GRAPH_PREDICT; mode++) {
        Lowering lowering = begin(&checked, mode);
        lowering.verifies = true;
        passes_run(&lowering, NULL);
        assert_string_equal(pass_rows[lowering.next].name, "load"); // waits for a layout
        assert_int_equal((lowering.facts & FACT_LOSS) != 0, mode != GRAPH_PREDICT);
        assert_int_equal((lowering.facts & FACT_LOSS) != 0, lowering.graph->loss != NULL);
        assert_int_equal((lowering.facts & FACT_UPDATES) != 0, mode == GRAPH_TRAIN);
        assert_int_equal((lowering.facts & FACT_UPDATES) != 0, lowering.graph->slots.count > 0);
        assert_null(lowering.schedule);
    }
    check_end(&checked);
}

// ---- Passes that break the graph.

static Node *last_product(const Graph *graph) {
    for (int i = graph->nodes.count; i-- > 0;)
        if (graph->nodes.items[i]->input_count == 2) return graph->nodes.items[i];
    fail_msg("no node with two inputs");
    return NULL;
}

static void widen(Lowering *lowering) {
    Type *type = &last_product(lowering->graph)->type;
    type->dims[type->rank++] = 3;
}

static void turn_round(Lowering *lowering) {
    Node *node = last_product(lowering->graph), *input = node->inputs[0];
    int place = node->id;
    lowering->graph->nodes.items[node->id = input->id] = node;
    lowering->graph->nodes.items[input->id = place] = input;
}

static void forget_input(Lowering *lowering) {
    last_product(lowering->graph)->input_count = 0;
}

static void take_stranger(Lowering *lowering) {
    Node *stranger = ARENA_NEW(lowering->arena, Node);
    *stranger = *last_product(lowering->graph)->inputs[0];
    last_product(lowering->graph)->inputs[0] = stranger;
}

static void change_nothing(Lowering *lowering) {
    (void)lowering;
}

// Runs the table with `pass` behind row `after`; the status, and what it says in `said`.
static int run_with(const Pass *pass, int after, bool verifies, char *said, size_t size) {
    Pass rows[32] = {0};
    int count = count_rows();
    assert_true(count + 1 < 32);
    for (int i = 0; i < count; i++) rows[i + (i > after)] = pass_rows[i];
    rows[after + 1] = *pass;
    FILE *file = tmpfile();
    assert_non_null(file);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(fileno(file), STDERR_FILENO);
        Checked checked = check_clean(program);
        Lowering lowering = begin(&checked, GRAPH_TRAIN);
        lowering.verifies = verifies;
        passes_run_rows(&lowering, rows, pass->name);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    rewind(file);
    said[fread(said, 1, size - 1, file)] = 0;
    fclose(file);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void breaking_passes_are_named(void **state) {
    (void)state;
    static const Pass breaking[] = {
        {"widen", "", 1u << GRAPH_TRAIN, 0, 0, widen},
        {"turn-round", "", 1u << GRAPH_TRAIN, 0, 0, turn_round},
        {"forget-input", "", 1u << GRAPH_TRAIN, 0, 0, forget_input},
        {"take-stranger", "", 1u << GRAPH_TRAIN, 0, 0, take_stranger},
    };
    static const Pass sound = {"change-nothing", "", 1u << GRAPH_TRAIN, 0, 0, change_nothing};
    enum { FIRST = 1, LAST = 4 }; // behind expand, simplify, grad, simplify-grad
    static char said[1 << 18];    // graphs are printed, too
    char wanted[64];
    for (int after = FIRST; after <= LAST; after++) {
        for (size_t i = 0; i < sizeof breaking / sizeof *breaking; i++) {
            snprintf(wanted, sizeof wanted, "after %s: ", breaking[i].name);
            int status = run_with(&breaking[i], after, true, said, sizeof said);
            if (status != 70 || !strstr(said, wanted))
                fail_msg("%s behind %s: status %d\n%s", breaking[i].name, pass_rows[after].name,
                         status, said);
            // Only the verifier sees it.
            assert_int_equal(run_with(&breaking[i], after, false, said, sizeof said), 0);
        }
        assert_int_equal(run_with(&sound, after, true, said, sizeof said), 0);
    }
}

// CTest sets NNC_VERIFY=1; debug and asan builds verify without it.
static void verifies_in_tests(void **state) {
    (void)state;
    setenv("NNC_VERIFY", "1", 1);
    assert_true(passes_verify_by_default());
    Checked checked = check_clean(program);
    assert_true(begin(&checked, GRAPH_TRAIN).verifies);
    check_end(&checked);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_complete),     cmocka_unit_test(needs_are_provided_before),
        cmocka_unit_test(provides_what_it_says), cmocka_unit_test(breaking_passes_are_named),
        cmocka_unit_test(verifies_in_tests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
