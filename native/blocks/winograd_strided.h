// Winograd's products for a window of 3 with strides of 2. Along one axis the window's ends meet the even cells, its middle the
// odd ones: the ends are a window of 2 and take 5 products for 4 outputs, at the points plus and minus a half, plus and minus
// one and infinity; the middle takes 4. So a tile of 4 x 4 outputs takes 9 x 9 products of channels and filters instead of 144,
// with the 36 matrices of the kernel: rows and columns 5 to 8 share theirs. The derivative by the input is the same turned:
// 8 x 8 outputs, even ones through the points and odd ones as they are, from 5 x 5 cells. Each pass is one row of the 9 x 9.
#pragma once
#include "winograd.h"

namespace ISA {
namespace {

constexpr int ENDS = 5, ROWS = 9;

constexpr float strided_point(int row) { return row == 0 ? 0.5f : row == 1 ? -0.5f : row == 2 ? 1.0f : -1.0f; }
constexpr float strided_power(int row, int i) { return i == 0 ? 1.0f : strided_point(row) * strided_power(row, i - 1); }

// Row r of 5 of the points of a window of 2, from 5 cells.
template <int ROW> INLINE Vec end_point(const Vec* e) {
  if constexpr (ROW == 4) return fma(splat(-1.25f), e[2], fma(splat(0.25f), e[0], e[4]));
  constexpr float other = ROW < 2 ? -1.0f : -0.25f;
  Vec even = fma(splat(other), e[0], e[2]), odd = fma(splat(other), e[1], e[3]);
  return fma(splat(strided_point(ROW)), even, odd);
}
INLINE void end_points(const Vec* e, Vec* v) {
  v[0] = end_point<0>(e);
  v[1] = end_point<1>(e);
  v[2] = end_point<2>(e);
  v[3] = end_point<3>(e);
  v[4] = end_point<4>(e);
}

// Row PASS of cells: STEP 2 takes even and odd ones apart, STEP 1 takes the odd ones from `shift` on.
template <int PASS, int CELLS> INLINE Vec cell_row(const float* const* cell, int column, int64_t shift, int64_t c, int64_t channels) {
  constexpr int STEP = CELLS == ROWS ? 2 : 1;
  auto at = [&](int64_t row) { return load_cell(cell[row * CELLS + column] + c, channels - c); };
  if constexpr (PASS >= ENDS) return at(STEP == 2 ? 2 * (PASS - ENDS) + 1 : PASS - ENDS + shift);
  Vec e[ENDS];
#pragma GCC unroll 5
  for (int k = 0; k < ENDS; k++)
    if (PASS == 4 ? k % 2 == 0 : k < 4) e[k] = at(k * STEP);
  return end_point<PASS>(e);
}

// One tile at the 9 products of a row, `apart` floats between them.
template <int PASS, int CELLS> void transform_strided(const float* const* cell, const int64_t* shift, int64_t channels, float* to, int64_t apart) {
  for (int64_t c = 0; c < channels; c += LANES, to += LANES) {
    Vec d[CELLS], e[ENDS], v[ENDS];
#pragma GCC unroll 9
    for (int j = 0; j < CELLS; j++) d[j] = cell_row<PASS, CELLS>(cell, j, shift[0], c, channels);
#pragma GCC unroll 5
    for (int k = 0; k < ENDS; k++) e[k] = d[CELLS == ROWS ? 2 * k : k];
    end_points(e, v);
#pragma GCC unroll 5
    for (int k = 0; k < ENDS; k++) store(to + k * apart, v[k]);
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) {
      Vec odd = CELLS == ROWS ? d[2 * k + 1] : shift[1] ? d[k + 1] : d[k];
      store(to + (ENDS + k) * apart, odd);
    }
  }
}

// Row PASS of dy's 4 x 4 at the points, to the 9 products of a row: what the derivative by the kernel multiplies.
template <int PASS> INLINE Vec gradient_row(const float* const* cell, int column, int64_t c, int64_t filters) {
  auto at = [&](int row) { return load_cell(cell[row * 4 + column] + c, filters - c); };
  if constexpr (PASS >= ENDS) return at(PASS - ENDS);
  if constexpr (PASS == 4) return at(3);
  Vec even = fma(splat(strided_power(PASS < 4 ? PASS : 0, 2)), at(2), at(0));
  Vec odd = fma(splat(strided_power(PASS < 4 ? PASS : 0, 2)), at(3), at(1));
  return fma(splat(strided_point(PASS)), odd, even);
}
template <int PASS> INLINE void transform_strided_gradient(const float* const* cell, int64_t filters, float* to, int64_t apart, int64_t panel) {
  for (int64_t f = 0; f < filters; f += LANES) {
    float* at = to + f / NR * panel + f % NR;
    Vec y[4];
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++) y[j] = gradient_row<PASS>(cell, j, f, filters);
    Vec near_even = fma(splat(0.25f), y[2], y[0]), near_odd = fma(splat(0.25f), y[3], y[1]) * splat(0.5f), even = y[0] + y[2], odd = y[1] + y[3];
    const Vec ends[ENDS] = {near_even + near_odd, near_even - near_odd, even + odd, even - odd, y[3]};
#pragma GCC unroll 5
    for (int k = 0; k < ENDS; k++) store(at + k * apart, ends[k]);
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) store(at + (ENDS + k) * apart, y[k]);
  }
}

