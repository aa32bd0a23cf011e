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
import statistics
import sys
import time

from contestants import HERE, PACKAGES, RIVALS, ROOT, Failed, Nnc, Rival
from contestants import installed_kilobytes, installed_rivals
from machine import description, measured_peaks
from workloads import WORKLOADS

ONE_THREAD = "nnc, one thread"
PRECISIONS = "float32", "bfloat16"
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
        "--precision", default="float32", help="float32, bfloat16 or both by commas, measured in turns"
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
    options.precisions = options.precision.split(",")
    if not set(options.precisions) <= set(PRECISIONS):
        parser.error(f"--precision is one of {', '.join(PRECISIONS)}, or both by commas")
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


class Figures:
    """Measurements by what was measured, contestant and workload, and why some are missing. The
    `workload` is its name and the precision."""

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


def start_contestants(case, workload, options, figures):
    """Starts all who can run a workload, one after the other, each up to its first step."""
    name, precision = case
    makers = [lambda: Nnc(options.nnc, workload, options.threads, options.cpu, precision)]
    makers += [
        lambda rival=rival: Rival(rival, name, options.threads, precision) for rival in options.rivals
    ]
    contestants = []
    for make in makers:
        contestant = make()
        contestants.append(contestant)
        figures.add("start", contestant, case, contestant.first_step)
        if contestant.version:
            figures.versions[contestant.name] = contestant.version
        figures.add("compile", contestant, case, lambda: contestant.compile_seconds)
        figures.add("memory", contestant, case, lambda: contestant.memory)
    figures.add("size", contestants[0], case, contestants[0].executable_kilobytes)
    return contestants


def measure_workload(name, workload, options, figures):
    """All contestants in all precisions, in turns."""
    started, trained = [], []
    for precision in options.precisions:
        case = name, precision
        own, *others = start_contestants(case, workload, options, figures)
        started += [(case, contestant) for contestant in (own, *others)]
        if options.threads > 1 and ("nnc", case) not in figures.problems:
            others.insert(0, own.with_threads(1, ONE_THREAD))
        trained += [(case, contestant) for contestant in (own, *others)]
    for _ in range(options.rounds):
        for case, contestant in trained:
            figures.add("train", contestant, case, lambda: contestant.train(options.seconds))
            if workload.is_main and contestant.name != ONE_THREAD:
                figures.add_prediction(contestant, case, options.seconds / 4)
            time.sleep(0.05)  # lets the threads of the last one go to sleep
    for case, contestant in started:
        figures.forms["train", contestant.name, case] = contestant.form
        figures.forms["predict", contestant.name, case] = contestant.predict_form
        contestant.close()


def number(value, digits=0):
    return "-" if math.isnan(value) else f"{value:,.{digits}f}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|---" + "|--:" * (len(head) - 1) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def titled(text, case):
    """A row's title: the precision is named where it isn't float32."""
    return text if case[1] == "float32" else f"{text}, {case[1]}"


def training_table(rivals, cases, figures, peaks):
    names, rows = ["nnc", *rivals], []
    head = ["samples/s", *names, "best rival", "nnc / best", "nnc, % of peak", "best rival, % of peak",
            "nnc, all / one thread", "spread %"]  # fmt: skip
    for case, workload in cases.items():
        share = 100 * workload.network.training_flops() / (peaks[case[1]] * 1e9)
        best, speed = figures.best("train", rivals, case, max)
        own, alone = (figures.median("train", who, case) for who in ("nnc", ONE_THREAD))
        rows.append([
            titled(f"{case[0]}: {workload.title()}", case),
            *(number(figures.median("train", who, case)) for who in names),
            figures.form("train", best, case),
            number(own / speed, 2), number(share * own, 1), number(share * speed, 1),
            number(own / alone, 2), number(figures.spread("train", "nnc", case), 1),
        ])  # fmt: skip
    return table(head, rows)


def prediction_table(rivals, cases, figures):
    names, rows = ["nnc", *rivals], []
    for case, workload in cases.items():
        pairs = [
            [number(figures.median(k, who, case), 1) for k in ("predict", "p99")] for who in names
        ]
        best, time_of_best = figures.best("predict", rivals, case, min)
        rows.append([
            titled(f"predict one, {workload.network.title}", case), *(" / ".join(pair) for pair in pairs),
            figures.form("predict", best, case),
            number(time_of_best / figures.median("predict", "nnc", case), 2),
        ])  # fmt: skip
    head = ["microseconds, median / 99th percentile", *names, "best rival", "times as fast"]
    return table(head, rows)


def system_table(title, kind, digits, rivals, cases, figures):
    rows = [
        [
            titled(row.title(), case),
            *(number(figures.median(kind, who, case), digits) for who in ["nnc", *rivals]),
        ]
        for case, row in cases.items()
    ]
    return table([title, "nnc", *rivals], rows)


def size_table(rivals, cases, figures):
    sizes = {case: figures.median("size", "nnc", case) for case in cases}
    rows = [
        [titled(f"nnc, {cases[case].title()}", case), number(size)] for case, size in sizes.items()
    ]
    for file in dict.fromkeys(RIVALS[rival][0] for rival in rivals):
        rows.append([f"{', '.join(PACKAGES[file])}, installed", number(installed_kilobytes(file))])
    return table(["executable, kB", "size"], rows)


def system_tables(rivals, cases, figures):
    titles = {
        "start": ("from the command to the end of the first step, s", 2),
        "compile": ("`nnc build`; of the rivals the first step, imports apart, s", 2),
        "memory": ("peak memory, MB", 0),
    }
    parts = [
        system_table(title, kind, digits, rivals, cases, figures)
        for kind, (title, digits) in titles.items()
    ]
    return "\n".join([*parts, size_table(rivals, cases, figures)])


def missing_list(figures):
    """Who could not do what, and why."""
    reasons = {}
    for (contestant, case), reason in figures.problems.items():
        reasons.setdefault((contestant, reason), []).append(titled(case[0], case))
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
    peaks = measured_peaks(options.threads, options.cpu)
    accuracy = accuracy_line(Nnc(options.nnc, None, options.threads, options.cpu))

    figures = Figures()
    for name, workload in workloads.items():
        measure_workload(name, workload, options, figures)
        print(f"{name} done", file=sys.stderr)

    now = datetime.datetime.now()
    cases = {(name, precision): workload for name, workload in workloads.items()
             for precision in options.precisions}  # fmt: skip
    main_ones = {case: workload for case, workload in cases.items() if workload.is_main}
    versions = ", ".join(f"{name} {version}" for name, version in figures.versions.items())
    report = "\n".join([
        f"# Benchmarks of {now:%Y-%m-%d}\n",
        f"`{' '.join(['bench/run.py', *sys.argv[1:]])}`: {options.threads} threads, {options.rounds} "
        f"rounds of {options.seconds:g} s each, interleaved; medians. {description(options.threads, peaks)}; "
        f"{os.cpu_count()} cores, load {load:.2f} before and {os.getloadavg()[0]:.2f} after. {versions}.\n",
        training_table(rivals, cases, figures, peaks),
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
