// Every row of the operator registry has every part that its class needs.
#include "../common/graphs.h"

#include <ctype.h>

static const char *broken;

static void require(const OpDef *op, bool holds, const char *what) {
    if (holds) return;
    print_error("%s: %s\n", op->schema.name, what);
    broken = op->schema.name;
}

static bool is_word(const char *name) {
    if (!islower((unsigned char)*name)) return false;
    for (; *name; name++)
        if (!islower((unsigned char)*name) && !isdigit((unsigned char)*name) && *name != '_')
            return false;
    return true;
}

static bool is_sentence(const char *doc) {
    return doc && *doc && !isupper((unsigned char)*doc) && doc[strlen(doc) - 1] != '.';
}

static void check_texts(const OpDef *op) {
    require(op, is_word(op->schema.name), "its name is not a lower-case word");
    require(op, is_sentence(op->schema.doc), "its line of documentation is missing or a sentence");
    for (int i = 0; i < schema_arg_count(&op->schema); i++) {
        const ArgDef *arg = &op->schema.args[i];
        require(op, is_word(arg->name), "an argument's name is not a lower-case word");
        require(op, is_sentence(arg->doc), "an argument is not documented");
        require(op, (arg->type != ARG_WORD && arg->type != ARG_WORD_OR_INTS) || arg->choices,
                "an argument lacks its choices");
    }
}

static void check_composite(const OpDef *op) {
    require(op, op->expand != NULL || op->is_derivative, "a composite without `expand`");
    require(op, !op->gradient && !op->no_gradient, "a composite's gradient is its expansion's");
    require(op, !op->lower && !op->evaluate && !op->evaluate_element,
            "a composite is computed by its expansion");
}

static bool is_bound_from_outside(const OpDef *op) {
    static const char *const names[] = {"input", "parameter", "slot"};
    for (int i = 0; i < COUNT_OF(names); i++)
        if (strcmp(op->schema.name, names[i]) == 0) return true;
    return false;
}

static void check_primitive(const OpDef *op) {
    require(op, !op->gradient != !op->no_gradient, "needs a gradient or the reason for none");
    require(op, !op->no_gradient || is_sentence(op->no_gradient), "the reason is not a reason");
    require(op, op->flops != NULL, "it does not count its operations");
    require(op, !op->parameters, "a primitive has no weights of its own");
    if (op->fuse == FUSE_ELEMENTWISE) {
        require(op, op->lower != NULL, "it has no lowering");
        require(op, op->evaluate_element && !op->evaluate, "needs exactly `evaluate_element`");
    } else {
        require(op, !op->lower && !op->evaluate_element, "only elementwise operators have lanes");
        // The evaluator goes through the body of a scan itself.
        bool is_scan = op->fuse == FUSE_SCAN || op->fuse == FUSE_RESULT;
        require(op, is_bound_from_outside(op) || is_scan ? !op->evaluate : op->evaluate != NULL,
                "it has no reference evaluation, or one too many");
    }
}

static void check_kind(const OpDef *op) {
    require(op, op->shape != NULL, "it has no shape rule");
    require(op, op->max_inputs < 0 || op->min_inputs <= op->max_inputs, "its arity is impossible");
    require(op, !op->is_loss || (op->min_inputs == 2 && op->max_inputs == 2),
            "a loss has a prediction and a target");
    require(op, !op->is_activation || (op->surface && op->min_inputs == 1 && op->max_inputs == 1),
            "an activation is a surface operator of one value");
    require(op, !op->parameters || op->surface, "only surface operators have weights");
}

static void test_rows_are_complete(void **state) {
    (void)state;
    int count = 0;
    for (const OpDef *op; (op = op_at(count)); count++) {
        check_texts(op);
        check_kind(op);
        if (op->fuse == FUSE_COMPOSITE)
            check_composite(op);
        else
            check_primitive(op);
    }
    assert_int_equal(count, op_count());
    assert_true(count > 50);
    if (broken) fail_msg("rows lack parts, the last is %s", broken);
}

static void test_names_are_unique(void **state) {
    (void)state;
    for (int i = 0; op_at(i); i++) {
        assert_ptr_equal(op_find(op_at(i)->schema.name), op_at(i));
        if (op_at(i)->former_name) assert_ptr_equal(op_find(op_at(i)->former_name), op_at(i));
        if (op_at(i)->of_several) assert_non_null(op_find(op_at(i)->of_several));
    }
    assert_null(op_find("convolve_the_universe"));
    assert_null(op_at(-1));
    assert_null(op_at(op_count()));
}

static void test_callees(void **state) {
    (void)state;
    assert_ptr_equal(schema_callee(ARG_ACTIVATION, "relu"), &op_find("relu")->schema);
    assert_null(schema_callee(ARG_ACTIVATION, "dense"));
    assert_non_null(schema_callee(ARG_INITIALIZER, "glorot_uniform"));
    assert_non_null(schema_callee(ARG_REGULARIZER, "l2"));
    assert_null(schema_callee(ARG_REGULARIZER, "glorot_uniform"));
    assert_null(schema_callee(ARG_INT, "relu"));
}

// The test sees what it looks for: a row with a part taken away is reported.
static void test_missing_parts_are_seen(void **state) {
    (void)state;
    OpDef row = *op_find("tanh");
    row.gradient = NULL;
    broken = NULL;
    check_primitive(&row);
    assert_non_null(broken);
    row = *op_find("matmul");
    row.evaluate = NULL;
    broken = NULL;
    check_primitive(&row);
    assert_non_null(broken);
    broken = NULL;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_are_complete),
        cmocka_unit_test(test_names_are_unique),
        cmocka_unit_test(test_callees),
        cmocka_unit_test(test_missing_parts_are_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
