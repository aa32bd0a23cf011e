#!/usr/bin/env python3
"""Measures nnc and whichever of PyTorch, JAX and TensorFlow is installed, in one interleaved run.

Every round gives each contestant the same time on each workload, one after the other; the table
shows medians over the rounds. It is printed and written to bench/results/<date>.md. The rivals are
those of scripts/setup_rivals.sh (.venv), or of the interpreter NNC_BENCH_PYTHON."""
import argparse
import datetime
import math
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

from contestants import HERE, RIVALS, ROOT, Failed, Nnc, Rival, installed_rivals


@dataclass
class Workload:
    title: str
    program: str  # in programs/
    batch: int
    widths: tuple  # of the dense layers, the input's first
    predicts: bool = False  # one of its batch sizes also measures single predictions

    def training_flops(self):
        """Of one sample: forward, gradients of weights, gradients of values but not of the input."""
        products = [2 * a * b for a, b in zip(self.widths, self.widths[1:])]
        return 3 * sum(products) - products[0]


NARROW, WIDE = (784, 10, 10), (784, 512, 512, 10)
WORKLOADS = {
    "B1-sgd-32": Workload("784-10-10, sgd, batch 32", "narrow-sgd.nn", 32, NARROW, True),
    "B1-adam-32": Workload("784-10-10, adam, batch 32", "narrow-adam.nn", 32, NARROW),
    "B1-sgd-256": Workload("784-10-10, sgd, batch 256", "narrow-sgd.nn", 256, NARROW),
    "B2-adam-32": Workload("784-512-512-10, dropout, adam, batch 32", "wide-adam.nn", 32, WIDE, True),
    "B2-adam-128": Workload("784-512-512-10, dropout, adam, batch 128", "wide-adam.nn", 128, WIDE),
}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--nnc", default=ROOT / "build/nnc", type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1, help="of one measurement")
    parser.add_argument("--only", default=",".join(WORKLOADS), help="workloads, by commas")
    parser.add_argument("--rivals", help="names by commas, or `none`: " + ", ".join(RIVALS))
    parser.add_argument("--output", type=pathlib.Path, help="bench/results/<date>.md unless said")
    return parser.parse_args()


def measured_peak(threads):
    """GFLOP/s of fused multiply-adds on registers."""
    with tempfile.TemporaryDirectory() as folder:
        program = f"{folder}/peak"
        compile_it = ["cc", "-O2", "-march=native", "-pthread", HERE / "peak.c", "-o", program]
        subprocess.run(compile_it, check=True)
        return float(subprocess.run([program, str(threads)], capture_output=True, check=True).stdout)


def processor():
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.machine()


class Figures:
    """Measurements by contestant and workload, and why some are missing."""

    def __init__(self):
        self.values, self.problems = {}, {}

    def add(self, contestant, workload, measure):
        if (contestant, workload) in self.problems:
            return
        try:
            self.values.setdefault((contestant, workload), []).append(measure())
        except Failed as problem:
            self.problems[contestant, workload] = str(problem)
            print(f"{contestant} {workload}: {problem}", file=sys.stderr)

    def median(self, contestant, workload):
        values = self.values.get((contestant, workload))
        return statistics.median(values) if values else math.nan

    def spread(self, contestant, workload):
        """Half the distance of the quartiles, in percent of the median."""
        values = self.values.get((contestant, workload), [])
        if len(values) < 4:
            return math.nan
        low, middle, high = statistics.quantiles(values)
        return 50 * (high - low) / middle


def measure_start(nnc, rivals, threads, figures, memory):
    """First steps of fresh processes, and the peak memory of a small training."""
    first = "B1-sgd-32"
    figures.add("nnc", "start", lambda: nnc.first_step(WORKLOADS[first]))
    memory["nnc"] = nnc.training_memory(first) if first in nnc.compile_seconds else math.nan
    for name in rivals:
        rival = Rival(name, threads)
        figures.add(name, "start", lambda: rival.first_step(first))
        memory[name] = rival.close()


def measure_rounds(contestants, workloads, options, training, prediction):
    for round_number in range(options.rounds):
        for name, workload in workloads.items():
            for contestant in contestants:
                train = lambda: contestant.train(name, options.seconds)
                training.add(contestant.name, name, train)
                if workload.predicts:
                    predict = lambda: contestant.predict(name, options.seconds / 4)
                    prediction.add(contestant.name, name, predict)
                time.sleep(0.05)  # lets the threads of the last one go to sleep
        print(f"round {round_number + 1} of {options.rounds} done", file=sys.stderr)


