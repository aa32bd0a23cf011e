#!/usr/bin/env python3
"""Compares single layers: nnc's generated code, OpenBLAS (with im2col: blas.c) and PyTorch (oneDNN),
in GFLOP/s.

The rivals are measured product by product: output, gradient of the weights, gradient of the data.
nnc is measured by training steps of two small programs in which the layer has nearly all the work:
one needs output and gradient of the weights, the other, with a thin layer before it, all three. The
rivals' products are added up to the same. A figure is the best of the rounds, so that a busy
neighbour spoils few of them.

usage: bench/operators.py [--threads 1,2] [--rounds 3] [LAYER ...]

A LAYER is batch x inputs x outputs, or batch x size x inputs x filters x kernel x stride x padding
(0 valid, 1 same); without any, the layers of the benchmarks are measured."""
import argparse
import math
import os
import pathlib
import subprocess
import tempfile
from dataclasses import dataclass

from contestants import HERE, ROOT, Failed, Nnc, installed_rivals, interpreter
from workloads import write_npy

DENSE = ["1x784x512", "64x784x10", "64x784x512", "64x512x512", "64x512x2048", "16x144x1024",
         "32x32x32", "64x64x64", "128x128x128", "256x256x256", "512x512x512", "1024x1024x1024",
         "128x9216x128", "256x64x1024"]  # fmt: skip
CONV = [
    "32x28x1x32x5x1x0", "32x12x32x64x5x1x0",  # the book's network
    "32x28x1x6x5x1x1", "32x14x6x16x5x1x0",  # LeNet-5
    "32x28x1x32x3x1x0", "32x26x32x64x3x1x0", "32x14x32x64x3x1x1",  # networks for digits and clothes
    "32x32x3x32x3x1x1", "32x32x32x32x3x1x0", "32x15x32x64x3x1x1", "32x15x64x64x3x1x0",  # CIFAR
    "32x32x3x16x3x1x1", "32x32x16x16x3x1x1", "32x32x16x32x3x2x1", "32x32x16x32x1x2x1",  # ResNet-20
    "32x16x32x32x3x1x1", "32x16x32x64x3x2x1", "32x8x64x64x3x1x1",
]  # fmt: skip
SECONDS = 0.3  # of one measurement
THIN = 16  # inputs of the thin dense layer; a thin convolution has one channel and a kernel of one
PROGRAM = """dataset rows = npy("x.npy", target = "y.npy")
model net(x: {input}) {{ x -> {layers} }}
train net on rows {{
    loss      = {loss}
    optimizer = sgd(0.01)
    batch     = {batch}
}}
"""


