#pragma once

#include <nifti1.h>

#include <array>
#include <cstdint>
#include <string>
#include <type_traits>

namespace glia {

/// One row of NIfTI's table of voxel types.
struct NiftiDatatype {
  int code;          ///< header field datatype
  int bits;          ///< header field bitpix must agree
  const char* name;  ///< as in messages
  bool scalar;       ///< one real number per voxel; the others cannot be an intensity or a label
};

/// The types that a header may name. Binary (1 bit, no agreed layout) and the long double types
/// float128 and complex256 (layout differs between machines) are refused.
inline constexpr std::array<NiftiDatatype, 14> nifti_datatypes{{
    {DT_UINT8, 8, "uint8", true},
    {DT_INT8, 8, "int8", true},
    {DT_UINT16, 16, "uint16", true},
    {DT_INT16, 16, "int16", true},
    {DT_UINT32, 32, "uint32", true},
    {DT_INT32, 32, "int32", true},
    {DT_UINT64, 64, "uint64", true},
    {DT_INT64, 64, "int64", true},
    {DT_FLOAT32, 32, "float32", true},
    {DT_FLOAT64, 64, "float64", true},
    {DT_COMPLEX64, 64, "complex64", false},
    {DT_COMPLEX128, 128, "complex128", false},
    {DT_RGB24, 24, "rgb24", false},
    {DT_RGBA32, 32, "rgba32", false},
}};

/// The row of a code, or nullptr.
[[nodiscard]] constexpr const NiftiDatatype* find_nifti_datatype(int code) {
  for (const auto& row : nifti_datatypes) {
    if (row.code == code) return &row;
  }
  return nullptr;
}

/// "int16 (4)" for messages, whatever the code.
[[nodiscard]] inline std::string nifti_datatype_text(int code) {
  const auto* row = find_nifti_datatype(code);
  const char* name = row != nullptr          ? row->name
                     : code == DT_BINARY     ? "binary"
                     : code == DT_FLOAT128   ? "float128"
                     : code == DT_COMPLEX256 ? "complex256"
                                             : "unknown";
  return std::string(name) + " (" + std::to_string(code) + ")";
}

/// Calls visit(T{}) with the C++ type of a scalar code. Requires find_nifti_datatype(code)->scalar.
template <class Visit>
void with_nifti_type(int code, Visit&& visit) {
  switch (code) {
    case DT_UINT8:
      return visit(std::uint8_t{});
    case DT_INT8:
      return visit(std::int8_t{});
    case DT_UINT16:
      return visit(std::uint16_t{});
    case DT_INT16:
      return visit(std::int16_t{});
    case DT_UINT32:
      return visit(std::uint32_t{});
    case DT_INT32:
      return visit(std::int32_t{});
    case DT_UINT64:
      return visit(std::uint64_t{});
    case DT_INT64:
      return visit(std::int64_t{});
    case DT_FLOAT32:
      return visit(float{});
    case DT_FLOAT64:
      return visit(double{});
    default:
      return;
  }
}

/// The code of a C++ scalar type.
template <class T>
[[nodiscard]] constexpr int nifti_code_of() {
  if constexpr (std::is_same_v<T, std::uint8_t>) return DT_UINT8;
  if constexpr (std::is_same_v<T, std::int16_t>) return DT_INT16;
  if constexpr (std::is_same_v<T, float>) return DT_FLOAT32;
}

}  // namespace glia
