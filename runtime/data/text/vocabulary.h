// Vocabularies of running text: tokens get their final numbers when the parts are known, from those
// of the training part alone.
//
// Characters are numbered in the order of their code points. Words are numbered by how often the
// training part has them, equally frequent ones by their bytes, and number 0 is for those that it
// has not. Bytes are their own numbers. Private to the data modules.
#ifndef NNRT_VOCABULARY_H
#define NNRT_VOCABULARY_H

#include "../table/table.h"

// What stands for tokens that the training part has not.
#define NNRT_UNKNOWN_TOKEN "[UNK]"

// Numbers all columns of running text. NNRT_ERROR: another part has a token that the training part
// has not, and no number is kept for such.
nnrt_status nnrt_vocabulary_settle(nnrt_table *table);

#endif
