#!/usr/bin/env python3
"""Compile time (of the processor, the linker's included) and peak memory of `nnc build` over depth,
width, windows and strides. Each row has a bound; one that is over it ends the command with status 1:
a pass or a kernel that grows faster than the program shows here before it shows to somebody.

usage: bench/compile_time.py [--nnc PATH] [--rounds 3] [--only WORD]"""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

from workloads import write_npy

ROOT = pathlib.Path(__file__).resolve().parent.parent

PROGRAM = """dataset rows = npy("x.npy", target = "y.npy")
model net(x: {shape}) {{ x -> {layers} }}
train net on rows {{ loss = mse
                    optimizer = adam(0.001)
                    batch = 8 }}
"""


# Name, shape of a sample, layers, bounds in seconds and MB.
def deep(count):
    return (f"(dense -> batch_norm) * {count // 2}", [16],
            f"(dense(16, relu) -> batch_norm) * {count // 2} -> dense(1)", 6, 300)


def chain(count):
    return (f"(dense -> tanh) * {count // 2}", [16],
            f"(dense(16) -> tanh) * {count // 2} -> dense(1)", 6, 300)


def residual(count):
    return (f"residual convolutions * {count}", [8, 8, 4],
            " -> ".join(["unit"] * count) + " -> flatten -> dense(1)", 6, 300)


def wide(units):
    return f"dense({units}) twice", [64], f"dense({units}, relu) -> dense({units}, relu) -> dense(1)", 1, 300


def window(shape, layers):
    return layers, shape, f"{layers} -> flatten -> dense(1)", 1, 300


PICTURE = [200, 240, 3]
ROWS = (
    [deep(n) for n in (10, 100, 1000)]
    + [chain(n) for n in (100, 1000)]
    + [residual(n) for n in (10, 100)]
    + [wide(n) for n in (64, 1024, 8192)]
    + [window(PICTURE, f"{kind}_pool({size})") for kind in ("average", "max") for size in ("2", "9", "[80, 128]")]
    + [window(PICTURE, f"{kind}_pool({size}, same, stride = 1)") for kind in ("average", "max") for size in (3, 90)]
    + [window(PICTURE, f"conv2d(4, 1) -> conv2d(4, {k}, stride = {s})")
       for k, s in ((3, 1), (31, 1), (90, 1), (64, 32), (96, 48))]
    + [window(PICTURE, f"conv2d(4, 1) -> depthwise_conv2d({k}, stride = {s})") for k, s in ((3, 1), (64, 32))]
    + [window([4, 5, 3], f"conv2d(4, 1) -> conv2d_transpose(4, {k}, same, stride = {s})")
       for k, s in ((4, 2), (16, 8), (64, 32), (200, 100))]
    + [window([3000, 3], f"conv1d(8, 1) -> conv1d(8, {k}, same, stride = {s})")
       for k, s in ((3, 1), (900, 1), (900, 450))]
)  # fmt: skip

UNIT = """block unit(x) { add(x, x -> conv2d(4, 3, same) -> batch_norm -> relu) }
"""


def measure(nnc, folder):
    """Seconds of the processor and peak MB of one build."""
    build = subprocess.Popen([nnc, "build", "net.nn", "-o", "net"], cwd=folder)
    _, status, usage = os.wait4(build.pid, 0)
    if status:
        sys.exit(f"compile_time.py: nnc fails on {folder / 'net.nn'}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def prepare(folder, shape, layers):
    elements = 8
    for extent in shape:
        elements *= extent
    write_npy(folder / "x.npy", "<f4", [8, *shape], bytes(4 * elements))
    write_npy(folder / "y.npy", "<f4", [8, 1], bytes(32))
    source = PROGRAM.format(shape=shape, layers=layers)
    (folder / "net.nn").write_text((UNIT if "unit" in layers else "") + source)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nnc", default=str(ROOT / "build" / "nnc"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="rows whose layers hold this word")
    options = parser.parse_args()
    nnc, is_over = str(pathlib.Path(options.nnc).resolve()), False
    print("| layers | seconds | peak MB | executable kB |\n|---|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for title, shape, layers, most_seconds, most_megabytes in ROWS:
            if options.only not in title:
                continue
            prepare(folder, shape, layers)
            rounds = [measure(nnc, folder) for _ in range(options.rounds)]
            seconds = statistics.median(seconds for seconds, _ in rounds)
            megabytes = max(megabytes for _, megabytes in rounds)
            over = seconds > most_seconds or megabytes > most_megabytes
            is_over |= over
            size = (folder / "net").stat().st_size // 1024
            print(f"| {title} | {seconds:.2f} | {megabytes:.0f} | {size} |{' over its bound' if over else ''}",
                  flush=True)
    sys.exit(1 if is_over else 0)


if __name__ == "__main__":
    main()
