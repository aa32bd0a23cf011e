// The targets of data sets in arrays. Private to the data modules.
//
// Whole numbers of files of integers are class labels, one a sample or one a place, unless they
// cannot be (a negative one, say): then they are numbers. Of those the extremes are kept, so that
// losses can be asked whether they take them.
#ifndef NNRT_TARGET_H
#define NNRT_TARGET_H

#include "../stage.h"

// Adds the arrays of the training part and, if `count` is 2, of the test part (their shapes fit) as
// a target of the table, and fills what is known of it. `name` NULL: "label" or "target".
// `classes`: given by the program; 0: the labels show it.
nnrt_status nnrt_target_read(nnrt_table *table, const char *name, const nnrt_array *arrays,
                             int count, int64_t classes);

#endif
