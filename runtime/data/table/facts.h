// What is doubtful about the columns of a table: those that teach nothing and those that give the
// target away. The source's columns are looked at as they were read, up to the first row that shows
// that nothing is wrong with them; what is told is of those that are inputs behind all stages.
#ifndef NNRT_FACTS_H
#define NNRT_FACTS_H

#include "table.h"

// Marks the columns of numbers and words of the source, by rows of the training part and the target
// that the source gives: field->facts, field->source.
void nnrt_facts_mark(nnrt_table *table);

// Are all words of the column numbers, and some of them with a decimal comma, "3,5"? With three
// digits behind each it may be one between thousands.
int nnrt_facts_has_commas(const nnrt_field *field);

// A column of more categories than this is rarely meant to be as many columns.
enum { NNRT_MANY_CATEGORIES = 1000 };

// A column is made of another one: what is doubtful about that is so of it, too.
void nnrt_facts_inherit(nnrt_field *field, const nnrt_field *origin);

// A formula reads `origin` for the column: what is made of the target tells it.
void nnrt_facts_mark_computed(const nnrt_table *table, nnrt_field *field, const nnrt_field *origin);

// A column of so many categories became as many columns.
nnrt_status nnrt_facts_add_categories(nnrt_table *table, const nnrt_field *field, int64_t count);

// Something else; each kind tells a name once, and no more than NNRT_MAX_FACTS are kept.
nnrt_status nnrt_facts_add(nnrt_table *table, nnrt_fact_kind kind, const char *name, double number);

// What is to be told of the columns that are about to be packed, in table->facts. NNRT_ERROR: no
// memory.
nnrt_status nnrt_facts_collect(nnrt_table *table);

#endif
