#!/usr/bin/env python3
"""Reading a table of numbers, one thread each, in turns: nnc's source `csv` (file to input vector), pandas'
C engine, polars and DuckDB, whichever are installed. Prints medians in MB/s and ratios. Seconds are the processor's,
so that others on the machine count less; files are in the page cache, nobody waits.

usage: bench/tables.py [ROWS] [ROUNDS]      a million rows, 5 rounds; needs build/libnnrt.a"""
import os
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
COLUMNS = 20
os.environ["POLARS_MAX_THREADS"] = "1"


def build(folder):
    program = os.path.join(folder, "tables")
    libraries = "-lpng -ljpeg -ldeflate -ljansson -lminizip -lz -lm -lpthread".split()
    source = os.path.join(ROOT, "bench", "native", "tables.c")
    subprocess.check_call(["cc", "-O2", "-o", program, source, os.path.join(ROOT, "build", "libnnrt.a"), *libraries])
    return program


def write(path, rows):
    """Numbers with four decimals, as measurements have them."""
    import random

    random.seed(1)
    lines = [",".join(f"{random.gauss(0, 100):.4f}" for _ in range(COLUMNS)) for _ in range(2000)]
    with open(path, "w") as file:
        file.write(",".join(f"c{i}" for i in range(COLUMNS)) + "\n")
        for first in range(0, rows, len(lines)):
            random.shuffle(lines)
            file.write("\n".join(lines[: rows - first]) + "\n")


def timed(read):
    def measure(path):
        start = time.process_time()
        read(path)
        return os.path.getsize(path) / 1e6 / (time.process_time() - start)

    return measure


def contestants(program):
    found = {"nnc": lambda path: float(subprocess.check_output([program, path]))}
    try:
        import pandas

        found["pandas " + pandas.__version__] = timed(lambda path: pandas.read_csv(path, engine="c"))
    except ImportError:
        pass
    try:
        import polars

        found["polars " + polars.__version__] = timed(polars.read_csv)
    except ImportError:
        pass
    try:
        import duckdb

        def read(path):
            connection = duckdb.connect(config={"threads": 1})
            connection.execute(f"create table t as select * from read_csv('{path}')")

        found["DuckDB " + duckdb.__version__] = timed(read)
    except ImportError:
        pass
    return found


def main():
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "table.csv")
        write(path, rows)
        measures = contestants(build(folder))
        speeds = {name: [] for name in measures}
        for _ in range(rounds):
            for name, measure in measures.items():
                speeds[name].append(measure(path))
    own = statistics.median(speeds["nnc"])
    print(f"{rows} rows, {COLUMNS} columns; {rounds} rounds\n\n| reader | MB/s (median) | lowest to highest | nnc is faster by |\n|---|--:|--:|--:|")
    for name, all_of in speeds.items():
        median = statistics.median(all_of)
        print(f"| {name} | {median:.0f} | {min(all_of):.0f} to {max(all_of):.0f} | {own / median:.2f} |")


main()
