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
import time

import numpy as np
import torch
import torch.nn.functional as F
import yaml
from safetensors.torch import load_file, save_file
from torch import nn

EPS = 1e-7


class Conv(nn.Module):
    """Convolution, batch norm, SiLU."""

    def __init__(self, inputs, outputs, kernel=1, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.03)

    def forward(self, x):
        return F.silu(self.bn(self.conv(x)))


class Concat(nn.Module):
    def forward(self, xs):
        return torch.cat(xs, 1)


class Detect(nn.Module):
    """One 1×1 convolution per detection layer; gives raw maps [B, anchors, ny, nx, 5 + nc]."""

    def __init__(self, nc, anchors_px, channels):
        super().__init__()
        self.outputs, self.num_anchors = nc + 5, len(anchors_px[0]) // 2
        self.m = nn.ModuleList(nn.Conv2d(c, self.num_anchors * self.outputs, 1) for c in channels)
        self.register_buffer("anchors", torch.zeros(len(anchors_px), self.num_anchors, 2))  # grid units, from the file

    def forward(self, xs):
        maps = []
        for x, conv in zip(xs, self.m):
            y = conv(x)
            batch, _, ny, nx = y.shape
            maps.append(y.view(batch, self.num_anchors, self.outputs, ny, nx).permute(0, 1, 3, 4, 2).contiguous())
        return maps


class Network(nn.Module):
    """The layers of a model YAML that YOLOv3-tiny is made of."""

    def __init__(self, spec, nc):
        super().__init__()
        width = spec["width_multiple"]
        layers, self.sources, channels = [], [], []
        for index, (sources, repeats, kind, args) in enumerate(spec["backbone"] + spec["head"]):
            assert repeats == 1, "repeated layers are not part of this task"
            sources = [sources] if isinstance(sources, int) else sources
            sources = [s if s >= 0 else index + s for s in sources]
            inputs = [3 if s < 0 else channels[s] for s in sources]
            out = inputs[0]
            if kind == "Conv":
                out = math.ceil(args[0] * width / 8) * 8
                layer = Conv(inputs[0], out, *args[1:])
            elif kind == "nn.MaxPool2d":
                layer = nn.MaxPool2d(*args)
            elif kind == "nn.ZeroPad2d":
                layer = nn.ZeroPad2d(args[0])
            elif kind == "nn.Upsample":
                layer = nn.Upsample(None, args[1], args[2])
            elif kind == "Concat":
                layer, out = Concat(), sum(inputs)
            elif kind == "Detect":
                layer = Detect(nc, spec["anchors"], inputs)
            else:
                raise SystemExit(f"layer {index}: {kind} is not part of this task")
            layers.append(layer)
            self.sources.append(sources)
            channels.append(out)
        self.model = nn.ModuleList(layers)

    def forward(self, image):
        outputs = []
        for layer, sources in zip(self.model, self.sources):
            xs = [image if s < 0 else outputs[s] for s in sources]
            many = isinstance(layer, (Concat, Detect))
            outputs.append(layer(xs if many else xs[0]))
        return outputs[-1]


def corners(box):
    """xywh → x1, y1, x2, y2."""
    x, y, w, h = box.unbind(1)
    return x - w / 2, y - h / 2, x + w / 2, y + h / 2


def similarity(name, prediction, target, alpha):
    """Box similarity of matched pairs, [n, 4] xywh in grid units each; [n]."""
    px1, py1, px2, py2 = corners(prediction)
    tx1, ty1, tx2, ty2 = corners(target)
    inner_w = torch.minimum(px2, tx2) - torch.maximum(px1, tx1)
    inner_h = torch.minimum(py2, ty2) - torch.maximum(py1, ty1)
    outer_w = torch.maximum(px2, tx2) - torch.minimum(px1, tx1)
    outer_h = torch.maximum(py2, ty2) - torch.minimum(py1, ty1)
    if name == "sca":
        overlap = inner_w / outer_w + inner_h / outer_h
        top_left = torch.sqrt((px1 - tx1 + EPS) ** 2 + (py1 - ty1 + EPS) ** 2)
        bottom_right = torch.sqrt((px2 - tx2 + EPS) ** 2 + (py2 - ty2 + EPS) ** 2)
        diagonal = torch.sqrt((outer_w + EPS) ** 2 + (outer_h + EPS) ** 2)
        return overlap - alpha * (top_left / (diagonal + EPS) + bottom_right / (diagonal + EPS)) - 1
    pw, ph, tw, th = px2 - px1, py2 - py1 + EPS, tx2 - tx1, ty2 - ty1 + EPS
    inter = inner_w.clamp(min=0) * inner_h.clamp(min=0)
    union = pw * ph + tw * th - inter + EPS
    iou = inter / union
    if name == "iou":
        return iou
    if name == "giou":
        area = outer_w * outer_h + EPS
        return iou - (area - union) / area
    c2 = outer_w**2 + outer_h**2 + EPS
    rho2 = ((tx1 + tx2 - px1 - px2) ** 2 + (ty1 + ty2 - py1 - py2) ** 2) / 4
    if name == "diou":
        return iou - rho2 / c2
    v = (4 / math.pi**2) * (torch.atan(tw / th) - torch.atan(pw / ph)) ** 2
    with torch.no_grad():
        a = v / (v - iou + 1 + EPS)
    return iou - (rho2 / c2 + v * a)


