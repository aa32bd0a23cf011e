"""PyTorch on the benchmark workloads, at its best: data in memory gathered by a shuffled index (no
DataLoader), fused optimizers, flushed denormals; pictures with channels first or last, whichever is
faster. In bfloat16 under autocast, which keeps weights, optimizer and loss in float32.

usage: with_torch.py eager|compile THREADS WORKLOAD float32|bfloat16"""
import contextlib
import sys

import torch
from torch import nn

import measure

mode, threads, workload, precision = sys.argv[1], int(sys.argv[2]), *sys.argv[3:5]
torch.set_num_threads(threads)
torch.set_flush_denormal(True)
torch.manual_seed(0)


def casting():
    """The context of a model's products."""
    return torch.autocast("cpu", torch.bfloat16) if precision == "bfloat16" else contextlib.nullcontext()


def narrow():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10), nn.Sigmoid(), nn.Linear(10, 10))


def wide():
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 512), nn.ReLU(), nn.Dropout(0.2),
        nn.Linear(512, 512), nn.ReLU(), nn.Dropout(0.2),
        nn.Linear(512, 10),
    )  # fmt: skip


def book():
    return nn.Sequential(
        nn.Conv2d(1, 32, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(1024, 10),
    )  # fmt: skip


def lenet():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )  # fmt: skip


def digits():
    return nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25),
        nn.Flatten(), nn.Linear(9216, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10),
    )  # fmt: skip


def clothes():
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.BatchNorm2d(32), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.BatchNorm2d(64), nn.MaxPool2d(2), nn.Dropout(0.25),
        nn.Flatten(), nn.Linear(3136, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10),
    )  # fmt: skip


def cifar():
    def pair(inputs, outputs):
        return [
            nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25),
        ]  # fmt: skip

    return nn.Sequential(
        *pair(3, 32), *pair(32, 64),
        nn.Flatten(), nn.Linear(2304, 512), nn.ReLU(), nn.Dropout(0.5), nn.Linear(512, 10),
    )  # fmt: skip


def expm():
    return nn.Sequential(nn.Linear(4, 32), nn.Tanh(), nn.Linear(32, 16), nn.Tanh(), nn.Linear(16, 4))


def valid_lenet():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(256, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )  # fmt: skip


def higgs():
    hidden = [part for inputs in (28, 300, 300, 300, 300) for part in (nn.Linear(inputs, 300), nn.Tanh())]
    return nn.Sequential(*hidden, nn.Linear(300, 1))


class Residual(nn.Module):
    def __init__(self, inputs, filters):
        super().__init__()
        stride = 1 if inputs == filters else 2
        self.change = nn.Sequential(
            nn.Conv2d(inputs, filters, 3, stride, 1), nn.BatchNorm2d(filters), nn.ReLU(),
            nn.Conv2d(filters, filters, 3, 1, 1), nn.BatchNorm2d(filters),
        )  # fmt: skip
        same = inputs == filters
        self.shortcut = nn.Identity() if same else nn.Conv2d(inputs, filters, 1, stride)

    def forward(self, x):
        return nn.functional.relu(self.change(x) + self.shortcut(x))


def resnet20():
    widths = [16, 16, 16, 16, 32, 32, 32, 64, 64, 64]
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, 1, 1), nn.BatchNorm2d(16), nn.ReLU(),
        *(Residual(a, b) for a, b in zip(widths, widths[1:])),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10),
    )  # fmt: skip


def sgd(parameters):
    return torch.optim.SGD(parameters, 0.01, fused=True)


def momentum(parameters):
    return torch.optim.SGD(parameters, 0.1, 0.9, weight_decay=1e-4, fused=True)


def adam(parameters):
    return torch.optim.Adam(parameters, fused=True)


GRAY, COLOUR = (28, 28, 1), (32, 32, 3)
LOSSES = {  # by what the targets are: the loss of scores, and what predictions make of them
    "labels": (nn.functional.cross_entropy, lambda scores: torch.softmax(scores, 1)),
    "numbers": (nn.functional.mse_loss, lambda scores: scores),
    "answers": (nn.functional.binary_cross_entropy_with_logits, torch.sigmoid),
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


class Form:
    """Model and optimizer in one layout."""

    def __init__(self, make, optimizer, targets, layout):
        self.layout, (self.compare, self.end) = layout, LOSSES[targets]
        self.model = make().to(memory_format=layout)
        self.optimizer = optimizer(self.model.parameters())
        self.loss = torch.compile(self.plain_loss) if mode == "compile" else self.plain_loss
        self.predictor = torch.compile(self.model) if mode == "compile" else self.model

    def plain_loss(self, features, labels):
        with casting():
            logits = self.model(features)
        return self.compare(logits.float(), labels)


class Torch(measure.Rival):
    def __init__(self, name):
        super().__init__()
        self.make, self.optimizer, shape, self.batch, *targets = WORKLOADS[name]
        self.targets = targets[0] if targets else "labels"
        features, labels = measure.random_data(shape, self.targets)
        self.rows = len(features)
        self.features, self.labels = torch.from_numpy(features), torch.from_numpy(labels)
        self.layouts, self.made = {"": torch.contiguous_format}, {}
        if len(shape) == 3:
            self.features = self.features.permute(0, 3, 1, 2).contiguous()
            self.layouts = {"NCHW": torch.contiguous_format, "channels last": torch.channels_last}
        self.forms = tuple(self.layouts)

    def take(self, form):
        if form not in self.made:
            self.made[form] = Form(self.make, self.optimizer, self.targets, self.layouts[form])
        self.form = self.made[form]
        self.sample = self.features[:1].contiguous(memory_format=self.form.layout)

    def shuffled(self):
        return torch.randperm(self.rows)

    def train(self, rows):
        form = self.form
        if not form.model.training:
            form.model.train()
        features, labels = self.features[rows], self.labels[rows]
        features = features.contiguous(memory_format=form.layout)
        form.optimizer.zero_grad(set_to_none=True)
        form.loss(features, labels).backward()
        form.optimizer.step()

    def predict(self):
        if self.form.model.training:
            self.form.model.eval()
        with torch.inference_mode(), casting():
            self.form.end(self.form.predictor(self.sample))


measure.serve(torch.__version__, Torch, workload)
