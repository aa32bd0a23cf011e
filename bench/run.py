#!/usr/bin/env python3
"""Measures nnc and whichever of PyTorch, JAX and TensorFlow is installed, in one interleaved run.

Every round of a workload gives each contestant the same time, one after the other; the tables show
medians over the rounds. They are printed and written to bench/results/<date>.md. The rivals are
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

from contestants import HERE, PACKAGES, RIVALS, ROOT, Failed, Nnc, Rival
from contestants import installed_kilobytes, installed_rivals
from workloads import WORKLOADS

ONE_THREAD = "nnc, one thread"
# What Eigen does in TensorFlow is compiled in, and has AVX2 alone unless TensorFlow was built anew.
AVX2_ONLY = {
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "ATEN_CPU_CAPABILITY": "avx2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    "XLA_FLAGS": "--xla_cpu_max_isa=AVX2",
    "OPENBLAS_CORETYPE": "Haswell",
}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--nnc", default=ROOT / "build/nnc", type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1, help="of one measurement")
    parser.add_argument(
        "--only", default=",".join(WORKLOADS), help="workloads or beginnings of them, by commas"
    )
    parser.add_argument(
        "--avx2", action="store_true", help="nnc and the rivals as on a processor without AVX-512"
    )
    parser.add_argument("--rivals", help="names by commas, or `none`: " + ", ".join(RIVALS))
    parser.add_argument("--output", type=pathlib.Path, help="bench/results/<date>.md unless said")
    options = parser.parse_args()
    if not options.nnc.exists():
        parser.error(f"there is no `{options.nnc}`: build it, or say --nnc PATH")
    options.nnc = options.nnc.resolve()
    options.cpu = "x86-64-v3" if options.avx2 else "native"
    if options.avx2:
        os.environ.update(AVX2_ONLY)
    return options


def chosen_workloads(names):
    beginnings = tuple(names.split(","))
    chosen = {name: row for name, row in WORKLOADS.items() if name.startswith(beginnings)}
    if not chosen:
        sys.exit(f"run.py: no workload is called `{names}`; there are {', '.join(WORKLOADS)}")
    return chosen


def measured_peak(threads, cpu):
    """GFLOP/s of fused multiply-adds on registers."""
    with tempfile.TemporaryDirectory() as folder:
        program = f"{folder}/peak"
        compile_it = ["cc", "-O2", f"-march={cpu}", "-pthread", HERE / "peak.c", "-o", program]
        subprocess.run(compile_it, check=True)
        return float(
            subprocess.run([program, str(threads)], capture_output=True, check=True).stdout
        )


def processor():
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.machine()


class Figures:
    """Measurements by what was measured, contestant and workload, and why some are missing."""

    def __init__(self):
        self.values, self.problems, self.forms, self.versions = {}, {}, {}, {}

    def add(self, kind, contestant, workload, measure):
        """Measures, unless the contestant has already failed at this workload."""
        if (contestant.name, workload) in self.problems:
            return
        try:
            self.values.setdefault((kind, contestant.name, workload), []).append(measure())
        except Failed as problem:
            self.problems[contestant.name, workload] = str(problem)
            print(f"{contestant.name} {workload}: {problem}", file=sys.stderr)

    def add_prediction(self, contestant, workload, seconds):
        replies = []

        def median():
            replies.append(contestant.predict(seconds))
            return replies[0]["median"]

        self.add("predict", contestant, workload, median)
        if replies:
            self.add("p99", contestant, workload, lambda: replies[0]["p99"])

    def median(self, kind, contestant, workload):
        values = self.values.get((kind, contestant, workload))
        return statistics.median(values) if values else math.nan

    def spread(self, kind, contestant, workload):
        """Half the distance of the quartiles, in percent of the median."""
        values = self.values.get((kind, contestant, workload), [])
        if len(values) < 4:
            return math.nan
        low, middle, high = statistics.quantiles(values)
        return 50 * (high - low) / middle

    def best(self, kind, names, workload, choose):
        """Name and median of the best of `names`; no name if there is none."""
        medians = {name: self.median(kind, name, workload) for name in names}
        found = {name: value for name, value in medians.items() if not math.isnan(value)}
        name = choose(found, key=found.get) if found else None
        return name, found.get(name, math.nan)

    def form(self, kind, contestant, workload):
        """The contestant, and which of its forms was the fastest."""
        return ", ".join(filter(None, [contestant, self.forms.get((kind, contestant, workload))]))


def start_contestants(name, workload, options, figures):
    """Starts all who can run a workload, one after the other, each up to its first step."""
    makers = [lambda: Nnc(options.nnc, workload, options.threads, options.cpu)]
    makers += [lambda rival=rival: Rival(rival, name, options.threads) for rival in options.rivals]
    contestants = []
    for make in makers:
        contestant = make()
        contestants.append(contestant)
        figures.add("start", contestant, name, contestant.first_step)
        if contestant.version:
            figures.versions[contestant.name] = contestant.version
        figures.add("compile", contestant, name, lambda: contestant.compile_seconds)
        figures.add("memory", contestant, name, lambda: contestant.memory)
    figures.add("size", contestants[0], name, contestants[0].executable_kilobytes)
    return contestants


def measure_workload(name, workload, options, figures):
    contestants = start_contestants(name, workload, options, figures)
    trained = list(contestants)
    if options.threads > 1 and ("nnc", name) not in figures.problems:
        trained.insert(1, contestants[0].with_threads(1, ONE_THREAD))
    for _ in range(options.rounds):
        for contestant in trained:
            figures.add("train", contestant, name, lambda: contestant.train(options.seconds))
            if workload.is_main and contestant.name != ONE_THREAD:
                figures.add_prediction(contestant, name, options.seconds / 4)
            time.sleep(0.05)  # lets the threads of the last one go to sleep
    for contestant in contestants:
        figures.forms["train", contestant.name, name] = contestant.form
        figures.forms["predict", contestant.name, name] = contestant.predict_form
        contestant.close()


def number(value, digits=0):
    return "-" if math.isnan(value) else f"{value:,.{digits}f}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|---" + "|--:" * (len(head) - 1) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def training_table(rivals, workloads, figures, peak):
    names, rows = ["nnc", *rivals], []
    head = ["samples/s", *names, "best rival", "nnc / best", "nnc, % of peak", "best rival, % of peak",
            "nnc, all / one thread", "spread %"]  # fmt: skip
    for name, workload in workloads.items():
        share = 100 * workload.network.training_flops() / (peak * 1e9)
        best, speed = figures.best("train", rivals, name, max)
        own, alone = (figures.median("train", who, name) for who in ("nnc", ONE_THREAD))
        rows.append([
            f"{name}: {workload.title()}",
            *(number(figures.median("train", who, name)) for who in names),
            figures.form("train", best, name),
            number(own / speed, 2), number(share * own, 1), number(share * speed, 1),
            number(own / alone, 2), number(figures.spread("train", "nnc", name), 1),
        ])  # fmt: skip
    return table(head, rows)


def prediction_table(rivals, workloads, figures):
    names, rows = ["nnc", *rivals], []
    for name, workload in workloads.items():
        pairs = [
            [number(figures.median(k, who, name), 1) for k in ("predict", "p99")] for who in names
        ]
        best, time_of_best = figures.best("predict", rivals, name, min)
        rows.append([
            f"predict one, {workload.network.title}", *(" / ".join(pair) for pair in pairs),
            figures.form("predict", best, name),
            number(time_of_best / figures.median("predict", "nnc", name), 2),
        ])  # fmt: skip
    head = ["microseconds, median / 99th percentile", *names, "best rival", "times as fast"]
    return table(head, rows)


def system_table(title, kind, digits, rivals, workloads, figures):
    rows = [
        [
            row.title(),
            *(number(figures.median(kind, who, name), digits) for who in ["nnc", *rivals]),
        ]
        for name, row in workloads.items()
    ]
    return table([title, "nnc", *rivals], rows)


def size_table(rivals, workloads, figures):
    sizes = {name: figures.median("size", "nnc", name) for name in workloads}
    rows = [[f"nnc, {workloads[name].title()}", number(size)] for name, size in sizes.items()]
    for file in dict.fromkeys(RIVALS[rival][0] for rival in rivals):
        rows.append([f"{', '.join(PACKAGES[file])}, installed", number(installed_kilobytes(file))])
    return table(["executable, kB", "size"], rows)


def system_tables(rivals, workloads, figures):
    titles = {
        "start": ("from the command to the end of the first step, s", 2),
        "compile": ("`nnc build`; of the rivals the first step, imports apart, s", 2),
        "memory": ("peak memory, MB", 0),
    }
    parts = [
        system_table(title, kind, digits, rivals, workloads, figures)
        for kind, (title, digits) in titles.items()
    ]
    return "\n".join([*parts, size_table(rivals, workloads, figures)])


def missing_list(figures):
    """Who could not do what, and why."""
    reasons = {}
    for (contestant, workload), reason in figures.problems.items():
        reasons.setdefault((contestant, reason), []).append(workload)
    lines = [f"- {who} at {', '.join(names)}: {why}" for (who, why), names in reasons.items()]
    return "\n".join(["Missing:\n", *lines]) + "\n" if lines else ""


def accuracy_line(nnc):
    """From the source of examples/mnist.nn to a test accuracy of 0.97, if MNIST is there."""
    try:
        epochs, seconds = nnc.time_to_accuracy(ROOT / "examples/mnist.nn", 0.97)
    except Failed as problem:
        return f"`examples/mnist.nn` was not trained: {problem}.\n"
    return (
        f"From source to 97 % on MNIST (`examples/mnist.nn`, {epochs} epochs): {seconds:.2f} s.\n"
    )


def main():
    options = arguments()
    workloads = chosen_workloads(options.only)
    rivals = installed_rivals() if options.rivals is None else options.rivals.split(",")
    options.rivals = rivals = [] if rivals == ["none"] else rivals
    load = os.getloadavg()[0]
    peak = measured_peak(options.threads, options.cpu)
    accuracy = accuracy_line(Nnc(options.nnc, None, options.threads, options.cpu))

    figures = Figures()
    for name, workload in workloads.items():
        measure_workload(name, workload, options, figures)
        print(f"{name} done", file=sys.stderr)

    now = datetime.datetime.now()
    main_ones = {name: workload for name, workload in workloads.items() if workload.is_main}
    versions = ", ".join(f"{name} {version}" for name, version in figures.versions.items())
    report = "\n".join([
        f"# Benchmarks of {now:%Y-%m-%d}\n",
        f"`{' '.join(['bench/run.py', *sys.argv[1:]])}`: {options.threads} threads, {options.rounds} "
        f"rounds of {options.seconds:g} s each, interleaved; medians. {processor()}, {os.cpu_count()} "
        f"cores, load {load:.2f} before and {os.getloadavg()[0]:.2f} after; measured FMA peak of "
        f"{options.threads} threads {peak:.0f} GFLOP/s. {versions}.\n",
        training_table(rivals, workloads, figures, peak),
        prediction_table(rivals, main_ones, figures),
        system_tables(rivals, main_ones, figures),
        missing_list(figures),
        accuracy,
    ])  # fmt: skip
    print(report)
    output = options.output or HERE / "results" / f"{now:%Y-%m-%d}.md"
    output.parent.mkdir(exist_ok=True)
    output.write_text(report)


if __name__ == "__main__":
    main()
