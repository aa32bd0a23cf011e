#!/usr/bin/env python3
"""Compares single layers: nnc's generated code, OpenBLAS (with im2col: native/blas.c) and PyTorch (oneDNN),
in GFLOP/s.

Products: output, gradient of the weights, gradient of the data. The rivals' are measured each alone,
again and again on the same operands, which stay in the caches. nnc's are groups of a training step
of a small program, the layer behind a thin one, by their share of the step's time (`bench
--profile`), and do more in it: bias and loss, the update of the weights, which one worker has just
changed when another one reads them. The ratio is that of all three together to the faster rival.

Steps: the whole training step, with all else in it, by nnc and by PyTorch (eager, update fused and
in place), as FLOP of the products in it a second.

The rivals' threads are bound to processors. A figure is the best of the rounds, so that a busy
neighbour spoils few of them; on a machine that others use, `chrt -f 1` keeps them off while it
measures.

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
        """As native/blas.c and rivals/layers_torch.py read it."""
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

    def step_flops(self):
        """Of the products of a training step behind a thin layer, for one sample."""
        return 3 * self.flops() + 2 * self.thin_flops()

    def program(self, folder):
        """Writes data of two batches; returns the program's text, the layer behind a thin one."""
        rows = 2 * self.batch
        if self.is_dense():
            input_shape = [THIN]
            layers = [f"dense({self.inputs})", f"dense({self.filters})"]
            target = ("<f4", (rows, self.filters), bytes(4 * rows * self.filters))
        else:
            input_shape = [self.size, self.size, 1]
            padding = "same" if self.same else "valid"
            conv = f"conv2d({self.filters}, {self.kernel}, {padding}, stride = {self.stride})"
            layers = [f"conv2d({self.inputs}, 1)", conv, "global_average_pool", "dense(10, softmax)"]
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
    """nnc's executable of a layer behind a thin one."""

    def __init__(self, nnc, layer):
        self.executable, self.layer = Nnc(nnc, None, 1), layer
        place = self.executable.place
        (place / "net.nn").write_text(layer.program(place))
        self.executable.source = [place / "net.nn"]
        self.executable.build()

    def speeds(self, threads):
        """GFLOP/s of the three products, then of the step."""
        executable = self.executable.with_threads(threads, "nnc")
        result = executable.bench(2 * SECONDS, "--profile")
        groups = sorted(result["profile"][0]["groups"], key=lambda group: group["group"])
        name = "dense_1" if self.layer.is_dense() else "conv2d_1"
        own = [g for g in groups if g["layer"] == name and g["kind"] == "contraction"]
        weights = [g for g in own if "_weights" in g["name"]]
        others = [g for g in own if "_weights" not in g["name"]]
        if len(weights) != 1 or len(others) != 2:
            raise Failed(f"{self.layer.title()}: the profile has other groups than three products")
        work = sum(group["seconds"] for group in groups)  # waiting is theirs, too
        shares = [group["seconds"] / work for group in (others[0], weights[0], others[1])]
        samples = 1e-9 * result["train_samples_per_second"]
        step = samples * self.layer.step_flops()
        return [samples * self.layer.flops() / share for share in shares] + [step]


# Else a busy machine puts both threads on one processor, where they wait for each other.
BOUND = {"OMP_PROC_BIND": "true"}


class OpenBlas:
    def __init__(self, folder):
        self.program = pathlib.Path(folder) / "blas"
        compile_it = ["cc", "-O3", "-march=native", "-fopenmp", HERE / "native" / "blas.c", "-lopenblas", "-o"]
        subprocess.run([*compile_it, self.program], check=True)

    def speeds(self, layer, threads):
        """GFLOP/s of the three products."""
        words = [self.program, str(threads), str(SECONDS), layer.text()]
        environment = {**os.environ, **BOUND}
        output = subprocess.run(words, capture_output=True, text=True, check=True, env=environment)
        return [float(word) for word in output.stdout.split()]


class Torch:
    def __init__(self):
        self.processes = {}

    def speeds(self, layer, threads):
        """GFLOP/s of the three products, then of the step."""
        if threads not in self.processes:
            program = HERE / "rivals/layers_torch.py"
            self.processes[threads] = subprocess.Popen(
                [interpreter(), program, str(threads), str(SECONDS), str(THIN)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                env={**os.environ, **BOUND},
            )  # fmt: skip
        process = self.processes[threads]
        process.stdin.write(layer.text() + "\n")
        process.stdin.flush()
        *speeds, microseconds = map(float, process.stdout.readline().split())
        return [*speeds, 1e-3 * layer.batch * layer.step_flops() / microseconds]


def together(speeds):
    """GFLOP/s of several products of equal work, one after the other."""
    return len(speeds) / sum(1 / speed for speed in speeds)


def built_steps(nnc, layer):
    """The executable, or what nnc says instead."""
    try:
        return Steps(nnc, layer), None
    except Failed as problem:
        return None, str(problem)


def of_products(speeds):
    return " / ".join(f"{speed:.0f}" for speed in speeds[:3])


def row_of(layer, steps, rivals, threads, rounds):
    """The best of the rounds: products, and steps of those that make them. nnc's products are those
    of its best step, the rivals' the best of each."""
    own, found = [], [[] for _ in rivals]
    for _ in range(rounds):
        if steps:
            own.append(steps.speeds(threads))
        for figures, rival in zip(found, rivals):
            figures.append(rival.speeds(layer, threads))
    own = max(own, key=lambda speeds: speeds[3], default=None)  # a round's shares belong together
    found = [[max(column) for column in zip(*figures)] for figures in found]
    cells = [of_products(speeds) for speeds in found]
    other = max((speeds[3] for speeds in found if len(speeds) > 3), default=0)
    if own:
        ratio = together(own[:3]) / max(together(speeds[:3]) for speeds in found)
        cells += [of_products(own), f"{ratio:.2f}", f"{other:.0f}" if other else "-"]
        cells += [f"{own[3]:.0f}", f"{own[3] / other:.2f}" if other else "-"]
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
        names = " | ".join(rivals)
        reasons = {}
        built = [built_steps(options.nnc.resolve(), layer) for layer in layers]
        for count in threads:
            print(f"GFLOP/s, threads: {count}, load {os.getloadavg()[0]:.2f}\n")
            columns = f"{names} | nnc | / best | PyTorch's steps | nnc's | ratio"
            print(f"| output / weights / data: | {columns} |")
            print("|---" + "|--:" * (len(rivals) + 5) + "|")
            for layer, (steps, reason) in zip(layers, built):
                print(row_of(layer, steps, rivals.values(), count, options.rounds), flush=True)
                reasons.setdefault(reason, []).append(layer.title())
            print()
        for reason in filter(None, reasons):
            print(f"nnc built none of: {'; '.join(dict.fromkeys(reasons[reason]))}: {reason}")


if __name__ == "__main__":
    main()
