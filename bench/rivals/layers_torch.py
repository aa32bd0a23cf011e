"""PyTorch (oneDNN's and MKL's kernels) on single dense and convolutional layers, for
bench/operators.py: a layer a line on standard input, written as in bench/native/blas.c, and on standard
output a line of GFLOP/s of the output, of the gradient of the weights and of the gradient of the
data, and of the microseconds of a whole training step (eager; bias, loss, update) of the layer
behind a thin one.

usage: layers_torch.py THREADS SECONDS THIN"""
import sys
import time

import torch
from torch import nn
from torch.nn import functional

threads, seconds, thin = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(threads)
torch.set_flush_denormal(True)


def median_time(run):
    run()
    times, end = [], time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return sorted(times)[len(times) // 2]


def dense_times(batch, inputs, outputs):
    x, y, w = torch.rand(batch, inputs), torch.rand(batch, outputs), torch.rand(inputs, outputs)
    return [
        median_time(lambda: torch.mm(x, w)),
        median_time(lambda: torch.mm(x.t(), y)),
        median_time(lambda: torch.mm(y, w.t())),
    ]


def conv_times(layout, batch, size, inputs, filters, kernel, stride, same):
    x = torch.rand(batch, inputs, size, size).contiguous(memory_format=layout)
    w = torch.rand(filters, inputs, kernel, kernel).contiguous(memory_format=layout)
    padding = (kernel - 1) // 2 if same else 0
    y = functional.conv2d(x, w, None, stride, padding)

    def gradient(of_data, of_weights):
        numbers = ([stride] * 2, [padding] * 2, [1, 1], False, [0, 0], 1)
        return torch.ops.aten.convolution_backward(
            y, x, w, None, *numbers, [of_data, of_weights, False]
        )

    return [
        median_time(lambda: functional.conv2d(x, w, None, stride, padding)),
        median_time(lambda: gradient(False, True)),
        median_time(lambda: gradient(True, False)),
    ]


def times_and_flops(batch, size, inputs, filters, kernel, stride, same):
    if size == 1:
        return dense_times(batch, inputs, filters), 2 * batch * inputs * filters
    both = [
        conv_times(layout, batch, size, inputs, filters, kernel, stride, same)
        for layout in (torch.contiguous_format, torch.channels_last)
    ]
    output = -(-size // stride) if same else (size - kernel) // stride + 1
    flops = 2 * batch * output**2 * kernel**2 * inputs * filters
    return [min(pair) for pair in zip(*both)], flops


def network(size, inputs, filters, kernel, stride, same):
    """What the programs of bench/operators.py are."""
    if size == 1:
        return nn.Sequential(nn.Linear(thin, inputs), nn.Linear(inputs, filters))
    padding = (kernel - 1) // 2 if same else 0
    layers = nn.Conv2d(1, inputs, 1), nn.Conv2d(inputs, filters, kernel, stride, padding)
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(filters, 10))


def step_time(batch, *layer):
    size, filters = layer[0], layer[2]
    model = network(*layer)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, fused=True)
    if size == 1:
        x, y, loss = torch.rand(batch, thin), torch.rand(batch, filters), functional.mse_loss
    else:
        x, y = torch.rand(batch, 1, size, size), torch.randint(10, (batch,))
        loss = functional.cross_entropy

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss(model(x), y).backward()
        optimizer.step()

    return median_time(step)


for line in sys.stdin:
    layer = list(map(int, line.split("x")))
    with torch.no_grad():
        times, flops = times_and_flops(*layer)
    speeds = [round(1e-9 * flops / some, 1) for some in times]
    print(*speeds, 1e6 * step_time(*layer), flush=True)
