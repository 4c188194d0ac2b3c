"""What nibabel reads from the unusual but legal NIfTI files in nifti-odd/valid.

usage: make_nifti_odd.py FOLDER > nifti_odd.json

Voxels are taken in file order (first axis fastest). `weighted` is the sum of (n mod 97) * voxel n, so that
a changed order shows. Sums leave out voxels that are not finite.
"""

import gzip
import json
import logging
import pathlib
import sys

import nibabel
import numpy


def load(path):
    if path.name.endswith(".hdr"):
        return nibabel.load(path)
    data = path.read_bytes()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    kind = nibabel.Nifti2Image if int.from_bytes(data[:4], sys.byteorder) in (540, 0x1C020000) \
        else nibabel.Nifti1Image
    return kind.from_bytes(data)


def describe(path):
    image = load(path)
    shape = [int(n) for n in image.shape] + [1] * (3 - len(image.shape))
    entry = {
        "file": path.name,
        "shape": shape[:3],
        "frames": int(numpy.prod(shape[3:])),
        "affine": image.affine[:3].tolist(),
        "axes": "".join(nibabel.aff2axcodes(image.affine)),
        "voxel_sizes": nibabel.affines.voxel_sizes(image.affine).tolist(),
    }
    voxels = numpy.asanyarray(image.dataobj)
    if voxels.dtype.kind not in "iuf":
        return entry | {"scalar": False}
    values = voxels.ravel(order="F").astype(numpy.float64)
    finite = numpy.isfinite(values)
    kept = numpy.where(finite, values, 0)
    return entry | {
        "scalar": True,
        "nonfinite": int((~finite).sum()),
        "sum": float(kept.sum()),
        "weighted": float((kept * (numpy.arange(kept.size) % 97)).sum()),
        "first": kept[:4].tolist(),
        "last": kept[-4:].tolist(),
    }


logging.getLogger("nibabel").setLevel(logging.CRITICAL)
files = sorted(p for p in pathlib.Path(sys.argv[1]).iterdir() if p.suffix != ".img")
print("[\n" + ",\n".join(json.dumps(describe(p)) for p in files) + "\n]")
