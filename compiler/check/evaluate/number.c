// Arithmetic of numbers when compiling: operators, functions (`round`, `min`, ...), and what is
// true.
#include "../check.h"

#include <math.h>

#define LARGEST_INTEGER 9007199254740992.0 // 2^53: doubles count exactly up to here
enum { MAX_RANGE = 1 << 16 };              // items of a list that `range` makes

bool number_is_whole(double number) {
    return floor(number) == number && fabs(number) <= LARGEST_INTEGER;
}

// The value of a calculation: whole where its value is, whatever it was made of.
static const Value *result(Checker *c, double number, Span span) {
    if (isfinite(number)) return value_number(c->arena, number, number_is_whole(number), span);
    const char *what =
        isnan(number) ? "the result is not a number" : "the result is too large for a number";
    diag_label(diag_report(c->sink, DIAG_E0202, span, "%s", what),
               isnan(number) ? "not defined" : "overflows");
    return expression_error(c, span);
}

void number_help(Checker *c, Diag *diag, const Value *value) {
    const char *source = sources_text(c->sources, value->span);
    bool is_written = source[strspn(source, "0123456789.eE")] == '\0';
    if (value->kind != VALUE_NUMBER || is_written || strlen(source) > 40) return;
    if (fabs(value->number) > LARGEST_INTEGER) return;
    diag_help(diag, "`round(%s)` is %s; `floor` and `ceil` are there, too", source,
              text_of_number(c->arena, round(value->number)));
}

// ---- Operators

static double calculate(AstOperator operator, double a, double b) {
    switch (operator) {
    case AST_ADD: return a + b;
    case AST_SUBTRACT: return a - b;
    case AST_MULTIPLY: return a * b;
    case AST_POWER: return pow(a, b);
    default: return a / b;
    }
}

static const Value *report_zero(Checker *c, Span span) {
    diag_label(diag_report(c->sink, DIAG_E0202, span, "division by zero"), "the divisor is 0");
    return expression_error(c, span);
}

const Value *number_calculate(Checker *c, const Ast *ast, const Value *a, const Value *b) {
    if (ast->operator== AST_DIVIDE && b->number == 0) return report_zero(c, ast->span);
    return result(c, calculate(ast->operator, a->number, b->number), ast->span);
}

static bool compare(AstOperator operator, double a, double b) {
    switch (operator) {
    case AST_EQUAL: return a == b;
    case AST_NOT_EQUAL: return a != b;
    case AST_LESS: return a < b;
    case AST_LESS_EQUAL: return a <= b;
    case AST_GREATER: return a > b;
    default: return a >= b;
    }
}

// The text of a word, a string, or the name of an operator that is compared as a word.
static const char *comparable_text(const Value *value) {
    if (value->kind == VALUE_WORD || value->kind == VALUE_STRING) return value->text;
    bool is_name = value->kind == VALUE_RECIPE && value->recipe->ast->kind == AST_NAME;
    return is_name ? value->recipe->ast->text : NULL;
}

const Value *number_compare(Checker *c, const Ast *ast, const Value *a, const Value *b) {
    bool is_equality = ast->operator== AST_EQUAL || ast->operator== AST_NOT_EQUAL;
    const char *a_text = comparable_text(a), *b_text = comparable_text(b);
    if (a->kind == VALUE_NUMBER && b->kind == VALUE_NUMBER)
        return value_bool(c->arena, compare(ast->operator, a->number, b->number), ast->span);
    if (is_equality && a->kind == VALUE_BOOL && b->kind == VALUE_BOOL)
        return value_bool(c->arena, compare(ast->operator, a->number, b->number), ast->span);
    if (!is_equality) return NULL;
    bool is_text = a_text && b_text;
    // A word may be compared with what is none: `x == none` where `x` is a number.
    bool is_word = a->kind == VALUE_WORD || b->kind == VALUE_WORD;
    if (!is_text && !is_word) return NULL;
    bool is_same = is_text && strcmp(a_text, b_text) == 0;
    return value_bool(c->arena, is_same == (ast->operator== AST_EQUAL), ast->span);
}

// ---- Truth: `and` and `or` look at their right side only where it matters.

static bool check_truth(Checker *c, const char *word, const Value *value) {
    if (value->kind == VALUE_BOOL) return true;
    if (value->kind == VALUE_ERROR) return false;
    Diag *diag = diag_report(c->sink, DIAG_E0201, value->span, "`%s` takes true or false, not %s",
                             word, value_describe(c->arena, value));
    diag_label(diag, "expected a comparison");
    if (value->kind == VALUE_TENSOR)
        diag_help(diag, "of tensors of 0 and 1, `a * b` is `and`, `maximum(a, b)` is `or`, `1 - a` "
                        "is `not`");
    if (value->kind == VALUE_NUMBER)
        diag_help(diag, "write a comparison: `%s != 0`", sources_text(c->sources, value->span));
    return false;
}

