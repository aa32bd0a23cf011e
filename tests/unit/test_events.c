// Checksums and histograms of the files that TensorBoard reads; run/tensorboard.sh reads the files.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../runtime/formats/tensorboard/events.h"

// RFC 3720, appendix B.4, and the check value of CRC-32C.
static void test_checksums(void **state) {
    uint8_t bytes[32] = {0};
    (void)state;
    assert_int_equal(nnrt_events_checksum("123456789", 9), 0xE3069283);
    assert_int_equal(nnrt_events_checksum(bytes, sizeof bytes), 0x8A9136AA);
    memset(bytes, 0xFF, sizeof bytes);
    assert_int_equal(nnrt_events_checksum(bytes, sizeof bytes), 0x62A8AB43);
    for (int i = 0; i < 32; i++) bytes[i] = (uint8_t)i;
    assert_int_equal(nnrt_events_checksum(bytes, sizeof bytes), 0x46DD794E);
    assert_int_equal(nnrt_events_checksum(bytes, 0), 0);
}

static void test_histograms(void **state) {
    nnrt_histogram histogram;
    float values[61];
    (void)state;
    for (int i = 0; i < 61; i++) values[i] = (float)i / 2 - 10; // -10, -9.5 .. 20
    assert_true(nnrt_histogram_of(&histogram, values, 61));
    assert_int_equal(histogram.buckets, NNRT_HISTOGRAM_BUCKETS);
    assert_true(histogram.min == -10 && histogram.max == 20 && histogram.count == 61);
    assert_true(histogram.sum == 305 && histogram.limits[0] == -9 && histogram.limits[29] == 20);
    for (int i = 0; i < 29; i++) assert_true(histogram.counts[i] == 2); // left edges belong to it
    assert_true(histogram.counts[29] == 3);                             // and the last right one
}

// NaN and infinities are in no range; values that are all the same are in one.
static void test_values_that_are_special(void **state) {
    const float values[] = {3, NAN, 3, INFINITY, -INFINITY, 3};
    nnrt_histogram histogram;
    (void)state;
    assert_true(nnrt_histogram_of(&histogram, values, 6));
    assert_int_equal(histogram.buckets, 1);
    assert_true(histogram.count == 3 && histogram.counts[0] == 3 && histogram.limits[0] == 3);
    assert_false(nnrt_histogram_of(&histogram, values + 3, 2));
    assert_false(nnrt_histogram_of(&histogram, values, 0));
    const float far[] = {-3e38f, 3e38f, 0};
    assert_true(nnrt_histogram_of(&histogram, far, 3));
    assert_true(histogram.counts[0] == 1 && histogram.counts[29] == 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_checksums),
        cmocka_unit_test(test_histograms),
        cmocka_unit_test(test_values_that_are_special),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
