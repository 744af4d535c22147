"""The usual way to make training samples in Python: a DataLoader whose workers use OpenCV.

Reads settings as JSON from the first argument, then makes one round of samples for every line on its input and answers with
a line of JSON: images, seconds, cpuSeconds of this process and its workers.
"""
import json
import math
import os
import random
import sys
import time

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

GREY = 114


def list_images(folder):
    found = [os.path.join(root, name) for root, _, names in os.walk(folder) for name in names]
    return sorted(path for path in found if path.lower().endswith(('.jpg', '.jpeg', '.png')))


def read_labels(image_path):
    path = os.path.splitext(image_path.replace(f'{os.sep}images{os.sep}', f'{os.sep}labels{os.sep}'))[0] + '.txt'
    if not os.path.exists(path):
        return np.zeros((0, 5), np.float32)
    with open(path) as file:
        rows = [line.split() for line in file if line.strip()]
    return np.array(rows, np.float32).reshape(-1, 5)


class Mosaics(Dataset):
    def __init__(self, settings):
        self.size = settings['imgsz']
        self.hyp = settings['hyp']
        self.length = settings['images']
        self.paths = list_images(os.path.join(settings['data'], 'images'))
        self.labels = [read_labels(path) for path in self.paths]
        self.cache = None
        if settings['cache']:
            self.cache = [self.read(i) for i in range(len(self.paths))]

    def __len__(self):
        return self.length

    def read(self, index):
        image = cv2.imread(self.paths[index])
        height, width = image.shape[:2]
        ratio = self.size / max(height, width)
        if ratio != 1:
            image = cv2.resize(image, (int(width * ratio), int(height * ratio)), interpolation=cv2.INTER_LINEAR)
        return image

    def load(self, index):
        return self.read(index) if self.cache is None else self.cache[index]

    def __getitem__(self, number):
        image, labels = self.mosaic(number % len(self.paths))
        image, labels = self.perspective(image, labels)
        size = self.size
        boxes = labels[:, 1:].clip(0, size - 1e-3)
        labels[:, 1:3] = (boxes[:, :2] + boxes[:, 2:]) / 2 / size
        labels[:, 3:5] = (boxes[:, 2:] - boxes[:, :2]) / size
        self.jitter(image)
        if random.random() < self.hyp['flipud']:
            image = np.flipud(image)
            labels[:, 2] = 1 - labels[:, 2]
        if random.random() < self.hyp['fliplr']:
            image = np.fliplr(image)
            labels[:, 1] = 1 - labels[:, 1]
        rows = torch.zeros((len(labels), 6))
        rows[:, 1:] = torch.from_numpy(labels)
        pixels = np.ascontiguousarray(image.transpose((2, 0, 1))[::-1])
        return torch.from_numpy(pixels), rows

    def mosaic(self, index):
        size = self.size
        cy = int(random.uniform(size / 2, size * 3 / 2))
        cx = int(random.uniform(size / 2, size * 3 / 2))
        order = [index, *random.choices(range(len(self.paths)), k=3)]
        random.shuffle(order)
        canvas = np.full((2 * size, 2 * size, 3), GREY, np.uint8)
        labels = []
        for position, tile in enumerate(order):
            image = self.load(tile)
            height, width = image.shape[:2]
            left = cx - width if position % 2 == 0 else cx
            top = cy - height if position < 2 else cy
            x1, y1 = max(left, 0), max(top, 0)
            x2, y2 = min(left + width, 2 * size), min(top + height, 2 * size)
            canvas[y1:y2, x1:x2] = image[y1 - top : y2 - top, x1 - left : x2 - left]
            rows = self.labels[tile].copy()
            centre = rows[:, 1:3] * (width, height) + (left, top)
            half = rows[:, 3:5] * (width, height) / 2
            rows[:, 1:3] = centre - half
            rows[:, 3:5] = centre + half
            labels.append(rows)
        labels = np.concatenate(labels)
        labels[:, 1:] = labels[:, 1:].clip(0, 2 * size)
        return canvas, labels

    def perspective(self, image, labels):
        hyp, size = self.hyp, self.size
        centre = np.eye(3)
        centre[0, 2] = centre[1, 2] = -size
        projection = np.eye(3)
        projection[2, 0] = random.uniform(-hyp['perspective'], hyp['perspective'])
        projection[2, 1] = random.uniform(-hyp['perspective'], hyp['perspective'])
        angle = math.radians(random.uniform(-hyp['degrees'], hyp['degrees']))
        scale = random.uniform(1 - hyp['scale'], 1 + hyp['scale'])
        cos, sin = scale * math.cos(angle), scale * math.sin(angle)
        rotation = np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]])
        shear = np.eye(3)
        shear[0, 1] = math.tan(math.radians(random.uniform(-hyp['shear'], hyp['shear'])))
        shear[1, 0] = math.tan(math.radians(random.uniform(-hyp['shear'], hyp['shear'])))
        shift = np.eye(3)
        shift[0, 2] = random.uniform(0.5 - hyp['translate'], 0.5 + hyp['translate']) * size
        shift[1, 2] = random.uniform(0.5 - hyp['translate'], 0.5 + hyp['translate']) * size
        matrix = shift @ shear @ rotation @ projection @ centre
        fill = (GREY, GREY, GREY)
        if hyp['perspective'] != 0:
            image = cv2.warpPerspective(image, matrix, dsize=(size, size), borderValue=fill)
        else:
            image = cv2.warpAffine(image, matrix[:2], dsize=(size, size), borderValue=fill)
        return image, self.keep(labels, matrix, scale)

    def keep(self, labels, matrix, scale):
        n = len(labels)
        corners = np.ones((4 * n, 3))
        corners[:, :2] = labels[:, [1, 2, 3, 4, 1, 4, 3, 2]].reshape(4 * n, 2)
        moved = corners @ matrix.T
        points = (moved[:, :2] / moved[:, 2:] if self.hyp['perspective'] != 0 else moved[:, :2]).reshape(n, 4, 2)
        after = np.concatenate((points.min(1), points.max(1)), 1).clip(0, self.size)
        before = labels[:, 1:] * scale
        w1, h1 = before[:, 2] - before[:, 0], before[:, 3] - before[:, 1]
        w2, h2 = after[:, 2] - after[:, 0], after[:, 3] - after[:, 1]
        tiny = 1e-16
        aspect = np.maximum(w2 / (h2 + tiny), h2 / (w2 + tiny))
        kept = (w2 > 2) & (h2 > 2) & (w2 * h2 / (w1 * h1 + tiny) > 0.1) & (aspect < 20)
        labels = labels[kept]
        labels[:, 1:] = after[kept]
        return labels

    def jitter(self, image):
        gains = np.random.uniform(-1, 1, 3) * (self.hyp['hsv_h'], self.hyp['hsv_s'], self.hyp['hsv_v']) + 1
        hue, saturation, value = cv2.split(cv2.cvtColor(image, cv2.COLOR_BGR2HSV))
        levels = np.arange(256)
        tables = [
            ((levels * gains[0]) % 180).astype(np.uint8),
            np.clip(levels * gains[1], 0, 255).astype(np.uint8),
            np.clip(levels * gains[2], 0, 255).astype(np.uint8),
        ]
        planes = (cv2.LUT(hue, tables[0]), cv2.LUT(saturation, tables[1]), cv2.LUT(value, tables[2]))
        cv2.cvtColor(cv2.merge(planes), cv2.COLOR_HSV2BGR, dst=image)


