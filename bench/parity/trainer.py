"""Trains the parity task in PyTorch: torch's own layers, autograd and SGD, by the description of the training rules.

    trainer.py TASK_FOLDER OUT_FOLDER [--dtype float32|float64] [--threads N] [--no-mkldnn] [--nudge X]

Reads what `task.ts` wrote (task.json, model.yaml, images.u8, initial.safetensors), and leaves losses.json and, after the
optimizer steps that the task marks, after-N.safetensors with `weights/NAME` and `ema/NAME`.
"""
import argparse
import copy
import json
import math
import pathlib
import sys
import time

import numpy as np
import torch
import yaml
from safetensors.torch import load_file, save_file

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from torch_rival.loss import Loss  # noqa: E402
from torch_rival.network import Network  # noqa: E402
from torch_rival.optimizer import Average, parameter_groups  # noqa: E402


def train(task, network, images, out):
    hyp, batch_size, per_epoch, epochs = task["hyp"], task["batchSize"], task["iterationsPerEpoch"], task["epochs"]
    nominal, dtype = task["nominalBatchSize"], next(network.parameters()).dtype
    full_accumulate = max(round(nominal / batch_size), 1)
    decay = hyp["weight_decay"] * batch_size * full_accumulate / nominal
    optimizer = torch.optim.SGD(parameter_groups(network, decay), lr=hyp["lr0"], momentum=hyp["momentum"], nesterov=True)
    warmup = max(round(hyp["warmup_epochs"] * per_epoch), hyp["warmup_min_iterations"])
    factor = lambda epoch: ((1 - math.cos(math.pi * epoch / epochs)) / 2) * (hyp["lrf"] - 1) + 1
    loss_of, average = Loss(task), Average(network)
    accumulate, last_step, steps, rows = full_accumulate, -1, 0, []
    anchors = network.model[-1].anchors
    network.train()
    started = time.perf_counter()
    for epoch in range(epochs):
        optimizer.zero_grad()
        for i in range(per_epoch):
            index = epoch * per_epoch + i
            chosen = task["batches"][index]
            if index <= warmup:
                between = [0, warmup]
                accumulate = max(1, int(np.round(np.interp(index, between, [1, nominal / batch_size]))))
                for group, start in zip(optimizer.param_groups, (0.0, 0.0, hyp["warmup_bias_lr"])):
                    group["lr"] = float(np.interp(index, between, [start, hyp["lr0"] * factor(epoch)]))
                    group["momentum"] = float(np.interp(index, between, [hyp["warmup_momentum"], hyp["momentum"]]))
            rows_of = [[position, *label] for position, k in enumerate(chosen) for label in task["labels"][k]]
            targets = torch.tensor(rows_of, dtype=torch.float32).reshape(-1, 6)
            x = torch.from_numpy(images[chosen]).permute(0, 3, 1, 2).contiguous().to(dtype) / 255
            total, items = loss_of(network(x), targets, anchors)
            total.backward()
            stepped = index - last_step >= accumulate
            rows.append({"box": items[0].item(), "obj": items[1].item(), "cls": items[2].item(), "stepped": stepped})
            if stepped:
                optimizer.step()
                optimizer.zero_grad()
                average.update()
                last_step, steps = index, steps + 1
                if steps in task["marks"]:
                    save(out / f"after-{steps}.safetensors", network, average)
        for group in optimizer.param_groups:
            group["lr"] = hyp["lr0"] * factor(epoch)
    save(out / "final.safetensors", network, average)
    return rows, time.perf_counter() - started


def save(path, network, average):
    state = {f"weights/{k}": v.contiguous() for k, v in copy.deepcopy(network.state_dict()).items()}
    save_file({**state, **{f"ema/{k}": v.contiguous().clone() for k, v in average.values.items()}}, str(path))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("task", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--dtype", choices=["float32", "float64"], default="float32")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--no-mkldnn", action="store_true", help="torch's plain convolutions: other order of summation")
    parser.add_argument("--nudge", type=float, default=0.0, help="multiply every weight by 1 ± up to this")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.backends.mkldnn.enabled = not options.no_mkldnn
    task = json.loads((options.task / "task.json").read_text())
    spec = yaml.safe_load((options.task / "model.yaml").read_text())
    side = task["imgsz"]
    images = np.fromfile(options.task / "images.u8", dtype=np.uint8).reshape(-1, side, side, 3)
    network = Network(spec, task["nc"]).to(getattr(torch, options.dtype))
    network.load_state_dict(load_file(str(options.task / "initial.safetensors")))
    if options.nudge > 0:
        generator = torch.Generator().manual_seed(task["seed"])
        with torch.no_grad():
            for weight in network.parameters():
                weight.mul_(1 + options.nudge * (2 * torch.rand(weight.shape, generator=generator) - 1))
    options.out.mkdir(parents=True, exist_ok=True)
    rows, seconds = train(task, network, images, options.out)
    version = f"torch {torch.__version__}"
    (options.out / "losses.json").write_text(json.dumps({"version": version, "seconds": seconds, "iterations": rows}))


main()
