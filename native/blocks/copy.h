// copy: strided N-d copy (transpose, slice, expand, reshape of a view), pad, fill, concatenate. Plain code, compiled once:
// these move bytes and compute nothing.
#pragma once
#include <string.h>
#include <algorithm>
#include "../engine.h"

namespace {

constexpr int64_t COPY_UNIT = 16384;                      // elements, about

inline bool same_shape(const Operand& a, const Operand& b) { return a.rank == b.rank && std::equal(a.shape, a.shape + a.rank, b.shape); }
inline int64_t elements(const Operand& o) { int64_t n = 1; for (int d = 0; d < o.rank; d++) n *= o.shape[d]; return n; }

// Offset (in elements) of position `index` in the first `rank` dimensions.
inline int64_t position(const Operand& o, int rank, int64_t index) {
  int64_t at = 0;
  for (int d = rank - 1; d >= 0; d--) { at += index % o.shape[d] * o.strides[d]; index /= o.shape[d]; }
  return at;
}

template <class F> void by_size(DType t, F f) {            // f gets a value of an integer type of the element's size
  switch (dtype_size(t)) {
    case 1: return f(uint8_t());
    case 4: return f(uint32_t());
    default: return f(uint64_t());
  }
}

// ---- copy ----

struct CopyPlan {
  int64_t rank;                                           // after merging; the last two dimensions are walked in tiles
  int64_t shape[MAX_RANK + 1], in[MAX_RANK + 1], out[MAX_RANK + 1];
  int64_t row_block, row_blocks;
};

const char* prepare_copy(Instruction& i) {
  if (i.n_in != 1 || i.n_out != 1) return "takes one operand and gives one";
  const Operand &a = i.in[0], &o = i.out[0];
  if (a.dtype != o.dtype) return "does not convert: use map's cast";
  if (!same_shape(a, o)) return "the result's shape differs";
  CopyPlan& p = *(CopyPlan*)i.plan;
  int64_t total = elements(a);
  p.rank = 0;
  for (int d = 0; d < a.rank; d++) {
    if (a.shape[d] == 1) continue;
    int64_t n = p.rank;
    if (n && p.in[n - 1] == a.strides[d] * a.shape[d] && p.out[n - 1] == o.strides[d] * a.shape[d]) {
      p.shape[n - 1] *= a.shape[d]; p.in[n - 1] = a.strides[d]; p.out[n - 1] = o.strides[d];
    } else {
      p.shape[n] = a.shape[d]; p.in[n] = a.strides[d]; p.out[n] = o.strides[d];
      p.rank++;
    }
  }
  auto exchange = [&](int64_t x, int64_t y) { std::swap(p.shape[x], p.shape[y]); std::swap(p.in[x], p.in[y]); std::swap(p.out[x], p.out[y]); };
  for (int64_t d = 0; d + 1 < p.rank; d++)                 // contiguous in the result: innermost
    if (p.out[d] == 1 && p.out[p.rank - 1] != 1) exchange(d, p.rank - 1);
  for (int64_t d = 0; d + 2 < p.rank; d++)                 // contiguous in the operand: next to it
    if (p.in[d] == 1) exchange(d, p.rank - 2);
  while (p.rank < 2) {
    p.shape[p.rank] = 1; p.in[p.rank] = p.out[p.rank] = 1;
    if (p.rank == 1) exchange(0, 1);
    p.rank++;
  }
  int64_t rows = p.shape[p.rank - 2], cols = p.shape[p.rank - 1];
  p.row_block = std::max<int64_t>(1, COPY_UNIT / std::max<int64_t>(1, cols));
  p.row_block = std::max<int64_t>(1, std::min(rows, (p.row_block + 15) / 16 * 16));
  p.row_blocks = (rows + p.row_block - 1) / p.row_block;
  i.units = total ? total / (rows * cols) * p.row_blocks : 0;
  i.cost = (double)total * (p.in[p.rank - 1] == 1 && p.out[p.rank - 1] == 1 ? 0.1 : 0.6);
  return nullptr;
}

template <class T> void copy_plane(const T* in, T* out, int64_t rows, int64_t cols, int64_t in_row, int64_t in_col, int64_t out_row, int64_t out_col) {
  if (in_col == 1 && out_col == 1) {
    for (int64_t r = 0; r < rows; r++) memcpy(out + r * out_row, in + r * in_row, cols * sizeof(T));
    return;
  }
  constexpr int64_t TILE = 16;                            // a tile touches 16 cache lines on either side
  for (int64_t r0 = 0; r0 < rows; r0 += TILE)
    for (int64_t c0 = 0; c0 < cols; c0 += TILE) {
      int64_t r1 = std::min(rows, r0 + TILE), c1 = std::min(cols, c0 + TILE);
      for (int64_t r = r0; r < r1; r++)
        for (int64_t c = c0; c < c1; c++) out[r * out_row + c * out_col] = in[r * in_row + c * in_col];
    }
}

void run_copy(const Instruction& i, const Context& context, int64_t unit) {
  const CopyPlan& p = *(const CopyPlan*)i.plan;
  int64_t row = unit % p.row_blocks * p.row_block, rest = unit / p.row_blocks, n = p.rank, in = row * p.in[n - 2], out = row * p.out[n - 2];
  for (int64_t d = n - 3; d >= 0; d--) { in += rest % p.shape[d] * p.in[d]; out += rest % p.shape[d] * p.out[d]; rest /= p.shape[d]; }
  int64_t rows = std::min(p.row_block, p.shape[n - 2] - row);
  by_size(i.in[0].dtype, [&](auto type) {
    typedef decltype(type) T;
    copy_plane<T>((const T*)address(context, i.in[0]) + in, (T*)address(context, i.out[0]) + out, rows, p.shape[n - 1], p.in[n - 2], p.in[n - 1],
                  p.out[n - 2], p.out[n - 1]);
  });
}

// ---- fill and pad: row by row of the result ----

uint64_t bits_of(double value, DType t) {
  union { uint64_t all; float f; double d; int32_t i; int64_t l; uint32_t u; uint8_t b; } x{};
  switch (t) {
    case F32: x.f = (float)value; break;
    case F64: x.d = value; break;
    case I32: x.i = (int32_t)value; break;
    case I64: x.l = (int64_t)value; break;
    case U32: x.u = (uint32_t)value; break;
    case U8: x.b = (uint8_t)value; break;
    default: x.b = value != 0;
  }
  return x.all;
}

struct RowPlan { int64_t rows, per_unit, value; };

const char* plan_rows(Instruction& i) {
  if (i.n_out != 1) return "gives one operand";
  const Operand& o = i.out[0];
  RowPlan& p = *(RowPlan*)i.plan;
  int64_t total = elements(o), cols = o.rank ? o.shape[o.rank - 1] : 1;
  p.rows = cols ? total / cols : 0;
  p.per_unit = std::max<int64_t>(1, COPY_UNIT / std::max<int64_t>(1, cols));
  p.value = (int64_t)bits_of(i.n_floats ? i.floats[0] : 0.0, o.dtype);
  i.units = (p.rows + p.per_unit - 1) / p.per_unit;
  i.cost = 0.1 * (double)total + 8.0 * (double)p.rows;
  return nullptr;
}

const char* prepare_fill(Instruction& i) { return i.n_in ? "takes no operand" : plan_rows(i); }

const char* prepare_pad(Instruction& i) {
  if (i.n_in != 1 || i.n_out != 1) return "takes one operand and gives one";
  const Operand &a = i.in[0], &o = i.out[0];
  if (a.dtype != o.dtype || a.rank != o.rank || i.n_ints != a.rank) return "dtype, rank or the number of lows does not fit";
  for (int d = 0; d < a.rank; d++)
    if (i.ints[d] < 0 || i.ints[d] + a.shape[d] > o.shape[d]) return "the operand does not fit into the result";
  return plan_rows(i);
}

template <class T> void fill_row(T* to, T value, int64_t n, int64_t stride) { for (int64_t c = 0; c < n; c++) to[c * stride] = value; }

// Row r of the padded result: inside the operand (then `at` is where), or all padding.
inline bool inside(const Operand& a, const Operand& o, const int64_t* low, int64_t row, int64_t& at) {
  at = 0;
  for (int d = o.rank - 2; d >= 0; d--) {
    int64_t x = row % o.shape[d] - low[d];
    if (x < 0 || x >= a.shape[d]) return false;
    at += x * a.strides[d];
    row /= o.shape[d];
  }
  return true;
}

void run_pad(const Instruction& i, const Context& context, int64_t unit) {        // and fill, which has no operand
  const RowPlan& p = *(const RowPlan*)i.plan;
  const Operand& o = i.out[0];
  int64_t cols = o.rank ? o.shape[o.rank - 1] : 1, step = o.rank ? o.strides[o.rank - 1] : 1;
  by_size(o.dtype, [&](auto type) {
    typedef decltype(type) T;
    for (int64_t row = unit * p.per_unit; row < std::min(p.rows, (unit + 1) * p.per_unit); row++) {
      T* to = (T*)address(context, o) + position(o, o.rank - 1, row);
      int64_t at = 0;
      if (!i.n_in || !inside(i.in[0], o, i.ints, row, at)) { fill_row<T>(to, (T)p.value, cols, step); continue; }
      const Operand& a = i.in[0];
      int64_t low = a.rank ? i.ints[a.rank - 1] : 0, n = a.rank ? a.shape[a.rank - 1] : 1, in_step = a.rank ? a.strides[a.rank - 1] : 1;
      fill_row<T>(to, (T)p.value, low, step);
      copy_plane<T>((const T*)address(context, a) + at, to + low * step, 1, n, 0, in_step, 0, step);
      fill_row<T>(to + (low + n) * step, (T)p.value, cols - low - n, step);
    }
  });
}
void run_fill(const Instruction& i, const Context& context, int64_t unit) { run_pad(i, context, unit); }

// ---- concatenate ----

const char* prepare_concatenate(Instruction& i) {
  if (i.n_in < 1 || i.n_out != 1 || i.n_ints != 1) return "takes operands and an axis, and gives one";
  const Operand& o = i.out[0];
  int64_t axis = i.ints[0], sum = 0, chunks = elements(o) / COPY_UNIT / i.n_in;
  if (axis < 0 || axis >= o.rank) return "there is no such axis";
  for (int k = 0; k < i.n_in; k++) {
    const Operand& a = i.in[k];
    if (a.dtype != o.dtype || a.rank != o.rank) return "an operand's dtype or rank differs from the result's";
    for (int d = 0; d < o.rank; d++)
      if (d != axis && a.shape[d] != o.shape[d]) return "an operand's shape does not fit";
    sum += a.shape[axis];
  }
  if (sum != o.shape[axis]) return "the operands do not fill the result";
  i.plan[0] = std::max<int64_t>(1, std::min<int64_t>(64, chunks));
  i.units = elements(o) ? i.n_in * i.plan[0] : 0;
  i.cost = 0.2 * (double)elements(o) + 10.0 * (double)i.n_in;
  return nullptr;
}

void run_concatenate(const Instruction& i, const Context& context, int64_t unit) {
  const Operand &a = i.in[unit / i.plan[0]], &o = i.out[0];
  int64_t axis = i.ints[0], before = 0, chunk = unit % i.plan[0], cols = a.shape[a.rank - 1];
  for (int k = 0; k < unit / i.plan[0]; k++) before += i.in[k].shape[axis];
  if (elements(a) == 0) return;
  Operand part = a;                                       // the part of the result that a fills
  std::copy(o.strides, o.strides + o.rank, part.strides);
  int64_t rows = elements(a) / cols, per_chunk = (rows + i.plan[0] - 1) / i.plan[0];
  by_size(o.dtype, [&](auto type) {
    typedef decltype(type) T;
    const T* from = (const T*)address(context, a);
    T* to = (T*)address(context, o) + before * o.strides[axis];
    for (int64_t row = chunk * per_chunk; row < std::min(rows, (chunk + 1) * per_chunk); row++)
      copy_plane<T>(from + position(a, a.rank - 1, row), to + position(part, a.rank - 1, row), 1, cols, 0, a.strides[a.rank - 1], 0, o.strides[a.rank - 1]);
  });
}

}  // namespace
