"""Those who run the workloads: nnc's executables and the rivals' long-lived programs. Each of them
answers train(workload, seconds) with samples a second and predict(workload, seconds) with
microseconds, or raises Failed."""
import json
import os
import pathlib
import select
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent
REPLY_SECONDS = 180  # the longest that a rival may take to compile a workload

RIVALS = {  # name: the program in rivals/ and its mode
    "torch-eager": ("with_torch.py", "eager"),
    "torch-compile": ("with_torch.py", "compile"),
    "jax-step": ("with_jax.py", "step"),
    "jax-scan": ("with_jax.py", "scan"),
    "tf-function": ("with_tensorflow.py", "function"),
    "tf-xla": ("with_tensorflow.py", "xla"),
    "keras-fit": ("with_tensorflow.py", "fit"),
}
MODULES = {"with_torch.py": "torch", "with_jax.py": "optax", "with_tensorflow.py": "tensorflow"}


class Failed(Exception):
    pass


def interpreter():
    """The Python that has the rivals: NNC_BENCH_PYTHON, or that of scripts/setup_rivals.sh."""
    chosen = os.environ.get("NNC_BENCH_PYTHON", ROOT / ".venv/bin/python")
    return str(chosen) if pathlib.Path(chosen).exists() else None


def installed_rivals():
    """Names of the rivals whose packages are there."""
    python = interpreter()
    if not python:
        return []
    program = "import importlib.util as u, sys; print(*[m for m in sys.argv[1:] if u.find_spec(m)])"
    found = subprocess.run(
        [python, "-c", program, *MODULES.values()], capture_output=True, text=True, check=True
    ).stdout.split()
    return [name for name, (file, _) in RIVALS.items() if MODULES[file] in found]


class Rival:
    def __init__(self, name, threads):
        self.name, self.version = name, ""
        self.started = time.monotonic()
        program, mode = RIVALS[name]
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [interpreter(), HERE / "rivals" / program, mode, str(threads)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log,
        )  # fmt: skip
        self.text = b""

    def ask(self, **request):
        try:
            self.process.stdin.write(json.dumps(request).encode() + b"\n")
            self.process.stdin.flush()
            reply = self.reply()
        except OSError as problem:
            raise Failed("ended") from problem
        if "failed" in reply:
            raise Failed(reply["failed"])
        return reply

    def reply(self):
        """The next line that starts with "reply"; what else a framework prints is skipped."""
        deadline = time.monotonic() + REPLY_SECONDS
        while True:
            line, found, rest = self.text.partition(b"\n")
            if found:
                self.text = rest
                if line.startswith(b"reply "):
                    return json.loads(line[6:])
                continue
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                raise Failed(f"no answer in {REPLY_SECONDS} s")
            more = os.read(self.process.stdout.fileno(), 65536)
            if not more:
                raise Failed("ended")
            self.text += more

    def first_step(self, workload):
        """Seconds from the start of the process to the end of the first step."""
        self.version = self.ask(workload=workload, do="first")["version"]
        return time.monotonic() - self.started

    def train(self, workload, seconds):
        return self.ask(workload=workload, do="train", seconds=seconds)["samples_per_second"]

    def predict(self, workload, seconds):
        return self.ask(workload=workload, do="predict", seconds=seconds)

    def close(self):
        """Ends the process; returns its peak memory in MB."""
        self.process.stdin.close()
        _, _, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = 0
        self.process.stdout.close()
        self.log.close()
        return usage.ru_maxrss / 1024


class Nnc:
    """nnc's executables of the workloads, built in a temporary folder."""

    name = "nnc"

    def __init__(self, nnc, workloads, threads):
        self.nnc, self.threads = nnc, threads
        self.folder = tempfile.TemporaryDirectory()
        self.compile_seconds, self.peak_memory = {}, {}
        for name, workload in workloads.items():
            start = time.monotonic()
            self.call(
                nnc, "build", HERE / "programs" / workload.program,
                "-D", f"batch_size={workload.batch}", "-o", self.executable(name),
            )  # fmt: skip
            self.compile_seconds[name] = time.monotonic() - start
        self.version = self.call(nnc, "--version").split()[-1]

    def executable(self, workload):
        return pathlib.Path(self.folder.name) / workload

    def call(self, *words, **settings):
        """Standard output of a command; its peak memory is kept by the command's file name."""
        with tempfile.TemporaryFile("w+") as output:
            process = subprocess.Popen(words, stdout=output, stderr=sys.stderr, **settings)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                raise Failed(f"status {process.returncode}: {' '.join(map(str, words))}")
            self.peak_memory[pathlib.Path(words[0]).name] = usage.ru_maxrss / 1024
            output.seek(0)
            return output.read()

    def bench(self, workload, seconds):
        return json.loads(
            self.call(
                self.executable(workload), "bench", "--json",
                "--threads", str(self.threads), "--seconds", str(seconds),
            )
        )  # fmt: skip

    def run(self, program, *words):
        """Seconds and output of `nnc run` with an empty cache."""
        with tempfile.TemporaryDirectory() as cache:
            start = time.monotonic()
            output = self.call(
                self.nnc, "run", program, "fit", *words,
                cwd=cache, env={**os.environ, "XDG_CACHE_HOME": cache},
            )  # fmt: skip
            return time.monotonic() - start, output

    def first_step(self, workload):
        """Seconds of `nnc run` with one step."""
        return self.run(HERE / "programs" / workload.program, "--steps", "1")[0]

    def time_to_accuracy(self, program, wanted):
        """Epochs after which the test accuracy is as wanted, and seconds of a run of so many, from
        source to the end of the evaluation."""
        for epochs in range(1, 11):
            seconds, output = self.run(program, "--epochs", str(epochs), "--json", "--progress=none")
            if json.loads(output)["test"]["accuracy"] >= wanted:
                return epochs, seconds
        raise Failed(f"{wanted} is not reached in {epochs} epochs")

    def train(self, workload, seconds):
        return self.bench(workload, seconds)["train_samples_per_second"]

    def predict(self, workload, seconds):
        return self.bench(workload, seconds)["predict1_us"]

    def training_memory(self, workload):
        """Peak memory of an epoch of training on the whole data set, in MB."""
        save = self.executable("weights.safetensors")
        self.call(self.executable(workload), "fit", "--epochs", "1", "--save", save)
        return self.peak_memory[workload]
