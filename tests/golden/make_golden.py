"""Makes the golden files of the UNet and of single operations with PyTorch: python make_golden.py"""

import torch
import torch.nn.functional as F
from torch import nn

from golden import OPTIMISERS, draw_parameters, exact, last, record_training, write_safetensors


class Unit(nn.Module):
    def __init__(self, c_in, c_out, stride, policy):
        super().__init__()
        self.conv = nn.Conv3d(c_in, c_out, 3, stride, 1)
        groups = policy["groups"] or c_out
        self.norm = nn.GroupNorm(groups, c_out) if policy["groups"] else nn.InstanceNorm3d(c_out, affine=True)
        self.slope = policy["slope"]

    def forward(self, x):
        return F.leaky_relu(self.norm(self.conv(x)), self.slope)


class UNet(nn.Module):
    """Isensee et al. 2018: stages narrow to the width of the next shallower level before upsampling."""

    def __init__(self, c_in, c_out, widths, policy):
        super().__init__()
        self.policy = policy
        depth = len(widths) - 1
        down = 2 if policy["strided"] else 1
        pair = lambda a, b, c, stride: nn.Sequential(Unit(a, b, stride, policy), Unit(b, c, 1, policy))
        self.encoder = nn.ModuleList(
            pair(widths[i - 1] if i else c_in, widths[i], widths[i], down if i else 1) for i in range(depth))
        self.bottleneck = pair(widths[-2], widths[-1], widths[-2], down)
        self.decoder = nn.ModuleList(
            pair(2 * widths[i], widths[i], widths[max(i - 1, 0)], 1) for i in range(depth))
        self.head = nn.Conv3d(widths[0], c_out, 1, bias=False)

    def up(self, x):
        if self.policy["nearest"]:
            return F.interpolate(x, scale_factor=2, mode="nearest")
        return F.interpolate(x, scale_factor=2, mode="trilinear", align_corners=False)

    def forward(self, x):
        skips = []
        for stage in self.encoder:
            x = stage(x)
            skips.append(x)
            if not self.policy["strided"]:
                x = F.max_pool3d(x, 2)
        x = self.bottleneck(x)
        for i in reversed(range(len(skips))):
            x = self.decoder[i](torch.cat([self.up(x), skips[i]], 1))
        return self.head(x)


def make_unet(name, c_in, c_out, widths, shape, policy, seed):
    torch.manual_seed(seed)
    net = UNet(c_in, c_out, widths, policy)
    draw_parameters(net, lambda key, p: key.endswith("norm.weight"))  # max pooling must respect a negative gain
    record_training(name, net, c_in, c_out, shape, OPTIMISERS)


def make_operations():
    torch.manual_seed(3)
    out = {}

    def add(name, inputs, f, parameters=()):
        """f's value and the gradients of <gradient, f> with respect to the inputs."""
        inputs = {key: exact(x).requires_grad_() for key, x in inputs.items()}
        y = f(**inputs)
        weights = exact(torch.randn(y.shape))
        (y * weights).sum().backward()
        show = lambda key, x: last(x) if x.dim() == 5 and key not in parameters else x
        for key, x in inputs.items():
            out[f"{name}.{key}"] = show(key, x)
            out[f"{name}.grad_{key}"] = show(key, x.grad)
        out[f"{name}.y"], out[f"{name}.grad_y"] = show("y", y), show("y", weights)

    for kernel in (1, 3):
        for stride in (1, 2):
            add(f"conv3d_k{kernel}_s{stride}",
                {"x": torch.randn(2, 2, 5, 4, 3), "weight": torch.randn(3, 2, *[kernel] * 3), "bias": torch.randn(3)},
                lambda x, weight, bias: F.conv3d(x, weight, bias, stride, kernel // 2), ("weight",))
    norm = {"x": 3 + 2 * torch.randn(2, 4, 3, 2, 4), "weight": torch.randn(4), "bias": torch.randn(4)}
    add("instance_norm", norm,
        lambda x, weight, bias: F.leaky_relu(F.instance_norm(x, weight=weight, bias=bias, eps=1e-5), 0.01))
    add("group_norm", norm, lambda x, weight, bias: F.relu(F.group_norm(x, 2, weight, bias, 1e-5)))
    add("max_pool", norm | {"x": torch.randn(2, 4, 5, 4, 3)},
        lambda x, weight, bias: F.max_pool3d(F.leaky_relu(F.instance_norm(x, weight=weight, bias=bias), 0.01), 2))
    coarse = {"x": torch.randn(2, 3, 3, 1, 4)}
    add("trilinear", coarse, lambda x: F.interpolate(x, scale_factor=2, mode="trilinear", align_corners=False))
    add("nearest", coarse, lambda x: F.interpolate(x, scale_factor=2, mode="nearest"))
    write_safetensors("operations.safetensors", out)


make_unet("unet.safetensors", 4, 3, (3, 4, 5), (4, 8, 12),
          {"groups": 0, "slope": 0.01, "strided": False, "nearest": False}, 1)
make_unet("unet_other_policies.safetensors", 2, 3, (2, 4, 6), (8, 4, 8),
          {"groups": 2, "slope": 0.0, "strided": True, "nearest": True}, 2)
make_operations()
