"""Makes the golden files of CascadedUNet and of its layers with PyTorch: python make_cascaded_unet.py

The model is that of Lachinov et al. 2018 as they wrote it: grouped convolutions for private encoders, the maximum over
groups, transposed convolutions. Parameters are stored by the library's names, groups one by one.
"""

import re
import zlib

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from golden import draw_parameters, exact, last, loss_of, write_safetensors


class Residual(nn.Module):
    def __init__(self, channels, groups=1):
        super().__init__()
        self.norm1 = nn.InstanceNorm3d(channels, eps=1e-3, affine=True)
        self.conv1 = nn.Conv3d(channels, channels, 3, padding=1, groups=groups)
        self.norm2 = nn.InstanceNorm3d(channels, eps=1e-3, affine=True)
        self.conv2 = nn.Conv3d(channels, channels, 3, padding=1, groups=groups)

    def forward(self, x):
        return x + self.conv2(F.relu(self.norm2(self.conv1(F.relu(self.norm1(x))))))


class Down(nn.Module):
    def __init__(self, c_in, c_out, level, modalities):
        super().__init__()
        self.conv = nn.Conv3d(c_in, c_out, 3, 1 if level == 0 else 2, 1, groups=modalities)
        self.block = Residual(c_out, modalities)

    def forward(self, x):
        return self.block(self.conv(x))


class Up(nn.Module):
    def __init__(self, c_in, c_out, skip, context):
        super().__init__()
        self.up = nn.ConvTranspose3d(c_in, c_out, 2, 2, bias=False)
        self.mix = nn.Conv3d(c_out + skip + context, c_out, 1)
        self.block = Residual(c_out)

    def forward(self, x, skip, context):
        return self.block(self.mix(torch.cat([self.up(x), skip, *context], 1)))


class Stage(nn.Module):
    def __init__(self, f, modalities, levels, classes, number):
        super().__init__()
        self.modalities, self.number = modalities, number
        width = lambda level: f << level
        self.encoder = nn.ModuleList(
            Down(modalities * (width(i - 1) if i else 1), modalities * width(i), i, modalities) for i in range(levels))
        self.decoder = nn.ModuleList(
            Up(width(i + 1) if i == levels - 2 else 2 * width(i + 1), 2 * width(i), width(i),
               classes if 0 < i <= number else 0) for i in range(levels - 1))
        self.head = nn.Conv3d(2 * f, classes, 1)

    def forward(self, x, maps):
        """`maps`: probabilities of the coarser stages, coarsest first."""
        merge = lambda x: x.unflatten(1, (self.modalities, -1)).max(1).values
        skips = []
        for down in self.encoder:
            x = down(x)
            skips.append(merge(x))
        x = skips.pop()
        for i in reversed(range(len(self.decoder))):
            x = self.decoder[i](x, skips[i], [maps[self.number - i]] if 0 < i <= self.number else [])
        return self.head(x)


class Cascade(nn.Module):
    """Returns the scores of all stages, finest first."""

    def __init__(self, base, modalities, stages, levels, classes, probabilities):
        super().__init__()
        self.probabilities = probabilities
        self.stage = nn.ModuleList(Stage(base << (stages - 1 - s), modalities, levels, classes, s) for s in range(stages))

    def forward(self, image):
        scores = []
        for s, stage in enumerate(self.stage):
            x = F.avg_pool3d(image, 1 << (len(self.stage) - 1 - s))
            scores.append(stage(x, [self.probabilities(score) for score in scores]))
        return scores[::-1]


def sum_of_losses(scores, target, loss):
    return sum(loss(score, F.avg_pool3d(target, 1 << i)) for i, score in enumerate(scores))


def classes_loss(scores, target):
    """Lachinov et al. 2018: 1 - mean over samples and foreground classes of (2 sum pg + 1) / (sum p^2 + sum g + 1)."""
    p, over = torch.softmax(scores, 1)[:, 1:], (2, 3, 4)
    return 1 - ((2 * (p * target).sum(over) + 1) / ((p * p).sum(over) + target.sum(over) + 1)).mean()


def class_logits(scores):
    """log(p / (1 - p)) of the foreground classes."""
    p = torch.softmax(scores, 1)[:, 1:]
    return torch.log(p) - torch.log(1 - p)


def interleaved(weight):
    """[In, Out, 2, 2, 2] to [8 Out, In, 1, 1, 1]."""
    return weight.permute(2, 3, 4, 1, 0).reshape(-1, weight.shape[0], 1, 1, 1)


def by_library_names(tensors, modalities):
    out = {}
    for key, value in tensors:
        if match := re.fullmatch(r"(.*encoder\.\d+)\.(.*)", key):
            for g, part in enumerate(value.chunk(modalities)):
                out[f"{match[1]}.{g}.{match[2]}"] = part
        else:
            out[key] = interleaved(value) if key.endswith("up.weight") else value
    return out


def three_steps(net, loss):
    steps = torch.optim.SGD(net.parameters(), lr=1e-2, momentum=0.9, weight_decay=1e-5)
    for _ in range(3):
        steps.zero_grad()
        loss().backward()
        steps.step()


