#include "utf8.h"

// The Unicode Standard, table 3-7: well-formed UTF-8 byte sequences.
int nnrt_utf8_length(const char *text, int64_t left) {
    const unsigned char *byte = (const unsigned char *)text;
    if (byte[0] < 0x80) return 1;
    int length = byte[0] < 0xC2 ? 0 : byte[0] < 0xE0 ? 2 : byte[0] < 0xF0 ? 3 : 4;
    if (!length || byte[0] > 0xF4 || left < length) return 0;
    unsigned char lowest = byte[0] == 0xE0 ? 0xA0 : byte[0] == 0xF0 ? 0x90 : 0x80;
    unsigned char highest = byte[0] == 0xED ? 0x9F : byte[0] == 0xF4 ? 0x8F : 0xBF;
    if (byte[1] < lowest || byte[1] > highest) return 0;
    for (int i = 2; i < length; i++)
        if (byte[i] >> 6 != 2) return 0;
    return length;
}

uint32_t nnrt_utf8_code(const char *text, int length) {
    const unsigned char *byte = (const unsigned char *)text;
    uint32_t code = length < 2 ? *byte : *byte & (0x7Fu >> length);
    for (int i = 1; i < length; i++) code = code << 6 | (byte[i] & 0x3Fu);
    return code;
}
