#!/usr/bin/env python3
"""Times glia and PyTorch on the same work, one after the other in the same run, and writes the ratios as JSON.

    python3 benchmarks/peers/compare.py --measure build/release/bin/bench_measure --out peers.json [--quick]

Each entry: {"work", "precision", "peer", "glia_seconds", "peer_seconds", "ratio"}, ratio = peer / glia. Each side runs in a
process of its own, with the same number of threads. PyTorch runs with allocator settings that spare it page
faults, its honest best on a CPU. Entries of whole networks also have peak resident memory in MiB.
"""
import argparse
import json
import os
import subprocess
import sys

TUNED = {
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "68719476736",
    "MALLOC_TOP_PAD_": "268435456",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
    "OMP_PROC_BIND": "true",
}


def torch_work(arguments):
    """Runs in a process of its own: prints the median seconds of one piece of work."""
    import resource
    import statistics
    import time

    import torch
    import torch.nn as nn
    import torch.nn.functional as F

    mode, threads = arguments[0], int(arguments[-1])
    torch.set_num_threads(threads)
    torch.manual_seed(0)

    def report(work):
        work()
        seconds, total = [], 0.0
        while len(seconds) < 5 or (total < 2 and len(seconds) < 200):
            start = time.perf_counter()
            work()
            seconds.append(time.perf_counter() - start)
            total += seconds[-1]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"seconds": statistics.median(seconds), "peak_mib": peak}))

    if mode in ("forward", "backward"):
        cin, cout, size, kernel, stride = map(int, arguments[1:6])
        conv = nn.Conv3d(cin, cout, kernel, stride, kernel // 2)
        x = torch.randn(1, cin, size, size, size, requires_grad=mode == "backward")
        if mode == "forward":
            with torch.no_grad():
                report(lambda: conv(x))
            return
        y = conv(x)
        gradient = torch.randn_like(y)
        report(lambda: torch.autograd.grad(y, (x, conv.weight, conv.bias), gradient, retain_graph=True))
        return

    class Unit(nn.Module):
        def __init__(self, cin, cout):
            super().__init__()
            self.conv, self.norm = nn.Conv3d(cin, cout, 3, 1, 1), nn.InstanceNorm3d(cout, affine=True)

        def forward(self, x):
            return F.leaky_relu(self.norm(self.conv(x)), 0.01, inplace=True)

    class UNet(nn.Module):
        """Isensee et al. 2018: the decoder narrows to the next shallower width before it is upsampled."""

        def __init__(self, widths):
            super().__init__()
            ins = [4] + list(widths[:-1])
            self.encoder = nn.ModuleList(
                nn.Sequential(Unit(i, w), Unit(w, w)) for i, w in zip(ins[:-1], widths[:-1]))
            self.bottom = nn.Sequential(Unit(widths[-2], widths[-1]), Unit(widths[-1], widths[-2]))
            outs = [widths[0]] + list(widths[:-2])
            self.decoder = nn.ModuleList(nn.Sequential(Unit(2 * w, w), Unit(w, o)) for w, o in zip(widths[:-1], outs))
            self.head = nn.Conv3d(widths[0], 3, 1, bias=False)

        def forward(self, x):
            skips = []
            for encoder in self.encoder:
                skips.append(encoder(x))
                x = F.max_pool3d(skips[-1], 2)
            x = self.bottom(x)
            for decoder, skip in zip(reversed(self.decoder), reversed(skips)):
                up = F.interpolate(x, scale_factor=2, mode="trilinear", align_corners=False)
                x = decoder(torch.cat([up, skip], 1))
            return self.head(x)

    widths = {"unet": (30, 60, 120, 240, 320), "unet-small": (16, 32, 64, 128, 160)}[arguments[1]]
    size, batch = int(arguments[2]), int(arguments[3])
    net = UNet(widths)
    x = torch.randn(batch, 4, size, size, size)
    if mode == "inference":
        with torch.no_grad():
            report(lambda: torch.sigmoid(net(x)))
        return
    target = (x[:, :3] > 0.5).float()
    optimizer = torch.optim.Adam(net.parameters(), lr=2e-4)

    def step():
        optimizer.zero_grad(set_to_none=True)
        logits = net(x)
        p = torch.sigmoid(logits)
        dims = (0, 2, 3, 4)
        dice = 2 * (p * target).sum(dims) / ((p * p).sum(dims) + (target * target).sum(dims) + 1e-8)
        loss = 1 - dice.mean() + 3 * F.binary_cross_entropy_with_logits(logits, target)
        loss.backward()
        optimizer.step()

    report(step)


def works(quick):
    levels = [(30, 30, 128), (60, 30, 128), (60, 60, 64), (120, 60, 64), (120, 120, 32), (240, 240, 16), (320, 240, 8)]
    powers = [(4, 32, 128), (32, 32, 128), (64, 64, 64), (128, 128, 32), (256, 256, 16), (320, 320, 8)]
    if quick:
        levels, powers = levels[2:5:2], powers[2:4]
    for cin, cout, size in powers + levels:
        yield f"convolution {cin}->{cout} {size}^3", [[m, cin, cout, size, 3, 1] for m in ("forward", "backward")]
    yield "convolution 32->64 64^3 stride 2", [[m, 32, 64, 64, 3, 2] for m in ("forward", "backward")]
    yield "convolution 30->3 64^3 kernel 1", [[m, 30, 3, 64, 1, 1] for m in ("forward", "backward")]
    whole = [("unet-small", 64, 2)] if quick else [("unet-small", 64, 2), ("unet", 64, 1), ("unet", 128, 1)]
    for name, size, batch in whole:
        yield f"{name} {size}^3 batch {batch}", [[m, name, size, batch] for m in ("inference", "training")]


def run(command, environment=None):
    result = subprocess.run([str(c) for c in command], env={**os.environ, **(environment or {})},
                            capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"{command}: {result.stderr}")
    return json.loads(result.stdout.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--measure", required=True, help="the program bench_measure")
    parser.add_argument("--out", default="peers.json")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--quick", action="store_true", help="a few works only")
    parser.add_argument("--only", default="", help="works whose name contains this text")
    options = parser.parse_args()
    import torch

    entries = []
    for name, commands in works(options.quick):
        if options.only not in name:
            continue
        for command in commands:
            arguments = [*command, options.threads]
            ours = run([options.measure, *arguments])
            theirs = run([sys.executable, __file__, "--torch", *arguments], TUNED)
            entries.append({
                "work": f"{command[0]} {name}", "precision": "fp32", "peer": f"PyTorch {torch.__version__}",
                "glia_seconds": ours["seconds"], "peer_seconds": theirs["seconds"],
                "ratio": theirs["seconds"] / ours["seconds"],
            })
            if command[0] in ("inference", "training"):
                entries[-1].update(glia_peak_mib=ours["peak_mib"], peer_peak_mib=theirs["peak_mib"])
            e = entries[-1]
            print(f"{e['work']:52} glia {e['glia_seconds'] * 1e3:9.2f} ms  PyTorch {e['peer_seconds'] * 1e3:9.2f} ms  "
                  f"ratio {e['ratio']:.2f}", flush=True)
            with open(options.out, "w") as file:
                json.dump(entries, file, indent=1)


if __name__ == "__main__":
    if "--torch" in sys.argv:
        torch_work(sys.argv[sys.argv.index("--torch") + 1:])
    else:
        main()
