"""Keras and TensorFlow on programs with steps of their own, as steps_torch.py has them: Keras's layers
and a step in a `tf.function`.

usage: steps_tensorflow.py plain|jit THREADS gan|vae float32|bfloat16
       steps_tensorflow.py curve THREADS vae EPOCHS FOLDER
The second trains on MNIST, whose files are in FOLDER, and prints an epoch's loss a line."""
import gzip
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras
import numpy as np
import tensorflow as tf
from keras import layers

import measure

mode, threads, workload = sys.argv[1], int(sys.argv[2]), sys.argv[3]
tf.config.threading.set_intra_op_parallelism_threads(threads)
tf.config.threading.set_inter_op_parallelism_threads(1)
if mode != "curve" and sys.argv[4] == "bfloat16":
    keras.config.set_dtype_policy("mixed_bfloat16")
crossentropy = keras.losses.BinaryCrossentropy(from_logits=True)


def apply(tape, loss, optimizer, variables):
    optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))


class Gan:
    batch, shape = 256, (28, 28, 1)

    def __init__(self):
        def up(filters, **more):
            return layers.Conv2DTranspose(filters, 5, 2, "same", **more)

        def down(filters):
            return [layers.Conv2D(filters, 5, 2, "same"), layers.LeakyReLU(0.3), layers.Dropout(0.3)]

        self.generator = keras.Sequential([
            keras.Input((100,)), layers.Dense(7 * 7 * 128), layers.LeakyReLU(0.3), layers.Reshape((7, 7, 128)),
            up(64), layers.BatchNormalization(), layers.LeakyReLU(0.3), up(1, activation="tanh"),
        ])  # fmt: skip
        self.discriminator = keras.Sequential(
            [keras.Input(self.shape), *down(64), *down(128), layers.Flatten(), layers.Dense(1)]
        )
        self.judging, self.forging = keras.optimizers.Adam(1e-4), keras.optimizers.Adam(1e-4)
        self.judging.build(self.discriminator.trainable_variables)
        self.forging.build(self.generator.trainable_variables)

    def step(self, image):
        fake = self.generator(tf.random.normal((self.batch, 100)), training=True)
        with tf.GradientTape() as tape:
            true, false = self.discriminator(image, training=True), self.discriminator(fake, training=True)
            loss = crossentropy(tf.ones_like(true), true) + crossentropy(tf.zeros_like(false), false)
        apply(tape, loss, self.judging, self.discriminator.trainable_variables)
        with tf.GradientTape() as tape:
            fake = self.generator(tf.random.normal((self.batch, 100)), training=True)
            verdict = self.discriminator(fake, training=True)
            loss = crossentropy(tf.ones_like(verdict), verdict)
        apply(tape, loss, self.forging, self.generator.trainable_variables)


class Vae:
    batch, shape = 128, (28, 28, 1)

    def __init__(self):
        image = keras.Input(self.shape)
        hidden = layers.Dense(256, "relu")(layers.Flatten()(image))
        self.encoder = keras.Model(image, [layers.Dense(2)(hidden), layers.Dense(2)(hidden)])
        self.decoder = keras.Sequential([keras.Input((2,)), layers.Dense(256, "relu"), layers.Dense(784)])
        self.variables = self.encoder.trainable_variables + self.decoder.trainable_variables
        self.learning = keras.optimizers.Adam(1e-3)
        self.learning.build(self.variables)

    def loss(self, image):
        mean, spread = (tf.cast(x, tf.float32) for x in self.encoder(image, training=True))
        drawn = self.decoder(mean + tf.exp(0.5 * spread) * tf.random.normal(tf.shape(mean)), training=True)
        drawn = tf.cast(drawn, tf.float32)
        pixels = tf.reshape(image, (-1, 784))
        picture = tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(pixels, drawn), 1)
        divergence = -0.5 * tf.reduce_sum(1 + spread - tf.square(mean) - tf.exp(spread), 1)
        return tf.reduce_mean(picture + divergence)

    def step(self, image):
        with tf.GradientTape() as tape:
            loss = self.loss(image)
        apply(tape, loss, self.learning, self.variables)
        return loss


class TensorFlow(measure.Rival):
    def __init__(self, name):
        super().__init__()
        self.program = {"gan": Gan, "vae": Vae}[name]()
        self.batch = self.program.batch
        self.features = tf.constant(measure.random_data(self.program.shape)[0])
        program, features = self.program, self.features
        self.step = tf.function(lambda rows: program.step(tf.gather(features, rows)), jit_compile=mode == "jit")

    def train(self, rows):
        self.step(tf.constant(rows, tf.int32))


def pictures(folder):
    with gzip.open(os.path.join(folder, "train-images-idx3-ubyte.gz")) as file:
        pixels = np.frombuffer(file.read(), np.uint8, offset=16)
    return tf.constant(pixels.reshape(-1, 28, 28, 1) / np.float32(255))


def print_curve(epochs, folder):
    program, images = Vae(), pictures(folder)
    step = tf.function(lambda rows: program.step(tf.gather(images, rows)))
    for epoch in range(epochs):
        order, losses = tf.random.shuffle(tf.range(len(images))), []
        for first in range(0, len(images), Vae.batch):
            losses.append(step(order[first : first + Vae.batch]).numpy())
        print(f"{epoch + 1}: {np.mean(losses):.2f}", flush=True)


if mode == "curve":
    print_curve(int(sys.argv[4]), sys.argv[5])
    sys.exit()
measure.serve(tf.__version__, TensorFlow, workload)