// The window of 3 from the points: evaluate_strided turned.
INLINE void combine_strided(const Vec* v, Vec* w) {
  w[0] = fma(splat(4.0f / 3), v[1] - v[0], splat(2.0f / 3) * (v[2] - v[3]));
  w[1] = v[5];
  w[2] = fma(splat(2.0f / 3), (v[2] + v[3]) - (v[0] + v[1]), v[4]);
}

// Four outputs from the five points.
INLINE void combine_ends(const Vec* m, Vec* z) {
  Vec near_sum = m[0] + m[1], near = m[0] - m[1], far_sum = m[2] + m[3], far = m[2] - m[3];
  z[0] = near_sum + far_sum;
  z[1] = fma(splat(0.5f), near, far);
  z[2] = fma(splat(0.25f), near_sum, far_sum);
  z[3] = fma(splat(0.125f), near, far) + m[4];
}

// What row PASS of the products gives to row i of four; whether it gives anything.
template <int PASS> constexpr bool gives(int i) { return PASS < 4 || (PASS == 4 ? i == 3 : i == PASS - ENDS); }
template <int PASS> INLINE void add_row(Vec z, int i, float* to, bool set, int64_t lanes) {
  Vec x = PASS < 4 ? z * splat(strided_power(PASS < 4 ? PASS : 0, i)) : z;
  if (!set) x += lanes >= LANES ? load(to) : load_some(to, lanes);
  if (lanes >= LANES) store(to, x);
  else store_some(to, x, lanes);
}

struct Target { float* to; int64_t pixel, row, rows, cols, lanes; };      // a tile of the result, of which rows x cols exist

template <int PASS> INLINE void add_strided(const float* m, int64_t apart, const Target& t) {
  Vec v[ROWS], z[4];
#pragma GCC unroll 9
  for (int j = 0; j < ROWS; j++) v[j] = load(m + j * apart);
  combine_ends(v, z);
#pragma GCC unroll 4
  for (int j = 0; j < 4; j++)
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++)
      if (gives<PASS>(i) && i < t.rows && j < t.cols) add_row<PASS>(z[j] + v[ENDS + j], i, t.to + i * t.row + j * t.pixel, PASS == 0, t.lanes);
}

// `even`: where along each axis the outputs of the points are, 0 or 1; the others lie between them.
template <int PASS> INLINE void add_spread(const float* m, int64_t apart, const Target& t, const int64_t* even) {
  Vec v[ROWS], z[4];
#pragma GCC unroll 9
  for (int j = 0; j < ROWS; j++) v[j] = load(m + j * apart);
  combine_ends(v, z);
  int64_t first = PASS < ENDS ? even[0] : 1 - even[0];
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    int64_t row = 2 * i + first;
    if (!gives<PASS>(i) || row >= t.rows) continue;
    float* to = t.to + row * t.row;
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++) {
      int64_t a = 2 * j + even[1], b = 2 * j + 1 - even[1];
      if (a < t.cols) add_row<PASS>(z[j], i, to + a * t.pixel, PASS == 0 || PASS >= ENDS, t.lanes);
      if (b < t.cols) add_row<PASS>(v[ENDS + j], i, to + b * t.pixel, PASS == 0 || PASS >= ENDS, t.lanes);
    }
  }
}

}  // namespace
}  // namespace ISA
