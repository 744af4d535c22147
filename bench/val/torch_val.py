"""Times PyTorch's validation: forward, suppression, matching and AP of the batches that the benchmark has written.

    torch_val.py FOLDER MODEL_YAML prepare
    torch_val.py FOLDER MODEL_YAML run --threads 2 --repeats 3 [--channels-last] [--device cuda] [--tf32 off]

`prepare` makes FOLDER/weights.safetensors: random weights whose batch norms know these pictures, and a head scaled so that about as
many candidates pass as with a trained network; how many is told in FOLDER/prepared.json. `run` writes FOLDER/torch.json.
"""
import argparse
import copy
import json
import pathlib
import resource
import sys
import time

import numpy as np
import torch
import yaml
from safetensors.torch import load_file, save_file
from torch import nn

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from torch_rival.detection import Decoder, average_precision, match, suppress, to_corners, to_native  # noqa: E402
from torch_rival.device import Device, add_flags  # noqa: E402
from torch_rival.network import Network  # noqa: E402

# Logits (mean, deviation) over cells: a detector that is sure of a few places and says no elsewhere. Suppression compares candidates
# with each other, so that with ten times as many it would be all that is measured.
OBJECTNESS, CLASSES, BOX = (-8.5, 2.2), (-7.5, 2.0), (0.0, 0.7)


def read_batches(folder):
    """The batches with their pixels, [n, 3, height, width] bytes each."""
    plan = json.loads((folder / "batches.json").read_text())
    pixels = np.fromfile(folder / "images.u8", dtype=np.uint8)
    start = 0
    for batch in plan["batches"]:
        shape = (len(batch["items"]), batch["height"], batch["width"], 3)
        size = int(np.prod(shape))
        batch["pixels"] = torch.from_numpy(pixels[start : start + size].reshape(shape)).permute(0, 3, 1, 2)
        start += size
    return plan


def prepare(folder, spec):
    torch.manual_seed(0)
    plan = read_batches(folder)
    network = Network(spec, plan["nc"]).place_anchors(plan["imgsz"])
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None  # the plain mean over all batches
    network.train()
    with torch.no_grad():
        for batch in plan["batches"]:
            network(batch["pixels"].float() / 255)
        first = plan["batches"][0]
        maps = network.eval()(first["pixels"].float() / 255)
        for conv, raw in zip(network.model[-1].m, maps):
            anchors, outputs = raw.shape[1], raw.shape[4]
            wanted = torch.tensor([BOX] * 4 + [OBJECTNESS] + [CLASSES] * (outputs - 5))
            mean, deviation = raw.mean((0, 2, 3)), raw.std((0, 2, 3)) + 1e-12
            factor = (wanted[:, 1] / deviation).reshape(anchors * outputs)
            conv.weight.mul_(factor.view(-1, 1, 1, 1))
            conv.bias.copy_((conv.bias - mean.reshape(-1)) * factor + wanted[:, 0].repeat(anchors))
        prediction = Decoder(spec["anchors"])(network(first["pixels"].float() / 255), first["height"])
        scores = prediction[..., 5:] * prediction[..., 4:5]
        passed = ((prediction[..., 4:5] > plan["confThres"]) & (scores > plan["confThres"])).sum().item()
    (folder / "prepared.json").write_text(json.dumps({"candidatesPerImage": round(passed / len(prediction))}))
    save_file({k: v.contiguous() for k, v in network.state_dict().items()}, str(folder / "weights.safetensors"))


def fuse(network):
    """Batch norms become part of the convolutions before them."""
    for module in network.modules():
        if hasattr(module, "bn"):
            module.conv = nn.utils.fusion.fuse_conv_bn_eval(module.conv, module.bn)
            module.bn = nn.Identity()
    return network


def labels_of(batch, position, width, height):
    """Rows (class, x1, y1, x2, y2) in pixels of the network image."""
    rows = [row[1:] for row in batch["targets"] if row[0] == position]
    rows = torch.tensor(rows, dtype=torch.float32).reshape(-1, 5)
    boxes = rows[:, 1:] * torch.tensor([width, height, width, height])
    return torch.cat([rows[:, :1], to_corners(boxes)], 1)


@torch.inference_mode()
def validate(network, decoder, plan, device):
    correct, scores, predicted, labelled, candidates = [], [], [], [], 0
    for batch in plan["batches"]:
        prediction = decoder(network(device.send(batch["input"]).float() / 255), batch["height"])
        for position, item in enumerate(batch["items"]):
            # Matching is done on the host, as in the program that this follows.
            detections = suppress(prediction[position], plan["confThres"], plan["iouThres"]).cpu()
            candidates += len(detections)
            width, height = item["nativeWidth"], item["nativeHeight"]
            frame = item["gain"][0], item["pad"], width, height
            labels = batch["labels"][position].clone()
            to_native(detections[:, :4], *frame)
            to_native(labels[:, 1:], *frame)
            correct.append(match(detections, labels))
            scores.append(detections[:, 4].numpy())
            predicted.append(detections[:, 5].numpy())
            labelled.append(labels[:, 0].numpy())
    map50, mean = average_precision(*(np.concatenate(parts) for parts in (correct, scores, predicted, labelled)))
    return {"numDetections": candidates, "map50": map50, "map": mean}


def run(folder, spec, options):
    torch.set_num_threads(options.threads)
    device = Device(options.device, tf32=options.tf32)
    plan = read_batches(folder)
    network = Network(spec, plan["nc"])
    network.load_state_dict(load_file(str(folder / "weights.safetensors")))
    network = fuse(copy.deepcopy(network).eval())
    layout = torch.channels_last if options.channels_last else torch.contiguous_format
    network = network.to(device.torch, memory_format=layout)
    for batch in plan["batches"]:
        # Pixels and labels lie ready; ours come from a cache of decoded pictures.
        batch["input"] = device.pin(batch.pop("pixels").contiguous(memory_format=layout))
        size = batch["width"], batch["height"]
        batch["labels"] = [labels_of(batch, position, *size) for position in range(len(batch["items"]))]
    decoder = Decoder(spec["anchors"], device.torch)
    figures = validate(network, decoder, plan, device)
    seconds = []
    for _ in range(options.repeats):
        started = time.perf_counter()
        figures = validate(network, decoder, plan, device)
        seconds.append(time.perf_counter() - started)
    peak = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    sample = {"version": f"torch {torch.__version__}", "seconds": seconds, "peakRssMb": peak, **figures, **device.memory()}
    (folder / "torch.json").write_text(json.dumps(sample))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("task", choices=["prepare", "run"])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--channels-last", action="store_true")
    add_flags(parser, amp=False)
    options = parser.parse_args()
    spec = yaml.safe_load(options.model.read_text())
    if options.task == "prepare":
        prepare(options.folder, spec)
    else:
        run(options.folder, spec, options)


main()
