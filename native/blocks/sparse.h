// Gradients that are mostly zero, as those through max-pooling and ReLU are: only what is not zero is multiplied. Chosen block
// by block from the share of zeros, so the result does not depend on threads; zero times infinity is then nothing, not NaN.
#pragma once
#include "patch.h"

namespace ISA {
namespace {

constexpr int SPARSE_TAPS = MR == 12 ? 9 : 3;             // whose accumulators fit the registers, two vectors each

INLINE int64_t count_nonzero(const float* x, int64_t n) {
  int64_t count = 0, i = 0;
  for (; i + LANES <= n; i += LANES) count += __builtin_popcount(nonzero_lanes(load(x + i)));
  if (i < n) count += __builtin_popcount(nonzero_lanes(load_some(x + i, n - i)));
  return count;
}

// f(position, value) for all that are not zero.
template <class F> INLINE void each_nonzero(const float* x, int64_t n, F f) {
  for (int64_t i = 0; i < n; i += LANES) {
    uint32_t lanes = nonzero_lanes(n - i >= LANES ? load(x + i) : load_some(x + i, n - i));
    for (; lanes; lanes &= lanes - 1) { int64_t at = i + __builtin_ctz(lanes); f(at, x[at]); }
  }
}

// ---- to the kernel: for one filter, R runs of V vectors of the patch, summed over its entries ----

struct Entries {                                          // of one filter: where in the patch, and dy there
  const int64_t* at;
  const float* dy;
  int64_t count;
};

template <int R, int V> INLINE void sum_entries(const Entries& e, const float* x, int64_t run, float* sums, int64_t run_rows, bool add) {
  Vec c[R][V];
#pragma GCC unroll 4
  for (int r = 0; r < R; r++)
#pragma GCC unroll 8
    for (int v = 0; v < V; v++) c[r][v] = add ? load(sums + r * run_rows + v * LANES) : Vec{};
  for (int64_t k = 0; k < e.count; k++) {
    const float* p = x + e.at[k];
    Vec dy = splat(e.dy[k]);
#pragma GCC unroll 4
    for (int r = 0; r < R; r++)
#pragma GCC unroll 8
      for (int v = 0; v < V; v++) c[r][v] = fma(load(p + r * run + v * LANES), dy, c[r][v]);
  }
#pragma GCC unroll 4
  for (int r = 0; r < R; r++)
#pragma GCC unroll 8
    for (int v = 0; v < V; v++) store(sums + r * run_rows + v * LANES, c[r][v]);
}

// All of R runs side by side; run_rows is a multiple of LANES.
template <int R> INLINE void sum_runs(const Entries& e, const float* x, int64_t run, float* sums, int64_t run_rows, bool add) {
  constexpr int V = SPARSE_TAPS * 2 / 3;
  int64_t v = 0;
  for (; v + V * LANES <= run_rows; v += V * LANES) sum_entries<R, V>(e, x + v, run, sums + v, run_rows, add);
  for (; v < run_rows; v += LANES) sum_entries<R, 1>(e, x + v, run, sums + v, run_rows, add);
}

// Columns of filters to rows of dk: [NR][ld] added to (or put in) [rows][NR].
INLINE void add_turned(const float* turned, int64_t ld, int64_t rows, int64_t vectors, float* sums, bool add) {
  alignas(64) float square[LANES * LANES];
  for (int64_t k = 0; k < rows; k += LANES)
    for (int64_t v = 0; v < vectors; v++) {
      transpose_square(turned + v * LANES * ld + k, ld, square, LANES);
      for (int64_t i = 0; i < LANES; i++) {
        float* to = sums + (k + i) * NR + v * LANES;
        store(to, add ? load(to) + load(square + i * LANES) : load(square + i * LANES));
      }
    }
}

// ---- to the input: the image that a patch of dy spreads to, for one panel ----

struct Spot { int64_t low[3], count[3], origin[3], size[3]; };      // windows of a block that exist; cells they spread to

INLINE int64_t spread_extent(const Axis& x, int64_t windows) { return (windows - 1) * x.stride + (x.size - 1) * x.dilation + 1; }

INLINE Spot spot_of(const Window& w, const Blocks& b, const Place& at) {
  Spot s;
  const int64_t first[3] = {at.plane, at.row, at.col}, last[3] = {at.plane, at.row + at.rows - 1, at.col + at.cols - 1};
  for (int a = 0; a < 3; a++) {
    int64_t high;
    source_range(w.axis[a], true, first[a], last[a], s.low[a], high);
    s.low[a] = larger(0, s.low[a]);
    s.count[a] = larger(0, smaller(high, b.source[a] - 1) - s.low[a] + 1);
    s.origin[a] = s.low[a] * w.axis[a].stride - w.axis[a].low;
    s.size[a] = s.count[a] ? spread_extent(w.axis[a], s.count[a]) : 0;
  }
  return s;
}

INLINE double spot_floats(const Window& w, const Blocks& b) {      // of a block's spot, at most
  double floats = NR;
  for (int a = 0; a < 3; a++) floats *= (double)spread_extent(w.axis[a], b.size[a]);
  return floats;
}

// Where each tap lies in a spot, from where its window starts.
INLINE void shifts_in(const Spot& s, const Window& w, int64_t* shift) {
  const Axis* x = w.axis;
  for (int64_t t0 = 0; t0 < x[0].size; t0++)
    for (int64_t t1 = 0; t1 < x[1].size; t1++)
      for (int64_t t2 = 0; t2 < x[2].size; t2++)
        *shift++ = ((t0 * x[0].dilation * s.size[1] + t1 * x[1].dilation) * s.size[2] + t2 * x[2].dilation) * NR;
}

INLINE void gather_spot(const Place& at, const Spot& s, const float* spot, int64_t vectors, float* block, int64_t ld) {
  for (int64_t r = 0; r < at.rows; r++)
    for (int64_t c = 0; c < at.cols; c++) {
      int64_t d = at.plane - s.origin[0], h = at.row + r - s.origin[1], w = at.col + c - s.origin[2];
      bool inside = d >= 0 && h >= 0 && w >= 0 && d < s.size[0] && h < s.size[1] && w < s.size[2];
      const float* from = spot + ((d * s.size[1] + h) * s.size[2] + w) * NR;
      for (int64_t v = 0; v < vectors; v++) store(block + (r * at.cols + c) * ld + v * LANES, inside ? load(from + v * LANES) : Vec{});
    }
}

// ---- and what one pixel of dy spreads over T taps of N vectors ----

struct Spread {
  const float* kernel;                                    // [tap][filters][NR]
  int64_t b_tap;
  const float* dy;                                        // of all filters, and which of them are not zero
  const int32_t* filter;
  int64_t count;
};

template <int T, int N> INLINE void spread_taps(const Spread& s, const float* kernel, const int64_t* shift, float* dx) {
  Vec c[T][N];
#pragma GCC unroll 16
  for (int t = 0; t < T; t++)
#pragma GCC unroll 2
    for (int n = 0; n < N; n++) c[t][n] = load(dx + shift[t] + n * LANES);
  for (int64_t k = 0; k < s.count; k++) {
    const float* b = kernel + (int64_t)s.filter[k] * NR;
    Vec dy = splat(s.dy[s.filter[k]]);
    const float* third[3] = {b, b + 3 * s.b_tap, b + 6 * s.b_tap};
#pragma GCC unroll 16
    for (int t = 0; t < T; t++)
#pragma GCC unroll 2
      for (int n = 0; n < N; n++) c[t][n] = fma(load(third[t / 3] + t % 3 * s.b_tap + n * LANES), dy, c[t][n]);
  }
#pragma GCC unroll 16
  for (int t = 0; t < T; t++)
#pragma GCC unroll 2
    for (int n = 0; n < N; n++) store(dx + shift[t] + n * LANES, c[t][n]);
}

template <int N> INLINE void spread_pixel(const Spread& s, const int64_t* shift, int64_t taps, float* dx) {
  int64_t t = 0;
  for (; t + SPARSE_TAPS <= taps; t += SPARSE_TAPS) spread_taps<SPARSE_TAPS, N>(s, s.kernel + t * s.b_tap, shift + t, dx);
  for (; t < taps; t++) spread_taps<1, N>(s, s.kernel + t * s.b_tap, shift + t, dx);
}

}  // namespace
}  // namespace ISA
