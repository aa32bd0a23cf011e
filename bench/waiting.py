#!/usr/bin/env python3
"""How long steps of about two milliseconds wait for their data. Of photographs as arrays, turned over and cropped
anew in each epoch, threads of the loader make batches ahead: the share of the step that the worker waited or helped.
Rows of a table are read where they lie, in memory or on the disk: how much more of the processor, pages that are
brought included, a training with those of the disk takes than one with those of memory, in turns.

usage: bench/waiting.py [--threads N] [--rounds N]      1 worker, 5 rounds"""

import argparse
import json
import os
import pathlib
import random
import resource
import statistics
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
NNC = os.environ.get("NNC", str(HERE.parent / "build" / "nnc"))
ROWS, COLUMNS, PICTURES, SIDE = 100_000, 20, 4000, 150

TABLE = """
dataset table = csv("table.csv", target = y, memory = %s)
model net(x) { x -> dense(576, relu) -> dense(576, relu) -> dense(1) }
train net on table { loss = mse  optimizer = sgd(1e-5)  epochs = 1  batch = 128 }
"""
ARRAYS = """
dataset pets = npy("pictures.npy", target = "labels.npy", memory = %s) -> scale(1/255) -> augment(flip(horizontal), crop(pad = 8))
model net(image) { image -> conv2d(8, 3, relu, stride = 4) -> global_average_pool -> dense(2, softmax) }
train net on pets { loss = sparse_categorical_crossentropy  optimizer = sgd  epochs = 1  batch = 32 }
"""

def write_table(path):
    lines = [",".join(f"{random.gauss(0, 1):.4f}" for _ in range(COLUMNS + 1)) + "\n" for _ in range(5000)]
    with open(path, "w") as file:
        file.write(",".join([f"c{i}" for i in range(COLUMNS)] + ["y"]) + "\n")
        for _ in range(ROWS // len(lines)):
            file.writelines(lines)


def write_bytes(path, shape, content):
    """An array of bytes in NumPy's format."""
    header = "{'descr': '|u1', 'fortran_order': False, 'shape': %s, }" % (shape,)
    header += " " * (-(10 + len(header) + 1) % 64) + "\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + content)


class Program:
    def __init__(self, folder, name, source, threads):
        program, self.folder, self.executable = folder / f"{name}.nn", folder, str(folder / name)
        program.write_text(source)
        subprocess.run([NNC, "build", program, "-o", self.executable], check=True, capture_output=True, cwd=folder)
        self.command = [self.executable, "fit", "--json", "--progress=none", "--threads", str(threads), "--epochs", "3"]

    def measure(self):
        """Milliseconds a step, the part of it that was waiting, and the processor's seconds of the whole run."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        answer = json.loads(subprocess.run(self.command, check=True, capture_output=True, cwd=self.folder).stdout)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        step = answer["samples"] / answer["steps"] / answer["samples_per_second"]
        seconds = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
        return step * 1e3, answer.get("data_share", 0), seconds


def show(name, steps, shares):
    percent = [100 * share for share in shares]
    middle = statistics.median(percent)
    print(f"| {name} | {statistics.median(steps):.2f} | {middle:.2f} | {min(percent):.2f} to {max(percent):.2f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        write_table(folder / "table.csv")
        write_bytes(folder / "pictures.npy", (PICTURES, SIDE, SIDE, 3), os.urandom(PICTURES * SIDE * SIDE * 3))
        write_bytes(folder / "labels.npy", (PICTURES,), bytes(i % 2 for i in range(PICTURES)))
        print("| data | ms/step | waiting, % | lowest to highest |\n|---|--:|--:|--:|")
        for memory, place in (("all", "in memory"), ("none", "on the disk")):
            program = Program(folder, "photographs", ARRAYS % memory, options.threads)
            show("photographs " + place, *zip(*(program.measure()[:2] for _ in range(options.rounds))))
        programs = [Program(folder, memory, TABLE % memory, options.threads) for memory in ("all", "none")]
        pairs = [[program.measure() for program in programs] for _ in range(options.rounds)]
        show("table on the disk", [disk[0] for _, disk in pairs], [disk[2] / memory[2] - 1 for memory, disk in pairs])


if __name__ == "__main__":
    main()
