// Picture files for tests: folders, PNG and JPEG. Each test program includes it once.
#ifndef NNC_TESTS_PICTURE_FILES_H
#define NNC_TESTS_PICTURE_FILES_H

#include "data_files.h"

#if __has_include(<png.h>) && __has_include(<jpeglib.h>)
#define NNC_TESTS_HAVE_PICTURES

#include <jpeglib.h>
#include <png.h>
#include <sys/stat.h>

// Makes the folders of "a/b/c.png".
static inline const char *with_folders(const char *name) {
    const char *path = scratch(name);
    char folder[PATH_SIZE];
    for (const char *at = strchr(path + 1, '/'); at; at = strchr(at + 1, '/')) {
        snprintf(folder, sizeof folder, "%.*s", (int)(at - path), path);
        mkdir(folder, 0700);
    }
    return path;
}

static inline const char *put_png(const char *name, int height, int width, int channels,
                                  const uint8_t *pixels) {
    const char *path = with_folders(name);
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = (png_uint_32)width,
                       .height = (png_uint_32)height,
                       .format = channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB};
    assert_int_equal(png_image_write_to_file(&image, path, 0, pixels, 0, NULL), 1);
    return path;
}

// All of one colour: JPEG keeps such pictures to a unit or two.
static inline const char *put_jpeg_kind(const char *name, int height, int width,
                                        J_COLOR_SPACE space, int channels, const uint8_t *colour,
                                        int is_progressive) {
    const char *path = with_folders(name);
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    uint8_t line[1024];
    JSAMPROW row = line;
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    for (int i = 0; i < width * channels; i++) line[i] = colour[i % channels];
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_stdio_dest(&jpeg, file);
    jpeg.image_width = (JDIMENSION)width;
    jpeg.image_height = (JDIMENSION)height;
    jpeg.input_components = channels;
    jpeg.in_color_space = space;
    jpeg_set_defaults(&jpeg);
    if (is_progressive) jpeg_simple_progression(&jpeg);
    jpeg_start_compress(&jpeg, TRUE);
    for (int i = 0; i < height; i++) jpeg_write_scanlines(&jpeg, &row, 1);
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    fclose(file);
    return path;
}

static inline const char *put_jpeg(const char *name, int height, int width, J_COLOR_SPACE space,
                                   int channels, const uint8_t *colour) {
    return put_jpeg_kind(name, height, width, space, channels, colour, 0);
}

#endif
#endif
