#!/usr/bin/env python3
"""Trains the examples with several seeds and prints what they reach: mean, least and largest value of
each metric on the test part, and the seconds that the training took.

usage: bench/accuracy.py [--nnc PATH] [--seeds 5] [PROGRAM.nn ...]"""
import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).parent.parent


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--nnc", default=ROOT / "build/nnc", type=pathlib.Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("programs", nargs="*", type=pathlib.Path)
    options = parser.parse_args()
    options.programs = options.programs or sorted((ROOT / "examples").glob("*.nn"))
    return options


def train(executable, seed, folder):
    """The metrics of the test part, and `seconds`."""
    words = [executable, "fit", "--seed", str(seed), "--json", "--progress=none"]
    output = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=True).stdout
    result = json.loads(output.splitlines()[-1])
    return {**result["test"], "seconds": result["seconds"]}


def main():
    options = arguments()
    print("| program | metric | mean | least | largest |")
    print("|---|---|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as folder:
        for program in options.programs:
            executable = pathlib.Path(folder) / program.stem
            subprocess.run([options.nnc, "build", program, "-o", executable], check=True)
            results = [train(executable, seed, folder) for seed in range(1, options.seeds + 1)]
            for name in results[0]:
                values = [result[name] for result in results]
                numbers = [statistics.mean(values), min(values), max(values)]
                cells = " | ".join(f"{number:.4g}" for number in numbers)
                print(f"| {program.name} | {name} | {cells} |")


if __name__ == "__main__":
    main()
