// Reads fixtures of tests/fixtures/make_keras_training.py: `case NAME argument=value ...` and the
// lines below. Each test program includes it once.
#ifndef NNC_TESTS_CASES_H
#define NNC_TESTS_CASES_H

#include <ctype.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../runtime/base/call.h"
#include "calls.h"

enum { CASE_OPTIONS = 12, CASE_NUMBERS = 32, CASE_LINE = 1024 };

// A call of the language, with the options of the fixture's line and the defaults of the others.
typedef struct Case {
    int line;
    nnrt_call call;
    nnrt_option options[CASE_OPTIONS]; // as written
    int option_count;
    double numbers[CASE_OPTIONS][CASE_NUMBERS];
    char words[CASE_LINE];
} Case;

static inline int case_numbers(char *text, const char *separator, double *numbers) {
    int count = 0;
    char *place;
    for (char *word = strtok_r(text, separator, &place); word;
         word = strtok_r(NULL, separator, &place)) {
        assert_true(count < CASE_NUMBERS);
        numbers[count++] = atof(word);
    }
    return count;
}

static inline void case_option(Case *fixture, char *word) {
    int i = fixture->option_count++;
    nnrt_option *option = &fixture->options[i];
    char *value = strchr(word, '=');
    assert_true(value && i < CASE_OPTIONS);
    *value++ = 0;
    *option = (nnrt_option){.name = word, .number = NAN};
    if (strcmp(value, "true") == 0 || strcmp(value, "false") == 0)
        option->number = *value == 't';
    else if (isalpha((unsigned char)*value))
        option->text = value;
    else
        option->number = atof(value);
    if (!option->text) option->count = case_numbers(value, ",", fixture->numbers[i]);
    option->numbers = fixture->numbers[i];
}

static inline void case_read(Case *fixture, FamilyKind family, const char *text, int line) {
    char *place;
    *fixture = (Case){.line = line};
    snprintf(fixture->words, sizeof fixture->words, "%s", text);
    strtok_r(fixture->words, " ", &place); // "case"
    const char *name = strtok_r(NULL, " ", &place);
    for (char *word; (word = strtok_r(NULL, " ", &place));) case_option(fixture, word);
    fixture->call = call_make(family, name, fixture->options, fixture->option_count);
}

// Calls `test` with each line below a case: 0 counts it as the case's first. Returns the cases.
static inline int cases_walk(const char *name, FamilyKind family,
                             void (*test)(const Case *fixture, char *line, int number)) {
    char path[4096], text[CASE_LINE];
    static Case fixture;
    int cases = 0, first = 0;
    snprintf(path, sizeof path, "%s/tests/fixtures/keras/%s.txt", NNC_SOURCE_DIR, name);
    FILE *file = fopen(path, "r");
    if (!file) fail_msg("%s cannot be read", path);
    for (int line = 1; fgets(text, sizeof text, file); line++) {
        text[strcspn(text, "\n")] = 0;
        if (strncmp(text, "case ", 5) == 0) {
            case_read(&fixture, family, text, line);
            cases++;
            first = line + 1;
        } else if (text[0] != '#') {
            test(&fixture, text, line - first);
        }
    }
    fclose(file);
    return cases;
}

#endif
