#include "utf8.h"

#include <stdint.h>

size_t utf8_length(const char *bytes, size_t size) {
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000}; // by length, else overlong
    if (size == 0) return 0;
    unsigned char first = (unsigned char)bytes[0];
    if (first < 0x80) return 1;
    size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || length > size) return 0;
    uint32_t code = first & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++) {
        if (!utf8_continues(bytes[i])) return 0;
        code = code << 6 | ((unsigned char)bytes[i] & 0x3F);
    }
    bool is_surrogate = code >= 0xD800 && code <= 0xDFFF;
    return code < smallest[length] || is_surrogate || code > 0x10FFFF ? 0 : length;
}
