"""Those who run the workloads: nnc's executables and the rivals' long-lived programs, one for each
workload. Each of them answers

    first_step()      seconds from the command to the end of the first training step
    train(seconds)    samples a second
    predict(seconds)  microseconds of single predictions: median, 99th percentile

or raises Failed. After first_step() `compile_seconds` and `memory` (MB) are known; `form` says which
of several forms of the same was the fastest one in training, `predict_form` in predictions."""
import copy
import json
import math
import os
import pathlib
import select
import subprocess
import sys
import tempfile
import time

from workloads import write_data

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent
REPLY_SECONDS = 180  # the longest that a rival may take to compile a workload

# Else OpenBLAS chooses its kernels by the processor; an older one's make a rival slower than it is.
if "OPENBLAS_CORETYPE" in os.environ:
    core = os.environ["OPENBLAS_CORETYPE"]
    print(f"note: OPENBLAS_CORETYPE={core} is set: OpenBLAS takes those kernels", file=sys.stderr)

RIVALS = {  # name: the program in rivals/, its mode, environment
    "torch-eager": ("with_torch.py", "eager", {}),
    "torch-compile": ("with_torch.py", "compile", {}),
    "jax-step": ("with_jax.py", "step", {}),
    "jax-scan": ("with_jax.py", "scan", {}),
    "tf-onednn": ("with_tensorflow.py", "function", {"TF_ENABLE_ONEDNN_OPTS": "1"}),
    "tf-eigen": ("with_tensorflow.py", "function", {"TF_ENABLE_ONEDNN_OPTS": "0"}),
    "tf-xla": ("with_tensorflow.py", "xla", {}),
    "keras-fit": ("with_tensorflow.py", "fit", {}),
}
PACKAGES = {  # what a rival's program imports first, and what else it cannot do without
    "with_torch.py": ["torch"],
    "with_jax.py": ["optax", "jax", "jaxlib"],
    "with_tensorflow.py": ["tensorflow", "keras"],
}


class Failed(Exception):
    pass


def interpreter():
    """The Python that has the rivals: NNC_BENCH_PYTHON, or that of scripts/setup_rivals.sh."""
    chosen = os.environ.get("NNC_BENCH_PYTHON", ROOT / ".venv/bin/python")
    return str(chosen) if pathlib.Path(chosen).exists() else None


