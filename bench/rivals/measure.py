"""What the rivals' programs share: they are started once, wait on standard input, and answer with
one JSON object a line, so that bench/run.py can interleave them with nnc.

A request is {"do": "first" | "train" | "predict" | "memory", "seconds": S}: one step, or so many
seconds; memory, before training and at its peak, is asked of a program that has done nothing else."""
import json
import resource
import sys
import time

import numpy as np

ROWS = 2048  # of random pictures, in memory as float32
POINTS = 10000  # of random rows of numbers
TRIAL_SECONDS = 0.4  # of each form, twice, before the fastest is kept


class Rival:
    """One workload in one framework. Subclasses hold data, model and optimizer. Where a framework has
    several forms of the same (layouts of pictures), the fastest counts, for training and prediction
    apart."""

    batch = 32
    rows = ROWS
    steps_a_call = 1
    calls_between_waits = 8  # 1 where a call takes milliseconds anyway
    forms = ("",)

    def __init__(self):
        self.order, self.place = None, 0
        self.fastest = {}

    def take(self, form):
        """Goes on in another of `forms`."""

    def shuffled(self):
        """The samples in a new order, in the form that `train` likes best."""
        return np.random.default_rng().permutation(self.rows)

    def train(self, rows):
        """Queues one call on `batch * steps_a_call` rows."""
        raise NotImplementedError

    def wait(self):
        """Returns when all that was queued is done."""

    def predict(self):
        """Predicts one sample and waits for the result."""
        raise NotImplementedError

    def train_for(self, seconds):
        """Samples a second."""
        count = self.batch * self.steps_a_call
        calls, start = 0, time.perf_counter()
        while calls == 0 or time.perf_counter() - start < seconds:
            if self.order is None or self.place + count > len(self.order):
                self.order, self.place = self.shuffled(), 0
            self.train(self.order[self.place : self.place + count])
            self.place += count
            calls += 1
            if calls % self.calls_between_waits == 0:
                self.wait()
        self.wait()
        return calls * count / (time.perf_counter() - start)

    def predict_for(self, seconds):
        """Microseconds of single predictions: median and 99th percentile."""
        for _ in range(20):
            self.predict()
        times, end = [], time.perf_counter() + seconds
        while not times or time.perf_counter() < end:
            start = time.perf_counter()
            self.predict()
            times.append(1e6 * (time.perf_counter() - start))
        times.sort()
        return {"median": times[len(times) // 2], "p99": times[int(len(times) * 0.99)]}

    def first_step(self):
        self.take(self.forms[0])
        self.train_for(0)
        megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return {"memory": megabytes}

    def memory(self):
        """MB that the program has before the first step, and at most in some of them."""
        pages = int(open("/proc/self/statm").read().split()[1])
        before = pages * resource.getpagesize() / 1e6
        self.take(self.forms[0])
        for _ in range(4):
            self.train_for(0)
        return {"before": before, "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3 * 1.024}

    def settle(self, task, speed):
        """Takes the form in which `speed()` is highest; tried when `task` is asked for first, two
        times each in turn, because a busy neighbour may spoil one."""
        if task not in self.fastest:
            best = dict.fromkeys(self.forms, 0)
            seconds = [0, TRIAL_SECONDS, TRIAL_SECONDS] if len(self.forms) > 1 else []
            for some in seconds:  # none at first: that compiles
                for form in self.forms:
                    self.take(form)
                    best[form] = max(best[form], speed(some))
            self.fastest[task] = max(best, key=best.get)
        self.take(self.fastest[task])
        return {"form": self.fastest[task]}

    def measure_training(self, seconds):
        form = self.settle("train", self.train_for)
        return {"samples_per_second": self.train_for(seconds), **form}

    def measure_prediction(self, seconds):
        form = self.settle("predict", lambda s: 1 / self.predict_for(s)["median"])
        return {**self.predict_for(seconds), **form}


def random_data(shape, targets="labels"):
    """Features, and labels of ten classes, or `answers`, 0 and 1, or four `numbers`, of each."""
    generator = np.random.default_rng(0)
    rows = ROWS if targets == "labels" else POINTS
    features = generator.random((rows,) + shape, dtype=np.float32)
    if targets == "numbers":
        return features, generator.random((rows, 4), dtype=np.float32)
    if targets == "answers":
        return features, generator.integers(0, 2, (rows, 1)).astype(np.float32)
    return features, generator.integers(0, 10, rows)


def serve(version, make, workload):
    """Answers requests until standard input ends. `make` turns a workload's name into a Rival."""
    rival = None

    def answer(request):
        nonlocal rival
        if request["do"] == "first":
            start = time.perf_counter()
            rival = make(workload)
            answer = rival.first_step()
            return {"version": version, "seconds": time.perf_counter() - start, **answer}
        if request["do"] == "memory":
            return {"version": version, **make(workload).memory()}
        task = rival.measure_training if request["do"] == "train" else rival.measure_prediction
        return task(request["seconds"])

    for line in sys.stdin:
        try:
            reply = answer(json.loads(line))
        except Exception as problem:  # a rival that fails is a line in the table, not the end
            reply = {"failed": f"{type(problem).__name__}: {problem}".splitlines()[0][:200]}
        print("reply " + json.dumps(reply), flush=True)
