#pragma once

#include <nifti1.h>
#include <nifti2.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "glia/core/error.hpp"
#include "glia/core/number_text.hpp"
#include "glia/io/affine.hpp"
#include "glia/io/byte_order.hpp"
#include "glia/io/nifti_datatype.hpp"
#include "glia/io/nifti_geometry.hpp"
#include "glia/tensor/shape.hpp"

namespace glia {

/// A checked NIfTI-1 or NIfTI-2 header: the bytes of the file and what they mean.
///
/// `bytes` is the truth that output files copy their geometry from; the other members are read from
/// it.
struct NiftiHeader {
  std::vector<std::byte> bytes;   ///< 348 (NIfTI-1) or 540 (NIfTI-2) bytes in the file's byte order
  int version = 1;                ///< 1 or 2
  bool swapped = false;           ///< the file's byte order is not this machine's
  bool pair = false;              ///< voxels are in a separate .img file
  std::uint64_t data_offset = 0;  ///< first byte of the voxels in their file
  int datatype = 0;               ///< NIfTI code; a row of nifti_datatypes
  double slope = 1, inter = 0;    ///< voxel value = slope * stored + inter
  Extent extent{0, 0, 0};         ///< w = dim[1], h = dim[2], d = dim[3]
  index_t frames = 1;             ///< dim[4] * ... * dim[7]
  int qform_code = 0, sform_code = 0;
  /// Where the voxels lie: sform if sform_code > 0, else qform if qform_code > 0, else centred. It
  /// owns the distances too: the spacing of a file is `affine.spacing()` wherever one is needed.
  /// pixdim is what a qform scales by and what a file without forms has; where it differs from the
  /// affine there is a warning.
  Affine affine;
  std::vector<std::string> warnings;  ///< what is odd but readable, without the file name

  /// Bytes of the voxels of all frames.
  [[nodiscard]] std::uint64_t data_bytes() const {
    return static_cast<std::uint64_t>(extent.voxels()) * static_cast<std::uint64_t>(frames) *
           static_cast<std::uint64_t>(find_nifti_datatype(datatype)->bits / 8);
  }
};

namespace detail {

[[nodiscard]] inline std::string affine_text(const Affine& affine) {
  std::string text = "[";
  for (const auto& row : affine.m) {
    for (const double value : row) text += number_text(value) + " ";
  }
  text.back() = ']';
  return text;
}

/// What a file is that is not NIfTI, from its first bytes.
[[nodiscard]] inline std::string describe_content(std::span<const std::byte> start) {
  const std::string_view text(reinterpret_cast<const char*>(start.data()), start.size());
  if (text.empty()) return "the file is empty";
  if (text.substr(0, 4) == "\x89PNG") return "it is a PNG picture";
  if (text.substr(0, 4) == "NRRD") return "it is an NRRD file";
  if (text.substr(0, 4) == "PK\x03\x04") return "it is a ZIP archive";
  if (text.substr(0, 3) == "BZh") return "it is bzip2 data";
  if (text.size() >= 132 && text.substr(128, 4) == "DICM") return "it is a DICOM file";
  if (text.starts_with("version https://git-lfs")) {
    return "it is a Git LFS pointer; fetch the real file with git lfs pull";
  }
  std::string shown;
  for (const char letter : text.substr(0, 24)) {
    if (letter < ' ' || letter > '~') break;
    shown += letter;
  }
  if (shown.size() >= 8) return "it starts with the text \"" + shown + "\"";
  return "it starts with neither 348 nor 540, the length of a NIfTI header";
}

/// Version (1, 2) and byte order from the field sizeof_hdr; version 0 if it is none of the two.
struct NiftiKind {
  int version = 0;
  bool swapped = false;
};
[[nodiscard]] inline NiftiKind nifti_kind(std::span<const std::byte> start) {
  if (start.size() < 4) return {};
  for (const bool swapped : {false, true}) {
    const auto length = load<std::int32_t>(start.data(), swapped);
    if (length == 348) return {1, swapped};
    if (length == 540) return {2, swapped};
  }
  return {};
}

/// Checks the fields of a raw header (nifti_1_header or nifti_2_header) and fills a NiftiHeader
/// from them.
template <class Raw>
class NiftiParser {
 public:
  NiftiParser(NiftiHeader& header, const std::string& name) : header_(header), name_(name) {
    std::memcpy(&raw_, header.bytes.data(), sizeof raw_);
  }

