"""Times PyTorch's training step: forward, loss, backward, SGD and moving average, on noise.

    torch_step.py MODEL_YAML START OUT.json --batch 8 --img 416 --steps 6 --threads 2 [--processes 2] [--channels-last]
                  [--device cuda] [--amp fp16|bf16] [--tf32 off]

START is the folder with the weights and the noise that both sides start from (start.ts). With more than one process each runs
its share of the batch under DistributedDataParallel, over Gloo with --threads threads of its own, or over NCCL with a GPU of its
own. OUT.json gets the seconds of each step after the warm-up, the losses of the first step, and the peak memory of the largest
process in MiB.
"""
import argparse
import json
import os
import pathlib
import resource
import socket
import sys
import time

import numpy as np
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
import yaml
from safetensors.torch import load_file
from torch.nn.parallel import DistributedDataParallel

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from torch_rival.device import Device, add_flags  # noqa: E402
from torch_rival.loss import Loss  # noqa: E402
from torch_rival.network import Network  # noqa: E402
from torch_rival.optimizer import Average, parameter_groups  # noqa: E402

WARM_UP_STEPS = 2
HYP = {"box": 0.05, "obj": 1.0, "cls": 0.5, "anchor_t": 4.0, "obj_pw": 1.0, "cls_pw": 1.0}


def read_noise(folder, images, side):
    """The first images and their rows (image, class, cx, cy, w, h), normalised."""
    pixels = np.fromfile(folder / "images.u8", dtype=np.uint8, count=images * side * side * 3)
    rows = torch.tensor(json.loads((folder / "targets.json").read_text()), dtype=torch.float32)
    return torch.from_numpy(pixels.reshape(images, side, side, 3)).permute(0, 3, 1, 2), rows[rows[:, 0] < images]


def run(rank, port, options):
    torch.set_num_threads(options.threads)
    device = Device(options.device, rank, options.amp, options.tf32)
    spec = yaml.safe_load(options.model.read_text())
    batch, side = options.batch // options.processes, options.img
    layout = torch.channels_last if options.channels_last else torch.contiguous_format
    network = Network(spec, options.nc)
    network.load_state_dict(load_file(str(options.start / "weights.safetensors")))
    network = network.to(device.torch, memory_format=layout)
    task = {"hyp": HYP, "numDetectionLayers": len(spec["anchors"]), "boxLoss": "sca", "scaAlpha": 1.0,
            "labelSmoothing": 0.0, "imgsz": side, "nc": options.nc}
    loss_of, anchors = Loss(task), network.model[-1].anchors
    optimizer = torch.optim.SGD(parameter_groups(network, 5e-4), lr=1e-3, momentum=0.9, nesterov=True, fused=True)
    scaler = device.grad_scaler()
    # As is usual, the first process alone keeps the average.
    average = Average(network) if rank == 0 else None
    forward = network.train()
    if options.processes > 1:
        os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
        dist.init_process_group("nccl" if device.is_gpu else "gloo", rank=rank, world_size=options.processes)
        own = {"device_ids": [rank]} if device.is_gpu else {}
        forward = DistributedDataParallel(network, gradient_as_bucket_view=True, broadcast_buffers=False, **own)
    images, targets = read_noise(options.start, batch, side)
    images, targets = device.pin(images.contiguous(memory_format=layout)), device.pin(targets)
    seconds, losses, skipped = [], None, 0
    for step in range(options.steps + WARM_UP_STEPS):
        scale = scaler.get_scale()
        device.finish()
        started = time.perf_counter()
        with device.autocast():
            total, items = loss_of(forward(device.send(images).float() / 255), device.send(targets), anchors)
        scaler.scale(total * options.processes).backward()
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad()
        if average is not None:
            average.update()
        device.finish()
        seconds.append(time.perf_counter() - started)
        losses = losses or [item.item() for item in items]
        skipped += step >= WARM_UP_STEPS and scaler.get_scale() < scale
    peak = torch.tensor([resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024], device=device.torch)
    memory = device.memory()
    if options.processes > 1:
        dist.all_reduce(peak, op=dist.ReduceOp.MAX)
        dist.destroy_process_group()
    if rank == 0:
        result = {"version": f"torch {torch.__version__}", "seconds": seconds[WARM_UP_STEPS:], "peakRssMb": round(peak.item()),
                  "losses": losses, "skippedSteps": skipped, **memory}
        options.out.write_text(json.dumps(result))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("start", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--batch", type=int, default=8, help="images per step over all processes")
    parser.add_argument("--img", type=int, default=416)
    parser.add_argument("--nc", type=int, default=80)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--threads", type=int, default=1, help="per process")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--channels-last", action="store_true")
    add_flags(parser)
    options = parser.parse_args()
    if options.processes == 1:
        run(0, 0, options)
    else:
        mp.spawn(run, (free_port(), options), nprocs=options.processes)


if __name__ == "__main__":
    main()
