#!/usr/bin/env python3
"""Predicts, for processors that are not at hand, what part of their multiply-adds the inner loops of
generated kernels reach: nnc compiles for each with --cpu, and llvm-mca simulates the loops, as if
all that they read lay in the first-level cache.

    loop      the kernel and its register tile
    FMA       multiply-adds of vectors a step
    cycles    a step takes, in the simulation; of those with as many products the slowest loop counts
    of peak   of what the processor's units give
    at best   the same if every instruction found the unit that is free (block throughput)
    spilled   vectors that a step moves to or from the stack

usage: bench/inner_loops.py [--cpu haswell,skylake-avx512,znver3,znver4] [--least 8] [FILE.nn]

Without a file: a dense layer of a batch of 128 and a convolution of pictures, one after the other."""
import argparse
import pathlib
import re
import subprocess
import tempfile

from contestants import ROOT
from operators import parse

# Multiply-adds of whole registers a cycle, and floats of a register. Zen 4 takes two cycles for 16.
UNITS = {"haswell": (2, 8), "skylake-avx512": (2, 16), "icelake-server": (2, 16),
         "znver2": (2, 8), "znver3": (2, 8), "znver4": (1, 16)}  # fmt: skip
LANES = {"zmm": 16, "ymm": 8, "xmm": 4}
LAYERS = ["128x784x512", "32x32x32x64x3x1x1"]
ROUNDS = 200


def assembly(nnc, source, cpu):
    words = [nnc, source.name, "--emit=asm", f"--cpu={cpu}"]
    return subprocess.run(words, cwd=source.parent, capture_output=True, text=True, check=True).stdout


def functions(text):
    """Names and lines of the kernels."""
    for match in re.finditer(r"^(nn_(?:outer|dot)\w*):\n(.*?)^\.Lfunc_end", text, re.M | re.S):
        yield match.group(1), match.group(2).splitlines()


def loops(lines):
    """The innermost ones: from a label to the first jump back to it."""
    labels = {}
    for number, line in enumerate(lines):
        label = re.match(r"(\.LBB\w+):", line)
        if label:
            labels[label.group(1)] = number
        jump = re.match(r"\s+j\w+\s+(\.LBB\w+)", line)
        if jump and jump.group(1) in labels:
            body = lines[labels[jump.group(1)] + 1 : number + 1]
            if not any(re.match(r"\.LBB", inside) for inside in body):
                yield [inside for inside in body if not re.match(r"\s*[.#]", inside)]


def products(body):
    """Multiply-adds, and the floats of one."""
    found = [line for line in body if re.match(r"\s+vfn?m(add|sub)\d+ps", line)]
    return len(found), max((LANES[name] for line in found for name in LANES if name in line), default=0)


def spilled(body):
    return sum(bool(re.match(r"\s+vmov\w+\s.*\(%r[sb]p\)", line)) for line in body)


def cycles(mca, body, cpu):
    """Of a step, simulated, and at least."""
    words = [mca, f"-mcpu={cpu}", f"-iterations={ROUNDS}", "-all-stats=false", "-all-views=false", "-summary-view"]
    text = "\n".join(line for line in body if not re.match(r"\s+j\w+\s", line))  # it falls through
    output = subprocess.run(words, input=text, capture_output=True, text=True, check=True).stdout
    all_cycles = int(re.search(r"Total Cycles:\s+(\d+)", output).group(1))
    return all_cycles / ROUNDS, float(re.search(r"Block RThroughput:\s+([\d.]+)", output).group(1))


def rows_of(options, source, cpu):
    """The loop with the most products of each kind of kernel, and of those the slowest."""
    best = {}
    units, lanes = UNITS[cpu]
    for name, lines in functions(assembly(options.nnc, source, cpu)):
        kind = re.sub(r"^nn_(outer|dot)_(\d+x\d+)_.*", r"\1 \2", name)
        for body in loops(lines):
            count, floats = products(body)
            known, slowest, *_ = best.get(kind, (0, 0))
            if count < max(options.least, known):
                continue
            taken, least = cycles(options.mca, body, cpu)
            if count > known or taken > slowest:
                ideal = count * floats / (units * lanes)
                best[kind] = (count, taken, ideal / taken, ideal / least, spilled(body))
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--nnc", default=ROOT / "build/nnc", type=lambda path: pathlib.Path(path).resolve())
    parser.add_argument("--mca", default="llvm-mca-19")
    parser.add_argument("--cpu", default="haswell,skylake-avx512,znver3,znver4", help="names, by commas")
    parser.add_argument("--least", type=int, default=8, help="multiply-adds of a step of loops that are shown")
    parser.add_argument("source", nargs="?", type=lambda path: pathlib.Path(path).resolve())
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sources = [options.source] if options.source else []
        for text in [] if options.source else LAYERS:
            place = pathlib.Path(folder) / text
            place.mkdir()
            (place / "net.nn").write_text(parse(text).program(place))
            sources.append(place / "net.nn")
        for cpu in options.cpu.split(","):
            for source in sources:
                title = source.name if options.source else parse(source.parent.name).title()
                print(f"{cpu}, {title}\n\n| loop | FMA | cycles | of peak | at best | spilled |")
                print("|---|--:|--:|--:|--:|--:|")
                for kind, (count, taken, share, best, moved) in sorted(rows_of(options, source, cpu).items()):
                    shares = f"{100 * share:.0f} % | {100 * best:.0f} %"
                    print(f"| {kind} | {count} | {taken:.1f} | {shares} | {moved} |")
                print(flush=True)


if __name__ == "__main__":
    main()