  void parse() {
    check_magic();
    read_datatype();
    read_extent();
    read_offset();
    read_scaling();
    read_pixdim();
    read_affine();
  }

 private:
  template <class T>
  [[nodiscard]] T get(T value) const {
    return in_order(value, header_.swapped);
  }

  [[noreturn]] void refuse(const std::string& field, const std::string& got,
                           const std::string& expected) const {
    throw DataError(name_ + ": " + field + ": got " + got + ", expected " + expected);
  }

  void check_magic() const {
    const bool first = header_.version == 1;
    const std::string_view magic(raw_.magic, sizeof raw_.magic);
    const std::string_view start = magic.substr(0, 4);
    using namespace std::string_view_literals;
    if (start == "\0\0\0\0"sv) {
      throw DataError(name_ + ": not a NIfTI file (it is ANALYZE 7.5, which has no orientation)");
    }
    if (start == (first ? "ni1\0"sv : "ni2\0"sv)) {
      if (!header_.pair) {
        refuse("magic", "\"ni" + std::to_string(header_.version) + "\" (voxels in an .img file)",
               "\"n+" + std::to_string(header_.version) + "\" in a single file");
      }
    } else if (start != (first ? "n+1\0"sv : "n+2\0"sv)) {
      refuse("magic", "other bytes", first ? "\"n+1\" or \"ni1\"" : "\"n+2\" or \"ni2\"");
    }
    if (!first && magic.substr(4) != "\r\n\x1a\n"sv && magic.substr(4) != "\0\0\0\0"sv) {
      refuse("magic", "changed line ends (a transfer in text mode?)", "bytes 13 10 26 10");
    }
  }

  void read_datatype() {
    header_.datatype = get(raw_.datatype);
    const auto* row = find_nifti_datatype(header_.datatype);
    if (row == nullptr) {
      refuse("datatype", nifti_datatype_text(header_.datatype), "a type with a defined layout");
    }
    if (const int bits = get(raw_.bitpix); bits != row->bits) {
      refuse("bitpix", std::to_string(bits), std::to_string(row->bits) + " for " + row->name);
    }
  }

  void read_extent() {
    axes_ = static_cast<index_t>(get(raw_.dim[0]));
    if (axes_ < 1 || axes_ > 7) refuse("dim[0]", std::to_string(axes_), "1 to 7");
    std::array<index_t, 8> dim;
    dim.fill(1);
    // Keeps every product of extents and type sizes below 2^63.
    index_t room = index_t{1} << 57;
    for (std::size_t axis = 1; axis <= static_cast<std::size_t>(axes_); ++axis) {
      dim[axis] = static_cast<index_t>(get(raw_.dim[axis]));
      const std::string field = "dim[" + std::to_string(axis) + "]";
      if (dim[axis] < 1) refuse(field, std::to_string(dim[axis]), "at least 1");
      if (dim[axis] > room) refuse(field, std::to_string(dim[axis]), "fewer voxels in all");
      room /= dim[axis];
    }
    header_.extent = {dim[3], dim[2], dim[1]};
    header_.frames = dim[4] * dim[5] * dim[6] * dim[7];
  }

  void read_offset() {
    const auto offset = static_cast<double>(get(raw_.vox_offset));
    const double least = header_.pair ? 0 : static_cast<double>(sizeof raw_ + 4);
    // Header tools leave 0 for "unset"; nibabel takes it as a position, and so does this reader.
    if (!header_.pair && offset == 0) {
      header_.warnings.emplace_back(
          "vox_offset is 0: voxels are read from byte 0, so the first ones are header bytes");
    } else if (!(offset >= least && offset < 0x1p53)) {
      refuse("vox_offset", number_text(offset), "at least " + number_text(least));
    } else if (offset != std::floor(offset)) {
      refuse("vox_offset", number_text(offset), "a whole number");
    }
    header_.data_offset = static_cast<std::uint64_t>(offset);
  }

