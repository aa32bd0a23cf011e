"""TensorFlow on the benchmark workloads: Keras's fit as people write it, a tf.function step, and the
same compiled by XLA.

usage: with_tensorflow.py fit|function|xla THREADS"""
import os
import sys
import time

mode, threads = sys.argv[1], int(sys.argv[2])
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import tensorflow as tf
from keras import layers

import measure

tf.config.threading.set_intra_op_parallelism_threads(threads)
tf.config.threading.set_inter_op_parallelism_threads(1)
keras.utils.set_random_seed(0)


def stack(*parts):
    return keras.Sequential([keras.Input((28, 28)), layers.Flatten(), *parts])


def narrow():
    return stack(layers.Dense(10, "sigmoid"), layers.Dense(10))


def wide():
    return stack(
        layers.Dense(512, "relu"), layers.Dropout(0.2),
        layers.Dense(512, "relu"), layers.Dropout(0.2),
        layers.Dense(10),
    )  # fmt: skip


def sgd():
    return keras.optimizers.SGD(0.01)


adam = keras.optimizers.Adam

WORKLOADS = {  # name: model, optimizer, sample shape, batch
    "B1-sgd-32": (narrow, sgd, (28, 28), 32),
    "B1-adam-32": (narrow, adam, (28, 28), 32),
    "B1-sgd-256": (narrow, sgd, (28, 28), 256),
    "B2-adam-32": (wide, adam, (28, 28), 32),
    "B2-adam-128": (wide, adam, (28, 28), 128),
}


class Function(measure.Rival):
    """A training step as a tf.function over data in a constant."""

    def __init__(self, name):
        super().__init__()
        make, optimizer, shape, self.batch = WORKLOADS[name]
        features, labels = measure.random_data(shape)
        self.features, self.labels = tf.constant(features), tf.constant(labels)
        self.model, self.optimizer = make(), optimizer()
        self.optimizer.build(self.model.trainable_variables)
        self.loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        compiled = mode == "xla"
        self.step = tf.function(self.plain_step, jit_compile=compiled)
        self.predictor = tf.function(self.plain_prediction, jit_compile=compiled)
        self.sample, self.last = self.features[:1], None

    def plain_step(self, rows):
        features, labels = tf.gather(self.features, rows), tf.gather(self.labels, rows)
        variables = self.model.trainable_variables
        with tf.GradientTape() as tape:
            loss = self.loss(labels, self.model(features, training=True))
        self.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        return loss

    def plain_prediction(self, features):
        return tf.nn.softmax(self.model(features, training=False))

    def train(self, rows):
        self.last = self.step(tf.constant(rows.astype("int32")))

    def wait(self):
        if self.last is not None:
            self.last.numpy()

    def predict(self):
        self.predictor(self.sample).numpy()


class Fit(measure.Rival):
    """keras.Model.fit, an epoch at a time."""

    def __init__(self, name):
        super().__init__()
        make, optimizer, shape, self.batch = WORKLOADS[name]
        self.features, self.labels = measure.random_data(shape)
        self.model = make()
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.model.compile(optimizer=optimizer(), loss=loss)

    def train_for(self, seconds):
        epochs, start = 0, time.perf_counter()
        while epochs == 0 or time.perf_counter() - start < seconds:
            self.model.fit(self.features, self.labels, batch_size=self.batch, verbose=0)
            epochs += 1
        return epochs * measure.ROWS / (time.perf_counter() - start)

    def predict(self):
        self.model.predict(self.features[:1], verbose=0)


measure.serve(tf.__version__, Fit if mode == "fit" else Function)
