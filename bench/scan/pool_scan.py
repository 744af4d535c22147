"""The usual way of scanning a YOLO data set in Python: a pool of processes over Pillow and text files, a pickled cache.

pool_scan.py IMAGES CACHE_FILE: prints its figures as one line of JSON. Written for this benchmark from the description of the rules:
images are verified by Pillow, sizes follow EXIF orientations 6 and 8, small ones are refused, JPEG files must end in FF D9, label
rows need five columns within range, duplicates are dropped; the cache is valid if a hash of sizes and paths agrees.
"""

import glob
import hashlib
import json
import os
import resource
import sys
import time
from multiprocessing import Pool

import numpy as np
from PIL import ExifTags, Image

SUFFIXES = {"bmp", "jpg", "jpeg", "png", "tif", "tiff", "dng", "webp", "mpo"}
ORIENTATION = next(tag for tag, name in ExifTags.TAGS.items() if name == "Orientation")
NUM_PROCESSES = min(8, os.cpu_count() or 1)
VERSION = 1


def label_path(image: str) -> str:
    head, tail = image.rsplit(f"{os.sep}images{os.sep}", 1)
    return f"{head}{os.sep}labels{os.sep}{os.path.splitext(tail)[0]}.txt"


def shown_size(image: Image.Image) -> tuple[int, int]:
    size = image.size
    try:
        orientation = image.getexif().get(ORIENTATION)
    except Exception:  # damaged EXIF data says nothing
        return size
    return (size[1], size[0]) if orientation in (6, 8) else size


def look_at(pair):
    """(path, labels, size, problem) of one image."""
    path, labels_file = pair
    try:
        with Image.open(path) as image:
            image.verify()
            size = shown_size(image)
            kind = image.format.lower()
        if min(size) < 10:
            raise ValueError(f"image of {size} px is too small")
        if kind not in SUFFIXES:
            raise ValueError(f"format {kind}")
        if kind in ("jpg", "jpeg"):
            with open(path, "rb") as file:
                file.seek(-2, os.SEEK_END)
                if file.read() != b"\xff\xd9":
                    raise ValueError("cut off")
        if not os.path.isfile(labels_file):
            return path, np.zeros((0, 5), np.float32), size, None
        with open(labels_file) as file:
            rows = [line.split() for line in file.read().strip().splitlines() if line]
        labels = np.array(rows, dtype=np.float32).reshape(len(rows), -1)
        if len(labels):
            if labels.shape[1] != 5:
                raise ValueError("columns")
            if (labels < 0).any() or (labels[:, 1:] > 1).any():
                raise ValueError("out of range")
            unique = np.unique(labels, axis=0)
            if len(unique) < len(labels):
                labels = unique
        else:
            labels = np.zeros((0, 5), np.float32)
        return path, labels, size, None
    except Exception as problem:
        return path, None, None, f"{path}: {problem}"


def fingerprint(paths) -> str:
    total = sum(os.path.getsize(path) for path in paths if os.path.exists(path))
    digest = hashlib.md5(str(total).encode())
    digest.update("".join(paths).encode())
    return digest.hexdigest()


def scan(folder: str, cache_file: str):
    files = glob.glob(os.path.join(folder, "**", "*.*"), recursive=True)
    images = sorted(file for file in files if file.rsplit(".", 1)[-1].lower() in SUFFIXES)
    label_files = [label_path(image) for image in images]
    key = fingerprint(label_files + images)
    cache = None
    try:
        cache = np.load(cache_file, allow_pickle=True).item()
    except OSError:
        pass
    from_cache = cache is not None and cache["version"] == VERSION and cache["hash"] == key
    if not from_cache:
        cache, corrupt = {}, 0
        with Pool(NUM_PROCESSES) as pool:
            for path, labels, size, problem in pool.imap(look_at, zip(images, label_files)):
                if problem is None:
                    cache[path] = (labels, size, [])
                else:
                    corrupt += 1
        cache.update(hash=key, version=VERSION, corrupt=corrupt)
        with open(cache_file, "wb") as file:
            np.save(file, cache)
    corrupt = cache["corrupt"]
    for name in ("hash", "version", "corrupt"):
        del cache[name]
    labels, sizes, _ = zip(*cache.values())
    sizes = np.array(sizes, dtype=np.float64)
    held = (list(cache.keys()), list(labels), sizes)
    return held, corrupt, from_cache


def resident_mb() -> float:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 2**20


if __name__ == "__main__":
    before = resident_mb()
    started = time.perf_counter()
    (paths, labels, _), corrupt, from_cache = scan(sys.argv[1], sys.argv[2])
    seconds = time.perf_counter() - started
    found = sum(1 for rows in labels if len(rows))
    print(
        json.dumps(
            {
                "seconds": seconds,
                "images": len(paths),
                "labels": sum(len(rows) for rows in labels),
                "found": found,
                "corrupt": corrupt,
                "fromCache": from_cache,
                "rssMb": resident_mb() - before,
            }
        )
    )
