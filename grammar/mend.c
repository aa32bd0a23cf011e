#include "token.h"

#include "../compiler/base/diagnostics/habit.h"

#include <ctype.h>
#include <string.h>

static const Bracket *innermost(const Parse *parse) {
    return parse->bracket_count ? &parse->brackets[parse->bracket_count - 1] : NULL;
}

// Where something lacks: behind the last token, though the next one may be lines below.
static Span behind_previous(const Parse *parse) {
    uint32_t at = parse->previous.span.hi;
    return (Span){parse->file, at, at};
}

// ---- A misspelt keyword

// A name that begins a line outside of all brackets, behind something complete.
static bool stands_for_keyword(const Parse *parse, const Lexeme *lexeme) {
    int previous = parse->previous.kind;
    if (lexeme->kind != TOK_NAME || !lexeme->is_first || parse->bracket_count) return false;
    bool is_behind_all = previous == TOK_YYEOF || kind_ends_operand(previous);
    const char *text = parse->source->text;
    uint32_t next = lexeme->span.hi + (uint32_t)strspn(text + lexeme->span.hi, " \t");
    return is_behind_all && text[next] != '\n' && token_precedes_name(parse, lexeme);
}

void mend_keyword(Parse *parse, Lexeme *lexeme) {
    static const char *const words[] = {"import", "param", "dataset", "block",
                                        "model",  "train", NULL};
    if (!stands_for_keyword(parse, lexeme)) return;
    const char *meant = suggest_name(lexeme->value.text, words);
    if (!meant) return;
    Diag *diag = diag_report(parse->sink, DIAG_E0004, lexeme->span,
                             "expected a declaration, but found `%.40s`", lexeme->value.text);
    diag_label(diag, "not expected here");
    diag_help(diag, "did you mean `%s`?", meant);
    for (int i = 0; words[i]; i++)
        if (words[i] == meant) lexeme->kind = TOK_IMPORT + i;
    lexeme->value.text = meant;
}

// ---- A reserved word for a name

// Behind the keyword of a declaration, and among the parameters of a model or block.
static bool stands_for_name(const Parse *parse, const Lexeme *lexeme) {
    int previous = parse->previous.kind;
    const Bracket *around = innermost(parse);
    char next = token_byte_after(parse, lexeme);
    bool declares = previous == TOK_PARAM || previous == TOK_DATASET || previous == TOK_BLOCK ||
                    previous == TOK_MODEL || previous == TOK_LAYER;
    if (declares) return next == '(' || next == '=';
    bool is_parameter = around && around->is_parameters && around->opener == '(' &&
                        (previous == TOK_CALL || previous == TOK_GROUP || previous == TOK_COMMA);
    return is_parameter && (next == ':' || next == ',' || next == ')' || next == '=');
}

// Where only a value can stand.
static bool stands_for_value(const Parse *parse) {
    int previous = parse->previous.kind;
    return previous == TOK_ARROW || previous == TOK_ON || previous == TOK_COMMA ||
           previous == TOK_CALL || previous == TOK_LIST ||
           (previous >= TOK_PLUS && previous <= TOK_GREATER_EQUAL);
}

_Static_assert(TOK_NOT - TOK_IMPORT == PARSE_RESERVED - 1, "reserved words");

// Taken for the name from there on, so that it is one mistake.
void mend_reserved(Parse *parse, Lexeme *lexeme) {
    int kind = lexeme->kind;
    if (!kind_is_reserved(kind)) return;
    bool *is_taken = &parse->reserved[kind - TOK_IMPORT];
    if (stands_for_name(parse, lexeme)) {
        Diag *diag = diag_report(parse->sink, DIAG_E0004, lexeme->span,
                                 "expected a name, but found `%s`", lexeme->value.text);
        diag_label(diag, "expected a name");
        diag_note(diag, "`%s` is a reserved word", lexeme->value.text);
        *is_taken = true;
        lexeme->kind = TOK_NAME;
    } else if (*is_taken && stands_for_value(parse)) {
        lexeme->kind = TOK_NAME;
    }
}

// ---- Signs of other languages

