// `nnc data`: what a person looks at before training, of the data sets that the command line names,
// or of all of the program.
#ifndef NNC_DATA_H
#define NNC_DATA_H

#include "../../driver/driver.h"

// The tables, or with --json one object. Keys: datasets, each with name, rows {train, validation,
// test}, duplicates {validation, test} and two lists of columns: source and transformed (null: the
// transforms fail). A column has name, target, kind, dtype, shape, missing, lowest, highest, mean,
// deviation (null: no numbers), category_count and categories (name, count), those of 100 most
// frequent. False: a data set could not be read, or there is none of a name; reported.
bool data_print(Text *out, Session *session);

// `--png`: writes pictures of the one data set that is meant, and a line that says what they are
// (runtime/data/look/sheet.h). False: reported.
bool data_sheet(Text *out, Session *session);

#endif