def ask_interpreter(program, *words):
    """The words that a small program prints."""
    command = [interpreter(), "-c", program, *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


def installed_rivals():
    """Names of the rivals whose packages are there."""
    if not interpreter():
        return []
    program = "import importlib.util as u, sys; print(*[m for m in sys.argv[1:] if u.find_spec(m)])"
    found = ask_interpreter(program, *(packages[0] for packages in PACKAGES.values()))
    return [name for name, (file, *_) in RIVALS.items() if PACKAGES[file][0] in found]


def installed_kilobytes(program_file):
    """What the packages of rivals take on the disk, without those that they depend on."""
    program = (
        "import importlib.util as u, os, sys\n"
        "for name in sys.argv[1:]:\n"
        "    for place, _, files in os.walk(os.path.dirname(u.find_spec(name).origin)):\n"
        "        print(*[os.lstat(os.path.join(place, f)).st_size for f in files])"
    )
    return sum(map(int, ask_interpreter(program, *PACKAGES[program_file]))) / 1000


class Rival:
    def __init__(self, name, workload, threads, precision="float32"):
        self.name, self.version, self.form, self.predict_form = name, "", "", ""
        self.memory = self.compile_seconds = math.nan
        self.started = time.monotonic()
        program, mode, environment = RIVALS[name]
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [interpreter(), HERE / "rivals" / program, mode, str(threads), workload, precision],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log,
            env={**os.environ, **environment},
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

    def first_step(self):
        reply = self.ask(do="first")
        seconds = time.monotonic() - self.started
        self.version, self.memory = reply["version"], reply["memory"]
        self.compile_seconds = reply["seconds"]
        return seconds

    def train(self, seconds):
        reply = self.ask(do="train", seconds=seconds)
        self.form = reply["form"]
        return reply["samples_per_second"]

    def predict(self, seconds):
        reply = self.ask(do="predict", seconds=seconds)
        self.predict_form = reply["form"]
        return reply

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self.log.close()


class Nnc:
    """nnc's executable in a temporary folder: of a workload, with made-up data, or of whatever
    `source` says."""

    name, form, predict_form = "nnc", "", ""

    def __init__(self, nnc, workload, threads, cpu="native", precision="float32"):
        self.nnc, self.threads, self.cpu = nnc, threads, cpu
        self.memory = self.compile_seconds = math.nan
        self.folder = tempfile.TemporaryDirectory()
        self.place = pathlib.Path(self.folder.name)
        self.executable = self.place / "program"
        folders = [self.folder.name, os.environ.get("NNC_DATA")]
        self.environment = {**os.environ, "NNC_DATA": ":".join(filter(None, folders))}
        if workload:
            program = HERE / "programs" / workload.program()
            self.source = ["--precision", precision, "-D", f"batch_size={workload.batch}", program]
            write_data(self.place)
        self.version = self.call(nnc, "--version")[0].split()[-1]

    def with_threads(self, threads, name):
        """The same executable with another number of threads, under another name."""
        other = copy.copy(self)
        other.threads, other.name = threads, name
        return other

    def call(self, *words, **settings):
        """Standard output of a command, and its peak memory in MB."""
        with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
            settings = {"env": self.environment, **settings}
            process = subprocess.Popen(words, stdout=output, stderr=errors, **settings)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                errors.seek(0)
                lines = errors.read().splitlines() or [""]
                reason = next((line for line in lines if line.startswith("error")), lines[-1])
                raise Failed(reason or f"status {process.returncode}")
            output.seek(0)
            return output.read(), usage.ru_maxrss / 1024

    def build(self):
        start = time.monotonic()
        self.call(self.nnc, "build", "--cpu", self.cpu, *self.source, "-o", self.executable)
        self.compile_seconds = time.monotonic() - start

    def run(self, *words):
        """Seconds and output of `nnc run` with an empty cache."""
        with tempfile.TemporaryDirectory() as cache:
            environment = {**self.environment, "XDG_CACHE_HOME": cache}
            start = time.monotonic()
            output, _ = self.call(self.nnc, "run", *words, cwd=cache, env=environment)
            return time.monotonic() - start, output

    def first_step(self):
        """Seconds of `nnc run` with one step: compilation and evaluation are part of it."""
        self.build()
        self.memory = self.training_memory()
        return self.run(*self.source, "fit", "--steps", "1")[0]

    def time_to_accuracy(self, program, wanted):
        """Epochs after which the test accuracy is as wanted, and seconds of a run of so many, from
        source to the end of the evaluation."""
        for epochs in range(1, 11):
            words = ["fit", "--epochs", str(epochs), "--json", "--progress=none"]
            seconds, output = self.run(program, *words)
            if json.loads(output)["test"]["accuracy"] >= wanted:
                return epochs, seconds
        raise Failed(f"{wanted} is not reached in {epochs} epochs")

    def bench(self, seconds, *more):
        if not self.executable.exists():
            raise Failed("not built")
        words = ["--json", "--threads", str(self.threads), "--seconds", str(seconds), *more]
        return json.loads(self.call(self.executable, "bench", *words)[0])

    def train(self, seconds):
        return self.bench(seconds)["train_samples_per_second"]

    def predict(self, seconds):
        return self.bench(seconds)["predict1_us"]

    def training_memory(self):
        """Peak memory of an epoch of training on the whole data set, in MB."""
        save = self.place / "weights.safetensors"
        return self.call(self.executable, "fit", "--epochs", "1", "--save", save)[1]

    def executable_kilobytes(self):
        return self.executable.stat().st_size / 1000 if self.executable.exists() else math.nan

    def close(self):
        self.folder.cleanup()