void mend_colon(Parse *parse, Lexeme *lexeme) {
    const Bracket *around = innermost(parse);
    int before = parse->before.kind;
    if (lexeme->kind != TOK_COLON || !around || !kind_is_name(parse->previous.kind)) return;
    bool is_argument = around->opener == '(' && !around->is_parameters &&
                       (before == TOK_CALL || before == TOK_COMMA);
    bool is_entry = around->opener == '{' && !kind_is_operator(before);
    if (!is_argument && !is_entry) return;
    Diag *diag = diag_report(parse->sink, DIAG_E0004, lexeme->span, "expected `=`, but found `:`");
    diag_label(diag, "expected `=`");
    diag_help(diag, "write `%.60s = ...`", parse->previous.value.text);
    lexeme->kind = TOK_ASSIGN;
}

bool mend_separator(Parse *parse, const Lexeme *lexeme) {
    const Bracket *around = innermost(parse);
    bool in_body = around && around->opener == '{';
    if (lexeme->kind != TOK_COMMA || !in_body || !kind_ends_operand(parse->previous.kind))
        return false;
    if (token_byte_after(parse, lexeme) != '}' && !token_precedes_entry(parse, lexeme))
        return false;
    bool is_train = parse->head_what && strcmp(parse->head_what, "train") == 0;
    bool is_entry = is_train && parse->bracket_count == 1;
    if (!is_entry && lexeme->span.lo < parse->unpacked_to) return false;
    const char *items = is_entry ? "entries" : "statements";
    Diag *diag =
        diag_report(parse->sink, DIAG_E0004, lexeme->span, "%s are not separated by `,`", items);
    diag_help(diag, "leave it out: they need no separator");
    return true;
}

// `elif` of Python. The branch before it says that it is meant.
bool mend_else_if(Parse *parse, Lexeme *lexeme, Lexeme *first) {
    static const char *const words[] = {"elif", "elsif", "elseif"};
    bool is_meant = false;
    for (int i = 0; i < 3 && lexeme->kind == TOK_NAME; i++)
        is_meant = is_meant || strcmp(lexeme->value.text, words[i]) == 0;
    if (!is_meant || parse->previous.kind != TOK_END) return false;
    Diag *diag = diag_report(parse->sink, DIAG_E0004, lexeme->span,
                             "`%s` is written `else if` here", lexeme->value.text);
    diag_help(diag, "write `else if`");
    *first = *lexeme;
    first->kind = TOK_ELSE;
    lexeme->kind = TOK_IF;
    return true;
}

// ---- What lacks

// `optimizer =` at the end of a line, before the next entry.
static bool lacks_value(const Parse *parse, const Lexeme *lexeme) {
    int previous = parse->previous.kind;
    const Bracket *around = innermost(parse);
    bool waits = previous == TOK_ARROW || previous == TOK_ASSIGN ||
                 (previous >= TOK_PLUS && previous <= TOK_GREATER_EQUAL);
    if (!waits || (lexeme->kind != TOK_YYEOF && !lexeme->is_first)) return false;
    bool is_entry = kind_is_name(lexeme->kind) && token_precedes_assign(parse, lexeme);
    return lexeme->kind == TOK_YYEOF || kind_is_closer(lexeme->kind) ||
           token_begins_declaration(parse, lexeme) || (is_entry && around && around->opener == '{');
}

static void add_value(Parse *parse, Lexeme *lacking) {
    Span place = behind_previous(parse);
    Span before = parse->previous.span;
    Diag *diag = diag_report(parse->sink, DIAG_E0004, place, "expected an expression after `%.*s`",
                             (int)(before.hi - before.lo), parse->source->text + before.lo);
    diag_label(diag, "nothing stands here");
    *lacking = (Lexeme){.kind = TOK_NN_YYerror, .span = place, .is_virtual = true};
}

// A statement where the body of a declaration has not begun.
static bool lacks_opener(const Parse *parse, const Lexeme *lexeme) {
    if (!parse->awaits_body || !parse->head_name || parse->bracket_count) return false;
    if (strcmp(parse->head_what, "train") == 0)
        return kind_is_name(lexeme->kind) && lexeme->is_first &&
               kind_ends_operand(parse->previous.kind) && token_precedes_assign(parse, lexeme);
    return kind_begins_operand(lexeme->kind) || lexeme->kind == TOK_RETURN;
}

