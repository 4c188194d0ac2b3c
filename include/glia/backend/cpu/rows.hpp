#pragma once

#include <cstdint>

#include "glia/backend/cpu/isa.hpp"
#include "glia/source/source.hpp"

/// Sources and sinks as kernels see them: rows of voxels behind references of a few words, so that
/// a kernel is compiled once per instruction set, whatever the networks.
///
/// Channels are processed in blocks of one vector, the rest in narrower ones: exactly the C
/// channels of a voxel are read and written, never what lies in the padding behind them.
namespace glia::cpu {

/// L floats; one is a plain float. Memory is read and written by `load` and `save` only, which take
/// any address: clang forgets an `aligned` on a vector type that went through a template.
template <int L>
struct FloatsOf {
  typedef float Type __attribute__((vector_size(4 * L)));
  typedef double Doubles __attribute__((vector_size(8 * L)));
  typedef std::int32_t Integers __attribute__((vector_size(4 * L)));
};
template <>
struct FloatsOf<1> {
  using Type = float;
  using Integers = std::int32_t;
};
template <int L>
using Floats = typename FloatsOf<L>::Type;

template <int L>
[[gnu::always_inline]] inline void load(Floats<L>& v, const float* p) {
  __builtin_memcpy(&v, p, sizeof(v));
}
template <int L>
[[gnu::always_inline]] inline void save(float* p, const Floats<L>& v) {
  __builtin_memcpy(p, &v, sizeof(v));
}
/// Saves a whole cache line past the caches: no line is read only to be overwritten. Requires an
/// address on a line; `finish_streaming` makes such lines visible to other threads.
[[gnu::always_inline]] inline void stream(float* p, const Floats<16>& v) {
#if defined(__clang__)
  __builtin_nontemporal_store(v, reinterpret_cast<Floats<16>*>(p));
#elif defined(__x86_64__)
  __builtin_ia32_movntps512(p, v);
#else
  save<16>(p, v);
#endif
}
[[gnu::always_inline]] inline void finish_streaming() {
#if defined(__x86_64__)
  __builtin_ia32_sfence();
#endif
}
/// sums += v, in double.
template <int L>
[[gnu::always_inline]] inline void add_to_doubles(double* sums, const Floats<L>& v) {
  if constexpr (L == 1) {
    *sums += static_cast<double>(v);
  } else {
    using Doubles = typename FloatsOf<L>::Doubles;
    Doubles total;
    __builtin_memcpy(&total, sums, sizeof(total));
    total += __builtin_convertvector(v, Doubles);
    __builtin_memcpy(sums, &total, sizeof(total));
  }
}

/// Calls body.block<L>(first channel) for blocks of L channels that cover [0, channels).
template <class Set, class Body>
[[gnu::always_inline]] inline void for_channels(index_t channels, const Body& body) {
  constexpr int lanes = Set::bytes / 4;
  index_t c = 0;
  for (; c + lanes <= channels; c += lanes) body.template block<lanes>(c);
  if constexpr (lanes > 8) {
    if (c + 8 <= channels) {
      body.template block<8>(c);
      c += 8;
    }
  }
  if constexpr (lanes > 4) {
    if (c + 4 <= channels) {
      body.template block<4>(c);
      c += 4;
    }
  }
  for (; c < channels; ++c) body.template block<1>(c);
}

/// The same for bodies that may do a channel twice: the last block overlaps the one before it.
template <class Set, class Body>
[[gnu::always_inline]] inline void for_channels_twice(index_t channels, const Body& body) {
  constexpr int lanes = Set::bytes / 4;
  if (channels < lanes) return for_channels<Set>(channels, body);
  for (index_t c = 0; c + lanes <= channels; c += lanes) body.template block<lanes>(c);
  if (channels % lanes != 0) body.template block<lanes>(channels - lanes);
}

/// Rows [first, last) of plane (n, d).
struct RowRange {
  index_t n, d, first, last;
};
/// Where rows go: row first + i starts at data + i * row_pitch, voxels lie `pitch` apart.
struct RowTarget {
  float* data;
  index_t row_pitch, pitch;
};

struct AnySource;
struct AnySink;

struct SourceTable {
  Shape (*shape)(const void* self);
  /// Floats of temporary memory that `read` needs.
  index_t (*scratch)(const void* self);
  void (*read)(const void* self, Isa isa, const RowRange& range, const RowTarget& out,
               float* scratch);
};

/// A source behind a reference: rows of W voxels of C channels.
struct AnySource {
  const void* self;
  const SourceTable* table;
  Isa isa;

  [[nodiscard]] Shape shape() const { return table->shape(self); }
  [[nodiscard]] index_t scratch() const { return table->scratch(self); }
  void read(const RowRange& range, const RowTarget& out, float* scratch) const {
    table->read(self, isa, range, out, scratch);
  }
};

/// One row of a kernel's result: W voxels `pitch` apart.
struct ResultRow {
  index_t n, d, h;
  float* data;
  index_t pitch;
};

struct SinkTable {
  Shape (*shape)(const void* self);
  /// Doubles that a task accumulates statistics in, zero at its start.
  index_t (*partials)(const void* self);
  /// May change the row.
  void (*write)(const void* self, Isa isa, const ResultRow& row, double* partials);
  /// Adds the partials of a task, all of whose rows are of sample n, to the sink's statistics.
  void (*merge)(const void* self, index_t n, const double* partials);
};

/// A sink behind a reference. Tasks are aligned to two planes and two rows; within a task, rows
/// come in order.
struct AnySink {
  const void* self;
  const SinkTable* table;
  Isa isa;

  [[nodiscard]] Shape shape() const { return table->shape(self); }
  [[nodiscard]] index_t partials() const { return table->partials(self); }
  void write(const ResultRow& row, double* partials) const {
    table->write(self, isa, row, partials);
  }
  void merge(index_t n, const double* partials) const { table->merge(self, n, partials); }
};

}  // namespace glia::cpu
