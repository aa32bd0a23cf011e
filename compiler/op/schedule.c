// Learning-rate schedules that `learning_rate =` takes besides a number. The rows are what the
// language knows of them; the runtime computes them. There are none yet.
#include "training.h"

#include <string.h>

const Schema schedule_rows[] = {{0}};

const Schema *schedule_find(const char *name) {
    for (const Schema *row = schedule_rows; row->name; row++)
        if (strcmp(row->name, name) == 0) return row;
    return NULL;
}
