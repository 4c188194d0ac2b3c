"""Exits with 0 if nibabel finds the same geometry in each SOURCE and its OUTPUT of unscaled uint8 labels.

usage: compare_geometry.py SOURCE OUTPUT [SOURCE OUTPUT ...]

The labels that nifti_write_test.cpp writes are n * 7 % 5 for voxel n in file order.
"""

import sys

import nibabel
import numpy


def compare(source, output):
    a, b = nibabel.load(source), nibabel.load(output)
    assert a.shape[:3] == b.shape, (a.shape, b.shape)
    numpy.testing.assert_array_equal(a.affine, b.affine)
    for form in ("get_qform", "get_sform"):
        (matrix_a, code_a), (matrix_b, code_b) = getattr(a, form)(coded=True), getattr(b, form)(coded=True)
        numpy.testing.assert_array_equal(matrix_a, matrix_b)
        assert code_a == code_b, (form, code_a, code_b)
    assert a.header.get_zooms()[:3] == b.header.get_zooms()
    assert a.header.get_xyzt_units() == b.header.get_xyzt_units()
    assert b.get_data_dtype() == numpy.uint8
    assert (b.dataobj.slope, b.dataobj.inter) == (1, 0)
    labels = numpy.asanyarray(b.dataobj).ravel(order="F")
    numpy.testing.assert_array_equal(labels, numpy.arange(labels.size) * 7 % 5)


for pair in zip(sys.argv[1::2], sys.argv[2::2]):
    compare(*pair)
