// Words of other libraries and languages, and what is written here instead: one table, for the
// parser (words that begin a line, calls with a point) and for the checks (names).
#ifndef NNC_BASE_HABIT_H
#define NNC_BASE_HABIT_H

#include "../arena.h"

// What was written for the arguments, in order and without their names; texts may be NULL.
typedef struct HabitValues {
    const char *const *texts;
    int count;
} HabitValues;

// What to write instead of `name` where a `noun` ("layer or block", "entry") is looked for, or
// NULL.
const char *habit_help(Arena *arena, const char *noun, const char *name, HabitValues values);

// A word that begins a line of a file ("file") or of a body ("body") in another language.
typedef struct HabitLine {
    const char *help;     // `@`: the word behind it
    const char *reads_as; // the word that is read in its place, "" to pass it over, NULL: skip all
} HabitLine;

// NULL: it is none. `word` may be several joined by points: `model.fit`.
const HabitLine *habit_line(const char *place, const char *word);

// `help` with each `@` (`@2`, `@3`) replaced by the value of that number; NULL when one is missing.
const char *habit_fill(Arena *arena, const char *help, HabitValues values);

#endif
