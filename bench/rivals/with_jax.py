"""JAX (XLA on the CPU) on the benchmark workloads, at its best: a jitted step with donated state, or
a jitted scan over 32 steps, the form with the fewest dispatches. In bfloat16 layers compute in the type
of what they are given, weights are float32 and cast; norms and the loss compute in float32.

usage: with_jax.py step|scan THREADS WORKLOAD float32|bfloat16"""
import os
import sys

mode, threads, workload, precision = sys.argv[1], int(sys.argv[2]), *sys.argv[3:5]
if threads == 1:
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    os.sched_setaffinity(0, {0})

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax, random

import measure


def dense_parameters(key, inputs, outputs):
    limit = (6 / (inputs + outputs)) ** 0.5
    weights = random.uniform(key, (inputs, outputs), minval=-limit, maxval=limit)
    return {"weights": weights, "bias": jnp.zeros(outputs)}


def dense_stack(*widths):
    """Initial parameters of dense layers, by a random key."""

    def initial(key):
        keys = random.split(key, len(widths) - 1)
        return [dense_parameters(*row) for row in zip(keys, widths, widths[1:])]

    return initial


def dense(layer, x):
    return x @ layer["weights"].astype(x.dtype) + layer["bias"].astype(x.dtype)


def dropout(key, x, rate):
    if key is None:
        return x
    return jnp.where(random.bernoulli(key, 1 - rate, x.shape), x / (1 - rate), 0)


def flatten(x):
    return x.reshape(x.shape[0], -1)


def two_keys(key):
    return (None, None) if key is None else random.split(key)


def narrow(layers, x, key=None):
    return dense(layers[1], jax.nn.sigmoid(dense(layers[0], flatten(x))))


def wide(layers, x, key=None):
    first, second = two_keys(key)
    x = flatten(x)
    x = dropout(first, jax.nn.relu(dense(layers[0], x)), 0.2)
    x = dropout(second, jax.nn.relu(dense(layers[1], x)), 0.2)
    return dense(layers[2], x)


def conv_parameters(key, kernel, inputs, outputs):
    shape = (kernel, kernel, inputs, outputs)
    limit = (6 / (kernel * kernel * (inputs + outputs))) ** 0.5
    weights = random.uniform(key, shape, minval=-limit, maxval=limit)
    return {"weights": weights, "bias": jnp.zeros(outputs)}


def stack(convs, denses):
    """Initial parameters of (kernel, inputs, outputs) convolutions and then dense layers of these
    widths, by a random key."""

    def initial(key):
        first, second = random.split(key)
        keys = random.split(first, len(convs))
        layers = [conv_parameters(key, *row) for key, row in zip(keys, convs)]
        return layers + dense_stack(*denses)(second)

    return initial


def conv(layer, x, stride=1, padding="VALID"):
    sides = ("NHWC", "HWIO", "NHWC")
    weights = layer["weights"].astype(x.dtype)
    y = lax.conv_general_dilated(x, weights, (stride, stride), padding, dimension_numbers=sides)
    return y + layer["bias"].astype(x.dtype)


def conv_relu(layer, x, padding="VALID"):
    return jax.nn.relu(conv(layer, x, 1, padding))


