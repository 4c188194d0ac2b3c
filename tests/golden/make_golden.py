"""Makes the golden files of this folder with PyTorch: python make_golden.py

Everything is computed in double precision from values that are exact in single precision, and stored in single
precision. Tensors are stored as [N, D, H, W, C], parameters with PyTorch's own dims and the library's names.
"""

import json
import pathlib
import struct

import torch
import torch.nn.functional as F
from torch import nn

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
FOLDER = pathlib.Path(__file__).parent


def exact(x):
    """The nearest single-precision values."""
    return x.detach().float().double()


def last(x):
    """[N, C, D, H, W] to [N, D, H, W, C]."""
    return x.permute(0, 2, 3, 4, 1)


def write_safetensors(name, tensors):
    header, data, at = {}, b"", 0
    for key, tensor in tensors.items():
        array = tensor.detach().contiguous()
        array = array.numpy() if array.dtype == torch.uint8 else array.float().numpy()
        raw = array.tobytes()
        dtype = "U8" if array.itemsize == 1 else "F32"
        header[key] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [at, at + len(raw)]}
        data, at = data + raw, at + len(raw)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    (FOLDER / name).write_bytes(struct.pack("<Q", len(text)) + text + data)


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


def loss_of(logits, target):
    """Nalwade & Kisa: 1 - mean over regions of 2 sum pg / (sum p^2 + sum g^2), plus the sum over regions of mean BCE."""
    p, over = torch.sigmoid(logits), (0, 2, 3, 4)
    dice = 2 * (p * target).sum(over) / ((p * p).sum(over) + (target * target).sum(over) + 1e-8)
    bce = F.binary_cross_entropy_with_logits(logits, target, reduction="none").mean(over).sum()
    return 1 - dice.mean() + bce


# Large rates and an epsilon far above rounding, so that three steps matter and the gradients of biases before a norm,
# which are rounding noise, do not.
OPTIMISERS = {
    "adam": lambda p: torch.optim.Adam(p, lr=1e-2, eps=1e-3, weight_decay=1e-2),
    "adam_w": lambda p: torch.optim.AdamW(p, lr=1e-2, eps=1e-3, weight_decay=1e-1),
    "sgd": lambda p: torch.optim.SGD(p, lr=1e-2, momentum=0.9, nesterov=True, weight_decay=1e-3),
}


def make_unet(name, c_in, c_out, widths, shape, policy, seed):
    torch.manual_seed(seed)
    net = UNet(c_in, c_out, widths, policy)
    with torch.no_grad():
        for key, p in net.named_parameters():
            if key.endswith("norm.weight"):  # both signs: max pooling must respect a negative gain
                p.copy_(exact((torch.rand(p.shape) + 0.5) * torch.where(torch.rand(p.shape) < 0.3, -1.0, 1.0)))
            elif p.dim() == 1:
                p.copy_(exact(0.3 * torch.randn(p.shape)))
            else:
                p.copy_(exact(torch.randn(p.shape) * (2.0 / p[0].numel()) ** 0.5))
    start = {key: p.detach().clone() for key, p in net.named_parameters()}
    image = exact(torch.randn(2, c_in, *shape)).requires_grad_()
    target = (torch.rand(2, c_out, *shape) < 0.3).double()

    logits = net(image)
    loss = loss_of(logits, target)
    loss.backward()
    out = {"image": last(image), "target": last(target).to(torch.uint8), "logits": last(logits),
           "loss": loss.reshape(1), "gradient.image": last(image.grad)}
    out |= {"initial." + key: value for key, value in start.items()}
    out |= {"gradient." + key: p.grad.clone() for key, p in net.named_parameters()}
    for optimiser, make in OPTIMISERS.items():
        net.load_state_dict(start)
        steps = make(net.parameters())
        for _ in range(3):
            steps.zero_grad()
            loss_of(net(image.detach()), target).backward()
            steps.step()
        out |= {optimiser + "." + key: p.detach().clone() for key, p in net.named_parameters()}
    write_safetensors(name, out)


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
