#include "text_lines.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 1 << 20 };

nnrt_status nnrt_text_lines_open(nnrt_text_lines *lines, const char *path) {
    *lines = (nnrt_text_lines){.path = path, .capacity = FIRST_CAPACITY};
    lines->buffer = malloc((size_t)lines->capacity);
    if (!lines->buffer) return nnrt_fail_memory("reading a text", (size_t)lines->capacity);
    lines->at = lines->limit = lines->buffer;
    nnrt_status status = nnrt_stream_open(&lines->stream, path);
    if (status) free(lines->buffer);
    return status;
}

void nnrt_text_lines_close(nnrt_text_lines *lines) {
    nnrt_stream_close(&lines->stream);
    free(lines->buffer);
}

// ---- Content.

// What is left moves to the beginning; the buffer grows where that is all of it.
static nnrt_status make_room(nnrt_text_lines *lines) {
    int64_t left = lines->limit - lines->at;
    if (left == lines->capacity) {
        char *buffer = realloc(lines->buffer, (size_t)(2 * lines->capacity));
        if (!buffer) return nnrt_fail_memory("a line", (size_t)(2 * lines->capacity));
        lines->at = lines->buffer = buffer;
        lines->capacity *= 2;
    } else if (left) {
        memmove(lines->buffer, lines->at, (size_t)left);
    }
    lines->at = lines->buffer;
    lines->limit = lines->buffer + left;
    return NNRT_OK;
}

static nnrt_status refill(nnrt_text_lines *lines) {
    int64_t count;
    nnrt_status status = make_room(lines);
    int64_t room = lines->buffer + lines->capacity - lines->limit;
    if (!status) status = nnrt_stream_read_some(&lines->stream, lines->limit, room, &count);
    if (status) return status;
    lines->limit += count;
    lines->is_at_end = count < room;
    return lines->is_at_end ? nnrt_stream_end(&lines->stream) : NNRT_OK;
}

// ---- Encoding.

static nnrt_status fail_byte(const nnrt_text_lines *lines, int64_t place) {
    unsigned char byte = (unsigned char)lines->text[place];
    if (!byte)
        return nnrt_fail(NNRT_ERROR,
                         "`%s`, line %lld: byte %lld is NUL: this is no text file\nname a text in "
                         "UTF-8",
                         lines->path, (long long)lines->number, (long long)place + 1);
    int is_wide = lines->number == 1 && place == 0 && byte >= 0xFE;
    return nnrt_fail(NNRT_ERROR,
                     "`%s`, line %lld: byte %lld, 0x%02X, is not UTF-8\nconvert it: `iconv -f %s "
                     "-t UTF-8 old > new`, for example",
                     lines->path, (long long)lines->number, (long long)place + 1, byte,
                     is_wide ? "UTF-16" : "LATIN1");
}

static nnrt_status check_bytes(const nnrt_text_lines *lines) {
    for (int64_t i = 0; i < lines->length;) {
        if (lines->text[i] > 0) { // most are ASCII
            i++;
            continue;
        }
        int length = nnrt_utf8_length(lines->text + i, lines->length - i);
        if (!length || !lines->text[i]) return fail_byte(lines, i);
        i += length;
    }
    return NNRT_OK;
}

// ---- Lines.

static void pass_mark(nnrt_text_lines *lines) {
    static const char mark[] = "\xEF\xBB\xBF";
    if (lines->length < 3 || memcmp(lines->text, mark, 3) != 0) return;
    lines->text += 3;
    lines->length -= 3;
}

nnrt_status nnrt_text_lines_next(nnrt_text_lines *lines) {
    char *end;
    int64_t seen = 0; // of the line, without an end
    lines->text = NULL;
    for (;;) {
        int64_t left = lines->limit - lines->at;
        end = left > seen ? memchr(lines->at + seen, '\n', (size_t)(left - seen)) : NULL;
        if (end || lines->is_at_end) break;
        seen = left;
        nnrt_status status = refill(lines);
        if (status) return status;
    }
    if (lines->at == lines->limit) return NNRT_OK;
    char *stop = end ? end : lines->limit;
    lines->text = lines->at;
    lines->length = stop - lines->at;
    lines->has_end = end != NULL;
    lines->at = end ? end + 1 : stop;
    if (!lines->number++) pass_mark(lines);
    if (end && lines->length && lines->text[lines->length - 1] == '\r') lines->length--;
    return check_bytes(lines);
}
