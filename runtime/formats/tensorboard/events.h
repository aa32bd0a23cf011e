// Files of events, as TensorBoard reads them: records (TFRecord: the length and the bytes, each
// with a checksum) of protocol buffers (event.proto).
#ifndef NNRT_EVENTS_H
#define NNRT_EVENTS_H

#include "../../base/status.h"
#include "histogram.h"

#include <stdint.h>
#include <stdio.h>

// Was the runtime built with protobuf-c? Otherwise all of these fail, and say so.
int nnrt_events_can(void);

// The record that a file begins with.
nnrt_status nnrt_events_begin(FILE *file);

// One value of `tag` at `step`. NNRT_ERROR: no memory; whether it was written, the file knows.
nnrt_status nnrt_events_number(FILE *file, int64_t step, const char *tag, double value);
nnrt_status nnrt_events_histogram(FILE *file, int64_t step, const char *tag,
                                  const nnrt_histogram *histogram);
// A PNG file's bytes, which say width and height themselves.
nnrt_status nnrt_events_picture(FILE *file, int64_t step, const char *tag, const void *png,
                                size_t size);

// The CRC-32C (Castagnoli; RFC 3720, appendix B.4) of bytes. A library of Debian's has it, in C++;
// this is shorter than what it takes to link that one.
uint32_t nnrt_events_checksum(const void *bytes, size_t size);

#endif
