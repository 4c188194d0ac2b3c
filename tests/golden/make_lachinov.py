"""Makes the golden file of LachinovResUNet with PyTorch: python make_lachinov.py

Lachinov et al. 2019, as published: the 1x1x1 convolutions of the way up run after the interpolation.
"""

import torch
import torch.nn.functional as F
from torch import nn

import golden

WIDTHS, BLOCKS, GROUPS = (2, 4, 8), (1, 2, 1), 2


class Unit(nn.Module):
    def __init__(self, c_in, c_out):
        super().__init__()
        self.conv = nn.Conv3d(c_in, c_out, 3, padding=1, bias=False)
        self.norm = nn.GroupNorm(GROUPS, c_out)

    def forward(self, x):
        return self.norm(self.conv(x))


class Residual(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.units = nn.ModuleList(Unit(c, c) for _ in range(2))

    def forward(self, x):
        y = x
        for unit in self.units:
            y = F.leaky_relu(unit(y), 0.01)
        return x + y


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        levels = range(len(WIDTHS))
        self.stem = Unit(4, WIDTHS[0])
        self.encoder = nn.ModuleList(nn.Sequential(*(Residual(WIDTHS[i]) for _ in range(BLOCKS[i]))) for i in levels)
        self.down = nn.ModuleList(nn.Conv3d(WIDTHS[i], WIDTHS[i + 1], 2, 2, bias=False) for i in levels[:-1])
        self.up = nn.ModuleList(nn.Conv3d(WIDTHS[i + 1], WIDTHS[i], 1, bias=False) for i in levels[:-1])
        self.mix = nn.ModuleList(nn.Conv3d(2 * WIDTHS[i], WIDTHS[i], 1, bias=False) for i in levels[:-1])
        self.decoder = nn.ModuleList(Residual(WIDTHS[i]) for i in levels[:-1])
        self.head = nn.Conv3d(WIDTHS[0], 3, 3, padding=1)

    def forward(self, x):
        x, skips = self.stem(x), []
        for i, stage in enumerate(self.encoder):
            x = stage(self.down[i - 1](x) if i else x)
            skips.append(x)
        for i in reversed(range(len(self.up))):
            fine = F.interpolate(x, scale_factor=2, mode="trilinear", align_corners=False)
            x = torch.cat([skips[i], F.leaky_relu(self.up[i](fine), 0.01)], 1)
            x = self.decoder[i](self.mix[i](x))
        return self.head(x)


def name_of(key):
    parts = key.replace("units.", "").split(".")
    level = lambda i: f"encoder.{i}" if int(i) < len(WIDTHS) - 1 else "bottleneck"
    match parts[0]:
        case "stem":
            return ".".join(["encoder.0", *parts])
        case "encoder":
            return ".".join([level(parts[1]), *parts[2:]])
        case "down":
            return ".".join([level(int(parts[1]) + 1), "down", *parts[2:]])
        case "up" | "mix":
            return ".".join(["decoder", parts[1], parts[0], *parts[2:]])
        case "decoder":
            return ".".join(["decoder", parts[1], "0", *parts[2:]])
    return key


torch.manual_seed(7)
net = Net()
golden.draw_parameters(net, lambda key, p: key.endswith("norm.weight"))
golden.record_training("lachinov.safetensors", net, 4, 3, (4, 8, 12), ["adam"], name_of)