@dataclass
class Layer:
    batch: int
    size: int
    inputs: int
    filters: int
    kernel: int
    stride: int
    same: int

    def is_dense(self):
        return self.size == 1

    def text(self):
        """As blas.c and rivals/layers_torch.py read it."""
        numbers = [
            self.batch,
            self.size,
            self.inputs,
            self.filters,
            self.kernel,
            self.stride,
            self.same,
        ]
        return "x".join(map(str, numbers))

    def title(self):
        if self.is_dense():
            return f"dense {self.batch} x {self.inputs} x {self.filters}"
        stride = f", stride {self.stride}" if self.stride > 1 else ""
        padding = "same" if self.same else "valid"
        return (
            f"conv {self.kernel}x{self.kernel}, {self.inputs} -> {self.filters} at {self.size}, "
            f"{padding}{stride}, batch {self.batch}"
        )

    def flops(self):
        """Of one of the three products, for one sample."""
        full = -(-self.size // self.stride)
        output = full if self.same else (self.size - self.kernel) // self.stride + 1
        return 2 * output**2 * self.kernel**2 * self.inputs * self.filters

    def thin_flops(self):
        return 2 * self.size**2 * self.inputs * (THIN if self.is_dense() else 1)

    def program(self, folder, is_chain):
        """Writes data of two batches; returns the program's text."""
        rows = 2 * self.batch
        if self.is_dense():
            input_shape = [THIN if is_chain else self.inputs]
            layers = [f"dense({width})" for width in [self.inputs] * is_chain + [self.filters]]
            target = ("<f4", (rows, self.filters), bytes(4 * rows * self.filters))
        else:
            input_shape = [self.size, self.size, 1 if is_chain else self.inputs]
            padding = "same" if self.same else "valid"
            conv = f"conv2d({self.filters}, {self.kernel}, {padding}, stride = {self.stride})"
            thin = [f"conv2d({self.inputs}, 1)"] * is_chain
            layers = [*thin, conv, "global_average_pool", "dense(10, softmax)"]
            target = ("|u1", (rows,), bytes(i % 10 for i in range(rows)))
        zeros = bytes(4 * math.prod([rows, *input_shape]))
        write_npy(folder / "x.npy", "<f4", (rows, *input_shape), zeros)
        write_npy(folder / "y.npy", *target)
        loss = "mse" if self.is_dense() else "crossentropy"
        text = " -> ".join(layers)
        return PROGRAM.format(input=input_shape, layers=text, loss=loss, batch=self.batch)


def parse(text):
    numbers = [int(number) for number in text.split("x")]
    if len(numbers) == 3:
        batch, inputs, outputs = numbers
        numbers = [batch, 1, inputs, outputs, 1, 1, 0]
    return Layer(*numbers)


class Steps:
    """nnc's executable of a layer, alone or after a thin one."""

    def __init__(self, nnc, layer, is_chain):
        self.executable = Nnc(nnc, None, 1)
        place = self.executable.place
        (place / "net.nn").write_text(layer.program(place, is_chain))
        self.executable.source = [place / "net.nn"]
        self.executable.build()
        self.flops = 3 * layer.flops() + 2 * layer.thin_flops() if is_chain else 2 * layer.flops()

    def speed(self, threads):
        executable = self.executable.with_threads(threads, "nnc")
        return executable.train(2 * SECONDS) * self.flops * 1e-9


class OpenBlas:
    def __init__(self, folder):
        self.program = pathlib.Path(folder) / "blas"
        compile_it = ["cc", "-O3", "-march=native", "-fopenmp", HERE / "blas.c", "-lopenblas", "-o"]
        subprocess.run([*compile_it, self.program], check=True)

    def speeds(self, layer, threads):
        """GFLOP/s of the three products."""
        words = [self.program, str(threads), str(SECONDS), layer.text()]
        output = subprocess.run(words, capture_output=True, text=True, check=True).stdout
        return [float(word) for word in output.split()]


class Torch:
    def __init__(self):
        self.processes = {}

    def speeds(self, layer, threads):
        if threads not in self.processes:
            program = HERE / "rivals/layers_torch.py"
            self.processes[threads] = subprocess.Popen(
                [interpreter(), program, str(threads), str(SECONDS)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
        process = self.processes[threads]
        process.stdin.write(layer.text() + "\n")
        process.stdin.flush()
        return [float(word) for word in process.stdout.readline().split()]


def together(speeds):
    """GFLOP/s of several products of equal work, one after the other."""
    return len(speeds) / sum(1 / speed for speed in speeds)


def built_steps(nnc, layer):
    """Executables of both programs, or what nnc says instead."""
    try:
        return [Steps(nnc, layer, is_chain) for is_chain in (False, True)], None
    except Failed as problem:
        return [], str(problem)


def row_of(layer, steps, rivals, threads, rounds):
    """The best of the rounds: the rivals' products, and what nnc reaches in both programs."""
    own = [[] for _ in steps]
    products = [[] for _ in rivals]
    for _ in range(rounds):
        for figures, step in zip(own, steps):
            figures.append(step.speed(threads))
        for figures, rival in zip(products, rivals):
            figures.append(rival.speeds(layer, threads))
    products = [[max(column) for column in zip(*figures)] for figures in products]
    cells = [" / ".join(f"{speed:.0f}" for speed in speeds) for speeds in products]
    for index, needed in enumerate((2, 3)):  # output and weights; data as well
        best = max(together(speeds[:needed]) for speeds in products)
        speed = max(own[index]) if own else None
        cells += [f"{speed:.0f}", f"{speed / best:.2f}"] if speed else ["-", "-"]
    return f"| {layer.title()} | {' | '.join(cells)} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--nnc", default=ROOT / "build/nnc", type=pathlib.Path)
    parser.add_argument("--threads", default="1,2", help="numbers of threads, by commas")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("layers", nargs="*", default=DENSE + CONV)
    options = parser.parse_args()
    threads = [int(number) for number in options.threads.split(",")]
    layers = [parse(text) for text in options.layers]
    with tempfile.TemporaryDirectory() as folder:
        rivals = {"OpenBLAS": OpenBlas(folder)}
        if "torch-eager" in installed_rivals():
            rivals["PyTorch"] = Torch()
        names = " | ".join(f"{name}: output / weights / data" for name in rivals)
        reasons = {}
        built = [built_steps(options.nnc.resolve(), layer) for layer in layers]
        for count in threads:
            print(f"GFLOP/s, threads: {count}, load {os.getloadavg()[0]:.2f}\n")
            print(f"| layer | {names} | nnc: output, weights | / best | nnc: all three | / best |")
            print("|---" + "|--:" * (len(rivals) + 4) + "|")
            for layer, (steps, reason) in zip(layers, built):
                print(row_of(layer, steps, rivals.values(), count, options.rounds), flush=True)
                reasons.setdefault(reason, []).append(layer.title())
            print()
        for reason in filter(None, reasons):
            print(f"nnc built none of: {'; '.join(dict.fromkeys(reasons[reason]))}: {reason}")


if __name__ == "__main__":
    main()
