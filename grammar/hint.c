// Remedies for the usual slips, many of them habits from other languages. Each function below adds
// one help where it knows what was meant; the first that does is the last.
#include "report.h"
#include "token.h"

#include "../compiler/base/diagnostics/habit.h"

#include <ctype.h>
#include <string.h>

enum { MAX_QUOTED = 60 };

// The source text of a span if it is fit for a message: short, and on one line; else "...".
static const char *quote(Parse *parse, uint32_t lo, uint32_t hi) {
    const char *text = parse->source->text + lo;
    size_t length = hi - lo;
    if (length > MAX_QUOTED || memchr(text, '\n', length)) return "...";
    return arena_copy(parse->arena, text, length);
}

// The text between the bracket at `lo` and the closing one, if that is the next one.
static const char *quote_inside(Parse *parse, uint32_t lo) {
    const char *text = parse->source->text + lo + 1;
    uint32_t length = 0;
    while (length < MAX_QUOTED && text[length] && !strchr("()[]{}\n", text[length])) length++;
    bool is_closed = text[length] == ')' || text[length] == ']';
    return is_closed ? quote(parse, lo + 1, lo + 1 + length) : "...";
}

static bool is_behind_value(const Expectation *expected) {
    return report_expects(expected, "`*`");
}

// ---- Hints

static bool hint_word(Parse *parse, Diag *diag, const Lexeme *found, const Expectation *expected) {
    static const char *const words[] = {"import", "param",   "dataset", "block", "model", "train",
                                        "on",     "updates", "with",    "else",  NULL};
    const char *candidates[sizeof words / sizeof *words] = {NULL};
    int count = 0;
    (void)parse;
    if (found->kind != TOK_NAME) return false;
    for (int i = 0; words[i]; i++) {
        char quoted[16] = "`";
        strcat(strcat(quoted, words[i]), "`");
        if (report_expects(expected, quoted)) candidates[count++] = words[i];
    }
    const char *meant = suggest_name(found->value.text, candidates);
    if (meant) diag_help(diag, "did you mean `%s`?", meant);
    return meant != NULL;
}

static bool hint_sign(Parse *parse, Diag *diag, const Lexeme *found, const Expectation *expected) {
    int before = parse->before.kind;
    const char *text = parse->source->text + found->span.lo;
    if (found->kind == TOK_OVER && (before == TOK_OVER || text[1] == '/'))
        diag_help(diag, "comments begin with `#`");
    else if (found->kind == TOK_ARROW && report_expects(expected, "a number"))
        diag_help(diag, "an arrow needs a value on its left: `image -> flatten`");
    else if (report_expects(expected, "`else`"))
        diag_help(diag, "an `if` is a value: say what it is when false with `else { ... }`");
    else
        return false;
    return true;
}

// `train net {`, and `train net on a, b {`
static bool hint_train(Parse *parse, Diag *diag, const Lexeme *found, const Expectation *expected) {
    bool in_head = found->level == 0 && parse->head_name && strcmp(parse->head_what, "train") == 0;
    if (in_head && report_expects(expected, "`on`"))
        diag_help(diag, "say which dataset: `train %.60s on data {`", parse->head_name);
    else if (in_head && parse->awaits_body && found->kind == TOK_COMMA)
        diag_help(diag, "a `train` block has one dataset; write another block for another one");
    else
        return false;
    return true;
}

// `step a with adam {`, and in its body `report d(x)`, `return y`, `layer h = ...`
static bool hint_step(Parse *parse, Diag *diag, const Lexeme *found, const Expectation *expected) {
    const Bracket *around = balance_around(parse, found);
    bool in_body = around && around->opener == '{' && strcmp(around->what, "the body of step") == 0;
    bool in_head = report_expects(expected, "`updates`") || report_expects(expected, "`with`");
    if (in_head && !report_expects(expected, "a name")) // for which both may stand
        diag_help(diag, "a step begins `step NAME updates MODEL with adam {`");
    else if (in_body && found->kind == TOK_RETURN)
        diag_help(diag, "a step ends with `minimize ...`; `report NAME` shows a value");
    else if (in_body && parse->before.kind == TOK_LAYER)
        diag_help(diag, "layers belong to models, which a step uses");
    else if (in_body && found->kind == TOK_CALL && !is_behind_value(expected))
        diag_help(diag, "a value has a name in a step: `y = ...`, then `minimize y` or `report y`");
    else
        return false;
    return true;
}

