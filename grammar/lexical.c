#include "lexical.h"

#include "../compiler/base/utf8.h"
#include "actions.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *bytes_at(const Parse *parse, Span span) {
    return parse->source->text + span.lo;
}

static Diag *report(Parse *parse, DiagCode code, Span span, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

// NULL where another language's lines are skipped: they are one mistake.
static Diag *report(Parse *parse, DiagCode code, Span span, const char *format, ...) {
    if (parse->is_foreign) return NULL;
    va_list arguments;
    va_start(arguments, format);
    const char *text = arena_vformat(parse->arena, format, arguments);
    va_end(arguments);
    return diag_report(parse->sink, code, span, "%s", text);
}

// A slip that is made again and again is told once.
static bool is_first_time(bool *told) {
    bool is_first = !*told;
    *told = true;
    return is_first;
}

const char *lexical_word(Parse *parse, Span span) {
    size_t length = span.hi - span.lo;
    if (length > PARSE_MAX_NAME) {
        Diag *diag = report(parse, DIAG_E0005, span, "a name of %zu characters", length);
        diag_label(diag, "at most %d are possible", PARSE_MAX_NAME);
        length = PARSE_MAX_NAME;
    }
    return arena_copy(parse->arena, bytes_at(parse, span), length);
}

// ---- Numbers

static Ast *number_error(Parse *parse, Span span, const char *message, const char *label) {
    Diag *diag = report(parse, DIAG_E0003, span, "%s", message);
    diag_label(diag, "%s", label);
    return action_error(parse, span);
}

// Above 2^53, a double does not hold every whole number.
static bool is_inexact(const char *digits, double number) {
    const double limit = 9007199254740992.0;
    digits += strspn(digits, "0");
    return number > limit || (number == limit && strcmp(digits, "9007199254740992") != 0);
}

Ast *lexical_number(Parse *parse, const char *digits, Span span) {
    bool is_integer = digits[strcspn(digits, ".eE")] == '\0';
    errno = 0;
    double number = strtod(digits, NULL);
    if (isinf(number))
        return number_error(parse, span, "a number too large to be held", "the largest is 1.7e308");
    if (number == 0 && errno == ERANGE)
        return number_error(parse, span, "a number too small to be held",
                            "the smallest is 4.9e-324");
    if (is_integer && is_inexact(digits, number))
        return number_error(parse, span, "a whole number too large to be exact",
                            "whole numbers go up to 9007199254740992");
    return action_number(parse, span, number, is_integer);
}

Ast *lexical_amount(Parse *parse, const char *text, Span span) {
    return action_string(parse, span, arena_strdup(parse->arena, text));
}

Ast *lexical_bad_number(Parse *parse, const char *digits, Span span) {
    size_t length = span.hi - span.lo;
    Diag *diag =
        report(parse, DIAG_E0003, span, "`%.40s%s` is no number", digits, length > 40 ? "..." : "");
    bool is_plain = strspn(digits, "0123456789._") == length && length <= 40;
    if (strchr(digits, '_') && is_plain)
        diag_help(diag, "digits are not separated by `_`");
    else
        diag_help(diag, "numbers look like `32`, `0.5` or `1e-3`; names begin with a letter");
    return action_error(parse, span);
}

bool lexical_is_percent(const Parse *parse, Span span) {
    const char *behind = parse->source->text + span.hi;
    behind += strspn(behind, " \t\r");
    return strchr(",)]}\n", *behind) != NULL; // or the end
}

Ast *lexical_percent(Parse *parse, const char *digits, Span span) {
    double number = strtod(digits, NULL) / 100;
    Diag *diag = report(parse, DIAG_E0003, span, "`%s` is no number", digits);
    diag_label(diag, "a fraction is meant");
    diag_help(diag, "write `%s`", text_of_number(parse->arena, number));
    return action_number(parse, span, number, false);
}

// ---- Strings

static Ast *string_error(Parse *parse, DiagCode code, Span whole, Span place, const char *message,
                         const char *help) {
    Diag *diag = report(parse, code, place, "%s", message);
    diag_help(diag, "%s", help);
    return action_error(parse, whole);
}

// The character that `\letter` stands for, or 0.
static char escaped(char letter) {
    switch (letter) {
    case 'n': return '\n';
    case 't': return '\t';
    case '"': return '"';
    case '\\': return '\\';
    default: return 0;
    }
}

// Checks and copies what is between the quotes.
Ast *lexical_string(Parse *parse, Span span) {
    const char *bytes = bytes_at(parse, span);
    size_t end = span.hi - span.lo - 1, length = 0;
    char *text = arena_alloc(parse->arena, end);
    for (size_t at = 1; at < end;) {
        size_t size = utf8_length(bytes + at, end - at);
        Span place = {span.file, span.lo + (uint32_t)at,
                      span.lo + (uint32_t)(at + (size ? size : 1))};
        if (size == 0 || bytes[at] == '\0')
            return string_error(parse, DIAG_E0001, span, place,
                                size ? "a NUL byte in a string" : "a string that is not UTF-8",
                                "save the file as UTF-8 text");
        char plain = bytes[at] == '\\' ? escaped(bytes[at + 1]) : 0;
        if (bytes[at] == '\\' && !plain) {
            place.hi += (uint32_t)utf8_length(bytes + at + 1, end - at - 1);
            return string_error(
                parse, DIAG_E0001, span, place, "an unknown escape in a string",
                "write `\\\\` for a backslash; `\\\"`, `\\n` and `\\t` are the others");
        }
        if (plain)
            text[length++] = plain;
        else
            memcpy(text + length, bytes + at, size), length += size;
        at += plain ? 2 : size;
    }
    return action_string(parse, span, text);
}

// The rest of the line became part of the string: the message shows where it begins.
Ast *lexical_open_string(Parse *parse, Span span) {
    Span quote = {span.file, span.lo, span.lo + 1};
    parse->open_string = span.lo;
    Diag *diag = report(parse, DIAG_E0002, quote, "a string that does not end on its line");
    diag_label(diag, "begins here");
    diag_help(diag, "close it with `\"`; a line break in a string is written `\\n`");
    return action_error(parse, span);
}

Ast *lexical_single_quotes(Parse *parse, Span span) {
    if (!is_first_time(&parse->told_quotes)) return action_error(parse, span);
    Diag *diag = report(parse, DIAG_E0001, span, "`'` does not begin a string");
    diag_help(diag, "strings are written in double quotes; a word such as `relu` needs none");
    return action_error(parse, span);
}

// The quotes take three bytes each.
Ast *lexical_typographic(Parse *parse, Span span) {
    const char *bytes = bytes_at(parse, span) + 3;
    const char *text = arena_copy(parse->arena, bytes, span.hi - span.lo - 6);
    if (!is_first_time(&parse->told_quotes)) return action_error(parse, span);
    Diag *diag = report(parse, DIAG_E0001, span, "typographic quotes do not begin a string");
    diag_help(diag, "write `\"%s\"`", text);
    return action_error(parse, span);
}

// ---- Characters

void lexical_semicolon(Parse *parse, Span span) {
    if (!is_first_time(&parse->told_semicolon)) return;
    Diag *diag = report(parse, DIAG_E0001, span, "`;` is not part of the language");
    diag_help(diag, "leave it out: statements need no separator");
}

void lexical_other_arrow(Parse *parse, Span span) {
    const char *bytes = bytes_at(parse, span);
    if (!is_first_time(&parse->told_arrow)) return;
    const char *written =
        bytes[0] == '-' ? "- >" : arena_copy(parse->arena, bytes, span.hi - span.lo);
    Diag *diag = report(parse, DIAG_E0001, span, "`%s` is not part of the language", written);
    diag_help(diag, "the arrow is written `->`");
}

void lexical_other_comment(Parse *parse, Span span) {
    const char *bytes = bytes_at(parse, span);
    Span mark = {span.file, span.lo, span.lo + (bytes[0] == '"' ? 3 : 2)};
    Diag *diag = report(parse, DIAG_E0001, mark, "`%.*s` does not begin a comment",
                        (int)(mark.hi - mark.lo), bytes);
    diag_help(diag, "comments begin with `#`, and end with their line");
}

void lexical_walrus(Parse *parse, Span span) {
    diag_help(report(parse, DIAG_E0001, span, "`:=` is not part of the language"), "write `=`");
}

void lexical_other_word(Parse *parse, Span span, const char *word) {
    Diag *diag = diag_report(parse->sink, DIAG_E0001, span, "`%.*s` is written `%s` here",
                             (int)(span.hi - span.lo), bytes_at(parse, span), word);
    diag_help(diag, "write `%s`", word);
}

// What was probably meant by a character that text processors and other languages put there.
static const char *meant(const char *character, size_t length) {
    static const char *const pairs[][2] = {
        {"→", "write `->`"},
        {"⟶", "write `->`"},
        {"×", "write `*`"},
        {"·", "write `*`"},
        {"−", "write `-`"},
        {"–", "write `-`"},
        {"≤", "write `<=`"},
        {"≥", "write `>=`"},
        {"≠", "write `!=`"},
        {"“", "write `\"`"},
        {"”", "write `\"`"},
        {"„", "write `\"`"},
        {"\u00a0", "it is a no-break space: write a blank"},
        {"!", "`!=` is the only use of `!`"},
        {"%", "there is no remainder operator"},
        {"\\", "expressions may go on in the next line without a sign"},
        {"@", "the arrow `->` feeds a value to a layer"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (strlen(pairs[i][0]) == length && memcmp(pairs[i][0], character, length) == 0)
            return pairs[i][1];
    return NULL;
}

static void report_character(Parse *parse, Span place, const char *bytes, size_t length) {
    Diag *diag;
    unsigned char byte = (unsigned char)bytes[0];
    if (length == 0)
        diag = report(parse, DIAG_E0001, place, "byte 0x%02X is not UTF-8", byte);
    else if (byte == 0)
        diag = report(parse, DIAG_E0001, place, "a NUL byte");
    else if (byte < 0x20 || byte == 0x7f)
        diag = report(parse, DIAG_E0001, place, "control character 0x%02X", byte);
    else
        diag = report(parse, DIAG_E0001, place, "`%.*s` is not part of the language", (int)length,
                      bytes);
    const char *help = meant(bytes, length);
    if (help)
        diag_help(diag, "%s", help);
    else if (byte >= 0x80)
        diag_help(diag, "other letters than a-z stand only in strings and comments");
    else if (byte < 0x20)
        diag_help(diag, "is this a text file?");
}

// A run of bytes: the first that does not belong there is shown.
void lexical_bad_bytes(Parse *parse, Span span) {
    const char *bytes = bytes_at(parse, span), *end = bytes + (span.hi - span.lo);
    while (bytes + 1 < end && (isalnum((unsigned char)*bytes) || *bytes == '_')) bytes++;
    size_t length = utf8_length(bytes, (size_t)(end - bytes));
    uint32_t lo = span.lo + (uint32_t)(bytes - bytes_at(parse, span));
    uint32_t hi = lo + (uint32_t)(length ? length : 1);
    report_character(parse, (Span){span.file, lo, *bytes == '\0' ? span.hi : hi}, bytes, length);
}
