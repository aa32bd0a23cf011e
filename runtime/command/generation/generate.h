// A text that a model writes, for others than `generate`.
#ifndef NNRT_GENERATE_H
#define NNRT_GENERATE_H

#include "../../session/session.h"

// So many tokens by the session's model, whose weights are loaded, with the options of the session:
// seed, temperature, prompt. *text is to be freed; NULL: it wrote nothing. NNRT_ERROR also: the
// model writes no text, the texts of training had no beginning.
nnrt_status nnrt_generate_text(nnrt_session *session, int64_t length, char **text);

#endif
