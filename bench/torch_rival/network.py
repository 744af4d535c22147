"""YOLOv3 of a model YAML in torch's own layers."""
import math

import torch
import torch.nn.functional as F
from torch import nn


class Conv(nn.Module):
    """Convolution, batch norm, SiLU."""

    def __init__(self, inputs, outputs, kernel=1, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.03)

    def forward(self, x):
        return F.silu(self.bn(self.conv(x)))


class Bottleneck(nn.Module):
    """1×1 convolution to half the channels, 3×3 convolution, and the input on top where that fits."""

    def __init__(self, inputs, outputs, shortcut=True):
        super().__init__()
        hidden = outputs // 2
        self.cv1 = Conv(inputs, hidden)
        self.cv2 = Conv(hidden, outputs, 3)
        self.add = shortcut and inputs == outputs

    def forward(self, x):
        y = self.cv2(self.cv1(x))
        return x + y if self.add else y


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


def plain(args):
    """A square kernel that the YAML writes as a pair becomes one number."""
    return [a[0] if isinstance(a, list) and a[0] == a[-1] else a for a in args]


def repeated(count, make, inputs, outputs):
    """One layer, or a sequence of them where the YAML repeats it."""
    return make(inputs) if count == 1 else nn.Sequential(*(make(outputs if k else inputs) for k in range(count)))


class Network(nn.Module):
    """The layers of a model YAML that YOLOv3 and YOLOv3-tiny are made of."""

    def __init__(self, spec, nc):
        super().__init__()
        width, depth = spec.get("width_multiple", 1.0), spec.get("depth_multiple", 1.0)
        self.anchors_px = spec["anchors"]
        layers, self.sources, channels = [], [], []
        for index, (sources, repeats, kind, args) in enumerate(spec["backbone"] + spec["head"]):
            repeats = max(round(repeats * depth), 1) if repeats > 1 else repeats
            sources = [sources] if isinstance(sources, int) else sources
            sources = [s if s >= 0 else index + s for s in sources]
            inputs = [3 if s < 0 else channels[s] for s in sources]
            out = inputs[0]
            if kind == "Conv":
                out = math.ceil(args[0] * width / 8) * 8
                layer = repeated(repeats, lambda c: Conv(c, out, *plain(args[1:])), inputs[0], out)
            elif kind == "Bottleneck":
                out = math.ceil(args[0] * width / 8) * 8
                layer = repeated(repeats, lambda c: Bottleneck(c, out, *args[1:]), inputs[0], out)
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
        # What only the next layer reads is let go of at once.
        self.kept = {s for index, sources in enumerate(self.sources) for s in sources if s != index - 1}

    def forward(self, image):
        kept, x = {}, image
        for index, (layer, sources) in enumerate(zip(self.model, self.sources)):
            xs = [x if s == index - 1 else kept[s] for s in sources]
            x = layer(xs if isinstance(layer, (Concat, Detect)) else xs[0])
            if index in self.kept:
                kept[index] = x
        return x

    def place_anchors(self, side):
        """Fills in the anchors, in grid units, of a network for square images of this side in pixels."""
        detect = self.model[-1]
        was_training = self.training
        with torch.no_grad():
            maps = self.eval()(torch.zeros(1, 3, side, side))
            for anchors, pixels, raw in zip(detect.anchors, self.anchors_px, maps):
                anchors.copy_(torch.tensor(pixels).float().view(-1, 2) * raw.shape[2] / side)
        return self.train(was_training)
