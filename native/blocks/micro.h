// The one micro-kernel: a tile of C, MR rows by up to two vectors, stays in registers while k runs.
// A is never packed: its elements are broadcast from wherever they are, so a transposed A costs nothing.
#pragma once
#include "../vec.h"

namespace ISA {
namespace {

constexpr int NV = 2, NR = NV * LANES;                    // a panel of B is NR columns wide: packed_bytes in dispatch.cpp knows too
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int MR = 12;                                    // MR * NV accumulators + NV of B + 1 of A fit the registers
#else
constexpr int MR = 6;
#endif

constexpr int64_t K_BLOCK = 512;                          // rows of a panel of B that stay in L2 while rows of A pass by
constexpr int PIECE = 8;                                  // rows of a piece of a loop: such tiles ask for what is read next, too
constexpr int64_t AHEAD = 16;                             // rows of B that are asked for before they are multiplied
constexpr int64_t STRETCH = 128;                          // bytes asked for together: ask_for
const int64_t ONE_TAP[1] = {0};

struct Tile {                                             // C[m, n] (+)= sum over taps and k of A[tap][m, k] B[tap][k, n]
  int64_t k;
  const float* a = nullptr;
  int64_t a_row = 0, a_col = 0;                           // strides of m and k
  int64_t a_third = 0;                                    // and of every third m: 3 * a_row, but for tiny convolutions
  const float* b;
  int64_t b_row;                                          // stride of k; n is contiguous
  float* c;
  int64_t c_row;
  bool add;                                               // to what C holds, or start from 0
  const float* more = nullptr;                            // rows that are added to the sum, if there are any
  int64_t more_row = 0;
  const float* const* rows = nullptr;                     // of a gathered A, which has no a: gathered.h
  int64_t shift = 0, ahead = 0;                           // elements into each of them; how much later in `rows` those come that are next
  const char* soon = nullptr;                             // what is read next: a stretch of it is asked for at each of the first
  int64_t n_soon = 0, between = 0;                        // n_soon k, or of every (between + 1)th; panels.h
  int64_t taps = 1;                                       // batch-reduce: where each A and B starts
  const int64_t *a_tap = ONE_TAP, *b_tap = ONE_TAP;
};

INLINE void ask_for(const char* at) {
  __builtin_prefetch(at, 0, 2);
  __builtin_prefetch(at + 64, 0, 2);
}

// Rows of memory one after the other: the compiler shall count on, and not keep the address of each.
template <class T> INLINE T* next_row(T* row, int64_t stride) {
  row += stride;
  asm("" : "+r"(row));
  return row;
}

template <int M, int N> INLINE void add_rows(Vec (&c)[M][N], const float* row, int64_t stride) {
#pragma GCC unroll 16
  for (int m = 0; m < M; m++, row = next_row(row, stride))
#pragma GCC unroll 4
    for (int n = 0; n < N; n++) c[m][n] += load(row + n * LANES);
}

template <int M, int N> INLINE void store_tile(const Tile& t, Vec (&c)[M][N]) {
  if (t.add) add_rows(c, t.c, t.c_row);                   // last, not first: two short sums lose less than one long one
  if (t.more) add_rows(c, t.more, t.more_row);
  float* row = t.c;
#pragma GCC unroll 16
  for (int m = 0; m < M; m++, row = next_row(row, t.c_row))
#pragma GCC unroll 4
    for (int n = 0; n < N; n++) store(row + n * LANES, c[m][n]);
}

template <int M, int N> void micro(const Tile& t) {
  Vec c[M][N];
#pragma GCC unroll 16
  for (int m = 0; m < M; m++)
#pragma GCC unroll 4
    for (int n = 0; n < N; n++) c[m][n] = Vec{};
  constexpr int GROUPS = (M + 2) / 3;                     // rows addressed as pointer + {0, 1, 2} * stride: few registers
  const int64_t a_row = t.a_row, a_col = t.a_col, b_row = t.b_row, between = t.between, last = t.k - t.n_soon * (between + 1);
  const char* soon = t.soon;
  for (int64_t tap = 0; tap < t.taps; tap++) {
    const float *group[GROUPS], *b = t.b + t.b_tap[tap];
#pragma GCC unroll 8
    for (int g = 0; g < GROUPS; g++) group[g] = t.a + t.a_tap[tap] + g * t.a_third;
    for (int64_t k = t.k; k > 0; k--) {
      if ((M == MR || M == PIECE) && k > last && !(k & between)) {
        ask_for(soon);
        soon += STRETCH;
      }
      Vec bn[N];
      const float* later = b + AHEAD * b_row;
#pragma GCC unroll 4
      for (int n = 0; n < N; n++) __builtin_prefetch(later + n * LANES);
#pragma GCC unroll 4
      for (int n = 0; n < N; n++) bn[n] = load(b + n * LANES);
#pragma GCC unroll 16
      for (int m = 0; m < M; m++) {
        Vec am = splat(group[m / 3][(m % 3) * a_row]);
#pragma GCC unroll 4
        for (int n = 0; n < N; n++) c[m][n] = fma(am, bn[n], c[m][n]);
      }
#pragma GCC unroll 8
      for (int g = 0; g < GROUPS; g++) group[g] += a_col;
      b += b_row;
    }
  }
  store_tile<M, N>(t, c);
}

template <int N> INLINE void store_row(const Tile& t, Vec (&c)[4][N]) {
  for (int n = 0; n < N; n++) {
    Vec sum = (c[0][n] + c[1][n]) + (c[2][n] + c[3][n]);
    if (t.add) sum += load(t.c + n * LANES);
    store(t.c + n * LANES, t.more ? sum + load(t.more + n * LANES) : sum);
  }
}

// One row only: four sums side by side, else each multiply-add would wait for the one before.
template <int N> void micro_row(const Tile& t) {
  Vec c[4][N];
  for (int q = 0; q < 4; q++)
    for (int n = 0; n < N; n++) c[q][n] = Vec{};
  for (int64_t tap = 0; tap < t.taps; tap++) {
    const float *a = t.a + t.a_tap[tap], *b = t.b + t.b_tap[tap];
    int64_t k = 0;
    for (; k + 4 <= t.k; k += 4)
#pragma GCC unroll 4
      for (int q = 0; q < 4; q++) {
        Vec ak = splat(a[(k + q) * t.a_col]);
#pragma GCC unroll 4
        for (int n = 0; n < N; n++) c[q][n] = fma(ak, load(b + (k + q) * t.b_row + n * LANES), c[q][n]);
      }
    for (; k < t.k; k++)
      for (int n = 0; n < N; n++) c[0][n] = fma(splat(a[k * t.a_col]), load(b + k * t.b_row + n * LANES), c[0][n]);
  }
  store_row<N>(t, c);
}

typedef void (*Micro)(const Tile&);
#if defined(__AVX512F__) || defined(__aarch64__)
#define MICROS(N) {nullptr, micro_row<N>, micro<2, N>, micro<3, N>, micro<4, N>, micro<5, N>, micro<6, N>, \
                   micro<7, N>, micro<8, N>, micro<9, N>, micro<10, N>, micro<11, N>, micro<12, N>}
#else
#define MICROS(N) {nullptr, micro_row<N>, micro<2, N>, micro<3, N>, micro<4, N>, micro<5, N>, micro<6, N>}
#endif
const Micro micros[NV][MR + 1] = {MICROS(1), MICROS(2)};

// Where a tile stands, put back when its rows are done. The tile itself is not copied: a vector loaded from numbers that were
// just stored one by one waits until they are in the cache.
struct Start {
  Tile& t;
  const float *const a = t.a, *const more = t.more;
  float* const c = t.c;
  const char* const soon = t.soon;
  ~Start() { t.a = a; t.more = more; t.c = c; t.soon = soon; }
};

// Rows of C by one panel, n_vectors wide.
INLINE void multiply_rows(Tile& t, int64_t rows, int n_vectors) {
  const Start start{t};
  const Micro* table = micros[n_vectors - 1];
  for (int64_t m = 0; m < rows; m += MR) {
    table[smaller(MR, rows - m)](t);
    t.a += MR / 3 * t.a_third;
    t.c += MR * t.c_row;
    if (t.more) t.more += MR * t.more_row;
    t.soon += t.n_soon * STRETCH;
  }
}

// The same in tiles of nearly equal height: where there are few rows, as in a row of pixels, no tile should be thin.
INLINE void multiply_evenly(Tile t, int64_t rows, int n_vectors) {
  const Micro* table = micros[n_vectors - 1];
  for (int64_t left = rows, tiles = divide_up(rows, MR); tiles > 0; tiles--) {
    int64_t step = divide_up(left, tiles);
    table[step](t);
    t.a += step * t.a_row;
    t.c += step * t.c_row;
    if (t.more) t.more += step * t.more_row;
    left -= step;
  }
}

// A panel of B, rows x n, from any strides to [rows][NR] with zeros beyond n.
void copy_panel(float* dst, const float* src, int64_t rows, int64_t n, int64_t row_stride, int64_t col_stride) {
  int64_t k = 0, wide = n / LANES * LANES;
  if (col_stride == 1) {
    for (; k < rows; k++, src += row_stride, dst += NR) {
      for (int64_t j = 0; j < NR; j += LANES) store(dst + j, j < wide ? load(src + j) : j < n ? load_some(src + j, n - j) : Vec{});
    }
    return;
  }
  if (row_stride == 1)
    for (; k + LANES <= rows; k += LANES) {
      for (int64_t j = 0; j < wide; j += LANES) transpose_square(src + j * col_stride + k, col_stride, dst + k * NR + j, NR);
      for (int64_t i = 0; i < LANES; i++)
        for (int64_t j = wide; j < NR; j++) dst[(k + i) * NR + j] = j < n ? src[j * col_stride + k + i] : 0.0f;
    }
  for (; k < rows; k++)
    for (int64_t j = 0; j < NR; j++) dst[k * NR + j] = j < n ? src[k * row_stride + j * col_stride] : 0.0f;
}

}  // namespace
}  // namespace ISA
