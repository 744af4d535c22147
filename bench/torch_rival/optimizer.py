"""What torch.optim is given, and the moving average of the weights."""
import math

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
        self.values = {k: v.clone() for k, v in network.state_dict().items()}
        self.updates = 0

    def update(self, network):
        self.updates += 1
        decay = 0.9999 * (1 - math.exp(-self.updates / 2000))
        for name, value in network.state_dict().items():
            if value.dtype.is_floating_point:
                self.values[name].mul_(decay).add_(value, alpha=1 - decay)
