"""Makes the golden file of ResUNet with its autoencoder: python make_vae_branch.py

The network is MONAI's SegResNet and, from its bottleneck, the branch of Myronenko 2018 in plain PyTorch. The noise is
the library's own: Philox4x32-10 by (seed, step, ordinal), turned normal by Box and Muller.
"""

import math

import torch
import torch.nn.functional as F
from monai.networks.blocks.segresnet_block import ResBlock
from monai.networks.nets import SegResNet
from torch import nn

import golden
import make_res_unet

WIDTHS, GROUPS, EXTENT, LATENTS, CODE = (2, 4, 8), 2, (8, 8, 16), 5, 16


def philox(counter, key):
    """Salmon et al. 2011, ten rounds."""
    for _ in range(10):
        a, b = 0xD2511F53 * counter[0], 0xCD9E8D57 * counter[2]
        counter = [(b >> 32) ^ counter[1] ^ key[0], b & 0xFFFFFFFF, (a >> 32) ^ counter[3] ^ key[1], a & 0xFFFFFFFF]
        key = [(key[0] + 0x9E3779B9) & 0xFFFFFFFF, (key[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return counter


# Known answers of Random123's kat_vectors.
assert philox([0] * 4, [0] * 2) == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
assert philox([0xFFFFFFFF] * 4, [0xFFFFFFFF] * 2) == [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]


def noise(count, seed=0, step=0, ordinal=0):
    values = []
    for i in range(count):
        words = philox([i // 2, step, ordinal, 0x6C617965], [seed, 0])[i % 2 * 2:][:2]
        values.append(math.sqrt(-2 * math.log((words[0] + 1) / 2**32)) * math.cos(2 * math.pi * words[1] / 2**32))
    return torch.tensor(values)


class Branch(nn.Module):
    """Names are the library's; dense layers are [Out, In, 1, 1, 1] over numbers in the order D, H, W, C."""

    def __init__(self):
        super().__init__()
        self.grid = tuple(e // 2 ** len(WIDTHS) for e in EXTENT)
        size = CODE * math.prod(self.grid)
        norm = ("GROUP", {"num_groups": GROUPS})
        self.norm = nn.GroupNorm(GROUPS, WIDTHS[-1])
        self.narrow = nn.Conv3d(WIDTHS[-1], CODE, 3, 2, 1)
        self.encode = nn.Conv3d(size, 2 * LATENTS, 1)
        self.decode = nn.Conv3d(LATENTS, size, 1)
        self.widen = nn.Conv3d(CODE, WIDTHS[-1], 1, bias=False)
        levels = range(len(WIDTHS) - 1)
        self.up = nn.ModuleList(nn.Conv3d(WIDTHS[i + 1], WIDTHS[i], 1, bias=False) for i in levels)
        self.block = nn.ModuleList(ResBlock(3, WIDTHS[i], norm) for i in levels)
        self.head = nn.Conv3d(WIDTHS[0], 4, 1)

    def forward(self, x):
        double = lambda y: F.interpolate(y, scale_factor=2, mode="trilinear", align_corners=False)
        samples = len(x)
        code = golden.last(self.narrow(F.relu(self.norm(x)))).reshape(samples, -1, 1, 1, 1)
        mean, log_variance = self.encode(code).flatten(1).chunk(2, 1)
        z = mean + torch.exp(log_variance / 2) * noise(samples * LATENTS).reshape(samples, -1)
        y = F.relu(self.decode(z.reshape(samples, -1, 1, 1, 1))).reshape(samples, *self.grid, CODE)
        y = double(self.widen(y.permute(0, 4, 1, 2, 3)))
        for up, block in zip(reversed(self.up), reversed(self.block)):
            y = block(double(up(y)))
        return self.head(y), (mean**2 + log_variance.exp() - log_variance - 1).sum() / samples


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = SegResNet(spatial_dims=3, init_filters=WIDTHS[0], in_channels=4, out_channels=3,
                               norm=("GROUP", {"num_groups": GROUPS}), blocks_down=make_res_unet.BLOCKS,
                               blocks_up=(1, 1)).double()
        self.vae = Branch()

    def forward(self, image):
        x, skips = self.trunk.encode(image)
        skips.reverse()
        rebuilt, divergence = self.vae(x)
        return self.trunk.decode(x, skips), rebuilt, divergence, image.detach()


def loss_of(result, target):
    logits, rebuilt, divergence, image = result
    return golden.loss_of(logits, target) + 0.1 * F.mse_loss(rebuilt, image) + 0.1 * divergence / math.prod(EXTENT)


def name_of(key):
    if key.startswith("trunk."):
        return make_res_unet.name_of(key.removeprefix("trunk."))
    parts = key.replace(".conv.", ".").split(".")
    if parts[1] == "up":
        return f"vae.decoder.{parts[2]}.up.{parts[3]}"
    if parts[1] == "block":
        return f"vae.decoder.{parts[2]}.0.{parts[3]}.{parts[4]}"
    return key


if __name__ == "__main__":
    torch.manual_seed(6)
    net = Net()
    golden.draw_parameters(net, lambda key, p: p.dim() == 1 and key.endswith("weight"))
    golden.record_training("vae_branch.safetensors", net, 4, 3, EXTENT, ["adam"], name_of, loss_of)
