"""The processor as the heads of tables name it: its caches, and what its multiply-adds reach."""
import math
import pathlib
import platform
import subprocess
import tempfile

CACHES = pathlib.Path("/sys/devices/system/cpu/cpu0/cache")


def processor():
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.machine()


def cache_size(text):
    """`2048K` as `2 MB`."""
    kilobytes = int(text.rstrip("K"))
    return f"{kilobytes // 1024} MB" if kilobytes % 1024 == 0 else f"{kilobytes} kB"


def caches():
    """As `L1d 48 kB, L2 2 MB, L3 32 MB`: what the first core has, where the kernel tells it."""
    names = {("1", "Data"): "L1d", ("2", "Unified"): "L2", ("3", "Unified"): "L3"}
    found = {}
    for place in CACHES.glob("index*"):
        level, kind, size = ((place / file).read_text().strip() for file in ("level", "type", "size"))
        if (level, kind) in names:
            found[names[level, kind]] = cache_size(size)
    return ", ".join(f"{name} {found[name]}" for name in sorted(found)) or "caches unknown"


def measured_peaks(threads, cpu="native"):
    """GFLOP/s of multiply-adds on registers, by precision; nan where the processor has no such ones."""
    with tempfile.TemporaryDirectory() as folder:
        program = f"{folder}/peak"
        here = pathlib.Path(__file__).parent
        compile_it = ["cc", "-O2", f"-march={cpu}", "-pthread", here / "native" / "peak.c", "-o", program]
        subprocess.run(compile_it, check=True)
        words = subprocess.run([program, str(threads)], capture_output=True, text=True, check=True).stdout.split()
    return {"float32": math.nan, "bfloat16": math.nan, **dict(zip(words[::2], map(float, words[1::2])))}


def description(threads, peaks):
    """The processor, its caches and its peaks, for the head of a table."""
    texts = [f"{peak:.0f} GFLOP/s in {name}" for name, peak in peaks.items() if not math.isnan(peak)]
    return f"{processor()} ({caches()}); measured peak of {threads} threads {', '.join(texts)}"
