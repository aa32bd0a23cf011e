"""The workloads: what they compute, in floating-point operations, and the data of nnc's programs.

A network is the list of its products; the first one reads the data, so nobody needs the gradient of
its input."""
import array
import pathlib
import random
import struct
from dataclasses import dataclass

ROWS = 2048  # of made-up pictures, as many as the rivals have (rivals/measure.py)
POINTS = 10000  # of made-up rows of numbers


def dense(inputs, outputs):
    return 2 * inputs * outputs


def conv(size, kernel, inputs, outputs):
    """A square kernel, and `size` x `size` values of each of the outputs."""
    return 2 * size * size * kernel * kernel * inputs * outputs


def residual(size, inputs, filters):
    """A block of a residual network; where the filters change, the shortcut has a kernel of one."""
    shortcut = [conv(size, 1, inputs, filters)] if inputs != filters else []
    return [conv(size, 3, inputs, filters), conv(size, 3, filters, filters), *shortcut]


@dataclass
class Network:
    title: str
    program: str  # in programs/, up to the optimizer's name
    products: list

    def training_flops(self):
        """Of one sample: forward, gradients of weights, gradients of values but not of the input."""
        return 3 * sum(self.products) - self.products[0]


NARROW = Network("784-10-10", "narrow", [dense(784, 10), dense(10, 10)])
WIDE = Network(
    "784-512-512-10, dropout", "wide", [dense(784, 512), dense(512, 512), dense(512, 10)]
)
BOOK = Network(
    "conv 32-64 of 5x5", "book", [conv(24, 5, 1, 32), conv(8, 5, 32, 64), dense(1024, 10)]
)
LENET = Network(
    "LeNet-5", "lenet",
    [conv(28, 5, 1, 6), conv(10, 5, 6, 16), dense(400, 120), dense(120, 84), dense(84, 10)],
)  # fmt: skip
DIGITS = Network(
    "conv 32-64, dense 128", "digits",
    [conv(26, 3, 1, 32), conv(24, 3, 32, 64), dense(9216, 128), dense(128, 10)],
)  # fmt: skip
CLOTHES = Network(
    "conv 32-64 with batch_norm, dense 128", "clothes",
    [conv(28, 3, 1, 32), conv(14, 3, 32, 64), dense(3136, 128), dense(128, 10)],
)  # fmt: skip
CIFAR = Network(
    "conv 32-32-64-64, dense 512", "cifar",
    [conv(32, 3, 3, 32), conv(30, 3, 32, 32), conv(15, 3, 32, 64), conv(13, 3, 64, 64),
     dense(2304, 512), dense(512, 10)],
)  # fmt: skip
RESNET20 = Network(
    "ResNet-20", "resnet20",
    [conv(32, 3, 3, 16), *residual(32, 16, 16) * 3,
     *residual(16, 16, 32), *residual(16, 32, 32) * 2,
     *residual(8, 32, 64), *residual(8, 64, 64) * 2,
     dense(64, 10)],
)  # fmt: skip
# Small ones that others have published figures of: SimpleChains.jl (the exponential of a 2 x 2
# matrix, all samples in a step; LeNet-5 without padding), OpenNN (HIGGS).
EXPM = Network("4-32-16-4, tanh", "expm", [dense(4, 32), dense(32, 16), dense(16, 4)])
VALID_LENET = Network(
    "LeNet-5, no padding", "valid-lenet",
    [conv(24, 5, 1, 6), conv(8, 5, 6, 16), dense(256, 120), dense(120, 84), dense(84, 10)],
)  # fmt: skip
HIGGS = Network(
    "28-5x300-1, tanh", "higgs", [dense(28, 300), *[dense(300, 300)] * 4, dense(300, 1)]
)


@dataclass
class Workload:
    network: Network
    optimizer: str
    batch: int
    is_main: bool = False  # of its network: predictions, start and memory are measured with it

    def title(self):
        return f"{self.network.title}, {self.optimizer}, batch {self.batch}"

    def program(self):
        return f"{self.network.program}-{self.optimizer}.nn"


WORKLOADS = {
    "B1-sgd-32": Workload(NARROW, "sgd", 32, is_main=True),
    "B1-adam-32": Workload(NARROW, "adam", 32),
    "B1-sgd-256": Workload(NARROW, "sgd", 256),
    "B2-adam-32": Workload(WIDE, "adam", 32, is_main=True),
    "B2-adam-128": Workload(WIDE, "adam", 128),
    "B3-sgd-32": Workload(BOOK, "sgd", 32, is_main=True),
    "B3-sgd-128": Workload(BOOK, "sgd", 128),
    "B3-lenet-32": Workload(LENET, "sgd", 32, is_main=True),
    "B3-lenet-128": Workload(LENET, "sgd", 128),
    "B4-adam-128": Workload(DIGITS, "adam", 128, is_main=True),
    "B4-norm-128": Workload(CLOTHES, "adam", 128, is_main=True),
    "B5-adam-32": Workload(CIFAR, "adam", 32),
    "B5-adam-128": Workload(CIFAR, "adam", 128, is_main=True),
    "B6-momentum-32": Workload(RESNET20, "momentum", 32),
    "B6-momentum-128": Workload(RESNET20, "momentum", 128, is_main=True),
    "S1-adam-10000": Workload(EXPM, "adam", 10000, is_main=True),
    "S2-adam-2048": Workload(VALID_LENET, "adam", 2048, is_main=True),
    "S3-adam-1000": Workload(HIGGS, "adam", 1000, is_main=True),
}


def write_npy(path, kind, shape, content):
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {tuple(shape)}, }}"
    header += " " * (63 - (10 + len(header)) % 64) + "\n"
    start = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header))
    pathlib.Path(path).write_bytes(start + header.encode() + content)


def write_numbers(path, generator, width):
    """Rows of `width` numbers from -1 to 1."""
    numbers = array.array("f", (generator.uniform(-1, 1) for _ in range(POINTS * width)))
    write_npy(path, "<f4", (POINTS, width), numbers.tobytes())


def write_points(folder):
    """Random rows of numbers, with four numbers or one of two answers for each."""
    generator = random.Random(0)
    for name, width in (("matrices", 4), ("exponentials", 4), ("particles", 28)):
        write_numbers(folder / f"{name}.npy", generator, width)
    answers = bytes(generator.randrange(2) for _ in range(POINTS))
    write_npy(folder / "answers.npy", "|u1", (POINTS,), answers)


def write_data(folder):
    """Random pictures and labels of ten classes, and rows of numbers, for the programs that read
    `pictures-28.npy` and the like through NNC_DATA: they need no downloaded data."""
    write_points(folder)
    generator = random.Random(0)
    for size, channels in ((28, 1), (32, 3)):
        shape = (ROWS, size, size, channels)
        pixels = generator.randbytes(ROWS * size * size * channels)
        write_npy(folder / f"pictures-{size}.npy", "|u1", shape, pixels)
    labels = bytes(i % 10 for i in range(ROWS))
    write_npy(folder / "labels.npy", "|u1", (ROWS,), labels)
