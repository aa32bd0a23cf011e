#include "explain.h"

#include <string.h>

const char *explain_page(DiagCode code) {
    for (const ErrorPage *page = error_pages; page->code; page++)
        if (!strcmp(page->code, diag_code_name(code))) return page->text;
    return NULL;
}

void explain_list(Text *out) {
    for (int code = 0; code < DIAG_CODE_COUNT; code++)
        text_format(out, "%s  %s\n", diag_code_name((DiagCode)code),
                    diag_code_title((DiagCode)code));
}