def assign(targets, anchors, nx, ny, anchor_t):
    """Matches of one detection layer: image, anchor, row, column, class indices, boxes [n, 4] and anchors [n, 2] in grid units.

    targets: float32 [T, 6] rows (image, class, cx, cy, w, h), normalised; anchors: [A, 2] grid units.
    """
    num_anchors = anchors.shape[0]
    rows = targets.clone()
    rows[:, 2:] *= torch.tensor([nx, ny, nx, ny], dtype=rows.dtype)
    # Anchor-major: every target with anchor 0, then with anchor 1, …
    anchor_of = torch.arange(num_anchors).repeat_interleave(len(rows))
    rows = rows.repeat(num_anchors, 1)
    ratio = rows[:, 4:6] / anchors[anchor_of]
    keep = torch.maximum(ratio, 1 / ratio).amax(1) < anchor_t
    rows, anchor_of = rows[keep], anchor_of[keep]
    gx, gy = rows[:, 2], rows[:, 3]
    ix, iy = nx - gx, ny - gy
    neighbours = [
        (torch.ones_like(gx, dtype=torch.bool), (0.0, 0.0)),
        ((gx % 1 < 0.5) & (gx > 1), (0.5, 0.0)),
        ((gy % 1 < 0.5) & (gy > 1), (0.0, 0.5)),
        ((ix % 1 < 0.5) & (ix > 1), (-0.5, 0.0)),
        ((iy % 1 < 0.5) & (iy > 1), (0.0, -0.5)),
    ]
    parts = []
    for chosen, offset in neighbours:
        centre = rows[chosen, 2:4]
        cell = (centre - torch.tensor(offset, dtype=centre.dtype)).long()  # cuts off towards zero
        cell[:, 0].clamp_(0, nx - 1)
        cell[:, 1].clamp_(0, ny - 1)
        box = torch.cat([centre - cell, rows[chosen, 4:6]], 1)
        parts.append((rows[chosen, 0].long(), anchor_of[chosen], cell[:, 1], cell[:, 0], rows[chosen, 1].long(), box))
    return [torch.cat(column) for column in zip(*parts)]


class Loss:
    """Box, objectness and class terms; gains are scaled to layers, classes and image size."""

    def __init__(self, task):
        hyp, num_layers = task["hyp"], task["numDetectionLayers"]
        self.hyp, self.box_loss, self.alpha, self.smoothing = hyp, task["boxLoss"], task["scaAlpha"], task["labelSmoothing"]
        per_layer = 3 / num_layers
        self.gains = (hyp["box"] * per_layer,
                      hyp["obj"] * (task["imgsz"] / 640) ** 2 * per_layer,
                      hyp["cls"] * task["nc"] / 80 * per_layer)
        self.balance = [4.0, 1.0, 0.4] if num_layers == 3 else [4.0, 1.0, 0.25, 0.06, 0.02][:num_layers]

    def bce(self, logits, wanted, positive_weight):
        return F.binary_cross_entropy_with_logits(logits, wanted, pos_weight=logits.new_tensor([positive_weight]))

    def __call__(self, maps, targets, anchors):
        """Returns the total (times the batch) and the three gained terms."""
        zero = maps[0].new_zeros(())
        box_term, obj_term, cls_term = zero, zero, zero
        for layer, (raw, layer_anchors) in enumerate(zip(maps, anchors)):
            ny, nx, nc = raw.shape[2], raw.shape[3], raw.shape[4] - 5
            # Cells and boxes come from float32 labels whatever the precision of the network.
            image, anchor, row, column, label, box = assign(targets, layer_anchors.float(), nx, ny, self.hyp["anchor_t"])
            wanted = torch.zeros_like(raw[..., 4])
            if len(image):
                matched = raw[image, anchor, row, column]
                xy = matched[:, :2].sigmoid() * 2 - 0.5
                wh = (matched[:, 2:4].sigmoid() * 2) ** 2 * layer_anchors[anchor]
                score = similarity(self.box_loss, torch.cat([xy, wh], 1), box.to(raw.dtype), self.alpha)
                box_term = box_term + (1 - score).mean()
                wanted[image, anchor, row, column] = score.detach().clamp(min=0)
                if nc > 1:
                    classes = torch.full_like(matched[:, 5:], self.smoothing / 2)
                    classes[torch.arange(len(label)), label] = 1 - self.smoothing / 2
                    cls_term = cls_term + self.bce(matched[:, 5:], classes, self.hyp["cls_pw"])
            obj_term = obj_term + self.balance[layer] * self.bce(raw[..., 4], wanted, self.hyp["obj_pw"])
        items = [term * gain for term, gain in zip((box_term, obj_term, cls_term), self.gains)]
        return sum(items) * maps[0].shape[0], items


def parameter_groups(network, weight_decay):
    """Batch-norm weights, convolution weights (these alone decay), biases."""
    norms, weights, biases = [], [], []
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            norms.append(module.weight)
        elif isinstance(module, nn.Conv2d):
            weights.append(module.weight)
        if getattr(module, "bias", None) is not None:
            biases.append(module.bias)
    return [{"params": norms, "weight_decay": 0.0},
            {"params": weights, "weight_decay": weight_decay},
            {"params": biases, "weight_decay": 0.0}]


class Average:
    """The moving average of the floating-point state."""

    def __init__(self, network):
        self.values = {k: v.clone() for k, v in network.state_dict().items()}
        self.updates = 0

    def update(self, network):
        self.updates += 1
        decay = 0.9999 * (1 - math.exp(-self.updates / 2000))
        for name, value in network.state_dict().items():
            if value.dtype.is_floating_point:
                self.values[name].mul_(decay).add_(value, alpha=1 - decay)


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
                average.update(network)
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
