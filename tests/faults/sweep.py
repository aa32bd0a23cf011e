#!/usr/bin/env python3
"""Lets every system call and every allocation of a small program fail, one after the other, and looks at what it says
and leaves behind. See README.md.

    sweep.py LIBRARY PROGRAM FOLDER [--nnc NNC] [--every N] [--kinds EIO,..] [--commands fit,..] [--from N] [--verbose]

PROGRAM was built from the source that --source prints, which is beside it; FOLDER is empty, and used up.
"""
import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import time

SOURCE = """
dataset points = csv("points.csv", target = label) -> split(validation = 0.25)
model net(x) { x -> dense(6, relu) -> batch_norm -> dropout(0.2) -> dense(1, sigmoid) }
train net on points {
    loss      = crossentropy
    optimizer = adam(0.01)
    metrics   = accuracy
    epochs    = 3
    batch     = 10
    callbacks = [early_stopping(patience = 3, restore_best_weights = true), csv_log("log.csv"), json_log("log.jsonl"),
                 history("history.json"), tensorboard("board"), checkpoint("best.safetensors", save_best_only = true)]
}
"""
FIT = "fit --seed 1 --threads 1 --progress line".split()
KEPT = FIT + "--save w.safetensors --checkpoint kept.safetensors --every 4 --history epochs.csv --step-log steps.csv".split()
RUN = FIT + "--run runs --every 4".split()
LISTS = "nnc sweep net.nn --run runs --learning-rate 0.01,0.02".split()

# What each begins with: the program, its data, and what these commands leave.
COMMANDS = {
    "init": ([], "init --seed 1 --save w.safetensors".split()),
    "fit": ([], KEPT),
    "run": ([], RUN),
    "resume": ([KEPT + ["--steps", "9"]], KEPT + ["--resume"]),
    "resume-run": ([RUN + ["--steps", "9"]], RUN + ["--resume"]),
    "evaluate": ([KEPT], "evaluate --threads 1 --weights w.safetensors --json".split()),
    "predict": ([KEPT], "predict --threads 1 --weights w.safetensors --csv points.npy".split()),
    "predict-npy": ([KEPT], "predict --threads 1 --weights w.safetensors --npy made.npy points.npy".split()),
    "report": ([KEPT], "report --threads 1 --weights w.safetensors -o page.html".split()),
    "runs": ([RUN, FIT + "--run runs --epochs 1".split()], "nnc runs runs --json".split()),
    "sweep": ([LISTS], LISTS + ["--dry-run"]),
    "lr-find": ([], "lr-find --threads 1 --steps 20 --csv curve.csv -o curve.svg --json".split()),
    "info": ([KEPT], "info --checkpoint kept.safetensors --json".split()),
}
OF_NNC = {name for name in COMMANDS if COMMANDS[name][1][0] == "nnc"}
# What a message says of each kind; None: it is not to be noticed.
REASONS = {
    "EIO": "Input/output error", "ENOSPC": "No space left on device", "EMFILE": "Too many open files",
    "memory": "memory", "EINTR": None, "short": None, "kill": "",
}
LASTS = {"EIO", "ENOSPC", "EMFILE", "memory", "short"}  # also from one on; who is interrupted for ever has no end


def tensors(path):
    """The bytes of a weights file behind its header, which has the time."""
    with open(path, "rb") as file:
        data = file.read()
    return data[8 + int.from_bytes(data[:8], "little"):]


def weights_of(folder):
    runs = os.path.join(folder, "runs")
    names = sorted(os.listdir(runs)) if os.path.isdir(runs) else []
    return os.path.join(runs, names[-1], "weights.safetensors") if names else os.path.join(folder, "w.safetensors")


def logs_of(folder):
    """What has the values of epochs, by name."""
    logs, run = {}, os.path.dirname(weights_of(folder))
    for where in {folder, run}:
        for name in ("log.csv", "log.jsonl", "history.json", "epochs.csv", "steps.csv"):
            path = os.path.join(where, name)
            if os.path.exists(path):
                with open(path, "rb") as file:
                    logs[os.path.relpath(path, run)] = file.read()
    return logs


def temporaries(folder):
    """What was begun and not ended. A run that was killed before it was one is not gone on with, nor is one that ended
    before it had a checkpoint: what could not be removed there stays."""
    found = []
    for where, folders, names in os.walk(folder):
        is_run = os.path.basename(os.path.dirname(where)) == "runs"
        if is_run and not {"run.json", "checkpoint.safetensors"} <= set(names):
            continue
        found += [os.path.join(where, name) for name in folders + names if name.startswith(".nnc-tmp-")]
    return found


