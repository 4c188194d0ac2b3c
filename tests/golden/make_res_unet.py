"""Makes the golden file of ResUNet with MONAI's SegResNet: python make_res_unet.py"""

import re

import torch
from monai.networks.nets import SegResNet

from golden import draw_parameters, record_training

LEVELS, BLOCKS = 3, (1, 2, 1)


def name_of(key):
    """MONAI's name of a parameter to the library's."""
    block = lambda rest: rest.replace(".conv.", ".")
    if key == "convInit.conv.weight":
        return "encoder.0.stem.weight"
    if match := re.fullmatch(r"down_layers\.(\d+)\.(\d+)\.(.*)", key):
        level, unit, rest = int(match[1]), int(match[2]), match[3]
        prefix = "bottleneck." if level == LEVELS - 1 else f"encoder.{level}."
        return prefix + ("down.weight" if unit == 0 else f"{unit - 1}.{block(rest)}")
    if match := re.fullmatch(r"up_samples\.(\d+)\.0\.conv\.weight", key):
        return f"decoder.{LEVELS - 2 - int(match[1])}.up.weight"
    if match := re.fullmatch(r"up_layers\.(\d+)\.(\d+)\.(.*)", key):
        return f"decoder.{LEVELS - 2 - int(match[1])}.{match[2]}.{block(match[3])}"
    if match := re.fullmatch(r"conv_final\.(0|2\.conv)\.(.*)", key):
        return ("head.norm." if match[1] == "0" else "head.conv.") + match[2]
    raise KeyError(key)


if __name__ == "__main__":
    torch.manual_seed(5)
    net = SegResNet(spatial_dims=3, init_filters=2, in_channels=4, out_channels=3, norm=("GROUP", {"num_groups": 2}),
                    blocks_down=BLOCKS, blocks_up=(1,) * (LEVELS - 1)).double()
    draw_parameters(net, lambda key, p: p.dim() == 1 and key.endswith("weight"))
    record_training("res_unet.safetensors", net, 4, 3, (4, 8, 12), ["adam"], name_of)