def number(value, digits=0):
    return "-" if math.isnan(value) else f"{value:,.{digits}f}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|---" + "|--:" * (len(head) - 1) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def training_table(names, workloads, training, peak):
    rows = []
    for name, workload in workloads.items():
        medians = {contestant: training.median(contestant, name) for contestant in names}
        own = medians["nnc"]
        best = max((v for k, v in medians.items() if k != "nnc" and v == v), default=math.nan)
        share = 100 * own * workload.training_flops() / (peak * 1e9)
        cells = [number(medians[contestant]) for contestant in names]
        spread = number(training.spread("nnc", name), 1)
        rows.append([f"{name}: {workload.title}", *cells, number(own / best, 2), number(share, 1), spread])
    return table(["samples/s", *names, "nnc / best rival", "% of peak", "spread %"], rows)


def prediction_table(names, workloads, prediction):
    rows = []
    for name, workload in workloads.items():
        if workload.predicts:
            cells = []
            for contestant in names:
                values = prediction.values.get((contestant, name), [])
                for key in ("median", "p99"):
                    median = statistics.median(v[key] for v in values) if values else math.nan
                    cells.append(number(median, 1))
            pairs = [f"{a} / {b}" for a, b in zip(cells[::2], cells[1::2])]
            rows.append([f"predict one, {'-'.join(map(str, workload.widths))}", *pairs])
    return table(["microseconds, median / 99th percentile", *names], rows)


def start_table(names, start, memory):
    rows = [
        ["from the command to the first step, s", *(number(start.median(n, "start"), 2) for n in names)],
        ["peak memory, MB", *(number(memory[n]) for n in names)],
    ]
    return table(["784-10-10, sgd, batch 32", *names], rows)


def compile_table(nnc):
    rows = [
        [name, number(1000 * seconds), number(nnc.executable(name).stat().st_size / 1000)]
        for name, seconds in nnc.compile_seconds.items()
    ]
    return table(["nnc build", "ms", "executable, kB"], rows)


def accuracy_line(nnc):
    """From the source of examples/mnist.nn to a test accuracy of 0.97, if MNIST is there."""
    try:
        epochs, seconds = nnc.time_to_accuracy(ROOT / "examples/mnist.nn", 0.97)
    except Failed as problem:
        return f"`examples/mnist.nn` was not trained: {problem}.\n"
    return f"From source to 97 % on MNIST (`examples/mnist.nn`, {epochs} epochs): {seconds:.2f} s.\n"


def main():
    options = arguments()
    workloads = {name: WORKLOADS[name] for name in options.only.split(",")}
    rivals = installed_rivals() if options.rivals is None else options.rivals.split(",")
    rivals = [] if rivals == ["none"] else rivals
    load = os.getloadavg()[0]
    peak = measured_peak(options.threads)

    nnc = Nnc(options.nnc.resolve(), workloads, options.threads)
    start, memory = Figures(), {}
    measure_start(nnc, rivals, options.threads, start, memory)
    accuracy = accuracy_line(nnc)
    contestants = [nnc] + [Rival(name, options.threads) for name in rivals]
    for rival in contestants[1:]:
        for name in workloads:
            start.add(rival.name, name, lambda: rival.first_step(name))
    training, prediction = Figures(), Figures()
    measure_rounds(contestants, workloads, options, training, prediction)
    versions = ", ".join(f"{c.name} {c.version}" for c in contestants)
    for rival in contestants[1:]:
        rival.close()

    names = ["nnc", *rivals]
    now = datetime.datetime.now()
    report = "\n".join([
        f"# Benchmarks of {now:%Y-%m-%d}\n",
        f"`{' '.join(['bench/run.py', *sys.argv[1:]])}`: {options.threads} threads, {options.rounds} rounds of "
        f"{options.seconds:g} s each, interleaved; medians. {processor()}, {os.cpu_count()} cores, load "
        f"{load:.2f} before; measured FMA peak of {options.threads} threads {peak:.0f} GFLOP/s. {versions}.\n",
        training_table(names, workloads, training, peak),
        prediction_table(names, workloads, prediction),
        start_table(names, start, memory),
        accuracy,
        compile_table(nnc),
    ])  # fmt: skip
    print(report)
    output = options.output or HERE / "results" / f"{now:%Y-%m-%d}.md"
    output.parent.mkdir(exist_ok=True)
    output.write_text(report)


if __name__ == "__main__":
    main()