const Value *number_join(Checker *c, Scope *scope, const Ast *ast, const Value *left) {
    const char *word = ast_operator_text(ast->operator);
    leftover_add(c, scope, ast->right, false);
    if (!check_truth(c, word, left)) return expression_error(c, ast->span);
    bool is_decided = (left->number != 0) == (ast->operator== AST_OR);
    if (is_decided) return value_bool(c->arena, left->number != 0, ast->span);
    leftover_reached(c, ast->right);
    const Value *right = expression_evaluate(c, scope, ast->right);
    if (!check_truth(c, word, right)) return expression_error(c, ast->span);
    return value_bool(c->arena, right->number != 0, ast->span);
}

const Value *number_invert(Checker *c, Scope *scope, const Ast *ast) {
    const Value *value = expression_evaluate(c, scope, ast->left);
    if (!check_truth(c, "not", value)) return expression_error(c, ast->span);
    return value_bool(c->arena, value->number == 0, ast->span);
}

// ---- Functions

typedef struct NumberFunction NumberFunction;
struct NumberFunction {
    const char *name;
    int least, most;     // arguments
    const char *takes;   // for messages
    const char *tensors; // what does it to tensors; NULL: its own name, or nothing
    double (*compute)(const double *numbers, int count);
    // Of what gives a list or takes one, instead.
    const Value *(*evaluate)(Checker *c, Scope *scope, const NumberFunction *function,
                             const Ast *ast);
};

static double least_of(const double *numbers, int count) {
    double least = numbers[0];
    for (int i = 1; i < count; i++) least = fmin(least, numbers[i]);
    return least;
}

static double largest_of(const double *numbers, int count) {
    double largest = numbers[0];
    for (int i = 1; i < count; i++) largest = fmax(largest, numbers[i]);
    return largest;
}

// The rest has the sign of the divisor, as in Python.
static double rest_of(const double *numbers, int count) {
    (void)count;
    return numbers[0] - floor(numbers[0] / numbers[1]) * numbers[1];
}

#define COMPUTE_ONE(name_, expression_)                                                            \
    static double name_(const double *numbers, int count) {                                        \
        double x = numbers[0];                                                                     \
        (void)count;                                                                               \
        return expression_;                                                                        \
    }
COMPUTE_ONE(round_of, round(x)) // halves away from zero
COMPUTE_ONE(floor_of, floor(x))
COMPUTE_ONE(ceil_of, ceil(x))
COMPUTE_ONE(abs_of, fabs(x))
COMPUTE_ONE(sqrt_of, sqrt(x))
COMPUTE_ONE(exp_of, exp(x))
COMPUTE_ONE(log_of, log(x))
COMPUTE_ONE(power_of, pow(x, numbers[1]))

enum { ANY_COUNT = 1 << 20 };

static const Value *evaluate_range(Checker *c, Scope *scope, const NumberFunction *function,
                                   const Ast *ast);
static const Value *measure_list(Checker *c, Scope *scope, const NumberFunction *function,
                                 const Ast *ast);

static const NumberFunction number_functions[] = {
    {"round", 1, 1, "a number", .compute = round_of},
    {"floor", 1, 1, "a number", .compute = floor_of},
    {"ceil", 1, 1, "a number", .compute = ceil_of},
    {"abs", 1, 1, "a number", "abs", .compute = abs_of},
    {"sqrt", 1, 1, "a number", .compute = sqrt_of},
    {"exp", 1, 1, "a number", .compute = exp_of},
    {"log", 1, 1, "a number", .compute = log_of},
    {"pow", 2, 2, "two numbers", .compute = power_of},
    {"mod", 2, 2, "two numbers", .compute = rest_of},
    {"min", 1, ANY_COUNT, "numbers", "`minimum(a, b)`", .compute = least_of},
    {"max", 1, ANY_COUNT, "numbers", "`maximum(a, b)`", .compute = largest_of},
    {"range", 1, 3, "one to three numbers", .evaluate = evaluate_range},
    {"len", 1, 1, "a list", .evaluate = measure_list},
};
enum { FUNCTION_COUNT = sizeof number_functions / sizeof *number_functions };

static const NumberFunction *find_function(const char *name) {
    for (int i = 0; i < FUNCTION_COUNT; i++)
        if (strcmp(number_functions[i].name, name) == 0) return &number_functions[i];
    return NULL;
}

bool number_is_function(const char *name) {
    return find_function(name) != NULL;
}

void number_add_names(Checker *c, NameList *names) {
    for (int i = 0; i < FUNCTION_COUNT; i++) vec_push(c->arena, names, number_functions[i].name);
}

