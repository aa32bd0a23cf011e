// The wording of syntax errors: what could stand here (a few words, not every operator), in which
// construct, what stands there instead, and a hint for the usual slips.
#include "nn.tab.h"

#include <string.h>

enum { MAX_NAMED = 5 };

typedef struct Expectation {
    const char *const *names; // as nn.y calls the tokens
    int count;
} Expectation;

static bool expects(const Expectation *expected, const char *name) {
    for (int i = 0; i < expected->count; i++)
        if (strcmp(expected->names[i], name) == 0) return true;
    return false;
}

// ---- What is expected

// In the order of mention; a group of tokens is mentioned where its first member is expected.
static int summarize(const Expectation *expected, const char **words, int capacity) {
    static const char *const plain[] = {"`,`",  "`)`",       "`]`",    "`}`",    "`{`",
                                        "`=`",  "`:`",       "`(`",    "`[`",    "`->`",
                                        "`on`", "`updates`", "`with`", "`else`", "a string"};
    bool expression = expects(expected, "a number"), operator= expects(expected, "`*`");
    bool name = expects(expected, "a name");
    int count = 0;
    if (expression) words[count++] = "an expression";
    if (name && !expression) words[count++] = "a name";
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        bool is_name = strchr("ouw", plain[i][1]) != NULL;
        bool begins_expression = strchr("([", plain[i][1]) || plain[i][0] == 'a';
        bool is_covered = (is_name && name) || (begins_expression && expression) ||
                          (plain[i][1] == '(' && operator);
        if (!is_covered && expects(expected, plain[i]) && count < capacity)
            words[count++] = plain[i];
    }
    if (operator&& count<capacity) words[count++] = "an operator";
    if (expects(expected, "`model`") && count < capacity) words[count++] = "a declaration";
    if (expects(expected, "the end of the file") && count < capacity)
        words[count++] = "the end of the file";
    return count;
}

static const char *join(Parse *parse, const char *const *words, int count) {
    Text text = text_create(parse->arena);
    for (int i = 0; i < count; i++) {
        if (i > 0) text_put(&text, i == count - 1 ? " or " : ", ");
        text_put(&text, words[i]);
    }
    return text.data;
}

// " in the arguments of `dense`", or "".
static const char *context_of(Parse *parse, const Lexeme *lexeme) {
    const Bracket *around = balance_around(parse, lexeme);
    const char *what = around ? around->what : parse->head_what;
    const char *name = around ? around->name : parse->head_name;
    if (!what) return "";
    if (!name) return around ? arena_format(parse->arena, " in %s", what) : "";
    return arena_format(parse->arena, " in %s `%.60s`", what, name);
}

static const char *found_text(Parse *parse, const Lexeme *lexeme) {
    enum { SHOWN = 40 };
    if (lexeme->kind == TOK_YYEOF) return "the end of the file";
    size_t length = lexeme->span.hi - lexeme->span.lo;
    const char *text = parse->source->text + lexeme->span.lo;
    if (lexeme->kind == TOK_STRING) return "a string";
    return arena_format(parse->arena, "`%.*s%s`", (int)(length < SHOWN ? length : SHOWN), text,
                        length < SHOWN ? "" : "...");
}

// ---- Hints

static bool is_reserved(int kind) {
    return kind >= TOK_IMPORT && kind <= TOK_RETURN;
}

static bool begins_operand(int kind) {
    return (kind >= TOK_NAME && kind <= TOK_WITH) || kind == TOK_NUMBER || kind == TOK_STRING ||
           kind == TOK_LIST || kind == TOK_GROUP || kind == TOK_IF;
}

static void suggest_word(Diag *diag, const Lexeme *found, const Expectation *expected) {
    static const char *const words[] = {"import", "param",   "dataset", "block", "model", "train",
                                        "on",     "updates", "with",    "else",  NULL};
    const char *candidates[sizeof words / sizeof *words] = {NULL};
    int count = 0;
    for (int i = 0; words[i]; i++) {
        char quoted[16] = "`";
        strcat(strcat(quoted, words[i]), "`");
        if (expects(expected, quoted)) candidates[count++] = words[i];
    }
    const char *meant = suggest_name(found->value.text, candidates);
    if (meant) diag_help(diag, "did you mean `%s`?", meant);
}

