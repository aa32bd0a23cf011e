#!/usr/bin/env python3
"""Trains a ResNet-20 on CIFAR-10 with PyTorch as nnc trains it, for the curve of accuracies: Keras's
initial weights, padding, moments of normalization and penalty; momentum 0.9, rate 0.1, 128 pictures
a step, mirrored and shifted by up to four pixels.

usage: curve_torch.py FOLDER [--epochs 20] [--seed 1] [--threads 2]

FOLDER has train/ and test/ with one folder of pictures a class."""
import argparse
import pathlib
import time

import numpy
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

BATCH, SIDE, SHIFT = 128, 32, 4


def read_part(folder):
    pictures, labels = [], []
    for label, kind in enumerate(sorted(folder.iterdir())):
        for file in sorted(kind.iterdir()):
            pictures.append(numpy.asarray(Image.open(file).convert("RGB")))
            labels.append(label)
    return torch.from_numpy(numpy.stack(pictures)).permute(0, 3, 1, 2), torch.tensor(labels)


def normalization(channels):
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


class Residual(nn.Module):
    def __init__(self, inputs, filters):
        super().__init__()
        self.strides = 1 if inputs == filters else 2
        # `same` in Keras pads an even picture with stride 2 below and to the right only.
        padding = 1 if self.strides == 1 else 0
        self.first = nn.Conv2d(inputs, filters, 3, self.strides, padding)
        self.second = nn.Conv2d(filters, filters, 3, 1, 1)
        self.norms = nn.ModuleList([normalization(filters), normalization(filters)])
        changes = self.strides == 2
        self.shortcut = nn.Conv2d(inputs, filters, 1, 2) if changes else nn.Identity()

    def forward(self, x):
        padded = F.pad(x, (0, 1, 0, 1)) if self.strides == 2 else x
        y = F.relu(self.norms[0](self.first(padded)))
        return F.relu(self.norms[1](self.second(y)) + self.shortcut(x))


def network():
    widths = [16, 16, 16, 16, 32, 32, 32, 64, 64, 64]
    model = nn.Sequential(
        nn.Conv2d(3, 16, 3, 1, 1), normalization(16), nn.ReLU(),
        *(Residual(a, b) for a, b in zip(widths, widths[1:])),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10),
    )  # fmt: skip
    for layer in model.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
    return model.to(memory_format=torch.channels_last)


def optimizer_of(model):
    """l2(1e-4) of Keras adds 1e-4 * sum(w^2) for kernels: 2e-4 * w to their gradients."""
    kernels = [m.weight for m in model.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    others = [p for p in model.parameters() if all(p is not kernel for kernel in kernels)]
    groups = [{"params": kernels, "weight_decay": 2e-4}, {"params": others}]
    return torch.optim.SGD(groups, 0.1, 0.9, fused=True)


def floats(pictures):
    return (pictures.float() / 255).contiguous(memory_format=torch.channels_last)


def augmented(pictures):
    count = len(pictures)
    padded = F.pad(pictures, (SHIFT,) * 4)
    down, across = torch.randint(0, 2 * SHIFT + 1, (2, count, 1))
    lines, columns = down + torch.arange(SIDE), across + torch.arange(SIDE)
    columns = torch.where(torch.rand(count, 1) < 0.5, columns.flip(1), columns)
    samples = torch.arange(count)[:, None, None]
    return padded[samples, :, lines[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def train_epoch(model, optimizer, pictures, labels):
    model.train()
    right = 0
    for rows in torch.randperm(len(pictures)).split(BATCH):
        scores = model(floats(augmented(pictures[rows])))
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(scores, labels[rows]).backward()
        optimizer.step()
        right += (scores.argmax(1) == labels[rows]).sum().item()
    return right / len(pictures)


@torch.inference_mode()
def accuracy(model, pictures, labels):
    model.eval()
    parts = zip(pictures.split(500), labels.split(500))
    return sum((model(floats(x)).argmax(1) == y).sum().item() for x, y in parts) / len(pictures)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(options.seed)
    train, test = read_part(options.folder / "train"), read_part(options.folder / "test")
    model = network()
    optimizer = optimizer_of(model)
    print("epoch,seconds,accuracy,test accuracy")
    for epoch in range(1, options.epochs + 1):
        start = time.monotonic()
        reached = train_epoch(model, optimizer, *train)
        seconds = time.monotonic() - start
        print(f"{epoch},{seconds:.1f},{reached:.4f},{accuracy(model, *test):.4f}", flush=True)


if __name__ == "__main__":
    main()
