#!/usr/bin/env python3
"""Several runs of small networks side by side (`fit --seeds`) beside as many runs of `fit`, one after the other, each
with all processors, and with as many processes of one thread at once as there are processors, as `xargs -P` starts them;
in turns. Times are of whole commands, data and weights included, in seconds; ratios are medians over rounds.

usage: bench/several.py [--runs N] [--rounds N] [--only NAME]      8 runs, 5 rounds"""

import argparse
import os
import pathlib
import random
import statistics
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
NNC = os.environ.get("NNC", str(HERE.parent / "build" / "nnc"))

NARROW = """
dataset clothes = fashion_mnist -> scale(1/255)
model net(image: [28, 28]) { image -> flatten -> dense(10, sigmoid) -> dense(10, softmax) }
train net on clothes { loss = crossentropy  optimizer = sgd(0.01)  metrics = accuracy  epochs = %d  batch = %d }
"""
FLOWERS = """
dataset flowers = csv("flowers.csv", target = kind) -> standardize -> split(test = 0.2, seed = 1)
model net(x) { x -> dense(32, relu) -> dense(16, relu) -> dense(4, softmax) }
train net on flowers { loss = crossentropy  optimizer = sgd(0.01)  metrics = accuracy  epochs = %d  batch = %d }
"""
# name, source, epochs, batch
NETWORKS = [
    ("784-10-10, 5 epochs, batch 32", NARROW, 5, 32),
    ("784-10-10, 5 epochs, batch 128", NARROW, 5, 128),
    ("784-10-10, 20 epochs, batch 32", NARROW, 20, 32),
    ("4-32-16-4, 500 epochs, batch 10", FLOWERS, 500, 10),
    ("4-32-16-4, 2000 epochs, batch 32", FLOWERS, 2000, 32),
    ("4-32-16-4, 2000 epochs, batch 120 (all)", FLOWERS, 2000, 120),
    ("4-32-16-4, 20000 epochs, batch 32", FLOWERS, 20000, 32),
]


def write_flowers(path):
    """150 rows of four numbers and one of four kinds."""
    draw = random.Random(1)
    lines = ["a,b,c,d,kind\n"]
    for row in range(150):
        kind = row % 4
        numbers = (draw.gauss((5, 3, 4, 1)[i] + 0.5 * kind * (i - 1), 0.4) for i in range(4))
        lines.append(",".join(f"{number:.2f}" for number in numbers) + f",k{kind}\n")
    path.write_text("".join(lines))


def start(folder, *words):
    return subprocess.Popen(["./net", "fit", "--progress=none", *words], cwd=folder, stdout=subprocess.DEVNULL)


def end(process):
    if process.wait():
        raise SystemExit(f"{process.args}: status {process.returncode}")


def one_by_one(folder, runs):
    for seed in range(1, runs + 1):
        end(start(folder, "--seed", str(seed)))


def at_once(folder, runs):
    left, at_work, most = list(range(1, runs + 1)), {}, len(os.sched_getaffinity(0))
    while left or at_work:
        while left and len(at_work) < most:
            process = start(folder, "--threads", "1", "--seed", str(left[0]), "--save", f"own{left.pop(0)}.safetensors")
            at_work[process.pid] = process
        info = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
        end(at_work.pop(info.si_pid))


def side_by_side(folder, runs):
    end(start(folder, "--seeds", str(runs)))


WAYS = [one_by_one, at_once, side_by_side]


def measure(folder, runs, rounds):
    seconds = {way: [] for way in WAYS}
    for _ in range(rounds):
        for way in WAYS:
            begun = time.perf_counter()
            way(folder, runs)
            seconds[way].append(time.perf_counter() - begun)
    return [seconds[way] for way in WAYS]


def show(name, seconds):
    middles = [statistics.median(some) for some in seconds]
    ratios = [statistics.median(a / b for a, b in zip(some, seconds[2])) for some in seconds[:2]]
    times = " | ".join(f"{middle:.2f}" for middle in middles)
    print(f"| {name} | {times} | {ratios[0]:.1f} | {ratios[1]:.1f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="networks whose name holds this")
    options = parser.parse_args()
    print(f"| {options.runs} runs | one by one | processes at once | side by side | ratio | to processes |")
    print("|---|--:|--:|--:|--:|--:|")
    for name, source, epochs, batch in NETWORKS:
        if options.only not in name:
            continue
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            write_flowers(folder / "flowers.csv")
            (folder / "net.nn").write_text(source % (epochs, batch))
            subprocess.run([NNC, "build", "net.nn", "-o", "net"], check=True, capture_output=True, cwd=folder)
            show(name, measure(folder, options.runs, options.rounds))


if __name__ == "__main__":
    main()
