"""What torch.optim is given, and the moving average of the weights."""
import math

import torch
from torch import nn


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
        live = network.state_dict()
        self.values = {k: v.clone() for k, v in live.items()}
        # These tensors stay the same objects while training; a pass over all of them at once spares launching hundreds of kernels.
        averaged = [k for k, v in live.items() if v.dtype.is_floating_point]
        self.kept, self.live = [self.values[k] for k in averaged], [live[k] for k in averaged]
        self.updates = 0

    def update(self):
        self.updates += 1
        decay = 0.9999 * (1 - math.exp(-self.updates / 2000))
        torch._foreach_mul_(self.kept, decay)
        torch._foreach_add_(self.kept, self.live, alpha=1 - decay)
