"""From raw maps to average precision: decoding, suppression with torchvision, matching and AP, by the description of validation."""
import numpy as np
import torch
import torchvision

IOU_THRESHOLDS = np.linspace(0.5, 0.95, 10)
MAX_CANDIDATES, MAX_DETECTIONS, CLASS_OFFSET_PX = 30_000, 300, 4096


class Decoder:
    """Boxes in pixels and probabilities, [B, N, 5 + nc], of raw maps. Grids are kept by shape."""

    def __init__(self, anchors_px, device="cpu"):
        self.device = device
        self.anchors_px = [torch.tensor(a, device=device).float().view(1, -1, 1, 1, 2) for a in anchors_px]
        self.grids = {}

    def grid(self, ny, nx):
        if (ny, nx) not in self.grids:
            y, x = torch.meshgrid(torch.arange(ny, device=self.device), torch.arange(nx, device=self.device), indexing="ij")
            self.grids[ny, nx] = torch.stack([x, y], 2).float().view(1, 1, ny, nx, 2)
        return self.grids[ny, nx]

    def __call__(self, maps, height):
        parts = []
        for raw, anchors in zip(maps, self.anchors_px):
            batch, _, ny, nx, outputs = raw.shape
            y = raw.sigmoid()
            y[..., :2] = (y[..., :2] * 2 - 0.5 + self.grid(ny, nx)) * (height / ny)
            y[..., 2:4] = (y[..., 2:4] * 2) ** 2 * anchors
            parts.append(y.view(batch, -1, outputs))
        return torch.cat(parts, 1)


def to_corners(boxes):
    half = boxes[:, 2:] / 2
    return torch.cat([boxes[:, :2] - half, boxes[:, :2] + half], 1)


def suppress(prediction, conf, iou):
    """Rows (x1, y1, x2, y2, score, class) of one image, best first; a row per class whose score passes."""
    x = prediction[prediction[:, 4] > conf]
    scores = x[:, 5:] * x[:, 4:5]
    row, label = (scores > conf).nonzero(as_tuple=True)
    boxes, scores = to_corners(x[:, :4])[row], scores[row, label]
    if len(scores) > MAX_CANDIDATES:
        scores, best = scores.topk(MAX_CANDIDATES)
        boxes, label = boxes[best], label[best]
    kept = torchvision.ops.nms(boxes + label[:, None] * CLASS_OFFSET_PX, scores, iou)[:MAX_DETECTIONS]
    return torch.cat([boxes[kept], scores[kept, None], label[kept, None].float()], 1)


def to_native(boxes, gain, pad, width, height):
    """From the network's frame to the picture's, clipped; in place."""
    boxes[:, [0, 2]] -= pad[0]
    boxes[:, [1, 3]] -= pad[1]
    boxes /= gain
    boxes[:, [0, 2]] = boxes[:, [0, 2]].clamp(0, width)
    boxes[:, [1, 3]] = boxes[:, [1, 3]].clamp(0, height)
    return boxes


def match(detections, labels):
    """Whether each detection is right at each IoU threshold, bool [n, 10]; labels are rows (class, x1, y1, x2, y2)."""
    correct = np.zeros((len(detections), len(IOU_THRESHOLDS)), dtype=bool)
    if len(labels) == 0 or len(detections) == 0:
        return correct
    iou = torchvision.ops.box_iou(labels[:, 1:], detections[:, :4])
    label, detection = torch.where((iou >= IOU_THRESHOLDS[0]) & (labels[:, :1] == detections[:, 5]))
    pairs = np.stack([label.numpy(), detection.numpy(), iou[label, detection].numpy()], 1)
    pairs = pairs[pairs[:, 2].argsort()[::-1]]
    pairs = pairs[np.unique(pairs[:, 1], return_index=True)[1]]
    pairs = pairs[np.unique(pairs[:, 0], return_index=True)[1]]
    correct[pairs[:, 1].astype(int)] = pairs[:, 2:] >= IOU_THRESHOLDS
    return correct


def average_precision(correct, scores, predicted, labelled):
    """Mean AP at IoU .5 and over all thresholds, over the classes that are labelled."""
    order = np.argsort(-scores)
    correct, predicted = correct[order], predicted[order]
    classes, counts = np.unique(labelled, return_counts=True)
    ap = np.zeros((len(classes), len(IOU_THRESHOLDS)))
    grid = np.linspace(0, 1, 101)
    for i, (label, count) in enumerate(zip(classes, counts)):
        right = correct[predicted == label].cumsum(0)
        if len(right) == 0:
            continue
        precision = right / np.arange(1, len(right) + 1)[:, None]
        recall = right / (count + 1e-16)
        for j in range(len(IOU_THRESHOLDS)):
            r = np.concatenate([[0.0], recall[:, j], [1.0]])
            p = np.concatenate([[1.0], precision[:, j], [0.0]])
            p = np.maximum.accumulate(p[::-1])[::-1]
            ap[i, j] = np.trapezoid(np.interp(grid, r, p), grid)
    return ap[:, 0].mean(), ap.mean()
