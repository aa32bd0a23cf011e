"""TensorFlow on the benchmark workloads: Keras's fit as people write it, a tf.function step, and the
same compiled by XLA. TF_ENABLE_ONEDNN_OPTS chooses the kernels: oneDNN's (1) or Eigen's (0). bfloat16
is Keras's policy mixed_bfloat16: weights and loss stay in float32.

usage: with_tensorflow.py fit|function|xla THREADS WORKLOAD float32|bfloat16"""
import os
import sys
import time

mode, threads, workload, precision = sys.argv[1], int(sys.argv[2]), *sys.argv[3:5]
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import tensorflow as tf
from keras import layers

import measure

tf.config.threading.set_intra_op_parallelism_threads(threads)
tf.config.threading.set_inter_op_parallelism_threads(1)
keras.utils.set_random_seed(0)
if precision == "bfloat16":
    keras.config.set_dtype_policy("mixed_bfloat16")


def stack(shape, *parts):
    return keras.Sequential([keras.Input(shape), *parts])


def narrow(shape):
    return stack(shape, layers.Flatten(), layers.Dense(10, "sigmoid"), layers.Dense(10))


def wide(shape):
    return stack(
        shape, layers.Flatten(),
        layers.Dense(512, "relu"), layers.Dropout(0.2),
        layers.Dense(512, "relu"), layers.Dropout(0.2),
        layers.Dense(10),
    )  # fmt: skip


def conv(filters, kernel, padding="valid"):
    return layers.Conv2D(filters, kernel, padding=padding, activation="relu")


def book(shape):
    return stack(
        shape, conv(32, 5), layers.MaxPooling2D(), conv(64, 5), layers.MaxPooling2D(),
        layers.Flatten(), layers.Dense(10),
    )  # fmt: skip


def lenet(shape):
    return stack(
        shape, conv(6, 5, "same"), layers.MaxPooling2D(), conv(16, 5), layers.MaxPooling2D(),
        layers.Flatten(), layers.Dense(120, "relu"), layers.Dense(84, "relu"), layers.Dense(10),
    )  # fmt: skip


def digits(shape):
    return stack(
        shape, conv(32, 3), conv(64, 3), layers.MaxPooling2D(), layers.Dropout(0.25),
        layers.Flatten(), layers.Dense(128, "relu"), layers.Dropout(0.5), layers.Dense(10),
    )  # fmt: skip


def clothes(shape):
    return stack(
        shape, conv(32, 3, "same"), layers.BatchNormalization(), layers.MaxPooling2D(),
        conv(64, 3, "same"), layers.BatchNormalization(), layers.MaxPooling2D(), layers.Dropout(0.25),
        layers.Flatten(), layers.Dense(128, "relu"), layers.Dropout(0.5), layers.Dense(10),
    )  # fmt: skip


def cifar(shape):
    return stack(
        shape,
        conv(32, 3, "same"), conv(32, 3), layers.MaxPooling2D(), layers.Dropout(0.25),
        conv(64, 3, "same"), conv(64, 3), layers.MaxPooling2D(), layers.Dropout(0.25),
        layers.Flatten(), layers.Dense(512, "relu"), layers.Dropout(0.5), layers.Dense(10),
    )  # fmt: skip


def expm(shape):
    return stack(shape, layers.Dense(32, "tanh"), layers.Dense(16, "tanh"), layers.Dense(4))


def valid_lenet(shape):
    return stack(
        shape, conv(6, 5), layers.MaxPooling2D(), conv(16, 5), layers.MaxPooling2D(),
        layers.Flatten(), layers.Dense(120, "relu"), layers.Dense(84, "relu"), layers.Dense(10),
    )  # fmt: skip


def higgs(shape):
    return stack(shape, *(layers.Dense(300, "tanh") for _ in range(5)), layers.Dense(1))


def residual(x, filters, stride):
    def plain(x, kernel, stride):
        return layers.Conv2D(filters, kernel, stride, padding="same")(x)

    y = layers.ReLU()(layers.BatchNormalization()(plain(x, 3, stride)))
    y = layers.BatchNormalization()(plain(y, 3, 1))
    return layers.ReLU()(layers.Add()([y, x if stride == 1 else plain(x, 1, stride)]))


