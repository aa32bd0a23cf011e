// Makes a folder of pictures to learn from: bright bars that stand (class `bars`) and that lie
// (`beams`), noisy, of several sizes, PNG and JPEG in turn.
//
//   pictures FOLDER TRAIN VALIDATION TEST     pictures a class in each part
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <jpeglib.h>
#include <png.h>

enum { MAX_SIDE = 16 };

static uint32_t state = 1;

static int noise(int limit) { // Numerical Recipes' generator
    state = state * 1664525u + 1013904223u;
    return (int)((state >> 8) % (uint32_t)limit);
}

static void draw(uint8_t *pixels, int height, int width, int lies) {
    int length = lies ? height : width, start = noise(length - 3);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            int along = (lies ? y : x) - start, bright = along >= 0 && along < 3;
            for (int c = 0; c < 3; c++)
                pixels[(y * width + x) * 3 + c] = (uint8_t)(noise(80) + (bright ? 150 : 20));
        }
}

static void write_jpeg(const char *path, uint8_t *pixels, int height, int width) {
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    FILE *file = fopen(path, "wb");
    if (!file) exit(1);
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_stdio_dest(&jpeg, file);
    jpeg.image_width = (JDIMENSION)width;
    jpeg.image_height = (JDIMENSION)height;
    jpeg.input_components = 3;
    jpeg.in_color_space = JCS_RGB;
    jpeg_set_defaults(&jpeg);
    jpeg_start_compress(&jpeg, TRUE);
    for (int y = 0; y < height; y++) {
        JSAMPROW row = pixels + y * width * 3;
        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    fclose(file);
}

static void write_png(const char *path, const uint8_t *pixels, int height, int width) {
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = (png_uint_32)width,
                       .height = (png_uint_32)height,
                       .format = PNG_FORMAT_RGB};
    if (!png_image_write_to_file(&image, path, 0, pixels, 0, NULL)) exit(1);
}

static void make_part(const char *folder, const char *part, int count) {
    static const char *const classes[] = {"bars", "beams"};
    uint8_t pixels[MAX_SIDE * MAX_SIDE * 3];
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, part);
    if (count) mkdir(path, 0700);
    for (int i = 0; i < 2 * count; i++) {
        int height = MAX_SIDE - noise(6), width = MAX_SIDE - noise(6);
        snprintf(path, sizeof path, "%s/%s/%s", folder, part, classes[i % 2]);
        mkdir(path, 0700);
        draw(pixels, height, width, i % 2);
        snprintf(path, sizeof path, "%s/%s/%s/%04d.%s", folder, part, classes[i % 2], i,
                 i % 4 < 2 ? "png" : "jpg");
        if (i % 4 < 2)
            write_png(path, pixels, height, width);
        else
            write_jpeg(path, pixels, height, width);
    }
}

int main(int count, char **words) {
    if (count != 5) return 2;
    mkdir(words[1], 0700);
    make_part(words[1], "train", atoi(words[2]));
    make_part(words[1], "validation", atoi(words[3]));
    make_part(words[1], "test", atoi(words[4]));
    return 0;
}
