"""Prints what TensorBoard's files of events hold, a line an event, but for the times; written from the formats'
descriptions alone. Ends with a message where a length, a checksum or a field is wrong.

    events.py FILE...
"""
import struct
import sys


def checksum(data):
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    value ^= 0xFFFFFFFF
    return ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF


def records(data):
    at = 0
    while at < len(data):
        length, = struct.unpack_from("<Q", data, at)
        masked, = struct.unpack_from("<I", data, at + 8)
        assert masked == checksum(data[at:at + 8]), f"checksum of the length at byte {at}"
        body = data[at + 12:at + 12 + length]
        masked, = struct.unpack_from("<I", data, at + 12 + length)
        assert len(body) == length and masked == checksum(body), f"checksum of the record at byte {at}"
        yield body
        at += 16 + length


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def fields(data):
    """Number and value of each field of a message."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            value, at = varint(data, at)
        elif key & 7 == 1:
            value, at = struct.unpack_from("<d", data, at)[0], at + 8
        elif key & 7 == 5:
            value, at = struct.unpack_from("<f", data, at)[0], at + 4
        else:
            assert key & 7 == 2, f"wire type {key & 7}"
            length, at = varint(data, at)
            assert at + length <= len(data), "a field that is cut off"
            value, at = data[at:at + length], at + length
        yield key >> 3, value


def doubles(data):
    return struct.unpack(f"<{len(data) // 8}d", data)


def describe(value):
    (kind, content), = [(number, v) for number, v in value.items() if number in (2, 4, 5)]
    if kind == 2:
        return f"number {content:.9g}"
    inner = dict(fields(content))
    if kind == 4:
        assert inner[4][:8] == b"\x89PNG\r\n\x1a\n", "not a PNG picture"
        assert struct.unpack(">II", inner[4][16:24]) == (inner[2], inner[1]), "another size than the picture's"
        return f"picture {inner[2]}x{inner[1]} {checksum(inner[4]):08x}"
    limits, counts = doubles(inner[6]), doubles(inner[7])
    assert len(limits) == len(counts) and sum(counts) == inner[3], "a histogram that does not count all"
    assert list(limits) == sorted(limits) and limits[-1] == inner.get(2, 0.0), "edges of a histogram"
    return f"histogram {inner[3]:g} values from {inner.get(1, 0):.6g} to {inner.get(2, 0):.6g}, " \
           f"sum {inner.get(4, 0):.6g}, {' '.join(f'{count:g}' for count in counts)}"


for path in sys.argv[1:]:
    with open(path, "rb") as file:
        events = [dict(fields(record)) for record in records(file.read())]
    assert events and events[0].get(3) == b"brain.Event:2", "the first event is not the version"
    for event in events[1:]:
        assert 1e9 < event[1] < 1e11, "the time"
        for _, value in fields(event[5]):
            value = dict(fields(value))
            print(event.get(2, 0), value[1].decode(), describe(value))