def max_pool(x):
    return lax.reduce_window(x, x.dtype.type(-jnp.inf), lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def norm_parameters(channels):
    return {
        "scale": jnp.ones(channels), "offset": jnp.zeros(channels),
        "mean": jnp.zeros(channels), "variance": jnp.ones(channels),
    }  # fmt: skip


def norm(layer, x, training):
    """Batch normalization; the moving averages are not kept up to date, which costs nothing."""
    mean, variance = layer["mean"], layer["variance"]
    kind, x = x.dtype, x.astype(jnp.float32)
    if training:
        mean = x.mean((0, 1, 2))
        variance = jnp.maximum((x * x).mean((0, 1, 2)) - mean * mean, 0)
    y = (x - mean) * (lax.rsqrt(variance + 1e-3) * layer["scale"]) + layer["offset"]
    return y.astype(kind)


def book(layers, x, key=None):
    x = max_pool(conv_relu(layers[0], x))
    x = max_pool(conv_relu(layers[1], x))
    return dense(layers[2], flatten(x))


def lenet(layers, x, key=None):
    x = max_pool(conv_relu(layers[0], x, "SAME"))
    x = flatten(max_pool(conv_relu(layers[1], x)))
    x = jax.nn.relu(dense(layers[2], x))
    return dense(layers[4], jax.nn.relu(dense(layers[3], x)))


def classify(layers, x, keys):
    """The end of several networks: dropout, a dense layer, dropout, the classes."""
    x = flatten(dropout(keys[0], x, 0.25))
    x = dropout(keys[1], jax.nn.relu(dense(layers[0], x)), 0.5)
    return dense(layers[1], x)


def digits(layers, x, key=None):
    x = max_pool(conv_relu(layers[1], conv_relu(layers[0], x)))
    return classify(layers[2:], x, two_keys(key))


def clothes_parameters(key):
    initial = stack([(3, 1, 32), (3, 32, 64)], [3136, 128, 10])
    return initial(key) + [norm_parameters(32), norm_parameters(64)]


def clothes(layers, x, key=None):
    training = key is not None
    x = max_pool(norm(layers[4], conv_relu(layers[0], x, "SAME"), training))
    x = max_pool(norm(layers[5], conv_relu(layers[1], x, "SAME"), training))
    return classify(layers[2:], x, two_keys(key))


def cifar(layers, x, key=None):
    first, second = two_keys(key)
    x = max_pool(conv_relu(layers[1], conv_relu(layers[0], x, "SAME")))
    x = dropout(first, x, 0.25)
    x = max_pool(conv_relu(layers[3], conv_relu(layers[2], x, "SAME")))
    return classify(layers[4:], x, two_keys(second))


WIDTHS = [16, 16, 16, 16, 32, 32, 32, 64, 64, 64]


def resnet20_parameters(key):
    keys = iter(random.split(key, 40))

    def conv_norm(inputs, outputs):
        return {**conv_parameters(next(keys), 3, inputs, outputs), "norm": norm_parameters(outputs)}

    blocks = []
    for inputs, filters in zip(WIDTHS, WIDTHS[1:]):
        block = {"first": conv_norm(inputs, filters), "second": conv_norm(filters, filters)}
        if inputs != filters:
            block["shortcut"] = conv_parameters(next(keys), 1, inputs, filters)
        blocks.append(block)
    return {
        "start": conv_norm(3, 16),
        "blocks": blocks,
        "end": dense_parameters(next(keys), 64, 10),
    }


def resnet20(layers, x, key=None):
    def conv_norm(layer, x, stride=1):
        return norm(layer["norm"], conv(layer, x, stride, "SAME"), key is not None)

    x = jax.nn.relu(conv_norm(layers["start"], x))
    for block in layers["blocks"]:
        stride = 2 if "shortcut" in block else 1
        y = conv_norm(block["second"], jax.nn.relu(conv_norm(block["first"], x, stride)))
        x = jax.nn.relu(y + (conv(block["shortcut"], x, stride, "SAME") if stride == 2 else x))
    return dense(layers["end"], x.mean((1, 2)))


def tanh_stack(layers, x, key=None):
    for layer in layers[:-1]:
        x = jnp.tanh(dense(layer, x))
    return dense(layers[-1], x)


def valid_lenet(layers, x, key=None):
    x = max_pool(conv_relu(layers[0], x))
    x = flatten(max_pool(conv_relu(layers[1], x)))
    x = jax.nn.relu(dense(layers[2], x))
    return dense(layers[4], jax.nn.relu(dense(layers[3], x)))


narrow_parameters = dense_stack(784, 10, 10)
wide_parameters = dense_stack(784, 512, 512, 10)
book_parameters = stack([(5, 1, 32), (5, 32, 64)], [1024, 10])
lenet_parameters = stack([(5, 1, 6), (5, 6, 16)], [400, 120, 84, 10])
digits_parameters = stack([(3, 1, 32), (3, 32, 64)], [9216, 128, 10])
expm_parameters = dense_stack(4, 32, 16, 4)
valid_lenet_parameters = stack([(5, 1, 6), (5, 6, 16)], [256, 120, 84, 10])
higgs_parameters = dense_stack(28, 300, 300, 300, 300, 300, 1)
cifar_parameters = stack([(3, 3, 32), (3, 32, 32), (3, 32, 64), (3, 64, 64)], [2304, 512, 10])

sgd, adam = optax.sgd(0.01), optax.adam(1e-3)
momentum = optax.chain(optax.add_decayed_weights(1e-4), optax.sgd(0.1, 0.9))

GRAY, COLOUR = (28, 28, 1), (32, 32, 3)
LOSSES = {  # by what the targets are
    "labels": optax.softmax_cross_entropy_with_integer_labels,
    "numbers": optax.squared_error,
    "answers": optax.sigmoid_binary_cross_entropy,
}
# name: parameters, model, optimizer, sample shape, batch, targets where they are no labels
WORKLOADS = {
    "B1-sgd-32": (narrow_parameters, narrow, sgd, (28, 28), 32),
    "B1-adam-32": (narrow_parameters, narrow, adam, (28, 28), 32),
    "B1-sgd-256": (narrow_parameters, narrow, sgd, (28, 28), 256),
    "B2-adam-32": (wide_parameters, wide, adam, (28, 28), 32),
    "B2-adam-128": (wide_parameters, wide, adam, (28, 28), 128),
    "B3-sgd-32": (book_parameters, book, sgd, GRAY, 32),
    "B3-sgd-128": (book_parameters, book, sgd, GRAY, 128),
    "B3-lenet-32": (lenet_parameters, lenet, sgd, GRAY, 32),
    "B3-lenet-128": (lenet_parameters, lenet, sgd, GRAY, 128),
    "B4-adam-128": (digits_parameters, digits, adam, GRAY, 128),
    "B4-norm-128": (clothes_parameters, clothes, adam, GRAY, 128),
    "B5-adam-32": (cifar_parameters, cifar, adam, COLOUR, 32),
    "B5-adam-128": (cifar_parameters, cifar, adam, COLOUR, 128),
    "B6-momentum-32": (resnet20_parameters, resnet20, momentum, COLOUR, 32),
    "B6-momentum-128": (resnet20_parameters, resnet20, momentum, COLOUR, 128),
    "S1-adam-10000": (expm_parameters, tanh_stack, adam, (4,), 10000, "numbers"),
    "S2-adam-2048": (valid_lenet_parameters, valid_lenet, adam, GRAY, 2048),
    "S3-adam-1000": (higgs_parameters, tanh_stack, adam, (28,), 1000, "answers"),
}


class Jax(measure.Rival):
    def __init__(self, name):
        super().__init__()
        initial, self.model, self.optimizer, shape, self.batch, *targets = WORKLOADS[name]
        targets = targets[0] if targets else "labels"
        if len(shape) == 3:
            if mode == "scan":
                raise ValueError("XLA's fast convolutions do not work inside a loop")
            self.calls_between_waits = 1
        features, labels = measure.random_data(shape, targets)
        self.rows, self.compare = len(features), LOSSES[targets]
        self.features, self.labels = jnp.asarray(features), jnp.asarray(labels)
        self.parameters = initial(random.PRNGKey(0))
        self.state = self.optimizer.init(self.parameters)
        self.key = random.PRNGKey(1)
        if mode == "scan":
            self.steps_a_call = 32 if self.batch == self.rows else min(32, self.rows // self.batch)
        function = self.one_step if mode == "step" else self.many_steps
        self.jitted = jax.jit(function, donate_argnums=(0, 1))
        ends = {"labels": jax.nn.softmax, "numbers": lambda y: y, "answers": jax.nn.sigmoid}
        self.predictor = jax.jit(lambda p, x: ends[targets](self.logits(p, x)))
        self.sample = self.features[:1]
        self.last = None

    def logits(self, parameters, x, key=None):
        return self.model(parameters, x.astype(precision), key).astype(jnp.float32)

    def one_step(self, parameters, state, key, rows):
        def loss(parameters):
            logits = self.logits(parameters, self.features[rows], random.fold_in(key, rows[0]))
            labels = self.labels[rows]
            return self.compare(logits, labels).mean()

        value, gradients = jax.value_and_grad(loss)(parameters)
        updates, state = self.optimizer.update(gradients, state, parameters)
        return optax.apply_updates(parameters, updates), state, value

    def many_steps(self, parameters, state, key, rows):
        def body(carried, rows):
            parameters, state, value = self.one_step(*carried, key, rows)
            return (parameters, state), value

        rows = rows.reshape(self.steps_a_call, self.batch)
        (parameters, state), values = lax.scan(body, (parameters, state), rows)
        return parameters, state, values

    def shuffled(self):
        """As many orders, one behind the other, as a call takes."""
        count = max(1, self.batch * self.steps_a_call // self.rows)
        return np.concatenate([super(Jax, self).shuffled() for _ in range(count)])

    def train(self, rows):
        self.parameters, self.state, self.last = self.jitted(
            self.parameters, self.state, self.key, rows
        )

    def wait(self):
        if self.last is not None:
            self.last.block_until_ready()

    def predict(self):
        self.predictor(self.parameters, self.sample).block_until_ready()


measure.serve(jax.__version__, Jax, workload)