def collate(samples):
    images, rows = zip(*samples)
    for i, labels in enumerate(rows):
        labels[:, 0] = i
    return torch.stack(images), torch.cat(rows)


def prepare_worker(_):
    cv2.setNumThreads(0)
    torch.set_num_threads(1)


def cpu_seconds(loader_workers):
    """Of this process and the workers, which count among the children only after their end."""
    ticks = 0
    for worker in loader_workers:
        with open(f'/proc/{worker.pid}/stat') as file:
            ticks += sum(int(field) for field in file.read().rsplit(')', 1)[1].split()[11:13])
    return time.process_time() + ticks / os.sysconf('SC_CLK_TCK')


def main():
    settings = json.loads(sys.argv[1])
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    data = Mosaics(settings)
    loader = DataLoader(
        data,
        batch_size=settings['batch'],
        shuffle=True,
        num_workers=settings['threads'],
        persistent_workers=True,
        collate_fn=collate,
        worker_init_fn=prepare_worker,
    )
    for _ in sys.stdin:
        workers = [] if loader._iterator is None else loader._iterator._workers
        cpu = cpu_seconds(workers)
        start = time.perf_counter()
        images = 0
        for pixels, _ in loader:
            images += len(pixels)
        seconds = time.perf_counter() - start
        cpu = cpu_seconds(loader._iterator._workers) - cpu
        print(json.dumps({'images': images, 'seconds': seconds, 'cpuSeconds': cpu}), flush=True)


main()
