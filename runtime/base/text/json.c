#include "json.h"

#include "print.h"
#include "utf8.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST = 4 }; // bytes of a character

static void put(nnrt_json *json, const char *bytes, size_t length) {
    if (json->failed) return;
    if (json->length + length + 1 > json->capacity) {
        size_t capacity = (json->capacity + length + 64) * 2;
        char *text = realloc(json->text, capacity);
        if (!text) {
            json->failed = 1;
            return;
        }
        json->text = text;
        json->capacity = capacity;
    }
    memcpy(json->text + json->length, bytes, length);
    json->length += length;
    json->text[json->length] = 0;
}

static void put_string(nnrt_json *json, const char *string) {
    put(json, "\"", 1);
    for (const unsigned char *s = (const unsigned char *)string; *s;) {
        int length = nnrt_utf8_length((const char *)s, (int64_t)strnlen((const char *)s, LONGEST));
        char escape[8];
        if (*s == '"' || *s == '\\') {
            snprintf(escape, sizeof escape, "\\%c", *s);
            put(json, escape, 2);
        } else if (*s < 0x20 || *s == 0x7F) {
            snprintf(escape, sizeof escape, "\\u%04x", *s);
            put(json, escape, 6);
        } else if (length) {
            put(json, (const char *)s, (size_t)length);
        } else {
            put(json, "\\ufffd", 6); // file names may be any bytes
        }
        s += length ? length : 1;
    }
    put(json, "\"", 1);
}

static void put_key(nnrt_json *json, const char *key) {
    if (json->need_comma) put(json, ", ", 2);
    json->need_comma = 1;
    if (!key) return;
    put_string(json, key);
    put(json, ": ", 2);
}

void nnrt_json_open(nnrt_json *json, const char *key, char bracket) {
    put_key(json, key);
    put(json, &bracket, 1);
    json->need_comma = 0;
}

void nnrt_json_close(nnrt_json *json, char bracket) {
    put(json, &bracket, 1);
    json->need_comma = 1;
}

void nnrt_json_string(nnrt_json *json, const char *key, const char *value) {
    put_key(json, key);
    if (value)
        put_string(json, value);
    else
        put(json, "null", 4);
}

void nnrt_number_text(char text[NNRT_JSON_NUMBER], double value) {
    snprintf(text, NNRT_JSON_NUMBER, "nan"); // without a sign
    for (int digits = 15; digits <= 17 && !isnan(value); digits++) {
        snprintf(text, NNRT_JSON_NUMBER, "%.*g", digits, value);
        if (strtod(text, NULL) == value) return;
    }
}

void nnrt_float_text(char text[NNRT_JSON_NUMBER], float value) {
    snprintf(text, NNRT_JSON_NUMBER, "nan");
    for (int digits = 6; digits <= 9 && !isnan(value); digits++) {
        snprintf(text, NNRT_JSON_NUMBER, "%.*g", digits, (double)value);
        if (strtof(text, NULL) == value) return;
    }
}

void nnrt_json_number(nnrt_json *json, const char *key, double value) {
    char text[NNRT_JSON_NUMBER] = "null";
    if (isfinite(value)) nnrt_number_text(text, value);
    put_key(json, key);
    put(json, text, strlen(text));
}

void nnrt_json_float(nnrt_json *json, const char *key, float value) {
    char text[NNRT_JSON_NUMBER] = "null";
    if (isfinite(value)) nnrt_float_text(text, value);
    put_key(json, key);
    put(json, text, strlen(text));
}

void nnrt_json_integer(nnrt_json *json, const char *key, int64_t value) {
    char text[NNRT_JSON_NUMBER];
    put_key(json, key);
    put(json, text, (size_t)snprintf(text, sizeof text, "%" PRId64, value));
}

void nnrt_json_boolean(nnrt_json *json, const char *key, int value) {
    put_key(json, key);
    put(json, value ? "true" : "false", value ? 4 : 5);
}

const char *nnrt_json_text(nnrt_json *json) {
    return json->failed ? NULL : json->text ? json->text : "";
}

void nnrt_json_free(nnrt_json *json) {
    free(json->text);
    memset(json, 0, sizeof *json);
}

void nnrt_json_print(nnrt_json *json) {
    const char *text = nnrt_json_text(json);
    if (text)
        puts(text);
    else
        nnrt_print_lost("out of memory");
    nnrt_print_flush();
    nnrt_json_free(json);
}
