// The file is read at once, then decoded from memory: PNG with libpng's simplified reader, which
// converts every kind to 8-bit RGB; grey is computed here, since libpng weighs colours in linear
// light and pictures in data sets are not.
#include "picture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "jpeg.h"
#include "resize.h"

enum { MAX_FILE = 1 << 30, START = 8 };

static const uint8_t png_start[START] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
static const uint8_t jpeg_start[3] = {0xff, 0xd8, 0xff};

static int is_png(const uint8_t *bytes, size_t size) {
    return size >= sizeof png_start && memcmp(bytes, png_start, sizeof png_start) == 0;
}

static int is_jpeg(const uint8_t *bytes, size_t size) {
    return size >= sizeof jpeg_start && memcmp(bytes, jpeg_start, sizeof jpeg_start) == 0;
}

// ---- Files.

static int read_fully(int descriptor, uint8_t *bytes, size_t size) {
    for (size_t done = 0; done < size;) {
        ssize_t count = read(descriptor, bytes + done, size - done);
        if (count < 0 && errno == EINTR) continue;
        if (count == 0) errno = EIO; // it has shrunk
        if (count <= 0) return 0;
        done += (size_t)count;
    }
    return 1;
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
    if (!*bytes) return fail_reading(path, "out of memory");
    return read_fully(descriptor, *bytes, *size) ? NNRT_OK : fail_reading(path, strerror(errno));
}

static nnrt_status read_file(const char *path, uint8_t **bytes, size_t *size) {
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); // a pipe must not block
    *bytes = NULL;
    if (descriptor < 0) return fail_reading(path, strerror(errno));
    nnrt_status status = read_open_file(path, descriptor, bytes, size);
    close(descriptor);
    return status;
}

int nnrt_is_picture(const char *path) {
    uint8_t start[START];
    struct stat status;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) return 0;
    ssize_t size = fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode)
                       ? read(descriptor, start, sizeof start)
                       : 0;
    close(descriptor);
    return size > 0 && (is_png(start, (size_t)size) || is_jpeg(start, (size_t)size));
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

// ---- PNG.

#ifdef NNRT_HAVE_PNG
#include <png.h>

static nnrt_status fail_png(const char *path, const png_image *image) {
    return nnrt_fail(NNRT_ERROR, "`%s` is damaged: %s; get the picture again", path,
                     image->message);
}

static nnrt_status finish_png(const char *path, png_image *image, nnrt_picture *picture) {
    const png_color black = {0, 0, 0};
    size_t count = (size_t)image->width * image->height;
    uint8_t *colours = picture->pixels = malloc(count * 3);
    if (!colours) return fail_reading(path, "out of memory");
    image->format = PNG_FORMAT_RGB;
    if (!png_image_finish_read(image, &black, colours, 0, NULL)) return fail_png(path, image);
    for (size_t i = 0; picture->channels == 1 && i < count; i++)
        colours[i] = nnrt_picture_luminance(colours + 3 * i);
    return NNRT_OK;
}

static nnrt_status decode_png(const char *path, const uint8_t *bytes, size_t size, int only_size,
                              nnrt_picture *picture) {
    png_image image = {.version = PNG_IMAGE_VERSION};
    if (!png_image_begin_read_from_memory(&image, bytes, size)) return fail_png(path, &image);
    picture->height = image.height;
    picture->width = image.width;
    nnrt_status status = nnrt_picture_check_size(path, picture);
    if (!status && !only_size) status = finish_png(path, &image, picture);
    png_image_free(&image);
    if (status) nnrt_picture_free(picture);
    return status;
}

#else

static nnrt_status decode_png(const char *path, const uint8_t *bytes, size_t size, int only_size,
                              nnrt_picture *picture) {
    (void)bytes, (void)size, (void)only_size, (void)picture;
    return nnrt_fail(NNRT_ERROR,
                     "cannot read `%s`: nnc was built without libpng; give a .npy file, or install "
                     "libpng-dev and build nnc again",
                     path);
}
#endif

// ---- Either kind.

static nnrt_status decode(const char *path, int only_size, nnrt_picture *picture) {
    uint8_t *bytes;
    size_t size = 0;
    nnrt_status status = read_file(path, &bytes, &size);
    if (status)
        ;
    else if (is_png(bytes, size))
        status = decode_png(path, bytes, size, only_size, picture);
    else if (is_jpeg(bytes, size))
        status = nnrt_jpeg_decode(path, bytes, size, only_size, picture);
    else
        status = nnrt_fail(NNRT_ERROR,
                           "`%s` is neither a PNG nor a JPEG picture: convert it, or take it away",
                           path);
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
