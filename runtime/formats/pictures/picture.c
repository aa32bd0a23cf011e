// The file is read at once, then decoded from memory.
#include "picture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../files/system.h"
#include "decode_png.h"
#include "jpeg.h"
#include "resize.h"

enum { MAX_FILE = 1 << 30, START = 16 };

// ---- Formats, by the first bytes of a file and by its name.

typedef nnrt_status decode_picture(const char *path, const uint8_t *bytes, size_t size,
                                   int only_size, nnrt_picture *picture);

typedef struct Format {
    const char *name;
    decode_picture *decode; // NULL: known, so that messages can name it, but not read
    int start_place, start_size;
    const char *start;
    const char *endings[3]; // of file names
} Format;

static const Format formats[] = {
    {"PNG", nnrt_png_decode, 0, 8, "\x89PNG\r\n\x1a\n", {".png"}},
    {"JPEG", nnrt_jpeg_decode, 0, 3, "\xff\xd8\xff", {".jpg", ".jpeg"}},
    {"GIF", NULL, 0, 4, "GIF8", {".gif"}},
    {"WebP", NULL, 8, 4, "WEBP", {".webp"}},
    {"TIFF", NULL, 0, 4, "II*\0", {".tif", ".tiff"}},
    {"TIFF", NULL, 0, 4, "MM\0*", {NULL}},
    {"HEIC", NULL, 4, 8, "ftypheic", {".heic", ".heif"}},
    {"AVIF", NULL, 4, 8, "ftypavif", {".avif"}},
    {"JPEG 2000", NULL, 4, 8, "jP  \r\n\x87\n", {".jp2"}},
    {"BMP", NULL, 0, 2, "BM", {".bmp"}},
};
enum { FORMATS = sizeof formats / sizeof *formats };

static const Format *format_of_bytes(const uint8_t *bytes, size_t size) {
    for (int i = 0; i < FORMATS; i++) {
        const Format *format = &formats[i];
        if (size >= (size_t)(format->start_place + format->start_size) &&
            memcmp(bytes + format->start_place, format->start, (size_t)format->start_size) == 0)
            return format;
    }
    return NULL;
}

static const Format *format_of_name(const char *path) {
    const char *slash = strrchr(path, '/'), *dot = strrchr(slash ? slash : path, '.');
    for (int i = 0; dot && i < FORMATS; i++)
        for (int j = 0; j < 3 && formats[i].endings[j]; j++)
            if (strcasecmp(dot, formats[i].endings[j]) == 0) return &formats[i];
    return NULL;
}

nnrt_picture_name nnrt_picture_by_name(const char *path) {
    const Format *format = format_of_name(path);
    return !format ? NNRT_NAME_OTHER : format->decode ? NNRT_NAME_PICTURE : NNRT_NAME_UNREADABLE;
}

const char *nnrt_picture_format(const char *path) {
    const Format *format = format_of_name(path);
    return format ? format->name : NULL;
}

nnrt_status nnrt_picture_fail_format(const char *path, const char *format) {
    return nnrt_fail(NNRT_ERROR,
                     "`%s` is a %s picture, a format that is not read: convert it to PNG or JPEG, "
                     "or take it away",
                     path, format);
}

// ---- Files.

static int read_fully(int descriptor, uint8_t *bytes, size_t size) {
    int64_t got = nnrt_system_read(descriptor, bytes, size, 0);
    if (got >= 0 && (size_t)got < size) errno = EIO; // it has shrunk
    return got >= 0 && (size_t)got == size;
}

static nnrt_status fail_reading(const char *path, const char *why) {
    return nnrt_fail(NNRT_ERROR, "cannot read `%s`: %s", path, why);
}

static nnrt_status read_open_file(const char *path, int descriptor, uint8_t **bytes, size_t *size) {
    struct stat status;
    if (fstat(descriptor, &status) != 0) return fail_reading(path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return fail_reading(path, S_ISDIR(status.st_mode) ? "it is a folder" : "it is no file");
    if (status.st_size > MAX_FILE) return fail_reading(path, "it has more than 1 GB");
    *size = (size_t)status.st_size;
    *bytes = malloc(*size + 1);
    if (!*bytes) return nnrt_fail_memory(path, *size + 1);
    return read_fully(descriptor, *bytes, *size) ? NNRT_OK : fail_reading(path, strerror(errno));
}

static nnrt_status read_file(const char *path, uint8_t **bytes, size_t *size) {
    int descriptor =
        nnrt_system_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); // pipes must not block
    *bytes = NULL;
    if (descriptor < 0) return fail_reading(path, strerror(errno));
    nnrt_status status = read_open_file(path, descriptor, bytes, size);
    close(descriptor);
    return status;
}

