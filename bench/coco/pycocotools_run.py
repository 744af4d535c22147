"""Generates scenes into a folder, evaluates them with pycocotools and leaves times and figures there."""
import contextlib
import io
import json
import sys
import time

from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from scenes import make_detections, make_ground_truth, seeded


def main(folder, num_images, per_image):
    rng = seeded(1)
    truth = make_ground_truth(rng, num_images, list(range(1, 81)), 14)
    detections = make_detections(rng, truth, per_image, 0.12, True)
    for name, value in (("truth", truth), ("detections", detections)):
        with open(f"{folder}/{name}.json", "w") as file:
            json.dump(value, file)
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = truth
        coco.createIndex()
        start = time.perf_counter()
        results = coco.loadRes(detections)
        loaded = time.perf_counter()
        evaluation = COCOeval(coco, results, "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
        end = time.perf_counter()
    with open(f"{folder}/pycocotools.json", "w") as file:
        json.dump({"loadSeconds": loaded - start, "evaluateSeconds": end - loaded,
                   "stats": list(map(float, evaluation.stats))}, file)


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