def make_cascade(name, net, shape, modalities, target, logits_of, loss, seed):
    torch.manual_seed(seed)
    draw_parameters(net, lambda key, p: "norm" in key and key.endswith("weight"))
    image = exact(torch.randn(shape[0], modalities, *shape[1:])).requires_grad_()
    target = target(shape)
    prefixed = lambda prefix, tensors: {prefix + k: v for k, v in by_library_names(tensors, modalities).items()}
    values = lambda: [(k, p.detach().clone()) for k, p in net.named_parameters()]
    out = prefixed("initial.", values())
    scores = net(image)
    total = sum_of_losses(scores, target, loss)
    total.backward()
    out |= {"image": last(image), "target": last(target).to(torch.uint8), "logits": last(logits_of(scores[0])),
            "loss": total.reshape(1), "gradient.image": last(image.grad)}
    out |= prefixed("gradient.", [(k, p.grad.clone()) for k, p in net.named_parameters()])
    three_steps(net, lambda: sum_of_losses(net(image.detach()), target, loss))
    out |= prefixed("sgd.", values())
    write_safetensors(name, out)


def hashed(count, name):
    """Numbers in [-1, 1), multiples of 2^-15, that a few integer operations make of their index and a name."""
    x = (np.arange(count, dtype=np.uint64) + zlib.crc32(name.encode())).astype(np.uint32)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        x = (x ^ (x >> np.uint32(shift))) * np.uint32(factor)
    return torch.from_numpy((x >> 16) / 2.0 ** 15 - 1)


def hashed_parameter(name, dims):
    """Gains around 1, biases below 1/2, weights of a variance near 1 / fan-in; exact in single precision."""
    value = hashed(int(np.prod(dims)), name).reshape(dims)
    if re.search(r"norm\d\.weight$", name):
        return 1 + value / 2
    if len(dims) == 1:
        return value / 2
    return value * 2.0 ** -np.floor(np.log2(np.prod(dims[1:])) / 2)


def make_whole():
    """The published topology with a base width of 1. The file has no tensor of weights: they start as hashed numbers
    and are compared by their product with hashed numbers and by their norm."""
    modalities = 4
    net = Cascade(1, modalities, 3, 4, 3, torch.sigmoid)
    names = by_library_names([(k, p.detach()) for k, p in net.named_parameters()], modalities)
    start = {k: hashed_parameter(k, tuple(v.shape)) for k, v in names.items()}
    with torch.no_grad():
        for key, p in net.named_parameters():
            if match := re.fullmatch(r"(.*encoder\.\d+)\.(.*)", key):
                p.copy_(torch.cat([start[f"{match[1]}.{g}.{match[2]}"] for g in range(modalities)]))
            elif key.endswith("up.weight"):
                c_in, c_out = p.shape[:2]
                p.copy_(start[key].reshape(2, 2, 2, c_out, c_in).permute(4, 3, 0, 1, 2))
            else:
                p.copy_(start[key])
    field = lambda c, name: hashed(2 * 32 ** 3 * c, name).reshape(1, 32, 32, 64, c).permute(0, 4, 1, 2, 3)
    image, target = field(4, "image"), (field(3, "target") > 0.25).double()
    digest = lambda name, x: torch.stack([(x.flatten() * hashed(x.numel(), name + "#")).sum(), x.norm()])
    digests = lambda prefix, tensors: {prefix + k: digest(k, v) for k, v in by_library_names(tensors, modalities).items()}
    scores = net(image)
    total = sum_of_losses(scores, target, loss_of)
    total.backward()
    out = {"loss": total.reshape(1), "logits": digest("logits", last(scores[0]))}
    out |= digests("gradient.", [(k, p.grad) for k, p in net.named_parameters()])
    three_steps(net, lambda: sum_of_losses(net(image), target, loss_of))
    out |= digests("sgd.", [(k, p.detach()) for k, p in net.named_parameters()])
    write_safetensors("cascaded_unet_whole.safetensors", out)


def make_layers():
    torch.manual_seed(8)
    out = {}

    def add(name, x, weight, f, show):
        x, weight = exact(x).requires_grad_(), exact(weight).requires_grad_()
        y = f(x, weight)
        grad = exact(torch.randn(y.shape))
        (y * grad).sum().backward()
        out.update({f"{name}.x": last(x), f"{name}.y": last(y), f"{name}.grad_y": last(grad),
                    f"{name}.grad_x": last(x.grad), f"{name}.weight": show(weight), f"{name}.grad_weight": show(weight.grad)})

    add("grouped_conv", torch.randn(2, 6, 5, 4, 3), torch.randn(9, 2, 3, 3, 3),
        lambda x, weight: F.conv3d(x, weight, None, 2, 1, groups=3), lambda w: w)
    add("transposed_conv", torch.randn(2, 3, 2, 3, 4), torch.randn(3, 5, 2, 2, 2),
        lambda x, weight: F.conv_transpose3d(x, weight, None, 2), interleaved)
    image = exact(torch.randn(1, 3, 4, 7, 5))
    grid = F.interpolate(image, (6, 3, 5), mode="trilinear", align_corners=False)
    out |= {"resample.x": last(image), "resample.y": last(grid)}
    write_safetensors("cascade_layers.safetensors", out)


def regions(shape):
    return (torch.rand(shape[0], 3, *shape[1:]) < 0.3).double()


def labels(shape):
    return F.one_hot(torch.randint(0, 4, shape), 4).permute(0, 4, 1, 2, 3)[:, 1:].double()


make_cascade("cascaded_unet.safetensors", Cascade(1, 2, 2, 3, 3, torch.sigmoid), (2, 8, 16, 16), 2, regions,
             lambda scores: scores, loss_of, 6)
make_cascade("cascaded_unet_softmax.safetensors", Cascade(1, 2, 2, 3, 4, lambda x: torch.softmax(x, 1)), (2, 16, 8, 16), 2,
             labels, class_logits, classes_loss, 7)
make_whole()
make_layers()
