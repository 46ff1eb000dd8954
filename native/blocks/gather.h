// gather: rows by index, read (gather, feed) or added (scatter_add, scatter_onto). An index out of range is reported to the Program and
// replaced by the nearest row (or skipped, when adding). Plain code, compiled once.
#pragma once
#include "copy.h"

namespace {

template <class F> void by_dtype(DType t, F f) {
  switch (t) {
    case F32: return f(float());
    case F64: return f(double());
    case I32: return f(int32_t());
    case I64: return f(int64_t());
    case U32: return f(uint32_t());
    default: return f(uint8_t());
  }
}

inline int64_t read_index(const Context& c, const Operand& ids, int64_t k) {
  int64_t at = position(ids, ids.rank, k);
  return ids.dtype == I64 ? ((const int64_t*)address(c, ids))[at] : ((const int32_t*)address(c, ids))[at];
}

constexpr int64_t FORESEEN_BYTES = 512 << 10;               // half of a core's L2: a larger batch streams well enough by itself

struct GatherPlan { int64_t n_ids, row, per_unit, column_blocks, row_blocks; };

// `flat` is [ids..., row...], `table` [rows, row...].
const char* plan_gather(Instruction& i, const Operand& table, const Operand& ids, const Operand& flat) {
  if (ids.dtype != I32 && ids.dtype != I64) return "indices must be int32 or int64";
  if (table.rank < 1 || flat.rank != ids.rank + table.rank - 1 || table.dtype != flat.dtype) return "rank or dtype does not fit";
  if (!std::equal(ids.shape, ids.shape + ids.rank, flat.shape) || !std::equal(table.shape + 1, table.shape + table.rank, flat.shape + ids.rank))
    return "the shapes do not fit";
  if (!row_major(table, 1) || !row_major(flat, ids.rank)) return "rows must be contiguous: copy first";
  GatherPlan& p = *(GatherPlan*)i.plan;
  p.n_ids = elements(ids);
  p.row = 1;
  for (int d = 1; d < table.rank; d++) p.row *= table.shape[d];
  p.per_unit = std::max<int64_t>(1, 8192 / std::max<int64_t>(1, p.row));
  return nullptr;
}

// ---- gather: table, ids -> rows ----

const char* prepare_gather(Instruction& i) {
  if (i.n_in != 2 || i.n_out != 1) return "takes a table and indices, gives rows";
  if (const char* complaint = plan_gather(i, i.in[0], i.in[1], i.out[0])) return complaint;
  GatherPlan& p = *(GatherPlan*)i.plan;
  if (i.in[0].shape[0] == 0 && p.n_ids) return "the table has no rows";
  i.units = p.row ? (p.n_ids + p.per_unit - 1) / p.per_unit : 0;
  i.cost = (double)p.n_ids * (10 + 0.2 * (double)p.row);
  return nullptr;
}

constexpr int64_t FORESEEN = 8, FORESEEN_START = 1024;       // rows ahead; bytes of each, the processor foresees the rest

// Rows side by side, numbered side by side. N is the size of a row in bytes, 0 one that only `bytes` knows: such rows lie anywhere in
// a table, and are asked for some rows ahead.
template <int N> void gather_dense(const Instruction& i, const Context& context, int64_t first, int64_t last, int64_t bytes) {
  const Operand &table = i.in[0], &ids = i.in[1], &out = i.out[0];
  const int64_t rows = table.shape[0], step = table.strides[0] * dtype_size(table.dtype), n = N ? N : bytes;
  const char *from = address(context, table), *numbers = address(context, ids);
  char* to = address(context, out) + first * n;
  auto number = [&](int64_t k) { return ids.dtype == I64 ? ((const int64_t*)numbers)[k] : (int64_t)((const int32_t*)numbers)[k]; };
  for (int64_t k = first; k < last; k++, to += n) {
    if (int64_t next = N == 0 && k + FORESEEN < last ? number(k + FORESEEN) : -1; next >= 0 && next < rows)
      for (int64_t b = 0; b < std::min(n, FORESEEN_START); b += 64) __builtin_prefetch(from + next * step + b);
    int64_t id = number(k);
    if (id < 0 || id >= rows) { report_bad_index(context.errors, i, k, id, rows); id = std::clamp<int64_t>(id, 0, rows - 1); }
    memcpy(to, from + id * step, n);
  }
}

void run_gather(const Instruction& i, const Context& context, int64_t unit) {
  const GatherPlan& p = *(const GatherPlan*)i.plan;
  const Operand &table = i.in[0], &ids = i.in[1], &out = i.out[0];
  int64_t size = dtype_size(table.dtype), rows = table.shape[0], first = unit * p.per_unit, last = std::min(p.n_ids, first + p.per_unit);
  if (row_major(ids) && row_major(out)) {
    switch (p.row * size) {
      case 4: return gather_dense<4>(i, context, first, last, 4);
      case 8: return gather_dense<8>(i, context, first, last, 8);
      case 12: return gather_dense<12>(i, context, first, last, 12);
      case 16: return gather_dense<16>(i, context, first, last, 16);
      default: return gather_dense<0>(i, context, first, last, p.row * size);
    }
  }
  for (int64_t k = first; k < last; k++) {
    int64_t id = read_index(context, ids, k);
    if (id < 0 || id >= rows) { report_bad_index(context.errors, i, k, id, rows); id = std::clamp<int64_t>(id, 0, rows - 1); }
    memcpy(address(context, out) + position(out, ids.rank, k) * size, address(context, table) + id * table.strides[0] * size, p.row * size);
  }
}

// ---- scatter_add: rows, ids -> table, which starts from zero; scatter_onto: from what it holds ----

const char* prepare_scatter(Instruction& i, bool from_zero) {
  if (i.n_in != 2 || i.n_out != 1) return "takes rows and indices, gives a table";
  const Operand& table = i.out[0];
  if (const char* complaint = plan_gather(i, table, i.in[1], i.in[0])) return complaint;
  GatherPlan& p = *(GatherPlan*)i.plan;
  int64_t work = p.n_ids * p.row + (from_zero ? table.shape[0] * p.row : 0);
  int64_t wanted = std::clamp<int64_t>(work / 32768, 1, 16);
  p.column_blocks = std::clamp<int64_t>(p.row / 32, 1, std::min<int64_t>(4, wanted));     // a unit owns columns of a range of rows
  p.row_blocks = std::clamp<int64_t>(wanted / p.column_blocks, 1, std::max<int64_t>(1, table.shape[0]));
  i.units = p.column_blocks * p.row_blocks;
  i.cost = 0.3 * (double)work + 2.0 * (double)(p.n_ids * i.units);
  return nullptr;
}

const char* prepare_scatter_add(Instruction& i) { return prepare_scatter(i, true); }
const char* prepare_scatter_onto(Instruction& i) { return prepare_scatter(i, false); }

void scatter(const Instruction& i, const Context& context, int64_t unit, bool from_zero) {
  const GatherPlan& p = *(const GatherPlan*)i.plan;
  const Operand &from = i.in[0], &ids = i.in[1], &table = i.out[0];
  int64_t rows = table.shape[0], block = unit / p.column_blocks, column = unit % p.column_blocks;
  int64_t low = rows * block / p.row_blocks, high = rows * (block + 1) / p.row_blocks;
  int64_t first = p.row * column / p.column_blocks, n = p.row * (column + 1) / p.column_blocks - first;
  by_dtype(table.dtype, [&](auto type) {
    typedef decltype(type) T;
    T* to = (T*)address(context, table) + first;
    const T* source = (const T*)address(context, from) + first;
    for (int64_t r = low; from_zero && r < high; r++) memset(to + r * table.strides[0], 0, n * sizeof(T));
    for (int64_t k = 0; k < p.n_ids; k++) {
      int64_t id = read_index(context, ids, k);
      if (id < 0 || id >= rows) { if (unit == 0) report_bad_index(context.errors, i, k, id, rows); continue; }
      if (id < low || id >= high) continue;
      T* row = to + id * table.strides[0];
      const T* add = source + position(from, ids.rank, k);
      if (table.dtype == BOOL) for (int64_t c = 0; c < n; c++) row[c] = (T)(row[c] != 0 || add[c] != 0);
      else for (int64_t c = 0; c < n; c++) row[c] += add[c];
    }
  });
}

void run_scatter_add(const Instruction& i, const Context& context, int64_t unit) { scatter(i, context, unit, true); }
void run_scatter_onto(const Instruction& i, const Context& context, int64_t unit) { scatter(i, context, unit, false); }

// ---- feed: source, order, cursor -> batch, converted; advance: cursor += n ----

const char* prepare_feed(Instruction& i) {
  if (i.n_in != 3 || i.n_out != 1) return "takes source, order and cursor, gives a batch";
  if (i.n_ints > 1 || (i.n_ints && (i.ints[0] < 0 || i.ints[0] > (int64_t)1 << 40))) return "takes the rows of a step, if they are more";
  const Operand &source = i.in[0], &order = i.in[1], &cursor = i.in[2], &out = i.out[0];
  if (order.dtype != I64 || order.rank != 1 || cursor.dtype != I64 || elements(cursor) != 1) return "order must be int64[n], cursor int64[1]";
  if (source.rank < 1 || out.rank != source.rank || !std::equal(source.shape + 1, source.shape + source.rank, out.shape + 1)) return "the shapes do not fit";
  if (!row_major(source, 1) || !row_major(out, 1)) return "rows must be contiguous";
  if (source.shape[0] == 0 && out.shape[0]) return "the source has no rows";
  GatherPlan& p = *(GatherPlan*)i.plan;
  p.n_ids = out.shape[0];
  p.row = 1;
  for (int d = 1; d < out.rank; d++) p.row *= out.shape[d];
  p.per_unit = std::max<int64_t>(1, 8192 / std::max<int64_t>(1, p.row));
  i.units = p.row ? (p.n_ids + p.per_unit - 1) / p.per_unit : 0;
  i.cost = (double)p.n_ids * (10 + 0.3 * (double)p.row);
  return nullptr;
}

template <class D, class S> void convert_row(D* to, const S* from, int64_t n, bool truth) {
  if constexpr (std::is_same_v<D, S>)
    if (!truth) { memcpy(to, from, n * sizeof(D)); return; }
  if (truth) for (int64_t c = 0; c < n; c++) to[c] = (D)(from[c] != 0);
  else for (int64_t c = 0; c < n; c++) to[c] = (D)from[c];
}

// Asks for the rows that the next step will gather, `batch` further on in the order: shuffled rows of a large set are cache misses
// that no prefetcher foresees, and a step of a small network is not long enough to hide them in.
void foresee_rows(const Instruction& i, const Context& context, int64_t cursor, int64_t first, int64_t end) {
  const GatherPlan& p = *(const GatherPlan*)i.plan;
  const Operand &source = i.in[0], &order = i.in[1];
  const int64_t* orders = (const int64_t*)address(context, order);
  int64_t bytes = p.row * dtype_size(source.dtype), batch = i.n_ints ? i.ints[0] : p.n_ids;
  if (bytes * batch > FORESEEN_BYTES || cursor < 0) return;
  for (int64_t at = cursor + batch + first; at < std::min(cursor + batch + end, order.shape[0]); at++) {
    int64_t id = orders[at * order.strides[0]];
    if (id < 0 || id >= source.shape[0]) continue;
    const char* row = address(context, source) + id * source.strides[0] * dtype_size(source.dtype);
    for (int64_t b = 0; b < bytes; b += 64) __builtin_prefetch(row + b, 0, 2);
  }
}

void run_feed(const Instruction& i, const Context& context, int64_t unit) {
  const GatherPlan& p = *(const GatherPlan*)i.plan;
  const Operand &source = i.in[0], &order = i.in[1], &out = i.out[0];
  const int64_t* orders = (const int64_t*)address(context, order);
  int64_t cursor = *(const int64_t*)address(context, i.in[2]), rows = source.shape[0];
  by_dtype(source.dtype, [&](auto s) { by_dtype(out.dtype, [&](auto d) {
    typedef decltype(s) S;
    typedef decltype(d) D;
    for (int64_t k = unit * p.per_unit; k < std::min(p.n_ids, (unit + 1) * p.per_unit); k++) {
      int64_t at = cursor + k, id = -1;
      if (at < 0 || at >= order.shape[0]) { report_bad_index(context.errors, i, k, at, order.shape[0]); continue; }
      id = orders[at * order.strides[0]];
      if (id < 0 || id >= rows) { report_bad_index(context.errors, i, k, id, rows); id = std::clamp<int64_t>(id, 0, rows - 1); }
      convert_row((D*)address(context, out) + k * out.strides[0], (const S*)address(context, source) + id * source.strides[0], p.row,
                  out.dtype == BOOL);
    }
  }); });
  foresee_rows(i, context, cursor, unit * p.per_unit, std::min(p.n_ids, (unit + 1) * p.per_unit));
}

const char* prepare_advance(Instruction& i) {
  if (i.n_in || i.n_out != 1 || i.n_ints != 1 || i.out[0].dtype != I64 || elements(i.out[0]) != 1) return "takes a step and gives int64[1]";
  i.units = 1;
  i.cost = 2;
  return nullptr;
}
void run_advance(const Instruction& i, const Context& context, int64_t) { *(int64_t*)address(context, i.out[0]) += i.ints[0]; }

}  // namespace
