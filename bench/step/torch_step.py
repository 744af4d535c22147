"""Times PyTorch's training step: forward, loss, backward, SGD and moving average, on noise.

    torch_step.py MODEL_YAML OUT.json --batch 8 --img 416 --steps 6 --threads 2 [--processes 2] [--channels-last]

With more than one process each runs its share of the batch under DistributedDataParallel over Gloo, with --threads threads of
its own. OUT.json gets the seconds of each step after the warm-up, and the peak memory of the largest process in MiB.
"""
import argparse
import json
import os
import pathlib
import resource
import socket
import sys
import time

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
import yaml
from torch.nn.parallel import DistributedDataParallel

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from torch_rival.loss import Loss  # noqa: E402
from torch_rival.network import Network  # noqa: E402
from torch_rival.optimizer import Average, parameter_groups  # noqa: E402

WARM_UP_STEPS = 2
HYP = {"box": 0.05, "obj": 1.0, "cls": 0.5, "anchor_t": 4.0, "obj_pw": 1.0, "cls_pw": 1.0}


def noise_targets(images, nc, boxes_per_image):
    """Rows (image, class, cx, cy, w, h), normalised."""
    count = images * boxes_per_image
    image = torch.arange(images).repeat_interleave(boxes_per_image).float()[:, None]
    label = torch.randint(0, nc, (count, 1)).float()
    return torch.cat([image, label, 0.2 + 0.6 * torch.rand(count, 2), 0.05 + 0.35 * torch.rand(count, 2)], 1)


def run(rank, port, options):
    torch.manual_seed(rank)
    torch.set_num_threads(options.threads)
    spec = yaml.safe_load(options.model.read_text())
    batch, side = options.batch // options.processes, options.img
    network = Network(spec, options.nc).place_anchors(side)
    if options.channels_last:
        network = network.to(memory_format=torch.channels_last)
    task = {"hyp": HYP, "numDetectionLayers": len(spec["anchors"]), "boxLoss": "sca", "scaAlpha": 1.0,
            "labelSmoothing": 0.0, "imgsz": side, "nc": options.nc}
    loss_of, anchors = Loss(task), network.model[-1].anchors
    optimizer = torch.optim.SGD(parameter_groups(network, 5e-4), lr=1e-3, momentum=0.9, nesterov=True, fused=True)
    # As is usual, the first process alone keeps the average.
    average = Average(network) if rank == 0 else None
    forward = network.train()
    if options.processes > 1:
        os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
        dist.init_process_group("gloo", rank=rank, world_size=options.processes)
        forward = DistributedDataParallel(network, gradient_as_bucket_view=True, broadcast_buffers=False)
    images = torch.randint(0, 256, (batch, 3, side, side), dtype=torch.uint8)
    if options.channels_last:
        images = images.contiguous(memory_format=torch.channels_last)
    targets = noise_targets(batch, options.nc, options.boxes)
    seconds = []
    for _ in range(options.steps + WARM_UP_STEPS):
        started = time.perf_counter()
        total, _ = loss_of(forward(images.float() / 255), targets, anchors)
        (total * options.processes).backward()
        optimizer.step()
        optimizer.zero_grad()
        if average is not None:
            average.update(network)
        seconds.append(time.perf_counter() - started)
    peak = torch.tensor([resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024])
    if options.processes > 1:
        dist.all_reduce(peak, op=dist.ReduceOp.MAX)
        dist.destroy_process_group()
    if rank == 0:
        result = {"version": f"torch {torch.__version__}", "seconds": seconds[WARM_UP_STEPS:], "peakRssMb": round(peak.item())}
        options.out.write_text(json.dumps(result))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--batch", type=int, default=8, help="images per step over all processes")
    parser.add_argument("--img", type=int, default=416)
    parser.add_argument("--nc", type=int, default=80)
    parser.add_argument("--boxes", type=int, default=7, help="per image")
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--threads", type=int, default=1, help="per process")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--channels-last", action="store_true")
    options = parser.parse_args()
    if options.processes == 1:
        run(0, 0, options)
    else:
        mp.spawn(run, (free_port(), options), nprocs=options.processes)


if __name__ == "__main__":
    main()
