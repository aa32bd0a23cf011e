// What several sections of a report show: samples, numbers, bars.
#ifndef NNRT_SHOW_H
#define NNRT_SHOW_H

#include "report.h"

// The picture of a sample's input, or its words, or its few numbers; else its row.
nnrt_status nnrt_show_sample(const nnrt_report *report, uint32_t row);
int nnrt_shows_pictures(const nnrt_report *report);
// A picture, as far as its shape and type tell: of numbers in lines and columns, as windows of a
// series are, too, those that are square.
int nnrt_show_is_picture(const nnrt_column *column);

// A picture of numbers as the data have them, made smaller where it is large. `shape` as that of a
// column.
nnrt_status nnrt_show_picture(const nnrt_report *report, const nnrt_column *column,
                              const void *values, const char *alt);

// The card of a prediction of classes: sample, what is said and is, the largest probabilities with
// bars, the true one among them.
nnrt_status nnrt_show_prediction(const nnrt_report *report, const nnrt_gathered *gathered,
                                 int64_t sample);

enum { NNRT_SHOWN_NUMBER = 40 };
// As people read it: four digits, "1.2e-05", "7,850" for counts.
const char *nnrt_show_number(double value, char text[NNRT_SHOWN_NUMBER]);
const char *nnrt_show_count(int64_t count, char text[NNRT_SHOWN_NUMBER]);
const char *nnrt_show_bytes(double bytes, char text[NNRT_SHOWN_NUMBER]);

enum { NNRT_SHOWN_CLASS = 96 };
// The name of a class of a confusion matrix, of running text the token; else its number.
const char *nnrt_show_class(const nnrt_report *report, const nnrt_confusion *confusion,
                            int64_t class_index, char text[NNRT_SHOWN_CLASS]);

// A cell of a table; numbers stand at its right.
void nnrt_show_cell(nnrt_markup *markup, const char *text);
void nnrt_show_number_cell(nnrt_markup *markup, double value);
void nnrt_show_count_cell(nnrt_markup *markup, int64_t count);
// A bar of a share in 0 to 1; `class_name` of its colour, or NULL.
void nnrt_show_bar(nnrt_markup *markup, double share, const char *class_name);
// The head of a table: columns ended by NULL; those that begin with ">" hold numbers.
void nnrt_show_head(nnrt_markup *markup, const char *const *columns);
// "<i> words": a line of a chart's key, with the colour's name ("blue").
void nnrt_show_key(nnrt_markup *markup, const char *colour, const char *words);

#endif
