"""Makes initial_weights.json: how the weights of every network start where its source runs.

Written from the formulas of the frameworks and the layer tables of the sources, without the library: for each
parameter that is drawn, "normal" and its standard deviation, or "uniform" and its bound. What is not named starts at 1
(the weights of norms) or at 0. Numbers of groups and modalities stand in the names where the library has one weight
for each; the fans are those of the framework's one grouped weight.

    python make_initial_weights.py
"""

import json
import math
import pathlib

REGIONS, MODALITIES = 3, 4


def fans(shape):
    """PyTorch's `_calculate_fan_in_and_fan_out`, and what MXNet's Xavier counts: of a weight [a, b, taps...], b and a times the taps."""
    taps = math.prod(shape[2:])
    return shape[1] * taps, shape[0] * taps


def conv(c_in, c_out, kernel, groups=1):
    return (c_out, c_in // groups, kernel, kernel, kernel)


def he(shape):
    """torch.nn.init.kaiming_normal_(w, a=0.01): gain / sqrt(fan_in), gain = sqrt(2 / (1 + a^2))."""
    return "normal", math.sqrt(2 / (1 + 0.01**2)) / math.sqrt(fans(shape)[0])


def torch_default(shape):
    """torch.nn.Conv3d.reset_parameters: kaiming_uniform_(w, a=sqrt(5)), bound = sqrt(3) gain / sqrt(fan_in)."""
    return "uniform", math.sqrt(3) * math.sqrt(2 / (1 + 5)) / math.sqrt(fans(shape)[0])


def torch_default_bias(shape):
    return "uniform", 1 / math.sqrt(fans(shape)[0])


def mxnet_xavier(shape):
    """mx.init.Xavier(): uniform, magnitude 3, average of the fans."""
    return "uniform", math.sqrt(3 / (sum(fans(shape)) / 2))


def unet(widths):
    """Isensee et al. 2018: every convolution Kaiming normal of slope 0.01, biases 0."""
    table, levels = {}, len(widths)
    channels = MODALITIES
    for level, width in enumerate(widths):
        out = width if level < levels - 1 else widths[-2]
        name = f"encoder.{level}" if level < levels - 1 else "bottleneck"
        table[f"{name}.0.conv.weight"] = he(conv(channels, width, 3))
        table[f"{name}.1.conv.weight"] = he(conv(width, out, 3))
        channels = out
    for level in reversed(range(levels - 1)):
        out = widths[max(level - 1, 0)]
        table[f"decoder.{level}.0.conv.weight"] = he(conv(2 * widths[level], widths[level], 3))
        table[f"decoder.{level}.1.conv.weight"] = he(conv(widths[level], out, 3))
    table["head.weight"] = he(conv(widths[0], REGIONS, 1))
    return table


def segresnet(widths, blocks=(1, 2, 2, 4)):
    """MONAI's SegResNet: no weight is drawn by itself, so PyTorch's default, of the bias of the head too."""
    table, last = {}, len(widths) - 1
    for level, width in enumerate(widths):
        name = "bottleneck" if level == last else f"encoder.{level}"
        table[f"{name}.down.weight" if level else f"{name}.stem.weight"] = torch_default(
            conv(widths[level - 1] if level else MODALITIES, width, 3))
        for block in range(blocks[level]):
            for number in (1, 2):
                table[f"{name}.{block}.conv{number}.weight"] = torch_default(conv(width, width, 3))
    for level in range(last):
        table.update(segresnet_ascent(f"decoder.{level}", widths, level))
    head = conv(widths[0], REGIONS, 1)
    table["head.conv.weight"], table["head.conv.bias"] = torch_default(head), torch_default_bias(head)
    return table


def segresnet_ascent(name, widths, level):
    width = widths[level]
    table = {f"{name}.up.weight": torch_default(conv(widths[level + 1], width, 1))}
    for number in (1, 2):
        table[f"{name}.0.conv{number}.weight"] = torch_default(conv(width, width, 3))
    return table


def segresnet_vae(widths, side, latents=128):
    """With the branch of Myronenko 2018 as MONAI's SegResNetVAE writes it down; a dense layer is a 1x1x1 convolution."""
    table = segresnet(widths)
    codes = 16 * (side // 2 ** len(widths)) ** 3
    for name, shape in {"narrow": conv(widths[-1], 16, 3), "encode": conv(codes, 2 * latents, 1),
                        "decode": conv(latents, codes, 1), "head": conv(widths[0], MODALITIES, 1)}.items():
        table[f"vae.{name}.weight"], table[f"vae.{name}.bias"] = torch_default(shape), torch_default_bias(shape)
    table["vae.widen.weight"] = torch_default(conv(16, widths[-1], 1))
    for level in range(len(widths) - 1):
        table.update(segresnet_ascent(f"vae.decoder.{level}", widths, level))
    return table


def lachinov_2019(widths, blocks=(1, 2, 2, 4)):
    """Kaiming normal of slope 0.01, biases N(0, 1); only the last convolution has one."""
    table, last = {}, len(widths) - 1
    for level, width in enumerate(widths):
        name = "bottleneck" if level == last else f"encoder.{level}"
        if level:
            table[f"{name}.down.weight"] = he(conv(widths[level - 1], width, 2))
        else:
            table[f"{name}.stem.conv.weight"] = he(conv(MODALITIES, width, 3))
        for block in range(blocks[level]):
            for number in (0, 1):
                table[f"{name}.{block}.{number}.conv.weight"] = he(conv(width, width, 3))
    for level in range(last):
        width = widths[level]
        table[f"decoder.{level}.up.weight"] = he(conv(widths[level + 1], width, 1))
        table[f"decoder.{level}.mix.weight"] = he(conv(2 * width, width, 1))
        for number in (0, 1):
            table[f"decoder.{level}.0.{number}.conv.weight"] = he(conv(width, width, 3))
    table["head.weight"], table["head.bias"] = he(conv(widths[0], REGIONS, 3)), ("normal", 1.0)
    return table


def lachinov_2018(base, stages=3, levels=4):
    """mx.init.Xavier of every weight, biases 0. Scores of regions instead of classes, so 3 maps instead of 4."""
    table = {}
    for stage in range(stages):
        f = base * 2 ** (stages - 1 - stage)
        for level in range(levels):
            width, above = f * 2**level, f * 2 ** (level - 1) if level else 1
            first = mxnet_xavier(conv(MODALITIES * above, MODALITIES * width, 3, MODALITIES))
            block = mxnet_xavier(conv(MODALITIES * width, MODALITIES * width, 3, MODALITIES))
            for modality in range(MODALITIES):
                name = f"stage.{stage}.encoder.{level}.{modality}"
                table[f"{name}.conv.weight"] = first
                for number in (1, 2):
                    table[f"{name}.block.conv{number}.weight"] = block
        for level in range(levels - 1):
            width = f * 2**level
            out, name = 2 * width, f"stage.{stage}.decoder.{level}"
            below = 2 * out if level < levels - 2 else f * 2 ** (levels - 1)
            maps = REGIONS if level and stage >= level else 0
            # Of a transposed convolution the frameworks store [in, out, taps].
            table[f"{name}.up.weight"] = mxnet_xavier((below, out, 2, 2, 2))
            table[f"{name}.mix.weight"] = mxnet_xavier(conv(out + width + maps, out, 1))
            for number in (1, 2):
                table[f"{name}.block.conv{number}.weight"] = mxnet_xavier(conv(out, out, 3))
        table[f"stage.{stage}.head.weight"] = mxnet_xavier(conv(2 * f, REGIONS, 1))
    return table


if __name__ == "__main__":
    networks = {
        "unet": unet((30, 60, 120, 240, 320)),
        "unet-small": unet((16, 32, 64, 128, 160)),
        "unet-tiny": unet((8, 16, 32, 64)),
        "resunet": segresnet((32, 64, 128, 256)),
        "resunet-small": segresnet((8, 16, 32, 64)),
        "resunet-small with VAE of 32^3": segresnet_vae((8, 16, 32, 64), 32),
        "lachinov": lachinov_2019((16, 32, 64, 128)),
        "cascaded": lachinov_2018(8),
        "cascaded-small": lachinov_2018(4),
    }
    rounded = {network: {name: [law, float(f"{scale:.8g}")] for name, (law, scale) in table.items()}
               for network, table in networks.items()}
    text = json.dumps(rounded, separators=(",", ":")).replace("]", "]\n").replace("\n,", ",\n")
    pathlib.Path(__file__).with_name("initial_weights.json").write_text(text + "\n")
