// reduce: folds over any axes. Kept and reduced dimensions are told apart, merged where they can be, and one of two loops
// runs: along rows (the innermost dimension is reduced) or down columns (it is kept). Long folds are split in pieces by shape;
// the unit that finishes a group's last piece joins the pieces in order, so the result does not depend on the threads.
#pragma once
#include "../engine.h"
#include "fold.h"

namespace ISA {
namespace {

constexpr int64_t COLUMNS = 256, UNIT_ELEMENTS = 32768, SPLIT_ELEMENTS = 65536, MAX_SPLITS = 64;

struct Dim { int64_t size, in, out; };                    // out: stride in the result, kept dimensions only

struct ReducePlan {
  int64_t n_kept, n_reduced;                              // outer dimensions of either kind
  Dim kept[8], reduced[8];
  int64_t columns;                                        // 0: rows; else the innermost kept dimension, kept[n_kept]
  int64_t results, folded;                                // results per column or row, elements folded into each
  int64_t column_blocks, per_unit, groups, splits, piece; // a group: per_unit results (rows) or one block of columns
};
static_assert(sizeof(ReducePlan) <= sizeof(Instruction::plan), "plan");

const char* plan_reduce(Instruction& i, bool may_split, int n_out = 1) {
  if (i.n_in != 1 || i.n_out != n_out) return "takes one operand, or gives more or fewer than it should";
  const Operand &a = i.in[0], &o = i.out[0];
  ReducePlan& p = *(ReducePlan*)i.plan;
  bool reduced[MAX_RANK] = {};
  for (int k = 0; k < i.n_ints; k++) {
    if (i.ints[k] < 0 || i.ints[k] >= a.rank) return "there is no such axis";
    reduced[i.ints[k]] = true;
  }
  Dim dims[MAX_RANK];
  bool flag[MAX_RANK];
  int n = 0, at = 0;
  p.results = p.folded = 1;
  for (int d = 0; d < a.rank; d++) {
    if (!reduced[d] && (at >= o.rank || o.shape[at] != a.shape[d])) return "the result's shape does not fit";
    Dim dim{a.shape[d], a.strides[d], reduced[d] ? 0 : o.strides[at++]};
    (reduced[d] ? p.folded : p.results) *= dim.size;
    if (dim.size == 1) continue;
    bool merge = n && flag[n - 1] == reduced[d] && dims[n - 1].in == dim.in * dim.size && (reduced[d] || dims[n - 1].out == dim.out * dim.size);
    if (merge) { dims[n - 1] = {dims[n - 1].size * dim.size, dim.in, dim.out}; continue; }
    flag[n] = reduced[d];
    dims[n++] = dim;
  }
  if (at != o.rank) return "the result's rank does not fit";
  p.n_kept = p.n_reduced = 0;
  for (int d = 0; d < n; d++) (flag[d] ? p.reduced[p.n_reduced++] : p.kept[p.n_kept++]) = dims[d];
  p.columns = n && !flag[n - 1] && p.folded > 1 ? dims[n - 1].size : 0;
  if (p.columns) p.n_kept--;
  if (p.results == 0) { i.units = 0; return nullptr; }
  int64_t width = p.columns ? smaller(COLUMNS, p.columns) : 1;
  p.column_blocks = p.columns ? divide_up(p.columns, COLUMNS) : 1;
  p.per_unit = p.columns ? 1 : larger(1, UNIT_ELEMENTS / larger(1, p.folded));
  p.groups = p.columns ? p.results / p.columns * p.column_blocks : divide_up(p.results, p.per_unit);
  p.splits = may_split ? larger(1, smaller(MAX_SPLITS, p.folded * width / SPLIT_ELEMENTS)) : 1;
  p.piece = divide_up(larger(1, p.folded), p.splits);
  i.units = p.groups * p.splits;
  i.cost = 0.15 * (double)p.results * (double)p.folded + 10.0 * (double)p.results / (double)(p.columns ? width : 1);
  i.n_counters = p.splits > 1 ? p.groups : 0;
  i.workspace_bytes = i.n_counters * p.splits * 8 * (p.columns ? COLUMNS : 1);
  return nullptr;
}

// Address (in elements) of position `index` in a list of dimensions.
INLINE int64_t locate(const Dim* dims, int64_t n, int64_t index, bool out) {
  int64_t at = 0;
  for (int64_t d = n - 1; d >= 0; d--) { at += index % dims[d].size * (out ? dims[d].out : dims[d].in); index /= dims[d].size; }
  return at;
}

// Elements first .. first+n-1 of what is folded into one result.
template <class O, class T> typename O::Acc fold_piece(const ReducePlan& p, const T* x, int64_t first, int64_t n) {
  if (p.n_reduced == 0) return n ? (typename O::Acc)*x : (typename O::Acc)O::start;
  const Dim& inner = p.reduced[p.n_reduced - 1];
  typename O::Acc acc = (typename O::Acc)O::start;
  while (n > 0) {
    int64_t col = first % inner.size, take = smaller(n, inner.size - col);
    acc = O::fold(acc, fold_row<O, T>(x + locate(p.reduced, p.n_reduced - 1, first / inner.size, false) + col * inner.in, take, inner.in));
    first += take;
    n -= take;
  }
  return acc;
}

// ---- down columns ----

template <class O, class T> void fold_columns(const ReducePlan& p, const T* x, int64_t stride, int64_t width, int64_t first, int64_t n,
                                              typename O::Acc* acc) {
  constexpr int ROWS = 8;                                 // folded in T before they are joined to Acc
  for (int64_t j = 0; j < width; j++) acc[j] = (typename O::Acc)O::start;
  for (int64_t r = first; r < first + n; r += ROWS) {
    const T* row[ROWS];
    int rows = (int)smaller(ROWS, first + n - r);
    if (p.n_reduced == 1) for (int k = 0; k < rows; k++) row[k] = x + (r + k) * p.reduced[0].in;
    else for (int k = 0; k < rows; k++) row[k] = x + locate(p.reduced, p.n_reduced, r + k, false);
    int64_t j = 0;
    if (rows == ROWS && stride == 1)
      for (; j + LANES <= width; j += LANES) {
        VecT<T> v[ROWS];
#pragma GCC unroll 8
        for (int k = 0; k < ROWS; k++) v[k] = load(row[k] + j);
        VecT<T> sum = O::fold(O::fold(O::fold(v[0], v[1]), O::fold(v[2], v[3])), O::fold(O::fold(v[4], v[5]), O::fold(v[6], v[7])));
        store(acc + j, O::fold(load(acc + j), __builtin_convertvector(sum, VecT<typename O::Acc>)));
      }
    for (; j < width; j++) {
      T sum = row[0][j * stride];
      for (int k = 1; k < rows; k++) sum = O::fold(sum, row[k][j * stride]);
      acc[j] = O::fold(acc[j], (typename O::Acc)sum);
    }
  }
}

// ---- units ----

template <class O, class T> void reduce_unit(const Instruction& i, const Context& context, int64_t unit) {
  typedef typename O::Acc Acc;
  const ReducePlan& p = *(const ReducePlan*)i.plan;
  const T* in = (const T*)address(context, i.in[0]);
  T* out = (T*)address(context, i.out[0]);
  int64_t group = unit / p.splits, split = unit % p.splits, first = split * p.piece, n = larger(0, smaller(p.piece, p.folded - first));
  Acc* partial = (Acc*)i.workspace + group * p.splits * (p.columns ? COLUMNS : 1);
  if (p.columns) {
    int64_t outer = group / p.column_blocks, col = group % p.column_blocks * COLUMNS, width = smaller(COLUMNS, p.columns - col);
    const Dim& inner = p.kept[p.n_kept];
    alignas(64) Acc local[COLUMNS];
    Acc* acc = p.splits > 1 ? partial + split * COLUMNS : local;
    fold_columns<O, T>(p, in + locate(p.kept, p.n_kept, outer, false) + col * inner.in, inner.in, width, first, n, acc);
    if (p.splits > 1) {
      if (!last_piece(i, group, p.splits)) return;
      for (int64_t j = 0; j < width; j++) local[j] = partial[j];
      for (int64_t s = 1; s < p.splits; s++)
        for (int64_t j = 0; j < width; j++) local[j] = O::fold(local[j], partial[s * COLUMNS + j]);
    }
    T* to = out + locate(p.kept, p.n_kept, outer, true) + col * inner.out;
    for (int64_t j = 0; j < width; j++) to[j * inner.out] = (T)local[j];
    return;
  }
  int64_t end = smaller(p.results, (group + 1) * p.per_unit);
  for (int64_t r = group * p.per_unit; r < end; r++) {
    Acc acc = fold_piece<O, T>(p, in + locate(p.kept, p.n_kept, r, false), first, n);
    if (p.splits > 1) {                                   // then per_unit is 1
      partial[split] = acc;
      if (!last_piece(i, group, p.splits)) return;
      acc = partial[0];
      for (int64_t s = 1; s < p.splits; s++) acc = O::fold(acc, partial[s]);
    }
    out[locate(p.kept, p.n_kept, r, true)] = (T)acc;
  }
}

const char* prepare_sum(Instruction& i) {
  const char* complaint = plan_reduce(i, true);
  if (complaint) return complaint;
  return i.in[0].dtype != BOOL && i.out[0].dtype == i.in[0].dtype ? nullptr : "dtype not supported, or the result's differs";
}

const char* prepare_fold(Instruction& i) {
  if (const char* complaint = plan_reduce(i, true)) return complaint;
  bool product = i.kernel->name[0] == 'p';
  if ((product && i.in[0].dtype == BOOL) || i.out[0].dtype != i.in[0].dtype) return "dtype not supported, or the result's differs";
  return i.units && !product && ((ReducePlan*)i.plan)->folded == 0 ? "the largest or smallest of nothing is not defined" : nullptr;
}

template <template <class> class O> INLINE void reduce_any(const Instruction& i, const Context& c, int64_t unit) {
  switch (i.in[0].dtype) {
    case F32: return reduce_unit<O<float>, float>(i, c, unit);
    case F64: return reduce_unit<O<double>, double>(i, c, unit);
    case I32: return reduce_unit<O<int32_t>, int32_t>(i, c, unit);
    case I64: return reduce_unit<O<int64_t>, int64_t>(i, c, unit);
    case U32: return reduce_unit<O<uint32_t>, uint32_t>(i, c, unit);
    default: return reduce_unit<O<uint8_t>, uint8_t>(i, c, unit);
  }
}
void run_sum(const Instruction& i, const Context& c, int64_t unit) { reduce_any<Sum>(i, c, unit); }
void run_prod(const Instruction& i, const Context& c, int64_t unit) { reduce_any<Prod>(i, c, unit); }
void run_max(const Instruction& i, const Context& c, int64_t unit) { reduce_any<Max>(i, c, unit); }
void run_min(const Instruction& i, const Context& c, int64_t unit) { reduce_any<Min>(i, c, unit); }

// ---- argmax, argmin: the first of equals; NaN wins ----

const char* prepare_arg(Instruction& i) {
  if (const char* complaint = plan_reduce(i, false)) return complaint;
  ReducePlan& p = *(ReducePlan*)i.plan;
  if (i.out[0].dtype != I32) return "the result is not int32";
  if (i.units && p.folded == 0) return "the position of the largest or smallest of nothing is not defined";
  if (p.columns) { p.n_kept++; p.columns = 0; p.per_unit = larger(1, UNIT_ELEMENTS / p.folded); }
  if (i.units) i.units = p.groups = divide_up(p.results, p.per_unit);
  i.cost *= 8;
  return nullptr;
}

template <class T, bool LARGEST> void arg_unit(const Instruction& i, const Context& context, int64_t unit) {
  const ReducePlan& p = *(const ReducePlan*)i.plan;
  const T* in = (const T*)address(context, i.in[0]);
  int32_t* out = (int32_t*)address(context, i.out[0]);
  const Dim one{1, 0, 0};
  const Dim& inner = p.n_reduced ? p.reduced[p.n_reduced - 1] : one;
  int64_t end = smaller(p.results, (unit + 1) * p.per_unit);
  for (int64_t r = unit * p.per_unit; r < end; r++) {
    const T* x = in + locate(p.kept, p.n_kept, r, false);
    T best = *x;
    int64_t at = 0;
    for (int64_t k = 0; k < p.folded && best == best; k += inner.size) {
      const T* row = x + locate(p.reduced, p.n_reduced - 1, k / inner.size, false);
      for (int64_t c = 0; c < inner.size; c++) {
        T v = row[c * inner.in];
        if (LARGEST ? v > best : v < best) { best = v; at = k + c; }
        if (v != v) { best = v; at = k + c; break; }
      }
    }
    out[locate(p.kept, p.n_kept, r, true)] = (int32_t)at;
  }
}

template <bool LARGEST> INLINE void arg_any(const Instruction& i, const Context& c, int64_t unit) {
  switch (i.in[0].dtype) {
    case F32: return arg_unit<float, LARGEST>(i, c, unit);
    case F64: return arg_unit<double, LARGEST>(i, c, unit);
    case I32: return arg_unit<int32_t, LARGEST>(i, c, unit);
    case I64: return arg_unit<int64_t, LARGEST>(i, c, unit);
    case U32: return arg_unit<uint32_t, LARGEST>(i, c, unit);
    default: return arg_unit<uint8_t, LARGEST>(i, c, unit);
  }
}
void run_argmax(const Instruction& i, const Context& c, int64_t unit) { arg_any<true>(i, c, unit); }
void run_argmin(const Instruction& i, const Context& c, int64_t unit) { arg_any<false>(i, c, unit); }

}  // namespace
}  // namespace ISA
