#!/usr/bin/env python3
"""Memory of trainings beside PyTorch: what a process holds at most in some steps, the same batch and as much data;
of nnc also what `nnc summary` states. What PyTorch holds before its first step (itself, the data) is told apart, as
a program cannot do without it.

usage: bench/memory.py [WORKLOAD...] [--threads N]"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from steps import write_texts
from workloads import WORKLOADS, write_data

HERE = pathlib.Path(__file__).resolve().parent
NNC = os.environ.get("NNC", str(HERE.parent / "build" / "nnc"))
PYTHON = os.environ.get("NNC_BENCH_PYTHON", sys.executable)
SEQUENCES = ["writer", "gru", "gpt", "words"]
USUAL = ["B2-adam-128", "B3-sgd-128", "B4-adam-128", "B4-norm-128", "B6-momentum-128", *SEQUENCES]


def source(name):
    """The words of nnc's command line that say the program."""
    if name in SEQUENCES:
        return [str(HERE / "programs" / f"{name}.nn")]
    workload = WORKLOADS[name]
    return ["-D", f"batch_size={workload.batch}", str(HERE / "programs" / workload.program())]


def peak(process):
    """Bytes that it has held at most, asked until it ends. What the kernel tells of it afterwards counts this program,
    too, whose memory it had before it was itself."""
    seen = 0
    while process.poll() is None:
        try:
            lines = pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines()
        except OSError:
            break
        seen = max([seen, *(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))])
        time.sleep(0.001)
    return seen


def of_nnc(name, threads, folder):
    """MB at the peak of some steps, and as stated."""
    environment = {**os.environ, "NNC_DATA": folder}
    executable = f"{folder}/{name}"
    subprocess.run([NNC, "build", *source(name), "-o", executable], check=True, env=environment)
    answer = subprocess.run([NNC, "summary", *source(name), "--json"], check=True, env=environment, capture_output=True)
    command = [executable, "fit", "--steps", "4", "--threads", str(threads), "--progress=none", "--save", executable + ".safetensors"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    held = peak(process)
    if process.wait():
        sys.exit(f"{name}: status {process.returncode}")
    return held / 1e6, json.loads(answer.stdout)["peak_bytes"] / 1e6


def of_torch(name, threads):
    """MB before the first step, and at the peak of some."""
    program = "sequences_torch.py" if name in SEQUENCES else "with_torch.py"
    command = [PYTHON, program, "eager", str(threads), name, "float32"]
    request = json.dumps({"do": "memory"}) + "\n"
    answer = subprocess.run(command, cwd=HERE / "rivals", input=request, text=True, capture_output=True, check=True)
    reply = json.loads(next(line for line in answer.stdout.splitlines() if line.startswith("reply "))[6:])
    if "failed" in reply:
        sys.exit(f"{name}: {reply['failed']}")
    return reply["before"], reply["memory"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("workloads", nargs="*", default=USUAL)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    print("| | nnc, MB | stated | PyTorch, MB | of that before the first step | more for training | nnc to that |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as folder:
        write_data(pathlib.Path(folder))
        write_texts(pathlib.Path(folder))
        for name in options.workloads:
            own, stated = of_nnc(name, options.threads, folder)
            before, peak = of_torch(name, options.threads)
            more = peak - before
            print(f"| {name} | {own:.0f} | {stated:.0f} | {peak:.0f} | {before:.0f} | {more:.0f} | {own / more:.2f} |", flush=True)


if __name__ == "__main__":
    main()
