// The wording of syntax errors: what could stand here (a few words, not every operator), in which
// construct, and what stands there instead.
#include "report.h"
#include "token.h"

#include <string.h>

enum { MAX_NAMED = 5 };

bool report_expects(const Expectation *expected, const char *name) {
    for (int i = 0; i < expected->count; i++)
        if (strcmp(expected->names[i], name) == 0) return true;
    return false;
}

// ---- What is expected

// In the order of mention; a group of tokens is mentioned where its first member is expected.
static int summarize(const Expectation *expected, const char **words, int capacity) {
    static const char *const plain[] = {"`,`",    "`)`",  "`]`",    "`}`",     "`{`",  "`=`",
                                        "`:`",    "`(`",  "`[`",    "`->`",    "`on`", "`updates`",
                                        "`with`", "`in`", "`else`", "a string"};
    bool expression = report_expects(expected, "a number");
    bool is_operator = report_expects(expected, "`*`");
    bool name = report_expects(expected, "a name");
    int count = 0;
    if (expression) words[count++] = "an expression";
    if (name && !expression) words[count++] = "a name";
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        bool is_name = strchr("iouw", plain[i][1]) != NULL;
        bool begins_expression = strchr("([", plain[i][1]) || plain[i][0] == 'a';
        bool is_covered = (is_name && name) || (begins_expression && expression) ||
                          (plain[i][1] == '(' && is_operator);
        if (!is_covered && report_expects(expected, plain[i]) && count < capacity)
            words[count++] = plain[i];
    }
    if (is_operator && count < capacity) words[count++] = "an operator";
    if (report_expects(expected, "`model`") && count < capacity) words[count++] = "a declaration";
    if (report_expects(expected, "the end of the file") && count < capacity)
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
    hint_add(parse, diag, found, expected);
}

// A bracket that was added, a value that cannot be read, and an incomplete declaration with a
// mistake have been reported.
static bool is_reported(const Parse *parse, const Lexeme *found) {
    bool is_value = found->kind == TOK_NUMBER || found->kind == TOK_STRING;
    return found->is_virtual || found->kind == TOK_FOREIGN ||
           (is_value && found->value.node->kind == AST_ERROR) ||
           (parse->had_mistake && found->level == 0 && kind_declares(found->kind));
}

void report_unexpected(Parse *parse, const char *const *names, int count) {
    if (parse->is_stopped) return;
    const Lexeme *found = &parse->last;
    const Expectation expected = {names, count};
    const Bracket *open;
    if (!is_reported(parse, found)) {
        parse->has_mistake = true;
        if (balance_left_open(parse, found, &open))
            report_left_open(parse, found, open);
        else
            report_found(parse, found, &expected);
    }
    balance_recover(parse);
}
