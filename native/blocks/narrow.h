// The last few columns of a product, where they would leave most of a vector empty: 50 = 3 * 16 + 2. The lanes go along k
// (A's rows contiguous) or along the rows (A's columns contiguous) instead.
#pragma once
#include "micro.h"

namespace ISA {
namespace {

constexpr int64_t NARROW = LANES / 4;                     // columns at most
constexpr int64_t NARROW_K = 64, NARROW_ROWS = 4;         // below these it gains nothing

// rows: of the whole product, because narrow columns are added up in another order, and tiles differ from plan to plan.
INLINE bool worth_narrow(const Tile& t, int64_t k, int64_t rows, int64_t cols) {
  int64_t rest = cols % LANES;
  if (rest == 0 || rest > NARROW || k < NARROW_K) return false;
  return t.a_row == 1 || (t.a_col == 1 && rows >= NARROW_ROWS);
}

INLINE const float* row_of(const Tile& t, int64_t m) { return t.rows ? t.rows[m] + t.shift : t.a + m * t.a_row; }
INLINE const float* column_of(const Tile& t, int64_t k) { return t.rows ? t.rows[k] + t.shift : t.a + k * t.a_col; }

// One column for some rows, vectors of k: the lanes are folded in a fixed tree.
template <int R> INLINE void dots(const Tile& t, const float* const* rows, const float* column, float* c) {
  Vec sum[R] = {};
  int64_t k = 0;
  for (; k + LANES <= t.k; k += LANES) {
    Vec b = load(column + k);
#pragma GCC unroll 4
    for (int r = 0; r < R; r++) sum[r] = fma(load(rows[r] + k), b, sum[r]);
  }
  if (k < t.k) {
    Vec b = load_some(column + k, t.k - k);
    for (int r = 0; r < R; r++) sum[r] = fma(load_some(rows[r] + k, t.k - k), b, sum[r]);
  }
  for (int r = 0; r < R; r++) {
    float dot = fold_vector(sum[r], [](Vec x, Vec y) { return x + y; });
    c[r * t.c_row] = t.add ? c[r * t.c_row] + dot : dot;
  }
}

void narrow_along_k(const Tile& t, int64_t rows, int64_t cols) {
  float column[2 * K_BLOCK];                             // k of a block of the product is no longer: gemm.h
  for (int64_t j = 0; j < cols; j++) {
    for (int64_t k = 0; k < t.k; k++) column[k] = t.b[k * t.b_row + j];
    for (int64_t r = 0; r < rows; r += 4) {
      const float* four[4];
      for (int64_t q = 0; q < smaller(4, rows - r); q++) four[q] = row_of(t, r + q);
      float* c = t.c + r * t.c_row + j;
      if (rows - r >= 4) dots<4>(t, four, column, c);
      else for (int64_t q = 0; q < rows - r; q++) dots<1>(t, four + q, column, c + q * t.c_row);
    }
  }
}

template <int C> void narrow_along_rows(const Tile& t, int64_t rows) {
  for (int64_t r = 0; r < rows; r += LANES) {
    int64_t n = smaller(LANES, rows - r);
    Vec sum[2][C] = {};                                   // two sums side by side, else each would wait for the one before
    int64_t k = 0;
    for (; k + 2 <= t.k; k += 2)
#pragma GCC unroll 2
      for (int q = 0; q < 2; q++) {
        const float* at = column_of(t, k + q) + r;
        Vec a = n == LANES ? load(at) : load_some(at, n);
#pragma GCC unroll 4
        for (int j = 0; j < C; j++) sum[q][j] = fma(a, splat(t.b[(k + q) * t.b_row + j]), sum[q][j]);
      }
    if (k < t.k) {
      Vec a = load_some(column_of(t, k) + r, n);
      for (int j = 0; j < C; j++) sum[0][j] = fma(a, splat(t.b[k * t.b_row + j]), sum[0][j]);
    }
    for (int j = 0; j < C; j++) {
      Vec whole = sum[0][j] + sum[1][j];
      for (int64_t i = 0; i < n; i++) {
        float& c = t.c[(r + i) * t.c_row + j];
        c = t.add ? c + whole[i] : whole[i];
      }
    }
  }
}

// t.b and t.c stand at the first of the columns.
void multiply_narrow(const Tile& t, int64_t rows, int64_t cols) {
  if (t.a_row != 1) return narrow_along_k(t, rows, cols);
  int64_t j = 0;
  Tile part = t;
  for (; j + 2 <= cols; j += 2, part.b += 2, part.c += 2) narrow_along_rows<2>(part, rows);
  if (j < cols) narrow_along_rows<1>(part, rows);
}

}  // namespace
}  // namespace ISA
