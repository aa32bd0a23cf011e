"""PyTorch on the benchmark workloads, at its best: data in memory gathered by a shuffled index (no
DataLoader), fused optimizers, flushed denormals.

usage: with_torch.py eager|compile THREADS"""
import sys

import torch
from torch import nn

import measure

mode, threads = sys.argv[1], int(sys.argv[2])
torch.set_num_threads(threads)
torch.set_flush_denormal(True)
torch.manual_seed(0)


def narrow():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10), nn.Sigmoid(), nn.Linear(10, 10))


def wide():
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 512), nn.ReLU(), nn.Dropout(0.2),
        nn.Linear(512, 512), nn.ReLU(), nn.Dropout(0.2),
        nn.Linear(512, 10),
    )  # fmt: skip


def sgd(parameters):
    return torch.optim.SGD(parameters, 0.01, fused=True)


def adam(parameters):
    return torch.optim.Adam(parameters, fused=True)


WORKLOADS = {  # name: model, optimizer, sample shape, batch
    "B1-sgd-32": (narrow, sgd, (28, 28), 32),
    "B1-adam-32": (narrow, adam, (28, 28), 32),
    "B1-sgd-256": (narrow, sgd, (28, 28), 256),
    "B2-adam-32": (wide, adam, (28, 28), 32),
    "B2-adam-128": (wide, adam, (28, 28), 128),
}


class Torch(measure.Rival):
    def __init__(self, name):
        super().__init__()
        make, optimizer, shape, self.batch = WORKLOADS[name]
        features, labels = measure.random_data(shape)
        self.features, self.labels = torch.from_numpy(features), torch.from_numpy(labels)
        self.model = make()
        self.optimizer = optimizer(self.model.parameters())
        self.loss = torch.compile(self.plain_loss) if mode == "compile" else self.plain_loss
        self.predictor = torch.compile(self.model) if mode == "compile" else self.model

    def plain_loss(self, features, labels):
        return nn.functional.cross_entropy(self.model(features), labels)

    def shuffled(self):
        return torch.randperm(measure.ROWS)

    def train(self, rows):
        if not self.model.training:
            self.model.train()
        features, labels = self.features[rows], self.labels[rows]
        self.optimizer.zero_grad(set_to_none=True)
        self.loss(features, labels).backward()
        self.optimizer.step()

    def predict(self):
        if self.model.training:
            self.model.eval()
        with torch.inference_mode():
            self.predictor(self.features[:1])


measure.serve(torch.__version__, Torch)
