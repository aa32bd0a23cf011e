#include "events.h"

#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

uint32_t nnrt_events_checksum(const void *bytes, size_t size) {
    static uint32_t table[256];
    const uint32_t polynomial = 0x82F63B78; // reflected
    for (uint32_t i = 0; !table[255] && i < 256; i++) {
        uint32_t value = i;
        for (int bit = 0; bit < 8; bit++) value = value >> 1 ^ (value & 1 ? polynomial : 0);
        table[i] = value;
    }
    uint32_t checksum = UINT32_MAX;
    for (size_t i = 0; i < size; i++)
        checksum = table[(checksum ^ ((const uint8_t *)bytes)[i]) & 0xFF] ^ checksum >> 8;
    return ~checksum;
}

#ifdef NNRT_HAVE_PROTOBUF

#include "event.pb-c.h"

int nnrt_events_can(void) {
    return 1;
}

static void put_number(uint8_t *place, uint64_t number, int bytes) { // least byte first
    for (int i = 0; i < bytes; i++) place[i] = (uint8_t)(number >> 8 * i);
}

// Checksums of what holds checksums are masked (tensorflow/core/lib/hash/crc32c.h).
static uint32_t masked_checksum(const uint8_t *bytes, size_t size) {
    uint32_t checksum = nnrt_events_checksum(bytes, size);
    return (checksum >> 15 | checksum << 17) + 0xA282EAD8;
}

// length (8 bytes), its checksum (4), the bytes, their checksum (4)
static nnrt_status put_record(FILE *file, const Tensorboard__Event *event) {
    enum { LENGTH = 8, CHECKSUM = 4, BEFORE = LENGTH + CHECKSUM };
    size_t size = tensorboard__event__get_packed_size(event);
    uint8_t *record = malloc(BEFORE + size + CHECKSUM);
    if (!record) return nnrt_fail_memory("an event", BEFORE + size + CHECKSUM);
    put_number(record, size, LENGTH);
    put_number(record + LENGTH, masked_checksum(record, LENGTH), CHECKSUM);
    tensorboard__event__pack(event, record + BEFORE);
    put_number(record + BEFORE + size, masked_checksum(record + BEFORE, size), CHECKSUM);
    fwrite(record, 1, BEFORE + size + CHECKSUM, file);
    free(record);
    return NNRT_OK;
}

static double seconds_now(void) {
    struct timeval now;
    gettimeofday(&now, NULL);
    return (double)now.tv_sec + 1e-6 * (double)now.tv_usec;
}

nnrt_status nnrt_events_begin(FILE *file) {
    Tensorboard__Event event = TENSORBOARD__EVENT__INIT;
    event.wall_time = seconds_now();
    event.what_case = TENSORBOARD__EVENT__WHAT_FILE_VERSION;
    event.file_version = (char *)"brain.Event:2";
    return put_record(file, &event);
}

static nnrt_status put_value(FILE *file, int64_t step, const char *tag, Tensorboard__Value *value) {
    Tensorboard__Event event = TENSORBOARD__EVENT__INIT;
    Tensorboard__Summary summary = TENSORBOARD__SUMMARY__INIT;
    value->tag = (char *)tag;
    summary.n_value = 1;
    summary.value = &value;
    event.wall_time = seconds_now();
    event.step = step;
    event.what_case = TENSORBOARD__EVENT__WHAT_SUMMARY;
    event.summary = &summary;
    return put_record(file, &event);
}

nnrt_status nnrt_events_number(FILE *file, int64_t step, const char *tag, double number) {
    Tensorboard__Value value = TENSORBOARD__VALUE__INIT;
    value.value_case = TENSORBOARD__VALUE__VALUE_SIMPLE_VALUE;
    value.simple_value = (float)number;
    return put_value(file, step, tag, &value);
}

nnrt_status nnrt_events_histogram(FILE *file, int64_t step, const char *tag,
                                  const nnrt_histogram *histogram) {
    Tensorboard__Value value = TENSORBOARD__VALUE__INIT;
    Tensorboard__Histogram histo = TENSORBOARD__HISTOGRAM__INIT;
    histo.min = histogram->min;
    histo.max = histogram->max;
    histo.num = histogram->count;
    histo.sum = histogram->sum;
    histo.sum_squares = histogram->sum_squares;
    histo.n_bucket_limit = histo.n_bucket = histogram->buckets;
    histo.bucket_limit = (double *)histogram->limits;
    histo.bucket = (double *)histogram->counts;
    value.value_case = TENSORBOARD__VALUE__VALUE_HISTO;
    value.histo = &histo;
    return put_value(file, step, tag, &value);
}

// Width, height, bits and kind of colours lie at fixed places of a PNG file.
nnrt_status nnrt_events_picture(FILE *file, int64_t step, const char *tag, const void *png,
                                size_t size) {
    enum { WIDTH = 16, HEIGHT = 20, COLOR = 25, HEAD = 26 };
    const uint8_t *bytes = png;
    Tensorboard__Value value = TENSORBOARD__VALUE__INIT;
    Tensorboard__Image image = TENSORBOARD__IMAGE__INIT;
    if (size < HEAD) return NNRT_OK; // it is no picture
    image.width = bytes[WIDTH + 2] << 8 | bytes[WIDTH + 3];
    image.height = bytes[HEIGHT + 2] << 8 | bytes[HEIGHT + 3];
    image.colorspace = bytes[COLOR] & 2 ? 3 : 1;
    image.encoded_image_string = (ProtobufCBinaryData){size, (uint8_t *)png};
    value.value_case = TENSORBOARD__VALUE__VALUE_IMAGE;
    value.image = &image;
    return put_value(file, step, tag, &value);
}

#else

static nnrt_status refuse(void) {
    return nnrt_fail(NNRT_ERROR, "this program was built without protobuf-c, which events for "
                                 "TensorBoard need: install libprotobuf-c-dev and "
                                 "protobuf-c-compiler, build nnc again, and then the program");
}

int nnrt_events_can(void) {
    return 0;
}

nnrt_status nnrt_events_begin(FILE *file) {
    (void)file;
    return refuse();
}

nnrt_status nnrt_events_number(FILE *file, int64_t step, const char *tag, double value) {
    (void)file, (void)step, (void)tag, (void)value;
    return refuse();
}

nnrt_status nnrt_events_histogram(FILE *file, int64_t step, const char *tag,
                                  const nnrt_histogram *histogram) {
    (void)file, (void)step, (void)tag, (void)histogram;
    return refuse();
}

nnrt_status nnrt_events_picture(FILE *file, int64_t step, const char *tag, const void *png,
                                size_t size) {
    (void)file, (void)step, (void)tag, (void)png, (void)size;
    return refuse();
}

#endif
