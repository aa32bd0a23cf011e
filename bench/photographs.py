#!/usr/bin/env python3
"""Photographs from folders, decoded, resized to 150 x 150 and augmented for each epoch, into a network that
costs next to nothing: nnc's `images` beside Keras's image_dataset_from_directory and augmentation layers, in turns.
Prints medians in pictures/s, of an epoch without the first.

usage: bench/photographs.py FOLDER [--threads N] [--rounds N]      FOLDER/train has a folder a class"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
NNC = os.environ.get("NNC", str(HERE.parent / "build" / "nnc"))
PYTHON = os.environ.get("NNC_BENCH_PYTHON", sys.executable)
PROGRAM = """
dataset pets = images("{folder}", memory = none) -> resize(150, 150) -> scale(1/255)
            -> augment(flip(horizontal), rotate(40), shift(0.2, 0.2), zoom(0.2))
model net(image) {{ image -> global_average_pool -> dense(1, sigmoid) }}
train net on pets {{ loss = binary_crossentropy  optimizer = sgd  epochs = 1  batch = 20 }}
"""
KERAS = """
import json, sys, time
import tensorflow as tf
import keras
folder, threads = sys.argv[1], int(sys.argv[2])
tf.config.threading.set_intra_op_parallelism_threads(threads)
tf.config.threading.set_inter_op_parallelism_threads(threads)
change = keras.Sequential([keras.layers.RandomFlip("horizontal"), keras.layers.RandomRotation(40 / 360, "nearest"),
                           keras.layers.RandomTranslation(0.2, 0.2, "nearest"), keras.layers.RandomZoom(0.2, fill_mode="nearest"),
                           keras.layers.Rescaling(1 / 255)])
data = keras.utils.image_dataset_from_directory(folder, image_size=(150, 150), batch_size=20, label_mode="binary", verbose=False)
data = data.map(lambda x, y: (change(x, training=True), y), num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)
for line in sys.stdin:
    start, count = time.perf_counter(), 0
    for x, y in data:
        count += int(x.shape[0])
    print("reply", count / (time.perf_counter() - start), flush=True)
"""


class Program:
    def __init__(self, folder, threads, scratch):
        source, self.executable = f"{scratch}/photographs.nn", f"{scratch}/photographs"
        pathlib.Path(source).write_text(PROGRAM.format(folder=folder))
        subprocess.run([NNC, "build", source, "-o", self.executable], check=True, capture_output=True)
        self.threads, self.scratch = threads, scratch

    def measure(self):
        command = [self.executable, "fit", "--json", "--progress=none", "--threads", str(self.threads), "--epochs", "2"]
        answer = subprocess.run(command, check=True, capture_output=True, cwd=self.scratch)
        return json.loads(answer.stdout)["samples_per_second"]


class Keras:
    def __init__(self, folder, threads):
        command = [PYTHON, "-c", KERAS, f"{folder}/train", str(threads)]
        self.process = subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.measure()

    def measure(self):
        print("go", file=self.process.stdin, flush=True)
        for line in self.process.stdout:
            if line.startswith("reply "):
                return float(line[6:])
        raise SystemExit("Keras ended: does NNC_BENCH_PYTHON have TensorFlow?")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    folder = os.path.abspath(options.folder)
    with tempfile.TemporaryDirectory() as scratch:
        contestants = {"nnc": Program(folder, options.threads, scratch), "Keras": Keras(folder, options.threads)}
        rates = {name: [] for name in contestants}
        for _ in range(options.rounds):
            for name, contestant in contestants.items():
                rates[name].append(contestant.measure())
        first = statistics.median(rates["nnc"])
        for name, values in rates.items():
            middle = statistics.median(values)
            print(f"{name:8} {middle:8.0f} pictures/s   {min(values):.0f} to {max(values):.0f}   nnc is faster by {first / middle:.2f}")


if __name__ == "__main__":
    main()
