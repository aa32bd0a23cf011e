"""PyTorch on programs with steps of their own: a GAN of convolutions (`gan`) and a variational
autoencoder (`vae`), as bench/steps.py's programs say them. Pictures channels last, fused Adam,
flushed denormals, data in memory; in bfloat16 under autocast.

usage: steps_torch.py eager|compile THREADS gan|vae float32|bfloat16"""
import contextlib
import sys

import torch
from torch import nn
from torch.nn import functional as f

import measure

mode, threads, workload, precision = sys.argv[1], int(sys.argv[2]), *sys.argv[3:5]
torch.set_num_threads(threads)
torch.set_flush_denormal(True)
torch.manual_seed(0)
LAST = torch.channels_last


def casting():
    """The context of networks' products."""
    return torch.autocast("cpu", torch.bfloat16) if precision == "bfloat16" else contextlib.nullcontext()


def compiled(function):
    return torch.compile(function) if mode == "compile" else function


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.dense = nn.Linear(100, 7 * 7 * 128)
        self.up = nn.ConvTranspose2d(128, 64, 5, 2, 2, output_padding=1)
        self.norm = nn.BatchNorm2d(64, eps=1e-3, momentum=0.01)
        self.out = nn.ConvTranspose2d(64, 1, 5, 2, 2, output_padding=1)

    def forward(self, noise):
        x = f.leaky_relu(self.dense(noise), 0.3).view(-1, 7, 7, 128).permute(0, 3, 1, 2)
        x = f.leaky_relu(self.norm(self.up(x)), 0.3)
        return torch.tanh(self.out(x))


def discriminator():
    return nn.Sequential(
        nn.Conv2d(1, 64, 5, 2, 2), nn.LeakyReLU(0.3), nn.Dropout(0.3),
        nn.Conv2d(64, 128, 5, 2, 2), nn.LeakyReLU(0.3), nn.Dropout(0.3),
        nn.Flatten(), nn.Linear(7 * 7 * 128, 1),
    )  # fmt: skip


class Gan:
    batch, shape = 256, (28, 28, 1)

    def __init__(self):
        self.generator = Generator().to(memory_format=LAST)
        self.discriminator = discriminator().to(memory_format=LAST)
        self.judging = torch.optim.Adam(self.discriminator.parameters(), 1e-4, eps=1e-7, fused=True)
        self.forging = torch.optim.Adam(self.generator.parameters(), 1e-4, eps=1e-7, fused=True)
        self.judge, self.forge = compiled(self.judge_loss), compiled(self.forge_loss)

    def judge_loss(self, image, noise):
        with torch.no_grad(), casting():
            fake = self.generator(noise)
        with casting():
            true, false = self.discriminator(image).float(), self.discriminator(fake).float()
        loss = f.binary_cross_entropy_with_logits
        return loss(true, torch.ones_like(true)) + loss(false, torch.zeros_like(false))

    def forge_loss(self, noise):
        with casting():
            verdict = self.discriminator(self.generator(noise)).float()
        return f.binary_cross_entropy_with_logits(verdict, torch.ones_like(verdict))

    def step(self, image):
        self.judging.zero_grad(set_to_none=True)
        self.judge(image, torch.randn(self.batch, 100)).backward()
        self.judging.step()
        self.forging.zero_grad(set_to_none=True)
        self.discriminator.requires_grad_(False)  # no gradients of kernels that do not change
        self.forge(torch.randn(self.batch, 100)).backward()
        self.discriminator.requires_grad_(True)
        self.forging.step()


class Vae:
    batch, shape = 128, (28, 28, 1)

    def __init__(self):
        self.hidden = nn.Linear(784, 256)
        self.mean, self.spread = nn.Linear(256, 2), nn.Linear(256, 2)
        self.decoder = nn.Sequential(nn.Linear(2, 256), nn.ReLU(), nn.Linear(256, 784))
        parts = nn.ModuleList([self.hidden, self.mean, self.spread, self.decoder])
        self.learning = torch.optim.Adam(parts.parameters(), 1e-3, eps=1e-7, fused=True)
        self.learn = compiled(self.loss)

    def loss(self, image, noise):
        pixels = image.flatten(1)
        with casting():
            hidden = torch.relu(self.hidden(pixels))
            mean, spread = self.mean(hidden).float(), self.spread(hidden).float()
            drawn = self.decoder(mean + torch.exp(0.5 * spread) * noise).float()
        picture = f.binary_cross_entropy_with_logits(drawn, pixels, reduction="sum")
        divergence = -0.5 * torch.sum(1 + spread - spread.exp() - mean.square())
        return (picture + divergence) / self.batch

    def step(self, image):
        self.learning.zero_grad(set_to_none=True)
        self.learn(image, torch.randn(self.batch, 2)).backward()
        self.learning.step()


class Torch(measure.Rival):
    def __init__(self, name):
        super().__init__()
        self.program = {"gan": Gan, "vae": Vae}[name]()
        self.batch = self.program.batch
        features, _ = measure.random_data(self.program.shape)
        self.features = torch.from_numpy(features).permute(0, 3, 1, 2).contiguous()

    def shuffled(self):
        return torch.randperm(measure.ROWS)

    def train(self, rows):
        self.program.step(self.features[rows].contiguous(memory_format=LAST))


measure.serve(torch.__version__, Torch, workload)
