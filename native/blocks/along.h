// take_along, put_along: elements picked or added by number along one axis, everything side by side: [outer, n, inner].
// An index out of range is reported and replaced by the nearest (or skipped, when adding). Plain code, compiled once.
#pragma once
#include "gather.h"

namespace {

struct AlongPlan { int64_t outer, inner, n, picks, per_unit; };

// `large` is [outer, n, inner]; ids and `small` are [outer, picks, inner].
const char* plan_along(Instruction& i, const Operand& large, const Operand& ids, const Operand& small) {
  if (ids.dtype != I32 && ids.dtype != I64) return "indices must be int32 or int64";
  if (large.rank != 3 || ids.rank != 3 || small.rank != 3 || large.dtype != small.dtype) return "rank or dtype does not fit";
  if (!same_shape(ids, small) || large.shape[0] != ids.shape[0] || large.shape[2] != ids.shape[2]) return "the shapes do not fit";
  if (!row_major(large) || !row_major(ids) || !row_major(small)) return "operands must be contiguous: copy first";
  AlongPlan& p = *(AlongPlan*)i.plan;
  p = {large.shape[0], large.shape[2], large.shape[1], ids.shape[1], 1};
  return nullptr;
}

// ---- take_along: table, ids -> elements; a unit is some of the outer rows ----

const char* prepare_take_along(Instruction& i) {
  if (i.n_in != 2 || i.n_out != 1) return "takes a table and indices, gives elements";
  if (const char* complaint = plan_along(i, i.in[0], i.in[1], i.out[0])) return complaint;
  AlongPlan& p = *(AlongPlan*)i.plan;
  int64_t row = p.picks * p.inner;
  if (p.n == 0 && elements(i.in[1])) return "the table has no rows";
  p.per_unit = std::max<int64_t>(1, 8192 / std::max<int64_t>(1, row));
  i.units = row ? (p.outer + p.per_unit - 1) / p.per_unit : 0;
  i.cost = 2.0 * (double)elements(i.in[1]);
  return nullptr;
}

void run_take_along(const Instruction& i, const Context& context, int64_t unit) {
  const AlongPlan& p = *(const AlongPlan*)i.plan;
  int64_t row = p.picks * p.inner, end = std::min(p.outer, (unit + 1) * p.per_unit);
  by_size(i.in[0].dtype, [&](auto type) {
    typedef decltype(type) T;
    const T* table = (const T*)address(context, i.in[0]);
    T* out = (T*)address(context, i.out[0]);
    for (int64_t o = unit * p.per_unit; o < end; o++)
      for (int64_t k = 0; k < row; k++) {
        int64_t id = read_index(context, i.in[1], o * row + k);
        if (id < 0 || id >= p.n) { report_bad_index(context.errors, i, o * row + k, id, p.n); id = std::clamp<int64_t>(id, 0, p.n - 1); }
        out[o * row + k] = table[(o * p.n + id) * p.inner + k % p.inner];
      }
  });
}

// ---- put_along: elements, ids -> table, which starts from zero; a unit owns some outer rows ----

const char* prepare_put_along(Instruction& i) {
  if (i.n_in != 2 || i.n_out != 1) return "takes elements and indices, gives a table";
  if (const char* complaint = plan_along(i, i.out[0], i.in[1], i.in[0])) return complaint;
  AlongPlan& p = *(AlongPlan*)i.plan;
  int64_t row = (p.picks + p.n) * p.inner;
  p.per_unit = std::max<int64_t>(1, 8192 / std::max<int64_t>(1, row));
  i.units = row ? (p.outer + p.per_unit - 1) / p.per_unit : 0;
  i.cost = 2.0 * (double)elements(i.in[1]) + 0.1 * (double)elements(i.out[0]);
  return nullptr;
}

void run_put_along(const Instruction& i, const Context& context, int64_t unit) {
  const AlongPlan& p = *(const AlongPlan*)i.plan;
  int64_t row = p.picks * p.inner, end = std::min(p.outer, (unit + 1) * p.per_unit);
  by_dtype(i.in[0].dtype, [&](auto type) {
    typedef decltype(type) T;
    const T* from = (const T*)address(context, i.in[0]);
    T* table = (T*)address(context, i.out[0]);
    for (int64_t o = unit * p.per_unit; o < end; o++) {
      memset(table + o * p.n * p.inner, 0, p.n * p.inner * sizeof(T));
      for (int64_t k = 0; k < row; k++) {
        int64_t id = read_index(context, i.in[1], o * row + k);
        if (id < 0 || id >= p.n) { report_bad_index(context.errors, i, o * row + k, id, p.n); continue; }
        T& place = table[(o * p.n + id) * p.inner + k % p.inner];
        place = i.in[0].dtype == BOOL ? (T)(place != 0 || from[o * row + k] != 0) : (T)(place + from[o * row + k]);
      }
    }
  });
}

}  // namespace
