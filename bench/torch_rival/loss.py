"""Box similarities, assignment of labels to cells, and the loss, by the description of the training rules."""
import math

import torch
import torch.nn.functional as F

EPS = 1e-7


def at_least_float32(x):
    return x.to(torch.promote_types(x.dtype, torch.float32))


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
    rows[:, 2:] *= rows.new_tensor([nx, ny, nx, ny])
    # Anchor-major: every target with anchor 0, then with anchor 1, …
    anchor_of = torch.arange(num_anchors, device=rows.device).repeat_interleave(len(rows))
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
        cell = (centre - centre.new_tensor(offset)).long()  # cuts off towards zero
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
        # Under autocast in float32, as CUDA's list of operators has it; the CPU's list lacks this one.
        logits, wanted = at_least_float32(logits), at_least_float32(wanted)
        return F.binary_cross_entropy_with_logits(logits, wanted, pos_weight=logits.new_tensor([positive_weight]))

    def __call__(self, maps, targets, anchors):
        """Returns the total (times the batch) and the three gained terms."""
        zero = at_least_float32(maps[0].new_zeros(()))
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
                # Labels are float32 and raise what they meet to it; with float64 weights they follow.
                box = box.to(torch.promote_types(raw.dtype, box.dtype))
                prediction = torch.cat([xy, wh], 1).to(box.dtype)
                score = similarity(self.box_loss, prediction, box, self.alpha)
                box_term = box_term + (1 - score).mean()
                wanted[image, anchor, row, column] = score.detach().clamp(min=0).to(wanted.dtype)
                if nc > 1:
                    classes = torch.full_like(matched[:, 5:], self.smoothing / 2)
                    classes[torch.arange(len(label), device=label.device), label] = 1 - self.smoothing / 2
                    cls_term = cls_term + self.bce(matched[:, 5:], classes, self.hyp["cls_pw"])
            obj_term = obj_term + self.balance[layer] * self.bce(raw[..., 4], wanted, self.hyp["obj_pw"])
        items = [term * gain for term, gain in zip((box_term, obj_term, cls_term), self.gains)]
        return sum(items) * maps[0].shape[0], items
