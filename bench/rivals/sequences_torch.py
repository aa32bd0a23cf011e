"""PyTorch on sequences, as bench/steps.py's programs say them: characters through an LSTM (`writer`)
or a GRU (`gru`), a small transformer (`gpt`), a table of 20,000 words (`words`). Fused optimizers,
flushed denormals, data in memory, attention by scaled_dot_product_attention; in bfloat16 under autocast.

usage: sequences_torch.py eager|compile THREADS writer|gru|gpt|words float32|bfloat16"""
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
LETTERS, WORDS = 65, 20000


class Recurrent(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.table = nn.Embedding(LETTERS, 256)
        self.cells = kind(256, 512, batch_first=True)
        self.out = nn.Linear(512, LETTERS)

    def forward(self, tokens):
        return self.out(self.cells(self.table(tokens))[0])


class Block(nn.Module):
    def __init__(self, heads, width):
        super().__init__()
        self.heads = heads
        self.norms = nn.ModuleList([nn.LayerNorm(width, eps=1e-3), nn.LayerNorm(width, eps=1e-3)])
        self.mix, self.join = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.wide, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.dropout = nn.Dropout(0.1)

    def forward(self, x):
        rows, steps, width = x.shape
        parts = self.mix(self.norms[0](x)).view(rows, steps, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        seen = f.scaled_dot_product_attention(parts[0], parts[1], parts[2], is_causal=True)
        x = x + self.dropout(self.join(seen.transpose(1, 2).reshape(rows, steps, width)))
        return x + self.dropout(self.narrow(f.gelu(self.wide(self.norms[1](x)))))


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.table, self.places = nn.Embedding(LETTERS, 128), nn.Parameter(torch.zeros(128, 128))
        self.blocks = nn.Sequential(*(Block(4, 128) for _ in range(4)))
        self.norm, self.out = nn.LayerNorm(128, eps=1e-3), nn.Linear(128, LETTERS)

    def forward(self, tokens):
        return self.out(self.norm(self.blocks(self.table(tokens) + self.places)))


class Critic(nn.Module):
    def __init__(self):
        super().__init__()
        self.table, self.out = nn.Embedding(WORDS, 128), nn.Linear(128, 1)

    def forward(self, tokens):
        return self.out(self.table(tokens).mean(1)).squeeze(1)


MODELS = {  # model, steps of a sample, numbers of tokens, batch
    "writer": (lambda: Recurrent(nn.LSTM), 100, LETTERS, 64),
    "gru": (lambda: Recurrent(nn.GRU), 100, LETTERS, 64),
    "gpt": (Transformer, 128, LETTERS, 64),
    "words": (Critic, 64, WORDS, 128),
}


class Torch(measure.Rival):
    def __init__(self, name):
        super().__init__()
        make, steps, count, self.batch = MODELS[name]
        self.model = make()
        adam = torch.optim.AdamW if name == "gpt" else torch.optim.Adam
        self.learning = adam(self.model.parameters(), 1e-3, eps=1e-7, fused=True)
        self.tokens = torch.randint(count, (measure.ROWS, steps))
        self.is_critic = name == "words"
        shape = (measure.ROWS,) if self.is_critic else (measure.ROWS, steps)
        self.targets = torch.randint(2 if self.is_critic else count, shape)
        self.loss = torch.compile(self.plain_loss) if mode == "compile" else self.plain_loss

    def plain_loss(self, tokens, targets):
        is_cast = precision == "bfloat16"
        with torch.autocast("cpu", torch.bfloat16) if is_cast else contextlib.nullcontext():
            prediction = self.model(tokens)
        prediction = prediction.float()
        if self.is_critic:
            return f.binary_cross_entropy_with_logits(prediction, targets.float())
        return f.cross_entropy(prediction.flatten(0, 1), targets.flatten())

    def shuffled(self):
        return torch.randperm(measure.ROWS)

    def train(self, rows):
        self.learning.zero_grad(set_to_none=True)
        self.loss(self.tokens[rows], self.targets[rows]).backward()
        self.learning.step()


measure.serve(torch.__version__, Torch, workload)
