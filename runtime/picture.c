// With libpng's simplified reader, which converts every kind of PNG file to 8-bit RGB; grey is
// computed here, since libpng weighs colours in linear light and pictures in data sets are not.
#include "picture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const uint8_t signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

// Its first bytes; 0 unless it is a file and has as many.
static int read_start(const char *path, uint8_t *bytes, size_t size) {
    struct stat status;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) return 0;
    errno = EINVAL;
    int done = fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) &&
               read(descriptor, bytes, size) == (ssize_t)size;
    close(descriptor);
    return done;
}

int nnrt_is_picture(const char *path) {
    uint8_t start[sizeof signature];
    return read_start(path, start, sizeof start) && memcmp(start, signature, sizeof start) == 0;
}

#ifdef NNRT_HAVE_PNG
#include <png.h>

// Checks what can be said before libpng sees the file.
static nnrt_status check_file(const char *path) {
    uint8_t start[sizeof signature];
    if (access(path, R_OK) != 0)
        return nnrt_fail(NNRT_ERROR, "cannot read `%s`: %s", path, strerror(errno));
    if (!read_start(path, start, sizeof start) || memcmp(start, signature, sizeof start) != 0)
        return nnrt_fail(NNRT_ERROR, "`%s` is not a PNG picture: convert it to PNG", path);
    return NNRT_OK;
}

static nnrt_status check_size(const char *path, const png_image *image, const int64_t *shape) {
    if (image->height == shape[0] && image->width == shape[1]) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR,
                     "`%s` is %u pixels wide and %u high, but the model reads pictures %lld wide "
                     "and %lld high: resize it first",
                     path, image->width, image->height, (long long)shape[1], (long long)shape[0]);
}

// ITU-R 601-2, in 16 bits as Pillow computes it.
static uint8_t luminance(const uint8_t *colour) {
    return (uint8_t)((colour[0] * 19595u + colour[1] * 38470u + colour[2] * 7471u + 0x8000u) >> 16);
}

static nnrt_status decode(const char *path, png_image *image, int grey, uint8_t *pixels) {
    const png_color black = {0, 0, 0};
    size_t count = (size_t)image->width * image->height;
    uint8_t *colours = grey ? malloc(count * 3) : pixels;
    if (!colours) return nnrt_fail(NNRT_ERROR, "cannot read `%s`: out of memory", path);
    image->format = PNG_FORMAT_RGB;
    int done = png_image_finish_read(image, &black, colours, 0, NULL);
    if (grey) {
        for (size_t i = 0; done && i < count; i++) pixels[i] = luminance(colours + 3 * i);
        free(colours);
    }
    if (done) return NNRT_OK;
    return nnrt_fail(NNRT_ERROR, "`%s` is damaged: %s; get the picture again", path,
                     image->message);
}

nnrt_status nnrt_read_picture(const char *path, int64_t rank, const int64_t *shape,
                              uint8_t *pixels) {
    int grey = rank == 2 || (rank == 3 && shape[2] == 1);
    if (!grey && !(rank == 3 && shape[2] == 3))
        return nnrt_fail(NNRT_ERROR,
                         "cannot feed the picture `%s`: the model's input is not a picture; "
                         "give a .npy file",
                         path);
    nnrt_status status = check_file(path);
    if (status) return status;
    png_image image = {.version = PNG_IMAGE_VERSION};
    if (!png_image_begin_read_from_file(&image, path))
        status = nnrt_fail(NNRT_ERROR, "`%s` is damaged: %s; get the picture again", path,
                           image.message);
    if (!status) status = check_size(path, &image, shape);
    if (!status && (uint64_t)image.width * image.height > NNRT_PICTURE_MAX_PIXELS)
        status = nnrt_fail(NNRT_ERROR, "`%s` has %u x %u pixels, more than %d million", path,
                           image.width, image.height, NNRT_PICTURE_MAX_PIXELS >> 20);
    if (!status) status = decode(path, &image, grey, pixels);
    png_image_free(&image);
    return status;
}

#else

nnrt_status nnrt_read_picture(const char *path, int64_t rank, const int64_t *shape,
                              uint8_t *pixels) {
    (void)rank, (void)shape, (void)pixels;
    return nnrt_fail(NNRT_ERROR,
                     "cannot read `%s`: nnc was built without libpng; give a .npy file, or install "
                     "libpng-dev and build nnc again",
                     path);
}
#endif
