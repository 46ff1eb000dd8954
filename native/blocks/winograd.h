// Convolution with fewer multiplications (Winograd; Lavin and Gray 2015, section 4): an output tile of M x M pixels comes from
// 6 x 6 cells of the image and a window of R x R, M + R = 7, through products at six points: 36 multiplications for M * M
// outputs. The points are 0, infinity, and plus and minus the square roots of a half and of two: with them the errors stay
// within three times those of the sum itself (docs/decisions/0008-winograd.md); with the usual 1, 2 they would be twice that.
// The points are taken in pairs, and so are rows of the 6 x 6: a pass is two rows, so that what it works on is a third.
#pragma once
#include "gemm.h"
#include "window.h"

namespace ISA {
namespace {

constexpr int POINTS = 6, PASSES = 3, PASS_POINTS = 2 * POINTS;

constexpr double point_of(int pass) { return pass == 1 ? 0.70710678118654752440 : 1.41421356237309504880; }
constexpr double power(int pass, int i) { return i == 0 ? 1.0 : point_of(pass) * power(pass, i - 1); }
constexpr double scale_of(int pass, bool kernel) { return !kernel ? 1.0 : pass == 1 ? -2.0 / 3 : 1.0 / 6; }
template <int PASS, bool KERNEL> constexpr float factor(int i) { return (float)(scale_of(PASS, KERNEL) * power(PASS, i)); }

// Two rows of B^T d: the cells of the image along one axis.
template <int PASS> INLINE void input_pair(const Vec* d, Vec* v) {
  if constexpr (PASS == 0) {
    v[0] = fma(splat(-2.5f), d[2], d[0] + d[4]);
    v[1] = fma(splat(-2.5f), d[3], d[1] + d[5]);
  } else {
    const Vec other = splat(PASS == 1 ? -2.0f : -0.5f);
    Vec even = fma(other, d[2], d[4]), odd = fma(other, d[1], d[3]);
    v[0] = fma(splat((float)point_of(PASS)), odd, even);
    v[1] = fma(splat(-(float)point_of(PASS)), odd, even);
  }
}

// Two rows of A w, or with the kernel's scale of G w: the polynomial with N coefficients at a pair of points.
template <int PASS, int N, bool KERNEL> INLINE void evaluate_pair(const Vec* w, Vec* v) {
  if constexpr (PASS == 0) {
    v[0] = w[0];
    v[1] = w[N - 1];
  } else {
    Vec even = KERNEL ? w[0] * splat(factor<PASS, KERNEL>(0)) : w[0], odd = w[1] * splat(factor<PASS, KERNEL>(1));
#pragma GCC unroll 4
    for (int i = 2; i < N; i++) (i % 2 ? odd : even) = fma(splat(factor<PASS, KERNEL>(i)), w[i], i % 2 ? odd : even);
    v[0] = even + odd;
    v[1] = even - odd;
  }
}

// What a pair of points adds to the N coefficients, with A^T or G^T; `set` tells which have nothing yet.
template <int PASS, int N, bool KERNEL> INLINE void combine_pair(const Vec* v, Vec* y, bool set) {
  if constexpr (PASS == 0) {
    y[0] = set ? v[0] : y[0] + v[0];
    y[N - 1] = set ? v[1] : y[N - 1] + v[1];
  } else {
    Vec sum = v[0] + v[1], difference = v[0] - v[1];
#pragma GCC unroll 5
    for (int i = 0; i < N; i++) {
      Vec x = i % 2 ? difference : sum, by = splat(factor<PASS, KERNEL>(i));
      if (i == 0 && !KERNEL) y[i] = set ? x : y[i] + x;
      else y[i] = set ? x * by : fma(by, x, y[i]);
    }
  }
}

INLINE void input_points(const Vec* d, Vec* v) { input_pair<0>(d, v); input_pair<1>(d, v + 2); input_pair<2>(d, v + 4); }
template <int N, bool KERNEL> INLINE void evaluate(const Vec* w, Vec* v) {
  evaluate_pair<0, N, KERNEL>(w, v);
  evaluate_pair<1, N, KERNEL>(w, v + 2);
  evaluate_pair<2, N, KERNEL>(w, v + 4);
}
template <int N, bool KERNEL> INLINE void combine(const Vec* v, Vec* y) {
  combine_pair<1, N, KERNEL>(v + 2, y, true);
  combine_pair<2, N, KERNEL>(v + 4, y, false);
  combine_pair<0, N, KERNEL>(v, y, false);
}

// ---- tiles ----

// PLAIN has strides of 1. STRIDED and SPREAD are a window of 3 with strides of 2 and its derivative by the input (strided.h).
enum Form : int64_t { PLAIN, STRIDED, SPREAD };

struct Tiling {                                           // of two axes
  int64_t groups, window, form, in[2], low[2], out[2], size, count[2];    // size: outputs of a tile; count: tiles along each axis
};

// ints: groups, the window's size, the form, then for each of two axes in, low (negative only if PLAIN) and out.
INLINE const char* read_tiling(const Instruction& i, Tiling& t) {
  constexpr int64_t LIMIT = 1 << 28;
  if (i.n_ints != 9) return "needs groups, window, form, and three numbers for each of two axes";
  t.groups = i.ints[0];
  t.window = i.ints[1];
  t.form = i.ints[2];
  if (t.groups < 1) return "groups must be positive";
  if (t.window != 3 && t.window != 5) return "the window must be 3 or 5 wide";
  if (t.form < PLAIN || t.form > SPREAD || (t.form != PLAIN && t.window != 3)) return "there is no such form";
  t.size = t.form == PLAIN ? POINTS + 1 - t.window : t.form == STRIDED ? 4 : 8;
  for (int a = 0; a < 2; a++) {
    t.in[a] = i.ints[3 + 3 * a];
    t.low[a] = i.ints[4 + 3 * a];
    t.out[a] = i.ints[5 + 3 * a];
    if (t.in[a] < 0 || t.out[a] < 0 || (t.low[a] < 0 && t.form != PLAIN)) return "a size is negative";
    if (t.in[a] > LIMIT || t.out[a] > LIMIT || t.low[a] > LIMIT || t.low[a] < -LIMIT) return "a size is too large";
    t.count[a] = divide_up(t.out[a], t.size);
  }
  return nullptr;
}

// The first cell, along one axis, of the tile whose first output is given.
INLINE int64_t first_cell(const Tiling& t, int axis, int64_t output) {
  if (t.form == SPREAD) return output / 2 + (t.low[axis] + 1) / 2 - 1;
  return (t.form == STRIDED ? 2 * output : output) - t.low[axis];
}

INLINE bool is_plane(const Operand& o, const int64_t* size) {
  return o.dtype == F32 && o.rank == 4 && row_major(o) && o.shape[1] == size[0] && o.shape[2] == size[1];
}

struct Plane {                                            // some channels of an image; `zeros` stands in for what lies outside
  const float *data, *zeros;
  int64_t height, width, pixel;
};

// The N x N cells from (row, col) on.
template <int N> INLINE void point_at_cells(const Plane& p, int64_t row, int64_t col, const int64_t* inside, const float** cell) {
  const float* base = p.data + (row * p.width + col) * p.pixel;
  if (row >= 0 && col >= 0 && row + N <= p.height && col + N <= p.width) {
    for (int i = 0; i < N * N; i++) cell[i] = base + inside[i];
    return;
  }
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) {
      bool exists = row + i >= 0 && row + i < p.height && col + j >= 0 && col + j < p.width;
      cell[i * N + j] = exists ? base + inside[i * N + j] : p.zeros;
    }
}

template <int N> INLINE void offsets_inside(const Plane& p, int64_t* inside) {
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) inside[i * N + j] = (i * p.width + j) * p.pixel;
}

