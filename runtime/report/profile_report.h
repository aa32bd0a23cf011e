// A profile as tables and as JSON: its groups, and its lines of the source, the longest first.
#ifndef NNRT_PROFILE_REPORT_H
#define NNRT_PROFILE_REPORT_H

#include "../base/text/json.h"
#include "../workers/profile.h"

// `title`: "training"; `function`: "train". NNRT_ERROR when there is no memory.
nnrt_status nnrt_profile_print(const nnrt_profile *profile, const nnrt_program *program,
                               const char *title);
nnrt_status nnrt_profile_json(nnrt_json *json, const nnrt_profile *profile,
                              const nnrt_program *program, const char *function);

// Line `line` of the source without blanks around it, cut to `size`; "" if there is none.
void nnrt_profile_line_text(const nnrt_program *program, int64_t line, char *text, size_t size);

#endif
