"""A plain PyTorch UNet trained on a few cases and scored on others, for comparison with `glia train`.

The recipe: widths 16, 32, 64, 128, 160; patches of 64^3, batch 2, half of them about the tumour; bf16 autocast; Adam 1e-3 with
polynomial decay; mirroring and small intensity changes; Dice and BCE over WT, TC and ET.

  python train_recipe.py --test CASE[=SCHEME] ... --train CASE[=SCHEME] ... [--steps 1200]

CASE is a folder with four modalities and a segmentation, SCHEME its label numbers of ED, ET and NCR as "2,4,1" (default; 3 is ET in 2023).
"""
import argparse
import itertools
import json
import pathlib
import time

import nibabel
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

PATCH = 64
SUFFIXES = (("_t1", "-t1n"), ("_t1ce", "-t1c"), ("_t2", "-t2w"), ("_flair", "-t2f"))


def file_of(folder, names):
    return next(f for f in sorted(folder.glob("*.nii.gz")) if f.name.endswith(tuple(n + ".nii.gz" for n in names)))


def read(text):
    path, _, scheme = text.partition("=")
    folder = pathlib.Path(path)
    oedema, enhancing, necrosis = map(int, scheme.split(",")) if scheme else (2, 4, 1)
    images = [nibabel.load(file_of(folder, n)).get_fdata(dtype=np.float32) for n in SUFFIXES]
    labels = np.asarray(nibabel.load(file_of(folder, ("_seg", "-seg"))).dataobj).astype(np.int16)
    brain = np.any([i != 0 for i in images], axis=0)
    box = tuple(slice(np.where(brain.any(axis=a))[0].min(), np.where(brain.any(axis=a))[0].max() + 1)
                for a in ((1, 2), (0, 2), (0, 1)))
    for i in images:
        inside = i != 0
        i[inside] = (i[inside] - i[inside].mean()) / i[inside].std()
    image = torch.from_numpy(np.stack(images)[(slice(None), *box)].copy())
    labels = labels[box]
    et, tc = labels == enhancing, (labels == enhancing) | (labels == necrosis)
    target = torch.from_numpy(np.stack([tc | (labels == oedema), tc, et]).astype(np.float32))
    pad = [p for n in reversed(image.shape[1:]) for p in (0, max(0, PATCH - n))]
    return folder.name, F.pad(image, pad), F.pad(target, pad)


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride=1):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv3d(inputs, outputs, 3, stride, 1, bias=False), nn.InstanceNorm3d(outputs, affine=True), nn.LeakyReLU(0.01, True),
            nn.Conv3d(outputs, outputs, 3, 1, 1, bias=False), nn.InstanceNorm3d(outputs, affine=True), nn.LeakyReLU(0.01, True))

    def forward(self, x):
        return self.layers(x)


class UNet(nn.Module):
    def __init__(self, widths=(16, 32, 64, 128, 160)):
        super().__init__()
        self.down = nn.ModuleList([Block(4 if i == 0 else widths[i - 1], w, 1 if i == 0 else 2) for i, w in enumerate(widths)])
        self.up = nn.ModuleList([Block(widths[i] + widths[i + 1], widths[i]) for i in range(len(widths) - 1)])
        self.head = nn.Conv3d(widths[0], 3, 1)

    def forward(self, x):
        skips = []
        for block in self.down:
            x = block(x)
            skips.append(x)
        for block, skip in zip(reversed(self.up), reversed(skips[:-1])):
            x = block(torch.cat([F.interpolate(x, scale_factor=2, mode="trilinear", align_corners=False), skip], 1))
        return self.head(x)


def sample(cases, random):
    _, image, target = cases[random.integers(len(cases))]
    extent = np.array(image.shape[1:])
    if random.random() < 0.5:
        voxels = torch.nonzero(target[0])
        centre = voxels[random.integers(len(voxels))].numpy()
        corner = np.clip(centre - PATCH // 2, 0, extent - PATCH)
    else:
        corner = random.integers(0, extent - PATCH + 1)
    at = (slice(None), *(slice(c, c + PATCH) for c in corner))
    x, y = image[at].clone(), target[at]
    flips = [a + 1 for a in range(3) if random.random() < 0.5]
    x, y = x.flip(flips), y.flip(flips)
    brain = x != 0
    scale = torch.from_numpy(random.uniform(0.9, 1.1, (4, 1, 1, 1)).astype(np.float32))
    shift = torch.from_numpy(random.uniform(-0.1, 0.1, (4, 1, 1, 1)).astype(np.float32))
    return torch.where(brain, x * scale + shift, 0.0), y


def loss_of(logits, target):
    p, d = torch.sigmoid(logits), (0, 2, 3, 4)
    dice = (2 * (p * target).sum(d) + 1) / (p.sum(d) + target.sum(d) + 1)
    return 1 - dice.mean() + F.binary_cross_entropy_with_logits(logits, target)


@torch.no_grad()
def predict(net, image):
    line = torch.exp(-0.5 * ((torch.arange(PATCH) - (PATCH - 1) / 2) / (PATCH / 8)) ** 2)
    weight = (line[:, None, None] * line[:, None] * line).clamp_min(1e-4)
    total, weights = torch.zeros(3, *image.shape[1:]), torch.zeros(image.shape[1:])
    starts = [sorted({*range(0, n - PATCH, PATCH // 2), n - PATCH}) for n in image.shape[1:]]
    for corner in itertools.product(*starts):
        at = tuple(slice(c, c + PATCH) for c in corner)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = net(image[(slice(None), *at)][None])
        total[(slice(None), *at)] += torch.sigmoid(logits.float())[0] * weight
        weights[at] += weight
    return total / weights


def score(net, case):
    name, image, target = case
    wt, tc, et = predict(net, image) > 0.5
    predicted = torch.stack([wt | tc | et, tc | et, et]).float()
    dice = 2 * (predicted * target).sum((1, 2, 3)) / (predicted.sum((1, 2, 3)) + target.sum((1, 2, 3)))
    return {"case": name, **{r: round(d, 4) for r, d in zip(("WT", "TC", "ET"), dice.tolist())}}


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--train", nargs="+", required=True)
    arguments.add_argument("--test", nargs="+", required=True)
    arguments.add_argument("--steps", type=int, default=1200)
    arguments.add_argument("--threads", type=int, default=2)
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--every", type=int, default=0, help="steps between scores, 0: only the last")
    o = arguments.parse_args()
    torch.set_num_threads(o.threads)
    torch.manual_seed(o.seed)
    random = np.random.default_rng(o.seed)
    train, test = [read(c) for c in o.train], [read(c) for c in o.test]
    net = UNet()
    adam = torch.optim.Adam(net.parameters(), 1e-3)
    decay = torch.optim.lr_scheduler.PolynomialLR(adam, o.steps, 0.9)
    seconds = 0.0
    for step in range(1, o.steps + 1):
        start = time.perf_counter()
        x, y = (torch.stack(t) for t in zip(sample(train, random), sample(train, random)))
        adam.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = net(x)
        loss = loss_of(logits.float(), y)
        loss.backward()
        adam.step()
        decay.step()
        seconds += time.perf_counter() - start
        if step == o.steps or (o.every and step % o.every == 0):
            net.eval()
            for case in test:
                print(json.dumps({"step": step, "loss": round(loss.item(), 4), "seconds": round(seconds), **score(net, case)}), flush=True)
            net.train()


if __name__ == "__main__":
    main()