INLINE Vec load_cell(const float* p, int64_t left) { return left >= LANES ? load(p) : load_some(p, left); }

// One tile of the image at the points of a pass: `apart` floats between points.
template <int PASS> void transform_input(const float* const* cell, int64_t channels, float* to, int64_t apart) {
  constexpr int FIRST = PASS == 0 ? 0 : 1, LAST = PASS == 0 ? 6 : 5;
  for (int64_t c = 0; c < channels; c += LANES, to += LANES) {
    Vec rows[2][POINTS];
#pragma GCC unroll 6
    for (int j = 0; j < POINTS; j++) {
      Vec d[POINTS], v[2];
#pragma GCC unroll 6
      for (int i = FIRST; i < LAST; i++) d[i] = load_cell(cell[i * POINTS + j] + c, channels - c);
      input_pair<PASS>(d, v);
      rows[0][j] = v[0];
      rows[1][j] = v[1];
    }
#pragma GCC unroll 2
    for (int r = 0; r < 2; r++) {
      Vec v[POINTS];
      input_points(rows[r], v);
#pragma GCC unroll 6
      for (int j = 0; j < POINTS; j++) store(to + (r * POINTS + j) * apart, v[j]);
    }
  }
}

// ---- the kernel at the points: [groups, R, R, K, N] to [group][pass][panel][point of the pass][K][NR] ----

constexpr int64_t KERNEL_ROWS = 32;

