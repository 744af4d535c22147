"""The rival of the benchmarks: YOLOv3, its loss and its training rules in PyTorch, written from their description."""