  void read_scaling() {
    const auto slope = static_cast<double>(get(raw_.scl_slope));
    const auto inter = static_cast<double>(get(raw_.scl_inter));
    if (slope == 0 || std::isnan(slope)) return;
    if (!std::isfinite(slope)) refuse("scl_slope", number_text(slope), "a finite number");
    if (!std::isfinite(inter)) refuse("scl_inter", number_text(inter), "a finite number");
    header_.slope = slope;
    header_.inter = inter;
  }

  void read_pixdim() {
    const std::size_t last = axes_ > 3 ? static_cast<std::size_t>(axes_) : 3;
    for (std::size_t axis = 0; axis <= last; ++axis) {
      const auto value = static_cast<double>(get(raw_.pixdim[axis]));
      const std::string field = "pixdim[" + std::to_string(axis) + "]";
      if (!std::isfinite(value)) refuse(field, number_text(value), "a finite number");
      if (axis >= 1 && axis <= 3 && value < 0)
        header_.warnings.push_back(field + " is negative: its absolute value is used");
    }
    const auto length = [&](std::size_t axis) {
      return std::abs(static_cast<double>(get(raw_.pixdim[axis])));
    };
    pixdim_ = {length(1), length(2), length(3)};
    const int unit = get(raw_.xyzt_units) & 0x07;
    if (unit != NIFTI_UNITS_MM && unit != NIFTI_UNITS_UNKNOWN) {
      header_.warnings.push_back("xyzt_units names unit " + std::to_string(unit) +
                                 ", not mm: numbers are taken as mm");
    }
  }

  /// What pixdim says where an affine is made of it: 0 says nothing, and 1 mm is used.
  [[nodiscard]] FileSpacing usable_pixdim() const {
    const auto usable = [](double length) { return length == 0 ? 1 : length; };
    return {usable(pixdim_.i), usable(pixdim_.j), usable(pixdim_.k)};
  }

  [[nodiscard]] int form_code(const char* field, int code) {
    if (code >= NIFTI_XFORM_UNKNOWN && code <= NIFTI_XFORM_TEMPLATE_OTHER) return code;
    header_.warnings.push_back(std::string(field) + " is " + std::to_string(code) +
                               ", which has no meaning: taken as 0");
    return NIFTI_XFORM_UNKNOWN;
  }

  [[nodiscard]] Affine read_sform() const {
    Affine sform;
    for (std::size_t c = 0; c < 4; ++c) {
      sform.m[0][c] = static_cast<double>(get(raw_.srow_x[c]));
      sform.m[1][c] = static_cast<double>(get(raw_.srow_y[c]));
      sform.m[2][c] = static_cast<double>(get(raw_.srow_z[c]));
    }
    check_affine("sform", sform);
    return sform;
  }

  /// Empty if the quaternion is longer than 1, which matters only where the qform is needed.
  [[nodiscard]] std::optional<Affine> read_qform() {
    const auto qfac = static_cast<double>(get(raw_.pixdim[0]));
    if (qfac != 1 && qfac != -1) {
      header_.warnings.push_back("pixdim[0] (qfac) is " + number_text(qfac) + ": 1 is used");
    }
    const NiftiQuaternion q{static_cast<double>(get(raw_.quatern_b)),
                            static_cast<double>(get(raw_.quatern_c)),
                            static_cast<double>(get(raw_.quatern_d)), qfac == -1 ? -1.0 : 1.0};
    const std::array<double, 3> offset{static_cast<double>(get(raw_.qoffset_x)),
                                       static_cast<double>(get(raw_.qoffset_y)),
                                       static_cast<double>(get(raw_.qoffset_z))};
    for (const double value : {q.b, q.c, q.d, offset[0], offset[1], offset[2]}) {
      if (!std::isfinite(value)) refuse("qform", number_text(value), "finite numbers");
    }
    return affine_from_quaternion(q, usable_pixdim(), offset);
  }

