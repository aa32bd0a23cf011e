// What a person looks at in texts that became tokens. Private to the data modules.
#ifndef NNRT_TOKEN_SURVEY_H
#define NNRT_TOKEN_SURVEY_H

#include "../table/table.h"
#include "survey.h"

// Is the column one of `tokens`, in memory?
int nnrt_token_survey_fits(const nnrt_field *field);
// Lengths, shares of what the vocabulary lacks, and how often the training part has each token.
nnrt_status nnrt_token_survey_make(const nnrt_table *table, const nnrt_field *field,
                                   nnrt_column_survey *survey);

#endif
