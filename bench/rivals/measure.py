"""What the rivals' programs share: they are started once, wait on standard input, and answer with
one JSON object a line, so that bench/run.py can interleave them with nnc.

A request is {"workload": NAME, "do": "first" | "train" | "predict", "seconds": S}."""
import json
import sys
import time

import numpy as np

ROWS = 2048  # of random data, in memory as float32


class Rival:
    """One workload in one framework. Subclasses hold data, model and optimizer."""

    batch = 32
    steps_a_call = 1
    calls_between_waits = 8

    def __init__(self):
        self.order, self.place = None, 0

    def shuffled(self):
        """The samples in a new order, in the form that `train` likes best."""
        return np.random.default_rng().permutation(ROWS)

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
        while time.perf_counter() - start < seconds:
            if self.order is None or self.place + count > ROWS:
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
        while time.perf_counter() < end:
            start = time.perf_counter()
            self.predict()
            times.append(1e6 * (time.perf_counter() - start))
        times.sort()
        return {"median": times[len(times) // 2], "p99": times[int(len(times) * 0.99)]}


def random_data(shape):
    """Features and labels of ten classes."""
    generator = np.random.default_rng(0)
    features = generator.random((ROWS,) + shape, dtype=np.float32)
    return features, generator.integers(0, 10, ROWS)


def serve(version, make):
    """Answers requests until standard input ends. `make` turns a workload's name into a Rival."""
    rivals = {}

    def answer(request):
        name = request["workload"]
        if name not in rivals:
            rivals[name] = make(name)
        rival = rivals[name]
        if request["do"] == "predict":
            return rival.predict_for(request["seconds"])
        if request["do"] == "first":
            rival.train_for(0.001)
            return {"version": version}
        return {"samples_per_second": rival.train_for(request["seconds"])}

    for line in sys.stdin:
        try:
            reply = answer(json.loads(line))
        except Exception as problem:  # a rival that fails is a line in the table, not the end
            reply = {"failed": f"{type(problem).__name__}: {problem}".splitlines()[0][:200]}
        print("reply " + json.dumps(reply), flush=True)
