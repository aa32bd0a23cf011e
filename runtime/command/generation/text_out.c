#include "text_out.h"

#include "../../base/text/print.h"
#include "../../formats/text/text_lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char replacement[] = "\xEF\xBF\xBD";

static nnrt_status keep(nnrt_text_out *out, const char *bytes, int64_t length) {
    if (!out->keeps) return NNRT_OK;
    if (out->length + length >= out->capacity) {
        int64_t capacity = 2 * (out->length + length) + 256;
        char *text = realloc(out->text, (size_t)capacity);
        if (!text) return nnrt_fail_memory("the text", (size_t)capacity);
        out->text = text;
        out->capacity = capacity;
    }
    memcpy(out->text + out->length, bytes, (size_t)length);
    out->length += length;
    out->text[out->length] = 0;
    return NNRT_OK;
}

static nnrt_status write_whole(nnrt_text_out *out, const char *bytes, int64_t length) {
    out->last = bytes[length - 1];
    if (!out->is_silent) fwrite(bytes, 1, (size_t)length, stdout);
    return keep(out, bytes, length);
}

static int following(unsigned char first) {
    return first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : first >= 0xC2 ? 1 : 0;
}

// What waits, once it is a character or can be none any more.
static nnrt_status write_waiting(nnrt_text_out *out) {
    nnrt_status status = NNRT_OK;
    while (out->waits && !status) {
        int length = *out->waiting ? nnrt_utf8_length(out->waiting, out->waits) : 0;
        int is_partial = !length && out->waits <= following((unsigned char)*out->waiting);
        for (int i = 1; i < out->waits && is_partial; i++)
            is_partial = (unsigned char)out->waiting[i] >> 6 == 2;
        if (is_partial) return NNRT_OK;
        status = length ? write_whole(out, out->waiting, length)
                        : write_whole(out, replacement, sizeof replacement - 1);
        if (!length) length = 1;
        out->waits -= length;
        memmove(out->waiting, out->waiting + length, (size_t)out->waits);
    }
    return status;
}

nnrt_status nnrt_text_out_put(nnrt_text_out *out, const char *bytes, int64_t length) {
    nnrt_status status = NNRT_OK;
    for (int64_t i = 0; i < length && !status; i++) {
        out->waiting[out->waits++] = bytes[i];
        status = write_waiting(out);
    }
    if (!out->is_silent) nnrt_print_flush();
    return status;
}

nnrt_status nnrt_text_out_end(nnrt_text_out *out) {
    nnrt_status status = NNRT_OK;
    for (int i = 0; i < out->waits && !status; i++)
        status = write_whole(out, replacement, sizeof replacement - 1);
    out->waits = 0;
    return status;
}

void nnrt_text_out_free(nnrt_text_out *out) {
    free(out->text);
}