def resnet20(shape):
    image = keras.Input(shape)
    x = layers.Conv2D(16, 3, padding="same")(image)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    for filters, first_stride in ((16, 1), (32, 2), (64, 2)):
        for stride in (first_stride, 1, 1):
            x = residual(x, filters, stride)
    return keras.Model(image, layers.Dense(10)(layers.GlobalAveragePooling2D()(x)))


def sgd():
    return keras.optimizers.SGD(0.01)


def momentum():
    return keras.optimizers.SGD(0.1, 0.9, weight_decay=1e-4)


adam = keras.optimizers.Adam

GRAY, COLOUR = (28, 28, 1), (32, 32, 3)
LOSSES = {  # by what the targets are: the loss of scores, and what predictions make of them
    "labels": (lambda: keras.losses.SparseCategoricalCrossentropy(from_logits=True), tf.nn.softmax),
    "numbers": (keras.losses.MeanSquaredError, tf.identity),
    "answers": (lambda: keras.losses.BinaryCrossentropy(from_logits=True), tf.nn.sigmoid),
}
WORKLOADS = {  # name: model, optimizer, sample shape, batch, targets where they are no labels
    "B1-sgd-32": (narrow, sgd, (28, 28), 32),
    "B1-adam-32": (narrow, adam, (28, 28), 32),
    "B1-sgd-256": (narrow, sgd, (28, 28), 256),
    "B2-adam-32": (wide, adam, (28, 28), 32),
    "B2-adam-128": (wide, adam, (28, 28), 128),
    "B3-sgd-32": (book, sgd, GRAY, 32),
    "B3-sgd-128": (book, sgd, GRAY, 128),
    "B3-lenet-32": (lenet, sgd, GRAY, 32),
    "B3-lenet-128": (lenet, sgd, GRAY, 128),
    "B4-adam-128": (digits, adam, GRAY, 128),
    "B4-norm-128": (clothes, adam, GRAY, 128),
    "B5-adam-32": (cifar, adam, COLOUR, 32),
    "B5-adam-128": (cifar, adam, COLOUR, 128),
    "B6-momentum-32": (resnet20, momentum, COLOUR, 32),
    "B6-momentum-128": (resnet20, momentum, COLOUR, 128),
    "S1-adam-10000": (expm, adam, (4,), 10000, "numbers"),
    "S2-adam-2048": (valid_lenet, adam, GRAY, 2048),
    "S3-adam-1000": (higgs, adam, (28,), 1000, "answers"),
}


def workload_of(name):
    """Model, optimizer, sample shape, batch, what the targets are."""
    make, optimizer, shape, batch, *targets = WORKLOADS[name]
    return make, optimizer, shape, batch, targets[0] if targets else "labels"


class Function(measure.Rival):
    """A training step as a tf.function over data in a constant."""

    def __init__(self, name):
        super().__init__()
        make, optimizer, shape, self.batch, targets = workload_of(name)
        self.calls_between_waits = 1 if len(shape) == 3 else 8
        features, labels = measure.random_data(shape, targets)
        self.rows = len(features)
        self.features, self.labels = tf.constant(features), tf.constant(labels)
        self.model, self.optimizer = make(shape), optimizer()
        self.optimizer.build(self.model.trainable_variables)
        loss, self.end = LOSSES[targets]
        self.loss = loss()
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
        return self.end(tf.cast(self.model(features, training=False), tf.float32))

    def train(self, rows):
        self.last = self.step(tf.constant(rows.astype("int32")))

    def wait(self):
        if self.last is not None:
            self.last.numpy()

    def predict(self):
        self.predictor(self.sample).numpy()


class Fit(measure.Rival):
    """keras.Model.fit, an epoch at a time; of pictures an epoch is short enough to be measured."""

    def __init__(self, name):
        super().__init__()
        make, optimizer, shape, self.batch, targets = workload_of(name)
        rows = None if len(shape) < 3 else max(512, self.batch)
        self.features, self.labels = (data[:rows] for data in measure.random_data(shape, targets))
        self.model = make(shape)
        self.model.compile(optimizer=optimizer(), loss=LOSSES[targets][0]())

    def train_for(self, seconds):
        epochs, start = 0, time.perf_counter()
        while epochs == 0 or time.perf_counter() - start < seconds:
            self.model.fit(self.features, self.labels, batch_size=self.batch, verbose=0)
            epochs += 1
        return epochs * len(self.features) / (time.perf_counter() - start)

    def predict(self):
        self.model.predict(self.features[:1], verbose=0)


measure.serve(tf.__version__, Fit if mode == "fit" else Function, workload)
