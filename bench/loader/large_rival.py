"""Reads, decodes and resizes large pictures with OpenCV: whole, or at half the size while decoding.

Reads settings as JSON from the first argument, then works through the pictures for every line on its input and answers with
a line of JSON: images, seconds, cpuSeconds.
"""
import json
import sys
import time

import cv2


def main():
    settings = json.loads(sys.argv[1])
    cv2.setNumThreads(0)
    size = settings['imgsz']
    flag = cv2.IMREAD_REDUCED_COLOR_2 if settings['scaled'] else cv2.IMREAD_COLOR
    for _ in sys.stdin:
        cpu = time.process_time()
        start = time.perf_counter()
        for path in settings['paths']:
            image = cv2.imread(path, flag)
            height, width = image.shape[:2]
            ratio = size / max(height, width)
            cv2.resize(image, (int(width * ratio), int(height * ratio)), interpolation=cv2.INTER_LINEAR)
        seconds = time.perf_counter() - start
        cpu = time.process_time() - cpu
        print(json.dumps({'images': len(settings['paths']), 'seconds': seconds, 'cpuSeconds': cpu}), flush=True)


main()
