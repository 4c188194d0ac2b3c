"""Oracle of the tests that read real cases: what nibabel and numpy say about them.

usage: python real_cases.py DATA > ../unit/data/real_cases.hpp

DATA holds brats2018/, brats2023/ and other/. Only summary numbers are kept, no voxels.
"""

import pathlib
import sys

import nibabel
import numpy

CASES = {
    "brats2018/Brats18_2013_2_1": ("_t1", "_t1ce", "_t2", "_flair", "_seg"),
    "brats2018/Brats18_TCIA05_396_1": ("_t1", "_t1ce", "_t2", "_flair", "_seg"),
    "brats2023/BraTS-GLI-00001-000": ("-t1n", "-t1c", "-t2w", "-t2f", "-seg"),
    "brats2023/BraTS-GLI-00027-000": ("-t1n", "-t1c", "-t2w", "-t2f", "-seg"),
    "other/TCGA-FG-6692": ("_t1", "_t1ce", "_t2", "_flair", "_seg"),
    "other/modelhub_brats18_patient_1": ("_t1", "_t1ce", "_t2", "_flair", "_seg"),
}


def number(value):
    return repr(float(value))


def describe(root, folder, endings):
    path = root / folder
    images = [nibabel.load(path / f"{path.name}{ending}.nii.gz") for ending in endings[:4]]
    arrays = [numpy.asarray(image.dataobj, dtype=numpy.float64) for image in images]
    code = "".join(nibabel.aff2axcodes(images[0].affine))
    rows = []
    for array in arrays:
        brain = array[array != 0]
        rows.append("{" + ", ".join([number(array.min()), number(array.max()), str(brain.size), number(brain.mean()),
                                     number(brain.std())]) + "}")
    filled = numpy.argwhere(numpy.any([array != 0 for array in arrays], axis=0))
    low, high = filled.min(axis=0), filled.max(axis=0)
    box = [low[2], low[1], low[0], *(high - low + 1)[::-1]]
    label = path / f"{path.name}{endings[4]}.nii.gz"
    counts = {}
    if label.exists():
        values, numbers = numpy.unique(numpy.asarray(nibabel.load(label).dataobj), return_counts=True)
        counts = {int(v): int(n) for v, n in zip(values, numbers)}
    shape = images[0].shape
    print(f'    {{"{folder}", "{code}", {{{shape[2]}, {shape[1]}, {shape[0]}}},')
    print("     {{" + ",\n       ".join(rows) + "}},")
    print(f"     {{{', '.join(map(str, box[:3]))}, {{{', '.join(map(str, box[3:]))}}}}},")
    print("     {" + ", ".join(f"{{{v}, {n}}}" for v, n in counts.items()) + "}},")


def main():
    root = pathlib.Path(sys.argv[1])
    print(
        """#pragma once

#include <array>
#include <string>
#include <vector>

#include "glia/data/crop.hpp"
#include "glia/data/label_scheme.hpp"

// Made by tests/golden/real_cases.py with nibabel and numpy; do not edit.

namespace glia::test {

struct RealImage {
  double minimum, maximum;
  index_t nonzero;
  double mean, deviation;  // of the voxels that are not 0
};

struct RealCase {
  std::string folder, orientation;
  Extent extent;
  std::array<RealImage, 4> images;  // T1, T1ce, T2, FLAIR
  CropBox box;                      // of all voxels that are not 0 in any image
  LabelCounts labels;               // values as the file holds them
};

inline const std::vector<RealCase> real_cases{"""
    )
    for folder, endings in CASES.items():
        describe(root, folder, endings)
    print("};\n\n}  // namespace glia::test")


main()
