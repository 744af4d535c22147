#!/bin/sh
# Makes the Python environment that the benchmarks compare with, from PyPI: setup-rivals.sh [FOLDER]
# Default folder: $LOCKSTEP_CACHE/rivals, else ~/.cache/lockstep/rivals. Needs Python 3.10 or newer. On Linux torch brings CUDA with it,
# several GB; TORCH_INDEX=URL takes torch and torchvision from another index, such as one with builds for the CPU alone.
set -eu

cache=${LOCKSTEP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/lockstep}
folder=${1:-$cache/rivals}
python=${PYTHON:-python3}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' || {
  echo "setup-rivals: $python is older than 3.10; name another with PYTHON=" >&2
  exit 69
}
"$python" -m venv "$folder"
pip() { "$folder/bin/python" -m pip install --disable-pip-version-check "$@"; }
if [ -n "${TORCH_INDEX:-}" ]; then
  pip --index-url "$TORCH_INDEX" torch==2.15.0 torchvision==0.29.2
fi
pip torch==2.15.0 torchvision==0.29.2 numpy==2.4.6 safetensors==0.8.0 \
  pycocotools==2.0.11 opencv-python-headless==4.13.0.92 PyYAML==6.0.3 pillow==13.0.0
echo "ready: $folder/bin/python"