  void check_affine(const char* field, const Affine& affine) const {
    if (!affine.finite()) refuse(field, affine_text(affine), "finite numbers");
    if (!std::isfinite(affine.determinant()) || affine.orthogonality() < 1e-4) {
      refuse(field, affine_text(affine), "a map that can be inverted (this one is singular)");
    }
  }

  void read_affine() {
    header_.qform_code = form_code("qform_code", static_cast<int>(get(raw_.qform_code)));
    header_.sform_code = form_code("sform_code", static_cast<int>(get(raw_.sform_code)));
    const auto qform = header_.qform_code > 0 ? read_qform() : std::nullopt;
    if (header_.sform_code > 0) {
      header_.affine = read_sform();
      if (header_.qform_code > 0) compare_forms(qform);
    } else if (header_.qform_code > 0) {
      if (!qform) refuse("quatern_b, c, d", "a vector longer than 1", "a unit quaternion");
      header_.affine = *qform;
      check_affine("qform", header_.affine);
    } else {
      // As nibabel: an axis that the image does not have counts 1 mm whatever pixdim says.
      const FileSpacing spacing = usable_pixdim();
      header_.affine = centred_affine(
          header_.extent, {spacing.i, axes_ < 2 ? 1 : spacing.j, axes_ < 3 ? 1 : spacing.k});
      header_.warnings.emplace_back(
          "neither qform nor sform: orientation is assumed from the order of the voxels");
    }
    describe_affine();
  }

  void compare_forms(const std::optional<Affine>& qform) {
    const double distance =
        qform ? corner_distance(*qform, header_.affine, header_.extent) : HUGE_VAL;
    const FileSpacing spacing = header_.affine.spacing();
    const double smallest = (std::min)({spacing.i, spacing.j, spacing.k});
    if (!(distance > 0.1 * smallest)) return;
    header_.warnings.push_back((qform
                                    ? "qform and sform differ by " + number_text(distance) + " mm"
                                    : std::string("the quaternion of the qform is longer than 1")) +
                               ": the sform is used");
  }

  void describe_affine() {
    if (header_.affine.orthogonality() < 1 - 1e-4) {
      header_.warnings.emplace_back("the axes of the affine are not at right angles");
    }
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const double pixdim = pixdim_.along(axis), used = header_.affine.spacing().along(axis);
      const bool missing = pixdim == 0 && static_cast<index_t>(axis) >= axes_;
      if (missing || std::abs(used - pixdim) <= 0.01 * pixdim) continue;
      header_.warnings.push_back("pixdim[" + std::to_string(axis + 1) + "] is " +
                                 number_text(pixdim) + " mm but the affine has " +
                                 number_text(used) + " mm: the affine is used");
    }
  }

  NiftiHeader& header_;
  const std::string& name_;
  Raw raw_;
  index_t axes_ = 0;
  FileSpacing pixdim_;  // as the header has it, without signs
};

}  // namespace detail

/// Checks and interprets the bytes of a header: 348 for NIfTI-1, 540 for NIfTI-2, either byte
/// order.
///
/// `name` begins every message, `pair` says that the voxels lie in an .img file. Complex and RGB
/// types are accepted here (the geometry is meaningful) and refused where voxels are read. Throws
/// DataError.
[[nodiscard]] inline NiftiHeader parse_nifti_header(std::span<const std::byte> bytes,
                                                    const std::string& name, bool pair = false) {
  const auto kind = detail::nifti_kind(bytes);
  if (kind.version == 0) {
    throw DataError(name + ": not a NIfTI file (" + detail::describe_content(bytes) + ")");
  }
  const std::size_t length = kind.version == 1 ? sizeof(nifti_1_header) : sizeof(nifti_2_header);
  if (bytes.size() < length) {
    throw DataError(name + ": header: got " + std::to_string(bytes.size()) + " bytes, expected " +
                    std::to_string(length));
  }
  NiftiHeader header;
  header.bytes.assign(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length));
  header.version = kind.version;
  header.swapped = kind.swapped;
  header.pair = pair;
  if (kind.version == 1) {
    detail::NiftiParser<nifti_1_header>(header, name).parse();
  } else {
    detail::NiftiParser<nifti_2_header>(header, name).parse();
  }
  return header;
}

}  // namespace glia