static void add_opener(Parse *parse, Lexeme *lacking) {
    Span place = behind_previous(parse);
    bool is_model = strcmp(parse->head_what, "model") == 0;
    Diag *diag = diag_report(parse->sink, DIAG_E0004, place,
                             "expected `{`%s after %s of %s `%.60s`", is_model ? " or `=`" : "",
                             strcmp(parse->head_what, "train") == 0 ? "the dataset"
                             : is_model                             ? "the inputs"
                                                                    : "the parameters",
                             parse->head_what, parse->head_name);
    diag_label(diag, "expected `{`%s", is_model ? " or `=`" : "");
    *lacking = (Lexeme){.kind = TOK_OPEN, .span = place, .is_virtual = true};
}

// ---- Two values in a row

// In a body, behind a value without a name, which is complete.
static bool is_behind_unnamed(const Parse *parse) {
    const Bracket *around = innermost(parse);
    return around && around->is_body && around->opener == '{' && !around->has_name &&
           around->statement.hi > 0 && kind_ends_operand(parse->previous.kind);
}

static int column_of(const Parse *parse, uint32_t offset) {
    return sources_place(parse->sources, parse->file, offset).column;
}

// A line that is indented more than the statement goes on with it; so does one below a line that
// begins with an arrow in the same column.
static bool continues(const Parse *parse, const Lexeme *lexeme) {
    int column = column_of(parse, lexeme->span.lo);
    const char *line = parse->source->text + parse->previous.span.lo;
    while (line > parse->source->text && line[-1] != '\n') line--;
    line += strspn(line, " \t");
    bool is_below_arrow = line[0] == '-' && line[1] == '>' &&
                          balance_indentation(parse, parse->previous.span.lo) == column;
    return is_below_arrow || column > balance_indentation(parse, innermost(parse)->statement.lo);
}

// `x -> flatten dense(10)`, in one line or in two.
static bool lacks_arrow(const Parse *parse, const Lexeme *lexeme) {
    bool is_data = parse->bracket_count == 0 && parse->head_what && parse->head_name &&
                   strcmp(parse->head_what, "dataset") == 0 && parse->before.kind != TOK_DATASET &&
                   kind_ends_operand(parse->previous.kind);
    if (lexeme->kind != TOK_NAME || token_begins_named(parse, lexeme)) return false;
    if (is_data) return !lexeme->is_first || column_of(parse, lexeme->span.lo) > 1;
    return is_behind_unnamed(parse) && (!lexeme->is_first || continues(parse, lexeme));
}

static void add_arrow(Parse *parse, const Lexeme *lexeme, Lexeme *lacking) {
    Diag *diag = diag_report(parse->sink, DIAG_E0004, lexeme->span,
                             "`%.60s` stands behind a value without an arrow", lexeme->value.text);
    diag_label(diag, "expected `->` before it");
    diag_secondary(diag, parse->previous.span, "behind this");
    diag_help(diag, "put `->` before it: `-> %.60s`", lexeme->value.text);
    *lacking = (Lexeme){.kind = TOK_ARROW, .span = behind_previous(parse), .is_virtual = true};
}

static bool lacks_name(const Parse *parse, const Lexeme *lexeme) {
    if (!is_behind_unnamed(parse)) return false;
    return token_begins_named(parse, lexeme) || (lexeme->kind == TOK_NAME && lexeme->is_first);
}

static void add_name(Parse *parse, const Lexeme *lexeme, Lexeme *lacking) {
    Span span = span_join(innermost(parse)->statement, parse->previous.span);
    const char *text = parse->source->text + span.lo;
    const char *word = arena_copy(parse->arena, text, strcspn(text, "( \t\n"));
    Diag *diag = diag_report(parse->sink, DIAG_E0004, span,
                             "a value without a name is not the last of its body");
    diag_label(diag, "has no name");
    diag_secondary(diag, lexeme->span, "the body goes on here");
    const char *habit = habit_help(parse->arena, "statement", word, (HabitValues){0});
    diag_help(diag, "%s", habit ? habit : "name it (`name = ...`), or feed it on with `->`");
    *lacking = (Lexeme){.kind = TOK_UNNAMED, .span = behind_previous(parse), .is_virtual = true};
}

bool mend_lacking(Parse *parse, const Lexeme *lexeme, Lexeme *lacking) {
    if (lacks_value(parse, lexeme))
        add_value(parse, lacking);
    else if (lacks_opener(parse, lexeme))
        add_opener(parse, lacking);
    else if (lacks_arrow(parse, lexeme))
        add_arrow(parse, lexeme, lacking);
    else if (lacks_name(parse, lexeme))
        add_name(parse, lexeme, lacking);
    else
        return false;
    return true;
}
