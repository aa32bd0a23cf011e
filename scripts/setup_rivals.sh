#!/usr/bin/env bash
# Installs what bench/run.py compares nnc with, from the Python package index, into .venv/: PyTorch,
# JAX and TensorFlow (about 3 GB; more where the index has no PyTorch for the CPU alone: pip takes
# another index from PIP_EXTRA_INDEX_URL).
set -eu
cd "$(dirname "$0")/.."
if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    scripts/setup.sh python3 python3-venv
fi
[ -x .venv/bin/python ] || python3 -m venv .venv
.venv/bin/python -m pip install --quiet torch==2.13.0 jax jaxlib optax tensorflow-cpu keras
.venv/bin/python -m pip list 2>/dev/null | grep -E -i '^(torch|jax|jaxlib|optax|tensorflow[-_]cpu|keras) '