class Sweep:
    def __init__(self, options):
        self.options = options
        self.folder = os.path.abspath(options.folder)
        self.library = os.path.abspath(options.library)
        self.faults = []
        self.runs = 0

    def start(self, command, at, environment=None, timeout=30):
        environment = dict(os.environ, **(environment or {}))
        words = [self.options.nnc] + command[1:] if command[0] == "nnc" else ["./net"] + command
        return subprocess.run(words, cwd=at, env=environment, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=timeout)

    def fail(self, what):
        name, kind, number, lasts = self.place
        text = f"{name}, {kind} {'from' if lasts else 'at'} call {number} ({self.call}): {what}"
        self.faults.append(text)
        print(text, flush=True)
        for line in self.err.splitlines()[:6]:
            print("    " + line)

    def prepare(self, name):
        template = os.path.join(self.folder, "template-" + name)
        os.mkdir(template)
        for source in (self.options.program, *self.data()):
            shutil.copy(source, os.path.join(template, os.path.basename(source)))
        for command in COMMANDS[name][0]:
            done = self.start(command, template)
            if done.returncode:
                sys.exit(f"{name} cannot be prepared: {done.stderr.decode()}")
        return template

    def data(self):
        folder = os.path.dirname(os.path.abspath(self.options.program))
        return [os.path.join(folder, name) for name in ("points.csv", "points.npy", "net.nn")]

    def trial(self, template):
        at = os.path.join(self.folder, "trial")
        shutil.rmtree(at, ignore_errors=True)
        shutil.copytree(template, at)
        return at

    def report_of(self, at):
        path = os.path.join(at, "faults")
        if not os.path.exists(path):
            return None
        with open(path) as file:
            count, failed, blocks, descriptors, call = file.readline().split()
            callers = file.read()
        os.unlink(path)
        return int(count), int(failed), int(blocks), int(descriptors), call, callers

    def run(self, name, template, kind, number, lasts):
        at = self.trial(template)
        self.place, self.call, self.err = (name, kind, number, lasts), "?", ""
        environment = {"LD_PRELOAD": self.library, "FAULTS_KIND": kind, "FAULTS_AT": str(number),
                       "FAULTS_FOREVER": "1" if lasts else "0", "FAULTS_REPORT": os.path.join(at, "faults")}
        self.runs += 1
        try:
            done = self.start(COMMANDS[name][1], at, environment)
        except subprocess.TimeoutExpired:
            self.fail("does not end")
            return None, None, at
        self.err = done.stderr.decode(errors="replace")
        report = self.report_of(at)
        if report:
            self.call = report[4]
        return done, report, at

    # ---- What is looked at.

    def check_end(self, done, report, kind, usual):
        """The status, and what is said."""
        lines = self.err.splitlines()
        errors = [line for line in lines if is_error(line)]
        if kind == "kill":
            if done.returncode != -signal.SIGKILL:
                self.fail(f"status {done.returncode} of one that was killed")
            return
        if done.returncode not in (0, 1):
            return self.fail(f"status {done.returncode}")
        if REASONS[kind] is None and (done.returncode or self.err != usual.stderr.decode()):
            return self.fail(f"status {done.returncode}: it is to be done again")
        if self.place[0] in OF_NNC:
            return self.check_nnc(done, kind, errors, usual)
        if len(errors) != done.returncode:
            self.fail(f"status {done.returncode} with {len(errors)} errors")
        said = [(REASONS[kind] or "").lower(), "memory"] + ["cannot start"] * (kind == "memory")
        if done.returncode and not any(reason in self.err.lower() for reason in said):
            self.fail("the reason is not said")
        if len(set(lines)) != len(lines):
            self.fail("says something twice")
        if done.returncode == 0 and timeless(done.stdout) != timeless(usual.stdout):
            self.fail("another output")

    def check_nnc(self, done, kind, errors, usual):
        """A row of a table may say what became of it, a warning what is left out; standard output may fail after a source."""
        said = self.err.lower() + done.stdout.decode(errors="replace").lower()
        if bool(errors) != bool(done.returncode):
            self.fail(f"status {done.returncode} with {len(errors)} errors")
        if len(set(errors)) != len(errors):
            self.fail("says something twice")
        is_same = done.returncode == 0 and timeless(done.stdout) == timeless(usual.stdout)
        if not is_same and (REASONS[kind] or "").lower() not in said:
            self.fail("another output, and the reason is not said")

    def check_left(self, report, kind, lasts, at, usual_report):
        if report is None:
            return kind == "kill" or self.fail("ends without its end")
        if kind != "memory" and report[2] > usual_report[2]:
            self.fail(f"{report[2] - usual_report[2]} blocks of memory more than usual are not given back")
            print(report[5])
        if report[3] > usual_report[3]:
            self.fail(f"{report[3] - usual_report[3]} descriptors more than usual stay open")
        is_removal = report[4] in ("unlink", "rmdir", "unlinkat")
        if not lasts and not is_removal and temporaries(at):
            self.fail(f"{temporaries(at)} stay")

    def check_after(self, name, at, usual):
        """The same command again, where nothing fails."""
        command = COMMANDS[name][1]
        goes_on = command[0] == "fit"
        was_warned = "warning: " in self.err
        again = self.start(command + (["--resume"] if goes_on and "--resume" not in command else []), at)
        if again.returncode:
            return self.fail(f"afterwards, status {again.returncode}: {again.stderr.decode()}")
        if temporaries(at):
            self.fail(f"{temporaries(at)} stay also afterwards")
        if command[0] in ("fit", "init") and tensors(weights_of(at)) != usual["weights"]:
            self.fail("afterwards, other weights")
        logs = logs_of(at)
        for log in usual["logs"]:
            if goes_on and not was_warned and logs.get(log) != usual["logs"][log]:
                self.fail(f"afterwards, another {log}")
        if not goes_on and command[0] != "init" and timeless(again.stdout) != timeless(usual["out"]):
            self.fail("afterwards, another output")

    def one(self, name, template, kind, number, lasts, usual):
        done, report, at = self.run(name, template, kind, number, lasts)
        if done is None:
            return True
        if report and not report[1]:
            return False
        self.check_end(done, report, kind, usual["done"])
        self.check_left(report, kind, lasts, at, usual["report"])
        self.check_after(name, at, usual)
        return True

    # ---- All.

    def usual(self, name, template, kind):
        done, report, at = self.run(name, template, kind, 0, False)
        if done is None or done.returncode or not report:
            sys.exit(f"{name}: fails where nothing fails: {self.err}")
        path = weights_of(at)
        return {"done": done, "report": report, "out": done.stdout, "logs": logs_of(at),
                "weights": tensors(path) if os.path.exists(path) else b""}

    def sweep(self, name, template, kind, lasts):
        usual = self.usual(name, template, kind)
        count = usual["report"][0]
        every = max(1, min(self.options.every, count // 2))  # two of each, at least
        before, start = len(self.faults), time.time()
        number = self.options.first or 1 + (hash_of(name + kind) + lasts) % every
        runs = self.runs
        while number <= count + 20 and self.one(name, template, kind, number, lasts, usual):
            number += every
        if self.options.verbose:
            print(f"{name}, {kind}{' and on' if lasts else ''}: {self.runs - runs} of {count} calls, "
                  f"{len(self.faults) - before} faults, {time.time() - start:.1f} s", flush=True)

    def all(self):
        for name in self.options.commands.split(","):
            template = self.prepare(name)
            for kind in self.options.kinds.split(","):
                if kind == "memory" and name in OF_NNC:
                    continue  # it ends at once, and gives nothing back
                for lasts in (False, True) if kind in LASTS else (False,):
                    self.sweep(name, template, kind, lasts)
        print(f"{self.runs} runs, {len(self.faults)} faults")
        return 1 if self.faults else 0


def timeless(out):
    """An epoch that took 0.0 s may take 0.1 s."""
    return re.sub(rb"\b[0-9]+(\.[0-9]+)?s\b", b"", out)


def is_error(line):
    """Of programs, of nnc, of its messages about a source, whose last line counts them."""
    if line.startswith("nnc: "):
        return not line.startswith("nnc: warning: ")
    return ": error: " in line or line.startswith("error[")


def hash_of(text):
    return sum(ord(letter) * (i + 7) for i, letter in enumerate(text))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("library")
    parser.add_argument("program")
    parser.add_argument("folder")
    parser.add_argument("--nnc", default="nnc")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--from", type=int, default=0, dest="first")
    parser.add_argument("--kinds", default=",".join(REASONS))
    parser.add_argument("--commands", default=",".join(COMMANDS))
    parser.add_argument("--verbose", action="store_true")
    sys.exit(Sweep(parser.parse_args()).all())


if __name__ == "__main__":
    if sys.argv[1:] == ["--source"]:
        print(SOURCE)
    else:
        main()
