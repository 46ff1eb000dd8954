// moments: mean and variance over any axes in one pass over memory. Blocks that fit L1 are read twice there: for their mean, then
// for the squares of what differs from it. Blocks and pieces are joined in double (Chan, Golub, LeVeque 1979).
#pragma once
#include "reduce.h"

namespace ISA {
namespace {

constexpr int64_t MOMENT_ELEMENTS = 4096;                 // of a block

struct Moment { double n, mean, squares; };               // squares: the sum of squares of what differs from the mean

INLINE Moment joined(Moment a, Moment b) {
  if (b.n == 0) return a;
  double n = a.n + b.n, part = b.n / n, away = b.mean - a.mean;
  return {n, a.mean + away * part, a.squares + b.squares + away * away * a.n * part};
}

const char* prepare_moments(Instruction& i) {
  if (const char* complaint = plan_reduce(i, true, 2)) return complaint;
  const Operand &a = i.in[0], &mean = i.out[0], &variance = i.out[1];
  if ((a.dtype != F32 && a.dtype != F64) || mean.dtype != a.dtype || variance.dtype != a.dtype) return "dtype not supported, or the result's differs";
  if (mean.rank != variance.rank || !row_major(mean) || !row_major(variance)) return "mean and variance must be contiguous";
  for (int d = 0; d < mean.rank; d++) if (mean.shape[d] != variance.shape[d]) return "mean and variance differ in shape";
  const ReducePlan& p = *(ReducePlan*)i.plan;
  i.cost *= 1.5;
  i.n_counters = p.splits > 1 ? p.groups : 0;
  i.workspace_bytes = i.n_counters * p.splits * 16 * (p.columns ? COLUMNS : 1);
  return nullptr;
}

// ---- along a row ----

template <class T> INLINE Moment run_moment(const T* x, int64_t n, int64_t stride) {
  T middle = (T)((double)fold_row<Sum<T>, T>(x, n, stride) / (double)n);
  double squares = 0, left = 0;                           // left: what rounding left of the mean
  int64_t i = 0;
  if (stride == 1) {
    VecT<T> v[2] = {}, w[2] = {};
    for (; i + 2 * LANES <= n; i += 2 * LANES)
      for (int q = 0; q < 2; q++) { VecT<T> d = load(x + i + q * LANES) - middle; v[q] += d * d; w[q] += d; }
    for (; i + LANES <= n; i += LANES) { VecT<T> d = load(x + i) - middle; v[0] += d * d; w[0] += d; }
    auto plus = [](T a, T b) { return a + b; };
    squares = (double)fold_lanes<T>(v[0] + v[1], plus);
    left = (double)fold_lanes<T>(w[0] + w[1], plus);
  }
  for (; i < n; i++) { double d = (double)(x[i * stride] - middle); squares += d * d; left += d; }
  left /= (double)n;
  return {(double)n, (double)middle + left, squares - left * left * (double)n};
}

template <class T> Moment row_moment(const ReducePlan& p, const T* x, int64_t first, int64_t n) {
  const Dim one{1, 0, 0};
  const Dim& inner = p.n_reduced ? p.reduced[p.n_reduced - 1] : one;
  Moment all{0, 0, 0};
  while (n > 0) {
    int64_t col = first % inner.size, take = smaller(smaller(n, MOMENT_ELEMENTS), inner.size - col);
    const T* at = x + locate(p.reduced, p.n_reduced - 1, first / inner.size, false) + col * inner.in;
    all = joined(all, run_moment(at, take, inner.in));
    first += take;
    n -= take;
  }
  return all;
}

// ---- down columns: n is the same for all of them ----

template <class T, class F> INLINE VecT<T> over_rows(int64_t rows, F f) {
  VecT<T> a{}, b{}, c{}, d{};
  int64_t r = 0;
  for (; r + 4 <= rows; r += 4) { a += f(r); b += f(r + 1); c += f(r + 2); d += f(r + 3); }
  for (; r < rows; r++) a += f(r);
  return (a + b) + (c + d);
}

template <class T> struct Columns {
  double n = 0;
  alignas(64) double mean[COLUMNS], squares[COLUMNS];

  void clear() { n = 0; for (int64_t j = 0; j < COLUMNS; j++) mean[j] = squares[j] = 0; }

  void join(double more, const double* other_mean, const double* other_squares, int64_t width) {
    double part = more / (n + more), before = n;
    for (int64_t j = 0; j < width; j += LANES) {
      VecT<double> m = load(mean + j), away = load(other_mean + j) - m;
      store(mean + j, m + away * part);
      store(squares + j, load(squares + j) + load(other_squares + j) + away * away * (before * part));
    }
    n += more;
  }

  void add_block(const T* const* row, int64_t rows, int64_t stride, int64_t width) {
    alignas(64) double block_mean[COLUMNS], block_squares[COLUMNS];
    for (int64_t j = 0; j < width; j += LANES) {
      int64_t lanes = smaller(LANES, width - j);
      auto at = [&](int64_t r) {
        if (stride == 1) return lanes == LANES ? load(row[r] + j) : load_some(row[r] + j, lanes);
        VecT<T> v{};
        for (int64_t k = 0; k < lanes; k++) v[k] = row[r][(j + k) * stride];
        return v;
      };
      VecT<T> middle = over_rows<T>(rows, at) / (T)rows;
      VecT<T> squares = over_rows<T>(rows, [&](int64_t r) { VecT<T> d = at(r) - middle; return d * d; });
      VecT<T> left = over_rows<T>(rows, [&](int64_t r) { return at(r) - middle; });          // what rounding left of the mean
      VecT<double> rest = __builtin_convertvector(left, VecT<double>) / (double)rows;
      store(block_mean + j, __builtin_convertvector(middle, VecT<double>) + rest);
      store(block_squares + j, __builtin_convertvector(squares, VecT<double>) - rest * rest * (double)rows);
    }
    join((double)rows, block_mean, block_squares, width);
  }
};

constexpr int64_t MOMENT_ROWS = 64;

template <class T> void column_moments(const ReducePlan& p, const T* x, int64_t stride, int64_t width, int64_t first, int64_t n, Columns<T>& all) {
  int64_t block = larger(8, smaller(MOMENT_ROWS, MOMENT_ELEMENTS / width));
  all.clear();
  for (int64_t r = first; r < first + n; r += block) {
    const T* row[MOMENT_ROWS];
    int64_t rows = smaller(block, first + n - r);
    if (p.n_reduced == 1) for (int64_t k = 0; k < rows; k++) row[k] = x + (r + k) * p.reduced[0].in;
    else for (int64_t k = 0; k < rows; k++) row[k] = x + locate(p.reduced, p.n_reduced, r + k, false);
    all.add_block(row, rows, stride, width);
  }
}

// ---- units ----

template <class T> void moments_unit(const Instruction& i, const Context& context, int64_t unit) {
  const ReducePlan& p = *(const ReducePlan*)i.plan;
  const T* in = (const T*)address(context, i.in[0]);
  T *means = (T*)address(context, i.out[0]), *variances = (T*)address(context, i.out[1]);
  int64_t group = unit / p.splits, split = unit % p.splits, first = split * p.piece, n = larger(0, smaller(p.piece, p.folded - first));
  int64_t width = p.columns ? COLUMNS : 1;
  double* partial = (double*)i.workspace + group * p.splits * 2 * width;
  auto count = [&](int64_t s) { return (double)larger(0, smaller(p.piece, p.folded - s * p.piece)); };
  auto result = [&](int64_t at, double mean, double squares) { means[at] = (T)mean; variances[at] = (T)(squares / (double)larger(1, p.folded)); };
  if (p.columns) {
    int64_t outer = group / p.column_blocks, col = group % p.column_blocks * COLUMNS, used = smaller(COLUMNS, p.columns - col);
    const Dim& inner = p.kept[p.n_kept];
    Columns<T> all;
    column_moments(p, in + locate(p.kept, p.n_kept, outer, false) + col * inner.in, inner.in, used, first, n, all);
    if (p.splits > 1) {
      double* mine = partial + split * 2 * COLUMNS;
      for (int64_t j = 0; j < COLUMNS; j++) { mine[j] = all.mean[j]; mine[COLUMNS + j] = all.squares[j]; }
      if (!last_piece(i, group, p.splits)) return;
      all.clear();
      for (int64_t s = 0; s < p.splits; s++)
        if (count(s) > 0) all.join(count(s), partial + s * 2 * COLUMNS, partial + s * 2 * COLUMNS + COLUMNS, used);
    }
    int64_t at = locate(p.kept, p.n_kept, outer, true) + col * inner.out;
    for (int64_t j = 0; j < used; j++) result(at + j * inner.out, all.mean[j], all.squares[j]);
    return;
  }
  int64_t end = smaller(p.results, (group + 1) * p.per_unit);
  for (int64_t r = group * p.per_unit; r < end; r++) {
    Moment all = row_moment(p, in + locate(p.kept, p.n_kept, r, false), first, n);
    if (p.splits > 1) {                                   // then per_unit is 1
      partial[2 * split] = all.mean;
      partial[2 * split + 1] = all.squares;
      if (!last_piece(i, group, p.splits)) return;
      all = {0, 0, 0};
      for (int64_t s = 0; s < p.splits; s++) all = joined(all, {count(s), partial[2 * s], partial[2 * s + 1]});
    }
    result(locate(p.kept, p.n_kept, r, true), all.mean, all.squares);
  }
}

void run_moments(const Instruction& i, const Context& c, int64_t unit) {
  if (i.in[0].dtype == F32) moments_unit<float>(i, c, unit);
  else moments_unit<double>(i, c, unit);
}

}  // namespace
}  // namespace ISA
