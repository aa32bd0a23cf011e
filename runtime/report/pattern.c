#include "pattern.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LARGEST_WIDTH = 99 };

// A number of at most two digits; -1: more.
static int take_number(const char **at) {
    int number = 0;
    for (; isdigit((unsigned char)**at); ++*at) {
        number = number * 10 + (**at - '0');
        if (number > LARGEST_WIDTH) return -1;
    }
    return number;
}

// ":02d", ":.3f"
static int read_format(const char **at, nnrt_placeholder *p) {
    if (**at != ':') return 1;
    ++*at;
    p->zeros = **at == '0';
    p->width = take_number(at);
    if (**at == '.') {
        ++*at;
        if (!isdigit((unsigned char)**at)) return 0;
        p->precision = take_number(at);
        if (p->precision < 0) return 0;
    }
    if (**at && strchr("dfeg", **at)) p->kind = *(*at)++;
    return p->width >= 0 && !(p->kind == 'd' && p->precision >= 0);
}

static int read_placeholder(const char *at, nnrt_placeholder *p) {
    *p = (nnrt_placeholder){.name = at + 1, .precision = -1, .end = at};
    if (*at++ != '{') return -1; // a closing brace
    while (isalnum((unsigned char)*at) || *at == '_') at++;
    p->name_length = (size_t)(at - p->name);
    if (!p->name_length || !read_format(&at, p) || *at != '}') return -1;
    p->end = at + 1;
    return 1;
}

int nnrt_placeholder_next(const char *text, nnrt_placeholder *placeholder) {
    for (const char *at = text; *at; at++) {
        if (*at != '{' && *at != '}') continue;
        if (at[1] != at[0]) return read_placeholder(at, placeholder);
        at++;
    }
    return 0;
}

static int is_named(const nnrt_placeholder *p, const char *name) {
    return strlen(name) == p->name_length && strncmp(name, p->name, p->name_length) == 0;
}

static double value_of(const nnrt_placeholder *p, int64_t epoch, const nnrt_log *log) {
    if (is_named(p, "epoch")) return (double)epoch;
    for (int64_t i = 0; i < log->count; i++)
        if (is_named(p, log->values[i].name)) return log->values[i].value;
    return NAN;
}

// As Python writes it: whole numbers for `epoch`, the shortest digits for what has no format.
static int put_value(const nnrt_placeholder *p, double value, char *text, size_t size) {
    char format[16], plain[NNRT_JSON_NUMBER];
    int is_whole = p->kind == 'd' || (!p->kind && p->precision < 0 && is_named(p, "epoch"));
    if (is_whole) return snprintf(text, size, p->zeros ? "%0*.0f" : "%*.0f", p->width, value);
    if (!p->kind && p->precision < 0) {
        nnrt_number_text(plain, value);
        return snprintf(text, size, "%*s", p->width, plain);
    }
    snprintf(format, sizeof format, "%%%s*.*%c", p->zeros ? "0" : "", p->kind ? p->kind : 'g');
    return snprintf(text, size, format, p->width, p->precision < 0 ? 6 : p->precision, value);
}

// The characters of [from, end) with single braces.
static size_t put_text(const char *from, const char *end, char *path, size_t used, size_t size) {
    for (; from < end; from++) {
        if (used + 1 < size) path[used] = *from;
        used++;
        if (*from == '{' || *from == '}') from++;
    }
    return used;
}

nnrt_status nnrt_pattern_path(const char *pattern, int64_t epoch, const nnrt_log *log, char *path,
                              size_t size) {
    nnrt_placeholder p;
    size_t used = 0;
    const char *at = pattern;
    while (nnrt_placeholder_next(at, &p) > 0 && used < size) {
        used = put_text(at, p.name - 1, path, used, size);
        if (used < size)
            used += (size_t)put_value(&p, value_of(&p, epoch, log), path + used, size - used);
        at = p.end;
    }
    used = put_text(at, at + strlen(at), path, used, size);
    if (used >= size)
        return nnrt_fail(NNRT_ERROR, "cannot write `%.200s`: the name is too long", pattern);
    path[used] = 0;
    return NNRT_OK;
}
