"""JAX (XLA on the CPU) on the benchmark workloads, at its best: a jitted step with donated state, or
a jitted scan over 32 steps, the form with the fewest dispatches.

usage: with_jax.py step|scan THREADS"""
import os
import sys

mode, threads = sys.argv[1], int(sys.argv[2])
if threads == 1:
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    os.sched_setaffinity(0, {0})

import jax
import jax.numpy as jnp
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
    return x @ layer["weights"] + layer["bias"]


def dropout(key, x, rate):
    if key is None:
        return x
    return jnp.where(random.bernoulli(key, 1 - rate, x.shape), x / (1 - rate), 0)


def narrow(layers, x, key=None):
    x = x.reshape(x.shape[0], -1)
    return dense(layers[1], jax.nn.sigmoid(dense(layers[0], x)))


def wide(layers, x, key=None):
    first, second = (None, None) if key is None else random.split(key)
    x = x.reshape(x.shape[0], -1)
    x = dropout(first, jax.nn.relu(dense(layers[0], x)), 0.2)
    x = dropout(second, jax.nn.relu(dense(layers[1], x)), 0.2)
    return dense(layers[2], x)


narrow_parameters = dense_stack(784, 10, 10)
wide_parameters = dense_stack(784, 512, 512, 10)
sgd, adam = optax.sgd(0.01), optax.adam(1e-3)

WORKLOADS = {  # name: parameters, model, optimizer, sample shape, batch
    "B1-sgd-32": (narrow_parameters, narrow, sgd, (28, 28), 32),
    "B1-adam-32": (narrow_parameters, narrow, adam, (28, 28), 32),
    "B1-sgd-256": (narrow_parameters, narrow, sgd, (28, 28), 256),
    "B2-adam-32": (wide_parameters, wide, adam, (28, 28), 32),
    "B2-adam-128": (wide_parameters, wide, adam, (28, 28), 128),
}


class Jax(measure.Rival):
    def __init__(self, name):
        super().__init__()
        initial, self.model, self.optimizer, shape, self.batch = WORKLOADS[name]
        features, labels = measure.random_data(shape)
        self.features, self.labels = jnp.asarray(features), jnp.asarray(labels)
        self.parameters = initial(random.PRNGKey(0))
        self.state = self.optimizer.init(self.parameters)
        self.key = random.PRNGKey(1)
        if mode == "scan":
            self.steps_a_call = min(32, measure.ROWS // self.batch)
        function = self.one_step if mode == "step" else self.many_steps
        self.jitted = jax.jit(function, donate_argnums=(0, 1))
        self.predictor = jax.jit(lambda p, x: jax.nn.softmax(self.model(p, x)))
        self.sample = self.features[:1]
        self.last = None

    def one_step(self, parameters, state, key, rows):
        def loss(parameters):
            logits = self.model(parameters, self.features[rows], random.fold_in(key, rows[0]))
            labels = self.labels[rows]
            return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

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

    def train(self, rows):
        self.parameters, self.state, self.last = self.jitted(
            self.parameters, self.state, self.key, rows
        )

    def wait(self):
        if self.last is not None:
            self.last.block_until_ready()

    def predict(self):
        self.predictor(self.parameters, self.sample).block_until_ready()


measure.serve(jax.__version__, Jax)
