#pragma once

// NIfTI scans in and out: headers, voxels, geometry.
#include "glia/io/nifti_header.hpp"
#include "glia/io/nifti_read.hpp"
#include "glia/io/nifti_write.hpp"
