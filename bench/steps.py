#!/usr/bin/env python3
"""Programs with steps of their own (programs/gan.nn, programs/vae.nn) beside PyTorch and Keras: every
round gives each contestant the same time, one after the other. Prints medians and ratios.

NNC_DATA names the folder that holds MNIST.

usage: bench/steps.py gan|vae [--threads N] [--rounds N] [--seconds S]"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
NNC = os.environ.get("NNC", str(HERE.parent / "build" / "nnc"))
PYTHON = os.environ.get("NNC_BENCH_PYTHON", sys.executable)
RIVALS = [("steps_torch.py", "eager"), ("steps_torch.py", "compile"),
          ("steps_tensorflow.py", "plain"), ("steps_tensorflow.py", "jit")]  # fmt: skip


class Program:
    """nnc's executable."""

    def __init__(self, workload, threads, folder):
        self.threads, self.executable = threads, f"{folder}/{workload}"
        source = HERE / "programs" / f"{workload}.nn"
        subprocess.run([NNC, "build", source, "-o", self.executable], check=True)

    def measure(self, seconds):
        command = [self.executable, "bench", "--json", "--threads", str(self.threads)]
        answer = subprocess.run([*command, "--seconds", str(seconds)], check=True, capture_output=True)
        return json.loads(answer.stdout)["train_samples_per_second"]


class Rival:
    """A program of rivals/, which answers a line for a line."""

    def __init__(self, file, mode, threads, workload):
        command = [PYTHON, file, mode, str(threads), workload]
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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("workload", choices=["gan", "vae"])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        all = {"nnc": Program(options.workload, options.threads, folder)}
        for file, mode in RIVALS:
            all[f"{file[6:-3]} {mode}"] = Rival(file, mode, options.threads, options.workload)
        speeds = {name: [] for name in all}
        for _ in range(options.rounds):
            for name, contestant in all.items():
                speeds[name].append(contestant.measure(options.seconds))
    own = statistics.median(speeds["nnc"])
    print("| contestant | samples/s (median) | lowest to highest | nnc is faster by |\n|---|---|---|---|")
    for name, some in speeds.items():
        median = statistics.median(some)
        print(f"| {name} | {median:.0f} | {min(some):.0f} to {max(some):.0f} | {own / median:.2f} |")


if __name__ == "__main__":
    main()
