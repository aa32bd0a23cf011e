"""Makes auto-mpg.npy and auto-mpg-target.npy out of the table `auto-mpg.data`.

usage: auto-mpg.py auto-mpg.data

The table: Auto MPG, R. Quinlan, 1993, UCI Machine Learning Repository (CC BY 4.0),
https://archive.ics.uci.edu/dataset/9/auto+mpg: miles per gallon of 398 cars. Rows without
horsepower (6) are left out; the origin (1 USA, 2 Europe, 3 Japan) becomes three columns."""
import shlex
import struct
import sys


def rows(path):
    """Features and target of each car whose fields are all known."""
    for line in open(path):
        fields = shlex.split(line)
        if fields[0] == "mpg" or "?" in fields:
            continue
        numbers = [float(field) for field in fields[:8]]
        origin = [float(numbers[7] == place) for place in (1, 2, 3)]
        yield numbers[1:7] + origin, numbers[0]


def write_npy(path, shape, values):
    """A float32 array in NumPy's format, version 1.0."""
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}"
    header += " " * (63 - (10 + len(header)) % 64) + "\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
        file.write(struct.pack(f"<{len(values)}f", *values))


cars = list(rows(sys.argv[1]))
write_npy("auto-mpg.npy", (len(cars), 9), [value for features, _ in cars for value in features])
write_npy("auto-mpg-target.npy", (len(cars),), [target for _, target in cars])
