// Writing JSON: values in order into a growing text, on one line, with commas and escapes done
// right. Numbers that are not finite become null, as JSON has none. (Reading is jansson's.)
#ifndef NNRT_JSON_H
#define NNRT_JSON_H

#include <stddef.h>
#include <stdint.h>

enum { NNRT_JSON_NUMBER = 32 };

typedef struct nnrt_json {
    char *text; // NUL-terminated after nnrt_json_text; owned
    size_t length, capacity;
    int need_comma, failed; // failed: out of memory
} nnrt_json;

// A zeroed nnrt_json is ready. `key` NULL: an element of an array or the whole value.
void nnrt_json_open(nnrt_json *json, const char *key, char bracket);        // '{' or '['
void nnrt_json_close(nnrt_json *json, char bracket);                        // '}' or ']'
void nnrt_json_string(nnrt_json *json, const char *key, const char *value); // NULL: null
void nnrt_json_number(nnrt_json *json, const char *key, double value);
void nnrt_json_float(nnrt_json *json, const char *key, float value); // as short as a float can be
void nnrt_json_integer(nnrt_json *json, const char *key, int64_t value);
void nnrt_json_boolean(nnrt_json *json, const char *key, int value);

const char *nnrt_json_text(nnrt_json *json); // NULL when memory ran out
void nnrt_json_free(nnrt_json *json);

// Prints the text and a newline to stdout and frees it.
void nnrt_json_print(nnrt_json *json);

// The shortest decimal that reads back as the same number; "nan", "inf", "-inf" for the others.
void nnrt_number_text(char text[NNRT_JSON_NUMBER], double value);
void nnrt_float_text(char text[NNRT_JSON_NUMBER], float value);

#endif