// `image [28, 28]` and `image: (28, 28)`
static bool hint_shape(Parse *parse, Diag *diag, const Lexeme *found, const Expectation *expected) {
    const char *name = parse->before.value.text;
    if (found->kind == TOK_LIST && report_expects(expected, "`:`"))
        diag_help(diag, "write `%.60s: [%s]`", name, quote_inside(parse, found->span.lo));
    else if (found->kind == TOK_NAME && report_expects(expected, "`:`"))
        diag_help(diag, "write `%.60s: %.60s[...]`", name, found->value.text);
    else if (found->kind == TOK_GROUP && parse->before.kind == TOK_COLON)
        diag_help(diag, "a shape stands in brackets: `[%s]`", quote_inside(parse, found->span.lo));
    else
        return false;
    return true;
}

// `(3, 3)`
static bool hint_tuple(Parse *parse, Diag *diag, const Lexeme *found, const Expectation *expected) {
    const Bracket *around = balance_around(parse, found);
    if (found->kind != TOK_COMMA || !around || around->opener != '(' || !is_behind_value(expected))
        return false;
    diag_help(diag, "a list stands in brackets: `[%s]`", quote_inside(parse, around->span.lo));
    return true;
}

// `dense 10`, `dense[10]`, `dense(units 10)`
static bool hint_arguments(Parse *parse, Diag *diag, const Lexeme *found,
                           const Expectation *expected) {
    const Lexeme *name = &parse->before;
    bool is_list = found->kind == TOK_LIST;
    bool is_value = is_list || found->kind == TOK_NUMBER || found->kind == TOK_STRING;
    if (name->kind != TOK_NAME || !is_value || found->is_first || !is_behind_value(expected))
        return false;
    bool may_assign = report_expects(expected, "`=`") && !is_list;
    const char *text = is_list ? quote_inside(parse, found->span.lo)
                               : quote(parse, found->span.lo, found->span.hi);
    if (may_assign)
        diag_help(diag, "write `%.60s = %s`", name->value.text, text);
    else if (!report_expects(expected, "`,`") || name->span.hi == found->span.lo)
        diag_help(diag, "arguments stand in parentheses: `%.60s(%s)`", name->value.text, text);
    else
        return false;
    return true;
}

// A value, and behind it something that does not continue it.
static bool hint_continued(Parse *parse, Diag *diag, const Lexeme *found,
                           const Expectation *expected) {
    if (!is_behind_value(expected)) return false;
    if (found->is_first && (found->kind == TOK_SIGN || found->kind == TOK_GROUP))
        diag_help(diag,
                  "at the beginning of a line, `%c` begins a new expression; to continue the one "
                  "before, put it on that line",
                  parse->source->text[found->span.lo]);
    else if (parse->before.kind == TOK_STRING && parse->before.span.hi == found->span.lo)
        diag_help(diag, "a string ends just before: is a `\"` missing, or one too many?");
    else if (found->kind == TOK_ASSIGN && found->level > 0 &&
             parse->brackets[found->level - 1].opener == 'i')
        diag_help(diag, "a comparison is written `==`");
    else if (found->kind >= TOK_EQUAL && found->kind <= TOK_GREATER_EQUAL)
        diag_help(diag, "comparisons do not chain: write `a < b and b < c`");
    else
        return false;
    return true;
}

// Two values side by side
static bool hint_joined(Parse *parse, Diag *diag, const Lexeme *found,
                        const Expectation *expected) {
    const Bracket *around = balance_around(parse, found);
    bool in_body = around && around->opener == '{';
    if (!is_behind_value(expected) || !kind_begins_operand(found->kind)) return false;
    if (report_expects(expected, "`,`"))
        diag_help(diag, "put `,` before it");
    else if (in_body && found->is_first)
        diag_help(diag, "a value without a name ends the body: name it (`name = ...`), or feed it "
                        "on with `->`");
    else if (found->kind == TOK_NAME && !found->is_first)
        diag_help(diag, "feed a value to a layer with `->`");
    else
        return false;
    return true;
}

