"""Writes test/fixtures/coco_generated.json: generated scenes with the figures that pycocotools gives for them.

    python3 -m venv VENV && VENV/bin/pip install pycocotools==2.0.11
    VENV/bin/python bench/coco/make_fixture.py test/fixtures/coco_generated.json

The scenes are drawn here from a seed; nothing in them comes from a data set.
"""
import contextlib
import importlib.metadata
import io
import json
import sys

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from scenes import make_detections, make_ground_truth, seeded

SEED = 20
NAMES = ["ap", "ap50", "ap75", "apSmall", "apMedium", "apLarge",
         "arMax1", "arMax10", "arMax100", "arSmall", "arMedium", "arLarge"]


def mean_or_none(values):
    values = values[values > -1]
    return float(values.mean()) if values.size else -1.0


def evaluate(truth, detections):
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = json.loads(json.dumps(truth))
        coco.createIndex()
        evaluation = COCOeval(coco, coco.loadRes(json.loads(json.dumps(detections))), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    precision = evaluation.eval["precision"][:, :, :, 0, 2]
    per_iou = [mean_or_none(precision[t]) for t in range(10)]
    per_category = {str(c): {"ap": mean_or_none(precision[:, :, k]), "ap50": mean_or_none(precision[0, :, k])}
                    for k, c in enumerate(evaluation.params.catIds) if (precision[:, :, k] > -1).any()}
    figures = dict(zip(NAMES, map(float, evaluation.stats)))
    return {**figures, "ap65": per_iou[3], "ap80": per_iou[6], "ap90": per_iou[8],
            "apPerIou": per_iou, "perCategory": per_category}


def main(path):
    rng = seeded(SEED)
    scenes = {
        "typical": (make_ground_truth(rng, 30, [1, 2, 3, 5, 8], 9), 14, 0.12, True),
        "more than 100 detections per image and category": (make_ground_truth(rng, 2, [4], 30), 140, 0.08, True),
        "many equal scores": (make_ground_truth(rng, 12, [1, 2], 8), 16, 0.1, False),
        "categories and images without objects": (make_ground_truth(rng, 8, [1, 2, 3, 4, 5, 6, 7, 9, 11], 2), 6, 0.1, True),
    }
    cases = []
    for name, (truth, per_image, noise, distinct) in scenes.items():
        detections = make_detections(rng, truth, per_image, noise, distinct)
        cases.append({"name": name, "groundTruth": truth, "detections": detections, "figures": evaluate(truth, detections)})
    meta = {
        "source": "bench/coco/make_fixture.py: scenes drawn from a seed, figures by pycocotools",
        "seed": SEED,
        "versions": {"pycocotools": importlib.metadata.version("pycocotools"), "numpy": np.__version__,
                     "python": sys.version.split()[0]},
    }
    with open(path, "w") as file:
        json.dump({"meta": meta, "cases": cases}, file, separators=(",", ":"))
        file.write("\n")


main(sys.argv[1])
