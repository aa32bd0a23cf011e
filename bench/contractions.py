#!/usr/bin/env python3
"""Compares nnc's own matrix products with OpenBLAS's: one dense layer trained by gradient descent, by
batch, inputs and outputs, in GFLOP/s. The rule of `--contraction=auto` (compiler/pass/layout/layout.c)
comes from this table.

usage: bench/contractions.py [--nnc PATH] [--threads 2] [--rounds 5] [BATCHxINPUTSxOUTPUTS ...]"""
import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile

from workloads import write_npy

import contestants  # also says which kernels OpenBLAS was told to take

ROOT = contestants.ROOT
SHAPES = ["32x784x10", "32x784x512", "128x512x512", "128x784x512", "256x1024x1024",
          "512x1024x1024", "512x2048x2048", "1024x2048x2048", "1024x4096x4096"]  # fmt: skip


def sizes(text):
    batch, inputs, outputs = map(int, text.split("x"))
    return batch, inputs, outputs


PROGRAM = """dataset rows = npy("x.npy", target = "y.npy")
model net(x: [{inputs}]) {{ x -> dense({outputs}) }}
train net on rows {{
    loss      = mse
    optimizer = sgd(0.01)
    batch     = {batch}
}}
"""


def build(nnc, folder, shape, kinds):
    """Executables of one shape, by kind of contraction."""
    batch, inputs, outputs = shape
    for name, width in (("x.npy", inputs), ("y.npy", outputs)):
        write_npy(folder / name, "<f4", (2 * batch, width), bytes(8 * batch * width))
    (folder / "net.nn").write_text(PROGRAM.format(batch=batch, inputs=inputs, outputs=outputs))
    executables = {kind: folder / kind for kind in kinds}
    for kind, executable in executables.items():
        words = [nnc, "build", "net.nn", f"--contraction={kind}", "-o", executable]
        subprocess.run(words, cwd=folder, check=True)
    return executables


def measure(executable, threads, flops):
    words = [executable, "bench", "--json", "--seconds", "0.6", "--threads", str(threads)]
    output = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    return json.loads(output)["train_samples_per_second"] * flops * 1e-9


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--nnc", default=ROOT / "build/nnc", type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("shapes", nargs="*", type=sizes, default=list(map(sizes, SHAPES)), metavar="ROWSxINPUTSxOUTPUTS")
    options = parser.parse_args()
    kinds = ["own", "blas", "auto"]
    print("| batch x inputs x outputs | own | OpenBLAS | auto | own / OpenBLAS |")
    print("|---|--:|--:|--:|--:|")
    for shape in options.shapes:
        text = "x".join(map(str, shape))
        flops = 4 * shape[1] * shape[2]  # forward and the gradient of the weights, a sample
        figures = {kind: [] for kind in kinds}
        with tempfile.TemporaryDirectory() as folder:
            executables = build(options.nnc.resolve(), pathlib.Path(folder), shape, kinds)
            for _ in range(options.rounds):
                for kind in kinds:
                    figures[kind].append(measure(executables[kind], options.threads, flops))
        own, blas, auto = (statistics.median(figures[kind]) for kind in kinds)
        print(f"| {text} | {own:.0f} | {blas:.0f} | {auto:.0f} | {own / blas:.2f} |", flush=True)


if __name__ == "__main__":
    main()