static const Value *report_argument(Checker *c, const NumberFunction *function,
                                    const Value *value) {
    Diag *diag = diag_report(c->sink, DIAG_E0201, value->span, "`%s` takes %s, not %s",
                             function->name, function->takes, value_describe(c->arena, value));
    diag_label(diag, "expected %s", function->takes);
    if (value->kind == VALUE_TENSOR && function->tensors)
        diag_help(diag, "of tensors, %s does it", function->tensors);
    return expression_error(c, value->span);
}

// The evaluated arguments, lists flattened for functions of any count. NULL: reported.
static double *read_arguments(Checker *c, Scope *scope, const NumberFunction *function,
                              const Ast *ast, int *count) {
    VEC(double) numbers = {0};
    bool ok = true, is_any = function->most == ANY_COUNT;
    for (int i = 0; i < ast->items.count; i++) {
        const Value *value = expression_evaluate(c, scope, ast->items.items[i]);
        bool is_list = is_any && value->kind == VALUE_LIST;
        for (int k = 0; k < (is_list ? value->count : 1); k++) {
            const Value *item = is_list ? value->items[k] : value;
            if (item->kind == VALUE_NUMBER)
                vec_push(c->arena, &numbers, item->number);
            else if (item->kind != VALUE_ERROR)
                report_argument(c, function, item);
            ok = ok && item->kind == VALUE_NUMBER;
        }
    }
    *count = numbers.count;
    return ok && numbers.count ? numbers.items : NULL;
}

// range(stop), range(start, stop), range(start, stop, step), as in Python: without the stop.
static const Value *make_range(Checker *c, const double *numbers, int count, Span span) {
    double start = count > 1 ? numbers[0] : 0, stop = numbers[count > 1];
    double step = count > 2 ? numbers[2] : 1;
    double length = step == 0 ? INFINITY : fmax(ceil((stop - start) / step), 0);
    if (length > MAX_RANGE) {
        Diag *diag =
            diag_report(c->sink, DIAG_E0202, span, "a range of more than %d numbers", MAX_RANGE);
        diag_label(diag, step == 0 ? "its step is 0" : "too long");
        return expression_error(c, span);
    }
    Value *list = value_new(c->arena, VALUE_LIST, span);
    const Value **items = ARENA_ARRAY(c->arena, const Value *, (int)length + 1);
    for (int i = 0; i < (int)length; i++) items[i] = result(c, start + i * step, span);
    list->items = items;
    list->count = (int)length;
    return list;
}

static const Value *measure_list(Checker *c, Scope *scope, const NumberFunction *function,
                                 const Ast *ast) {
    const Value *list = expression_evaluate(c, scope, ast->items.items[0]);
    if (list->kind == VALUE_ERROR) return list;
    if (list->kind != VALUE_LIST) return report_argument(c, function, list);
    return value_number(c->arena, list->count, true, ast->span);
}

static const Value *evaluate_range(Checker *c, Scope *scope, const NumberFunction *function,
                                   const Ast *ast) {
    int count;
    const double *numbers = read_arguments(c, scope, function, ast, &count);
    return numbers ? make_range(c, numbers, count, ast->span) : expression_error(c, ast->span);
}

static const Value *report_count(Checker *c, const NumberFunction *function, const Ast *ast) {
    bool is_less = ast->items.count < function->least;
    Diag *diag = diag_report(c->sink, is_less ? DIAG_E0105 : DIAG_E0106, ast->span, "`%s` takes %s",
                             function->name, function->takes);
    diag_label(diag, is_less ? "too few" : "too many");
    return expression_error(c, ast->span);
}

static const Value *report_named(Checker *c, const NumberFunction *function, const Ast *argument) {
    Diag *diag = diag_report(c->sink, DIAG_E0103, argument->name_span, "`%s` has no argument `%s`",
                             function->name, argument->text);
    diag_label(diag, "unknown argument");
    diag_help(diag, "it takes %s without names", function->takes);
    return expression_error(c, argument->span);
}

const Value *number_call(Checker *c, Scope *scope, const Ast *ast) {
    const NumberFunction *function = find_function(ast->text);
    int count;
    for (int i = 0; i < ast->items.count; i++) {
        const Ast *argument = ast->items.items[i];
        if (argument->kind == AST_ERROR) return expression_error(c, ast->span);
        if (argument->kind == AST_ASSIGN) return report_named(c, function, argument);
    }
    if (ast->items.count < function->least || ast->items.count > function->most)
        return report_count(c, function, ast);
    if (function->evaluate) return function->evaluate(c, scope, function, ast);
    const double *numbers = read_arguments(c, scope, function, ast, &count);
    if (!numbers) return expression_error(c, ast->span);
    if (function->compute == rest_of && numbers[1] == 0) return report_zero(c, ast->span);
    return result(c, function->compute(numbers, count), ast->span);
}
