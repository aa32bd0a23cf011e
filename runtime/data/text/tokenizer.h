// Cuts a text into tokens. Lower case and punctuation are those of Keras's TextVectorization,
// keras/src/layers/preprocessing/text_vectorization.py: ASCII letters become small, ASCII
// punctuation goes, and blanks part words. Private to the data modules.
#ifndef NNRT_TOKENIZER_H
#define NNRT_TOKENIZER_H

#include "../table/table.h"

typedef struct nnrt_tokenizer {
    nnrt_unit unit;
    int lowers; // and takes punctuation away
    char *text; // as it is cut; owned
    int64_t capacity, length, at;
} nnrt_tokenizer;

// Begins with a text, which is copied. A zeroed one with its first two fields set will do.
nnrt_status nnrt_tokenizer_start(nnrt_tokenizer *tokenizer, const char *text);
// The next token, not ended by NUL; 0: there is none.
int nnrt_tokenizer_next(nnrt_tokenizer *tokenizer, const char **token, int64_t *length);
void nnrt_tokenizer_free(nnrt_tokenizer *tokenizer);

#endif