// A value, and behind it something that does not continue it.
static void hint_behind_value(Parse *parse, Diag *diag, const Lexeme *found,
                              const Expectation *expected) {
    const Bracket *around = balance_around(parse, found);
    bool in_body = around && around->opener == '{';
    char sign = parse->source->text[found->span.lo];
    if (found->is_first && (found->kind == TOK_SIGN || found->kind == TOK_GROUP))
        diag_help(diag,
                  "at the beginning of a line, `%c` begins a new expression; to continue the one "
                  "before, put it on that line",
                  sign);
    else if (parse->before.kind == TOK_STRING && parse->before.span.hi == found->span.lo)
        diag_help(diag, "a string ends just before: is a `\"` missing, or one too many?");
    else if (expects(expected, "`,`") && begins_operand(found->kind))
        diag_help(diag, "put `,` before it");
    else if (in_body && found->is_first && begins_operand(found->kind))
        diag_help(diag, "a value without a name ends the body: name it (`name = ...`), or feed it "
                        "on with `->`");
    else if (found->kind == TOK_NAME && !found->is_first)
        diag_help(diag, "feed a value to a layer with `->`");
    else if (found->kind == TOK_ASSIGN && found->level > 0 &&
             parse->brackets[found->level - 1].opener == 'i')
        diag_help(diag, "a comparison is written `==`");
    else if (found->kind >= TOK_EQUAL && found->kind <= TOK_GREATER_EQUAL)
        diag_help(diag, "comparisons do not chain: use parentheses");
}

static void hint(Parse *parse, Diag *diag, const Lexeme *found, const Expectation *expected) {
    int before = parse->before.kind;
    if (found->kind == TOK_NAME) suggest_word(diag, found, expected);
    if (is_reserved(found->kind) && expects(expected, "a name"))
        diag_note(diag, "`%s` is a reserved word", found->value.text);
    const char *text = parse->source->text + found->span.lo;
    if (found->kind == TOK_OVER && (before == TOK_OVER || text[1] == '/'))
        diag_help(diag, "comments begin with `#`");
    else if (found->kind == TOK_ARROW && expects(expected, "a number"))
        diag_help(diag, "an arrow needs a value on its left: `image -> flatten`");
    else if (found->kind == TOK_IF && before == TOK_ELSE)
        diag_help(diag, "write `else { if ... }`");
    else if (expects(expected, "`*`"))
        hint_behind_value(parse, diag, found, expected);
}

// ---- Entry

static void report_left_open(Parse *parse, const Lexeme *found, const Bracket *open) {
    Diag *diag = diag_report(parse->sink, DIAG_E0004, found->span, "`%c` is not closed before %s",
                             open->opener, found_text(parse, found));
    diag_label(diag, "expected `%c` before this", open->opener == '(' ? ')' : ']');
    diag_secondary(diag, open->span, "this `%c` is open", open->opener);
}

static void report_found(Parse *parse, const Lexeme *found, const Expectation *expected) {
    const char *words[MAX_NAMED + 1];
    int count = summarize(expected, words, MAX_NAMED + 1);
    const char *context = context_of(parse, found), *text = found_text(parse, found);
    Diag *diag;
    if (count == 0 || count > MAX_NAMED) {
        diag = diag_report(parse->sink, DIAG_E0004, found->span, "%s cannot stand here%s", text,
                           context);
    } else {
        diag = diag_report(parse->sink, DIAG_E0004, found->span, "expected %s%s, but found %s",
                           join(parse, words, count), context, text);
        if (count == 1)
            diag_label(diag, "expected %s", words[0]);
        else
            diag_label(diag, "not expected here");
    }
    hint(parse, diag, found, expected);
}

void report_unexpected(Parse *parse, const char *const *names, int count) {
    if (parse->is_stopped) return;
    const Lexeme *found = &parse->last;
    const Expectation expected = {names, count};
    const Bracket *open;
    bool is_value = found->kind == TOK_NUMBER || found->kind == TOK_STRING;
    // A bracket that was added and a value that cannot be read have been reported already.
    if (!found->is_virtual && !(is_value && found->value.node->kind == AST_ERROR)) {
        if (balance_left_open(parse, found, &open))
            report_left_open(parse, found, open);
        else
            report_found(parse, found, &expected);
    }
    balance_recover(parse);
}