int nnrt_is_picture(const char *path) {
    uint8_t start[START];
    struct stat status;
    int descriptor = nnrt_system_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) return 0;
    int64_t size = fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode)
                       ? nnrt_system_read(descriptor, start, sizeof start, 0)
                       : 0;
    close(descriptor);
    return size > 0 && format_of_bytes(start, (size_t)size);
}

// ---- What decoders share.

nnrt_status nnrt_picture_check_size(const char *path, const nnrt_picture *picture) {
    if (picture->height * picture->width <= NNRT_PICTURE_MAX_PIXELS) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR, "`%s` has %lld x %lld pixels, more than %d million", path,
                     (long long)picture->width, (long long)picture->height,
                     NNRT_PICTURE_MAX_PIXELS >> 20);
}

// ITU-R 601-2, in 16 bits as Pillow computes it.
uint8_t nnrt_picture_luminance(const uint8_t colour[3]) {
    return (uint8_t)((colour[0] * 19595u + colour[1] * 38470u + colour[2] * 7471u + 0x8000u) >> 16);
}

void nnrt_picture_free(nnrt_picture *picture) {
    free(picture->pixels);
    picture->pixels = NULL;
}

// ---- Either kind.

static nnrt_status fail_unknown(const char *path, size_t size) {
    if (size == 0)
        return nnrt_fail(NNRT_ERROR, "`%s` is empty: get the picture again, or take it away", path);
    return nnrt_fail(NNRT_ERROR,
                     "`%s` is neither a PNG nor a JPEG picture: convert it, or take it away", path);
}

static nnrt_status decode(const char *path, int only_size, nnrt_picture *picture) {
    uint8_t *bytes;
    size_t size = 0;
    nnrt_status status = read_file(path, &bytes, &size);
    const Format *format = status ? NULL : format_of_bytes(bytes, size);
    if (format && format->decode)
        status = format->decode(path, bytes, size, only_size, picture);
    else if (format)
        status = nnrt_picture_fail_format(path, format->name);
    else if (!status)
        status = fail_unknown(path, size);
    free(bytes);
    return status;
}

nnrt_status nnrt_picture_read(const char *path, int64_t channels, nnrt_picture *picture) {
    *picture = (nnrt_picture){.channels = channels};
    return decode(path, 0, picture);
}

nnrt_status nnrt_picture_size(const char *path, int64_t *height, int64_t *width) {
    nnrt_picture picture = {.channels = 3};
    nnrt_status status = decode(path, 1, &picture);
    *height = picture.height;
    *width = picture.width;
    return status;
}

static nnrt_status fail_size(const char *path, const nnrt_picture *picture, const int64_t *shape) {
    return nnrt_fail(NNRT_ERROR,
                     "`%s` is %lld pixels wide and %lld high, but the model reads pictures %lld "
                     "wide and %lld high: resize it first",
                     path, (long long)picture->width, (long long)picture->height,
                     (long long)shape[1], (long long)shape[0]);
}

nnrt_status nnrt_read_picture(const char *path, int64_t rank, const int64_t *shape, int may_resize,
                              uint8_t *pixels) {
    nnrt_picture picture;
    int64_t channels = rank == 2 ? 1 : rank == 3 ? shape[2] : 0;
    if (channels != 1 && channels != 3)
        return nnrt_fail(NNRT_ERROR,
                         "cannot feed the picture `%s`: the model's input is not a picture; "
                         "give a .npy file",
                         path);
    nnrt_status status = nnrt_picture_read(path, channels, &picture);
    if (status) return status;
    int is_same = picture.height == shape[0] && picture.width == shape[1];
    if (is_same)
        memcpy(pixels, picture.pixels, (size_t)(shape[0] * shape[1] * channels));
    else if (may_resize)
        nnrt_resize_bytes(picture.pixels, picture.height, picture.width, channels, pixels, shape[0],
                          shape[1]);
    else
        status = fail_size(path, &picture, shape);
    nnrt_picture_free(&picture);
    return status;
}
