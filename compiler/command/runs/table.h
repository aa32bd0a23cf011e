// Lines of cells, each column as wide as its widest cell; what is shown of numbers in them.
#ifndef NNC_TABLE_H
#define NNC_TABLE_H

#include "../../base/text.h"
#include "../../base/vec.h"

typedef VEC(const char *) Cells; // of a line

// All lines have as many cells as the first one.
void table_print(Text *out, const Cells *lines, int count);

const char *table_value(Arena *arena, double value);  // of a loss or a metric; NaN: "-"
const char *table_time(Arena *arena, double seconds); // likewise

#endif
