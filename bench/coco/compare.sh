#!/usr/bin/env bash
# Times our COCO evaluator and pycocotools on the same generated data, one after the other, and compares the figures.
#   bench/coco/compare.sh [IMAGES] [DETECTIONS PER IMAGE]        default: 5000 100
# Needs python3 with venv; pycocotools goes into a temporary environment (or set PYTHON to one that has it).
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if [ -z "${PYTHON:-}" ]; then
  python3 -m venv "$work/venv"
  "$work/venv/bin/pip" install -q pycocotools==2.0.11
  PYTHON=$work/venv/bin/python
fi
npx tsc -p . || echo 'type errors; going on with what was emitted' >&2

PYTHONDONTWRITEBYTECODE=1 "$PYTHON" bench/coco/pycocotools_run.py "$work" "${1:-5000}" "${2:-100}"
node dist/bench/coco/lockstep-run.js "$work"