const char* prepare_pack_winograd(Instruction& i) {
  if (i.n_in != 1 || i.n_out != 1 || i.n_ints != 1) return "takes one kernel, one buffer, and whether there are strides";
  const Operand &kernel = i.in[0], &out = i.out[0];
  if (kernel.dtype != F32 || out.dtype != F32) return "is for float32";
  if (kernel.rank != 5 || kernel.shape[1] != kernel.shape[2] || (kernel.shape[1] != 3 && kernel.shape[1] != 5))
    return "the kernel must be [groups, window, window, k, n], the window 3 or 5 wide";
  if (i.ints[0] && kernel.shape[1] != 3) return "with strides the window must be 3 wide";
  int64_t k = kernel.shape[3], panels = divide_up(kernel.shape[4], NR), size;
  if (__builtin_mul_overflow(kernel.shape[0] * panels * NR * PASSES * PASS_POINTS, k, &size)) return "the kernel is too large";
  if (out.rank != 1 || out.shape[0] < size || (out.shape[0] > 1 && out.strides[0] != 1)) return "the buffer is too small, or not contiguous";
  int64_t taps = kernel.shape[1] * kernel.shape[1];
  i.units = kernel.shape[0] * panels * divide_up(k, KERNEL_ROWS);
  i.scratch_bytes = 4 * taps * KERNEL_ROWS * NR;
  i.cost = 0.1 * (double)size;
  return nullptr;
}

// A window of 3 with strides of 2 along one axis: its ends at the points of strided.h, then its middle.
INLINE void evaluate_strided(const Vec* w, Vec* v) {
  Vec first = w[0] * splat(-4.0f / 3), second = w[2] * splat(-2.0f / 3);
  v[0] = first + second;
  v[1] = second - first;
  first = w[0] * splat(2.0f / 3);
  second = w[2] * splat(2.0f / 3);
  v[2] = first + second;
  v[3] = second - first;
  v[4] = w[2];
  v[5] = w[1];
}

template <int R, bool APART> INLINE void kernel_points(const Vec* w, Vec* v) {
  if constexpr (APART) evaluate_strided(w, v);
  else evaluate<R, true>(w, v);
}

template <int R, bool APART> INLINE void transform_kernel_row(const float* taps, float* to, int64_t point, int64_t pass) {
  for (int64_t v = 0; v < NR; v += LANES) {
    Vec rows[POINTS][R];
#pragma GCC unroll 5
    for (int j = 0; j < R; j++) {
      Vec w[R], at[POINTS];
#pragma GCC unroll 5
      for (int i = 0; i < R; i++) w[i] = load(taps + (i * R + j) * KERNEL_ROWS * NR + v);
      kernel_points<R, APART>(w, at);
#pragma GCC unroll 6
      for (int i = 0; i < POINTS; i++) rows[i][j] = at[i];
    }
#pragma GCC unroll 6
    for (int i = 0; i < POINTS; i++) {
      Vec at[POINTS];
      kernel_points<R, APART>(rows[i], at);
#pragma GCC unroll 6
      for (int j = 0; j < POINTS; j++) store(to + i / 2 * pass + (i % 2 * POINTS + j) * point + v, at[j]);
    }
  }
}

void run_pack_winograd(const Instruction& i, const Context& context, int64_t unit) {
  const Operand& kernel = i.in[0];
  int64_t k = kernel.shape[3], n = kernel.shape[4], window = kernel.shape[1], panels = divide_up(n, NR), blocks = divide_up(k, KERNEL_ROWS);
  int64_t first = unit % blocks * KERNEL_ROWS, panel = unit / blocks % panels, group = unit / blocks / panels;
  int64_t rows = smaller(KERNEL_ROWS, k - first), point = k * NR, pass = panels * PASS_POINTS * point;
  const float* from = (const float*)address(context, kernel) + group * kernel.strides[0] + first * kernel.strides[3] + panel * NR * kernel.strides[4];
  float* taps = (float*)context.scratch;
  for (int64_t t = 0; t < window * window; t++)
    copy_panel(taps + t * KERNEL_ROWS * NR, from + t / window * kernel.strides[1] + t % window * kernel.strides[2], rows,
               smaller(NR, n - panel * NR), kernel.strides[3], kernel.strides[4]);
  float* to = (float*)address(context, i.out[0]) + group * PASSES * pass + panel * PASS_POINTS * point + first * NR;
  for (int64_t r = 0; r < rows; r++)
    if (i.ints[0]) transform_kernel_row<3, true>(taps + r * NR, to + r * NR, point, pass);
    else if (window == 3) transform_kernel_row<3, false>(taps + r * NR, to + r * NR, point, pass);
    else transform_kernel_row<5, false>(taps + r * NR, to + r * NR, point, pass);
}

}  // namespace
}  // namespace ISA
