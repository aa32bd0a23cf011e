#!/usr/bin/env python3
"""Programs with steps of their own (programs/gan.nn, programs/vae.nn) beside PyTorch and Keras, and
sequences (writer.nn, gru.nn, gpt.nn, words.nn) beside PyTorch: every round gives each contestant the
same time, one after the other. Prints medians and ratios, each to nnc in the same precision.

NNC_DATA names the folder that holds MNIST; sequences are made up.

usage: bench/steps.py WORKLOAD [--threads N] [--rounds N] [--seconds S] [--precision float32,bfloat16]
                      [--built FOLDER]"""

import argparse
import copy
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile

from machine import description, measured_peaks

HERE = pathlib.Path(__file__).resolve().parent
NNC = os.environ.get("NNC", str(HERE.parent / "build" / "nnc"))
PYTHON = os.environ.get("NNC_BENCH_PYTHON", sys.executable)
OF_STEPS = [("steps_torch.py", "eager"), ("steps_torch.py", "compile"),
            ("steps_tensorflow.py", "plain"), ("steps_tensorflow.py", "jit")]  # fmt: skip
OF_SEQUENCES = [("sequences_torch.py", "eager"), ("sequences_torch.py", "compile")]
RIVALS = {"gan": OF_STEPS, "vae": OF_STEPS, "writer": OF_SEQUENCES, "gru": OF_SEQUENCES,
          "gpt": OF_SEQUENCES, "words": OF_SEQUENCES}  # fmt: skip


def write_texts(folder):
    """Random letters and words, the same on every machine, for the programs of sequences."""
    generator = random.Random(0)
    letters = [chr(first + i) for first, count in ((48, 10), (65, 26), (97, 26)) for i in range(count)]
    text = "".join(generator.choices([*letters, " ", ".", ","], k=300000))
    (folder / "letters.txt").write_text(text)
    reviews = folder / "made-reviews"
    reviews.mkdir()
    for name in ("good", "bad"):
        lines = (" ".join(f"w{generator.randrange(20000)}" for _ in range(64)) for _ in range(1024))
        (reviews / f"{name}.txt").write_text("\n".join(lines) + "\n")


class Program:
    """nnc's executable."""

    def __init__(self, workload, threads, folder, built, precision):
        suffix = "" if precision == "float32" else f"-{precision}"
        self.threads, self.executable = threads, f"{built or folder}/{workload}{suffix}"
        source = HERE / "programs" / f"{workload}.nn"
        if not built:
            subprocess.run([NNC, "build", "--precision", precision, source, "-o", self.executable], check=True)

    def with_threads(self, threads):
        """The same executable with another number of threads."""
        other = copy.copy(self)
        other.threads = threads
        return other

    def measure(self, seconds):
        command = [self.executable, "bench", "--json", "--threads", str(self.threads)]
        answer = subprocess.run([*command, "--seconds", str(seconds)], check=True, capture_output=True)
        return json.loads(answer.stdout)["train_samples_per_second"]


class Rival:
    """A program of rivals/, which answers a line for a line."""

    def __init__(self, file, mode, threads, workload, precision):
        command = [PYTHON, file, mode, str(threads), workload, precision]
        self.process = subprocess.Popen(
            command, cwd=HERE / "rivals", text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.ask({"do": "first"})

    def ask(self, request):
        print(json.dumps(request), file=self.process.stdin, flush=True)
        for line in self.process.stdout:
            if line.startswith("reply "):
                return json.loads(line[6:])
        return {"failed": "it ended"}

    def measure(self, seconds):
        return self.ask({"do": "train", "seconds": seconds})["samples_per_second"]


def contestants(options, folder, precision):
    """By name and precision: nnc with all threads and with one, and the rivals."""
    own = Program(options.workload, options.threads, folder, options.built, precision)
    all = {("nnc", precision): own}
    if options.threads > 1:
        all["nnc, one thread", precision] = own.with_threads(1)
    for file, mode in RIVALS[options.workload]:
        name = f"{file[file.index('_') + 1:-3]} {mode}"
        all[name, precision] = Rival(file, mode, options.threads, options.workload, precision)
    return all


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("workload", choices=sorted(RIVALS))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--precision", default="float32", help="float32, bfloat16 or both by commas, in turns")
    parser.add_argument("--built", help="the folder of programs that were built elsewhere")
    options = parser.parse_args()
    peaks = measured_peaks(options.threads)
    with tempfile.TemporaryDirectory() as folder:
        write_texts(pathlib.Path(folder))
        os.environ["NNC_DATA"] = f"{folder}:{os.environ.get('NNC_DATA', '')}"
        all = {}
        for precision in options.precision.split(","):
            all.update(contestants(options, folder, precision))
        speeds = {name: [] for name in all}
        for _ in range(options.rounds):
            for name, contestant in all.items():
                speeds[name].append(contestant.measure(options.seconds))
    print(f"{description(options.threads, peaks)}.\n")
    print("| contestant | precision | samples/s (median) | lowest to highest | nnc is faster by |")
    print("|---|---|--:|--:|--:|")
    for (name, precision), some in speeds.items():
        median = statistics.median(some)
        own = statistics.median(speeds["nnc", precision])
        print(f"| {name} | {precision} | {median:.0f} | {min(some):.0f} to {max(some):.0f} | {own / median:.2f} |")


if __name__ == "__main__":
    main()
