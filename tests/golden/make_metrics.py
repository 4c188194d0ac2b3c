"""Makes metrics.json: scores, distances and component counts that tests/unit/metrics compares with.

Usage: python tests/golden/make_metrics.py > tests/golden/metrics.json   (needs numpy, scipy)

The Hausdorff distances follow medpy's hd95 (pooled) and MONAI's HausdorffDistanceMetric (maximum of
the directed percentiles), written out on scipy.ndimage. Volumes are [D, H, W] arrays of labels
0 background, 1 NCR, 2 ED, 3 ET, painted in order from the ellipsoids that the file lists; the test of
a voxel is all integers, so that every reader paints the same volume.
"""

import json

import numpy as np
from scipy import ndimage

REGIONS = {"WT": (1, 2, 3), "TC": (1, 3), "ET": (3,)}


def paint(extent, ellipsoids):
    labels = np.zeros(extent, np.uint8)
    d, h, w = np.indices(extent)
    for e in ellipsoids:
        (cd, ch, cw), (rd, rh, rw) = e["centre"], e["radii"]
        inside = ((d - cd) * rh * rw) ** 2 + ((h - ch) * rd * rw) ** 2 + ((w - cw) * rd * rh) ** 2
        labels[inside <= (rd * rh * rw) ** 2] = e["label"]
    return labels


def border_distances(a, b, spacing):
    cross = ndimage.generate_binary_structure(3, 1)
    border_a = a & ~ndimage.binary_erosion(a, cross)
    border_b = b & ~ndimage.binary_erosion(b, cross)
    return ndimage.distance_transform_edt(~border_b, sampling=spacing)[border_a]


def scores(truth, prediction, spacing):
    tp, fp = np.sum(truth & prediction), np.sum(~truth & prediction)
    fn, tn = np.sum(truth & ~prediction), np.sum(~truth & ~prediction)
    ab = border_distances(truth, prediction, spacing)
    ba = border_distances(prediction, truth, spacing)
    return {
        "dice": float(2 * tp / (2 * tp + fp + fn)),
        "sensitivity": float(tp / (tp + fn)),
        "specificity": float(tn / (tn + fp)),
        "hd95_pooled": float(np.percentile(np.hstack((ab, ba)), 95)),
        "hd95_maximum": float(max(np.percentile(ab, 95), np.percentile(ba, 95))),
        "hd100": float(max(ab.max(), ba.max())),
    }


def ellipsoids(rng, extent):
    return [
        {
            "label": value,
            "centre": [int(rng.integers(0, n)) for n in extent],
            "radii": [int(rng.integers(2, 7)) for _ in extent],
        }
        for value in (2, 1, 3, 2, 3)
    ]


def moved(rng, parts):
    return [{**p, "centre": [c + int(rng.integers(-2, 3)) for c in p["centre"]]} for p in parts]


def make_case(rng, extent, spacing):
    case = {"extent": extent, "spacing": spacing, "truth": ellipsoids(rng, extent)}
    case["prediction"] = moved(rng, case["truth"][:-1])
    truth, prediction = (paint(extent, case[key]) for key in ("truth", "prediction"))
    case["scores"] = {
        r: scores(np.isin(truth, v), np.isin(prediction, v), spacing) for r, v in REGIONS.items()
    }
    return case


def scatter(extent, one_in):
    """A mask that looks random, from integers that any language computes alike."""
    d, h, w = (i.astype(np.uint64) for i in np.indices(extent))
    mixed = (d * 73856093) ^ (h * 19349663) ^ (w * 83492791)
    return mixed * 2654435761 % (1 << 32) // 65536 % one_in == 0


def make_distances(extent, spacing):
    mask = scatter(extent, 97)
    distance = ndimage.distance_transform_edt(~mask, sampling=spacing)
    probes = [[int(i) for i in np.unravel_index(k, extent)] for k in range(0, mask.size, 37)]
    return {
        "extent": extent,
        "spacing": spacing,
        "one_in": 97,
        "inside": int(mask.sum()),
        "sum_of_squares": float(np.sum(distance**2)),
        "probes": [[*p, float(distance[tuple(p)])] for p in probes],
    }


def make_components(extent, one_in):
    mask = scatter(extent, one_in)
    result = {"extent": extent, "one_in": one_in, "inside": int(mask.sum()), "sizes": {}}
    for name, rank in (("faces", 1), ("edges", 2), ("corners", 3)):
        ids, _ = ndimage.label(mask, ndimage.generate_binary_structure(3, rank))
        result["sizes"][name] = np.bincount(ids.ravel())[1:].tolist()
    return result


def main():
    rng = np.random.default_rng(2020)
    document = {
        "cases": [
            make_case(rng, [17, 20, 23], [1.0, 1.0, 1.0]),
            make_case(rng, [12, 24, 19], [3.0, 0.9375, 0.9375]),
            make_case(rng, [15, 9, 14], [0.5, 2.25, 1.3]),
        ],
        "distances": [
            make_distances([9, 11, 13], [1.0, 1.0, 1.0]),
            make_distances([11, 7, 16], [2.5, 0.7, 1.1]),
        ],
        "components": [make_components([8, 9, 10], 6), make_components([6, 7, 8], 3)],
    }
    print(json.dumps(document, separators=(",", ":")).replace('],"', '],\n"'))


main()