void hint_add(Parse *parse, Diag *diag, const Lexeme *found, const Expectation *expected) {
    typedef bool Hint(Parse *, Diag *, const Lexeme *, const Expectation *);
    static Hint *const hints[] = {hint_word,      hint_sign,      hint_train,
                                  hint_step,      hint_shape,     hint_tuple,
                                  hint_arguments, hint_continued, hint_joined};
    if (!diag) return;
    if (kind_is_reserved(found->kind) && report_expects(expected, "a name"))
        diag_note(diag, "`%s` is a reserved word", found->value.text);
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++)
        if (hints[i](parse, diag, found, expected)) return;
}

// ---- Calls that are none

// `Dense` and `SGD` in lower case; a name of several words is called otherwise here.
static const char *plain_name(Parse *parse, Span span) {
    char *name = arena_copy(parse->arena, parse->source->text + span.lo, span.hi - span.lo);
    for (const char *at = name; *at; at++)
        if (islower((unsigned char)at[0]) && isupper((unsigned char)at[1])) return name;
    for (char *at = name; *at; at++) *at = (char)tolower((unsigned char)*at);
    return name;
}

// The last of the words in `keras.datasets.mnist`
static const char *last_word(Parse *parse, Span span) {
    const char *text = quote(parse, span.lo, span.hi), *point = strrchr(text, '.');
    return point ? point + 1 : text;
}

// What is written for `nn.Linear(784, 10)`, by the table; or NULL.
static const char *habit_of_call(Parse *parse, Span name, Span arguments) {
    enum { MAX_VALUES = 4 };
    const char *values[MAX_VALUES];
    int count = 0;
    char *rest = arena_strdup(parse->arena, quote_inside(parse, arguments.lo));
    for (char *value; count < MAX_VALUES && (value = strsep(&rest, ",")) != NULL; count++) {
        char *assign = strchr(value, '=');
        if (assign) value = assign + 1;
        values[count] = value + strspn(value, " ");
    }
    if (count == 1 && !*values[0]) count = 0;
    const char *text = parse->source->text + name.lo;
    return habit_help(parse->arena, "layer", arena_copy(parse->arena, text, name.hi - name.lo),
                      (HabitValues){values, count});
}

// `x.sum()` of a value `x`, as NumPy and PyTorch write it.
static bool is_method(const char *prefix, const char *name) {
    static const char methods[] =
        "abs clip exp flatten log max mean min pow reshape sqrt square sum";
    static const char libraries[] = "F K jnp keras layers math nn np numpy ops tf torch";
    return text_has_word(methods, name) && !strchr(prefix, '.') &&
           !text_has_word(libraries, prefix);
}

void report_dotted_call(Parse *parse, Span prefix, Span name, Span arguments) {
    const char *plain = plain_name(parse, name);
    const char *habit = habit_of_call(parse, name, arguments);
    const char *inside = quote_inside(parse, arguments.lo);
    Diag *diag = diag_report(parse->sink, DIAG_E0004, span_join(prefix, name),
                             "`%s` cannot be called", quote(parse, prefix.lo, name.hi));
    if (strcmp(plain, "load_data") == 0)
        diag_help(diag, "a dataset is named alone: `%s`", last_word(parse, prefix));
    else if (habit)
        diag_help(diag, "%s", habit);
    else if (is_method(quote(parse, prefix.lo, prefix.hi), plain))
        diag_help(diag, "functions take the value first: `%s(%s%s%s)`", plain,
                  quote(parse, prefix.lo, prefix.hi), *inside ? ", " : "", inside);
    else
        diag_help(diag, "names stand alone here: `%s(%s)`", plain, inside);
}

void report_second_call(Parse *parse, Span call, Span arguments) {
    const char *inputs = quote_inside(parse, arguments.lo);
    Diag *diag = diag_report(parse->sink, DIAG_E0004, arguments,
                             "an input does not stand behind the arguments");
    diag_help(diag, "feed it with an arrow: `%s -> %s`", inputs, quote(parse, call.lo, call.hi));
}
