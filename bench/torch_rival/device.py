"""Where the rival computes and in which precision, in the settings that suit it best there."""
import contextlib
import os
import subprocess

import torch

HALF_TYPES = {"fp16": torch.float16, "bf16": torch.bfloat16}


def add_flags(parser, amp=True):
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu", help="cuda: process r takes the r-th visible GPU")
    parser.add_argument("--tf32", choices=["on", "off"], default="on", help="what float32 products on GPUs may be rounded to")
    if amp:
        parser.add_argument("--amp", choices=["off", *HALF_TYPES], default="off", help="autocast's type; fp16 with a GradScaler")


class Device:
    """One process's device."""

    def __init__(self, kind, index=0, amp="off", tf32="on"):
        self.is_gpu, self.index, self.half = kind == "cuda", index, HALF_TYPES.get(amp)
        self.torch = torch.device("cuda", index) if self.is_gpu else torch.device("cpu")
        if self.is_gpu:
            torch.cuda.set_device(index)
            torch.backends.cudnn.benchmark = True
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32 == "on"

    def autocast(self):
        """What forward and loss run under."""
        return contextlib.nullcontext() if self.half is None else torch.autocast(self.torch.type, dtype=self.half)

    def grad_scaler(self):
        """Passes everything through unless the type is float16."""
        return torch.amp.GradScaler(self.torch.type, enabled=self.half is torch.float16)

    def pin(self, tensor):
        """Lays a tensor where copies to the device start from fastest."""
        return tensor.pin_memory() if self.is_gpu else tensor

    def send(self, tensor):
        return tensor.to(self.torch, non_blocking=True)

    def finish(self):
        """Waits for all that was started, so that a clock may be read."""
        if self.is_gpu:
            torch.cuda.synchronize()

    def memory(self):
        """What a sample tells of device memory: MiB in use by anyone, and the most that tensors took; nothing on the CPU."""
        if not self.is_gpu:
            return {}
        visible = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
        name = visible[self.index] if self.index < len(visible) and visible[self.index] else str(self.index)
        query = ["nvidia-smi", "-i", name, "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
        told = subprocess.run(query, capture_output=True, text=True, check=False).stdout.strip()
        used = {"deviceUsedMb": int(told)} if told.isdigit() else {}
        return {**used, "allocatedMb": round(torch.cuda.max_memory_allocated() / 2**20)}
