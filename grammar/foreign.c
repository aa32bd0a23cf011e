// Words that begin a line in other languages (`import keras`, `for i in ..`, `let h = ..`), from
// the table of base/diagnostics/habit.h. Each is reported, and read as what it stands for, passed
// over, or skipped with what follows.
#include "token.h"

#include "../compiler/base/diagnostics/habit.h"

#include <ctype.h>
#include <string.h>

static bool is_letter(char byte) {
    return isalnum((unsigned char)byte) || byte == '_';
}

// The words joined by points that begin here: "model.fit", "let".
static const char *dotted_at(Parse *parse, uint32_t at) {
    const char *text = parse->source->text + at;
    size_t length = 0;
    while (is_letter(text[length]) ||
           (text[length] == '.' && length && is_letter(text[length + 1])))
        length++;
    return arena_copy(parse->arena, text, length);
}

// Where the line's first word ends, another one begins: never so in this language, but for
// declarations.
static bool precedes_word(const Parse *parse, uint32_t at) {
    const char *text = parse->source->text + at;
    size_t blanks = strspn(text, " \t");
    return blanks > 0 && is_letter(text[blanks]);
}

static const char *place_of(const Parse *parse, const Lexeme *lexeme) {
    int previous = parse->previous.kind;
    bool is_behind_all =
        previous == TOK_YYEOF || previous == TOK_OPEN || kind_ends_operand(previous);
    bool is_word = kind_is_name(lexeme->kind) || lexeme->kind == TOK_IMPORT ||
                   lexeme->kind == TOK_MODEL || lexeme->kind == TOK_FOR;
    if (!is_word || !lexeme->is_first || !is_behind_all) return NULL;
    if (parse->bracket_count == 0) return "file";
    return parse->brackets[parse->bracket_count - 1].opener == '{' ? "body" : NULL;
}

// `model = Sequential()` declares nothing, but `import "file.nn"` and `model net(..)` do.
static bool is_foreign(const Parse *parse, const Lexeme *lexeme, const char *dotted) {
    if (strchr(dotted, '.')) return token_byte_after(parse, lexeme) == '.';
    if (lexeme->kind == TOK_MODEL) return token_precedes_assign(parse, lexeme);
    bool is_call = parse->bracket_count == 0 && token_byte_after(parse, lexeme) == '(';
    return !token_precedes_assign(parse, lexeme) &&
           (is_call || precedes_word(parse, lexeme->span.hi));
}

static const char *word_behind(Parse *parse, const Lexeme *lexeme) {
    const char *text = parse->source->text + lexeme->span.hi;
    uint32_t blanks = (uint32_t)strspn(text, " \t");
    const char *word = dotted_at(parse, lexeme->span.hi + blanks);
    return *word ? word : NULL;
}

static void report(Parse *parse, Span span, const char *dotted, const char *help,
                   const Lexeme *lexeme) {
    const char *word = word_behind(parse, lexeme);
    Diag *diag =
        diag_report(parse->sink, DIAG_E0004, span, "`%s` is no word of this language", dotted);
    diag_label(diag, "another language's");
    help = habit_fill(parse->arena, help, (HabitValues){&word, word != NULL});
    if (help) diag_help(diag, "%s", help);
}

static int kind_of(const char *word) {
    return strcmp(word, "param") == 0 ? TOK_PARAM : TOK_BLOCK;
}

ForeignWord foreign_word(Parse *parse, Lexeme *lexeme) {
    const char *place = place_of(parse, lexeme);
    if (!place) return FOREIGN_NOT;
    const char *dotted = dotted_at(parse, lexeme->span.lo);
    const HabitLine *line = habit_line(place, dotted);
    if (!line || !is_foreign(parse, lexeme, dotted)) return FOREIGN_NOT;
    Span span = lexeme->span;
    span.hi = span.lo + (uint32_t)strlen(dotted);
    report(parse, span, dotted, line->help, lexeme);
    if (line->reads_as && !*line->reads_as) return FOREIGN_PASSED;
    if (line->reads_as) {
        lexeme->kind = kind_of(line->reads_as);
        lexeme->value.text = line->reads_as;
        return FOREIGN_READ;
    }
    lexeme->kind = TOK_FOREIGN;
    parse->has_mistake = parse->is_foreign = true;
    return FOREIGN_READ;
}
