// A gathered A: its rows are rows of a data set, named by their numbers as `feed` has them, and read where they are. No copy of the
// batch is made, which one core would write and the others read. The numbered rows are A's own (BY_ROWS, the forward
// direction) or its columns (BY_COLUMNS, the transposed batch of a gradient).
#pragma once
#include "../engine.h"
#include "narrow.h"

namespace ISA {
namespace {

enum Side : int64_t { BY_ROWS = 1, BY_COLUMNS = 2 };

struct Gathering {                                        // the plan
  int64_t side, count;                                    // count: rows that are numbered
  int64_t scratch_rows;
};

struct Gathered {                                         // what a block of C reads
  const float** rows;                                     // one for each row of the block, and those that come next; or one for each k
  int64_t side, first;                                    // first: of the block's rows, BY_COLUMNS
};

const char* check_gathering(const Instruction& i, Gathering& g, int64_t m) {
  const Operand &a = i.in[0], &order = i.in[2], &cursor = i.in[3];
  if (g.side < BY_ROWS || g.side > BY_COLUMNS || i.n_ints < 3) return "a gathered A takes 1 for its rows or 2 for its columns, and their count";
  g.count = i.ints[2];
  if (g.count < 0 || g.count > (int64_t)1 << 40) return "no data set has so many rows, or so few";
  if (order.dtype != I64 || order.rank != 1 || cursor.dtype != I64 || cursor.rank != 1 || cursor.shape[0] != 1) return "order must be int64[n], cursor int64[1]";
  int numbered = a.rank - 2 + (g.side == BY_COLUMNS), inner = a.rank - 2 + (g.side == BY_ROWS);
  if (a.shape[inner] > 1 && a.strides[inner] != 1) return "the rows of a gathered A must be contiguous";
  if (a.shape[numbered] == 0 && g.count) return "the source has no rows";
  if ((g.side == BY_ROWS ? g.count : a.shape[inner]) != m) return "A's rows differ from C's";
  return nullptr;
}

int64_t plan_gathering(Gathering& g, int64_t scratch, int64_t row_block, int64_t k) {
  g.scratch_rows = round_up(scratch, 64);
  return g.scratch_rows + 8 * (g.side == BY_ROWS ? row_block + round_up(row_block, MR) : k);
}

INLINE int64_t number_at(const Operand& order, const int64_t* numbers, int64_t at) {
  return at >= 0 && at < order.shape[0] ? numbers[at * order.strides[0]] : -1;
}

// Where rows first .. first + n - 1 of the batch are, and those behind them that come next; a number that names no row is
// reported, and stands for the nearest. offset: of those columns of the source that a product of a batch of them reads.
void find_rows(const Instruction& i, const Context& context, const float** rows, int64_t offset, int64_t first, int64_t n, int64_t more) {
  const Operand &a = i.in[0], &order = i.in[2];
  int dimension = a.rank - 2 + (i.ints[1] == BY_COLUMNS);
  const float* source = (const float*)address(context, a) + offset;
  const int64_t *numbers = (const int64_t*)address(context, order), size = a.shape[dimension], step = a.strides[dimension];
  int64_t cursor = *(const int64_t*)address(context, i.in[3]);
  for (int64_t r = 0; r < n + more; r++) {
    int64_t at = cursor + first + r, id = number_at(order, numbers, at);
    bool inside = id >= 0 && id < size;
    if (!inside && r < n) {
      bool found = at >= 0 && at < order.shape[0];
      report_bad_index(context.errors, i, first + r, found ? id : at, found ? size : order.shape[0]);
    }
    rows[r] = inside ? source + id * step : r ? rows[r - 1] : source;
  }
}

Gathered gather_rows(const Instruction& i, const Context& context, const Gathering& g, int64_t offset, int64_t k, int64_t first, int64_t rows) {
  Gathered made{(const float**)(context.scratch + g.scratch_rows), g.side, g.side == BY_COLUMNS ? first : 0};
  if (g.side == BY_ROWS) find_rows(i, context, made.rows, offset, first, rows, round_up(rows, MR));
  else find_rows(i, context, made.rows, offset, 0, k, 0);
  return made;
}

INLINE void start_at(Tile& t, const Gathered& g, int64_t k) {
  t.rows = g.side == BY_ROWS ? g.rows : g.rows + k;
  t.shift = g.side == BY_ROWS ? k : g.first;
}

// ---- the micro-kernel ----

constexpr int IN_REGISTERS = 8;                           // pointers to rows: the registers do not hold all of them

// Rows of a shuffled set are cache misses that no prefetcher foresees: while some are multiplied, the next ones are asked for,
// a little at each k, so that no miss waits for another.
template <int M, int N> void micro_by_rows(const Tile& t) {
  Vec c[M][N];
  const float *row[M], *rest[M], **others = rest;
#pragma GCC unroll 16
  for (int m = 0; m < M; m++) {
    if (m < IN_REGISTERS) row[m] = t.rows[m] + t.shift;
    else others[m] = t.rows[m] + t.shift;
#pragma GCC unroll 4
    for (int n = 0; n < N; n++) c[m][n] = Vec{};
  }
  const float* b = t.b;
  const int64_t b_row = t.b_row, part = divide_up(t.k, M);
  for (int64_t k = 0, next = t.ahead; k < t.k; next++) {
    const float* ahead = t.rows[next] + t.shift;
    for (int64_t end = smaller(t.k, k + part); k < end; k++) {
      __builtin_prefetch(ahead, 0, 2);
#pragma GCC unroll 4
      for (int n = 0; n < N; n++) __builtin_prefetch(b + AHEAD * b_row + n * LANES);
      Vec bn[N];
      asm("" : "+r"(others));                             // to be read again: kept, they would push the other pointers out
#pragma GCC unroll 4
      for (int n = 0; n < N; n++) bn[n] = load(b + n * LANES);
#pragma GCC unroll 16
      for (int m = 0; m < M; m++) {
        Vec am = splat((m < IN_REGISTERS ? row[m] : others[m])[k]);
#pragma GCC unroll 4
        for (int n = 0; n < N; n++) c[m][n] = fma(am, bn[n], c[m][n]);
      }
      ahead += M;
      b += b_row;
    }
  }
  store_tile<M, N>(t, c);
}

template <int M, int N> void micro_by_columns(const Tile& t) {
  Vec c[M][N];
#pragma GCC unroll 16
  for (int m = 0; m < M; m++)
#pragma GCC unroll 4
    for (int n = 0; n < N; n++) c[m][n] = Vec{};
  const float* b = t.b;
  const char* soon = t.soon;
  const int64_t b_row = t.b_row;
  for (int64_t k = 0; k < t.k; k++) {
    const float* a = t.rows[k] + t.shift;
    __builtin_prefetch(a + 2 * MR);
    if (M == MR && k < t.n_soon) {
      ask_for(soon);
      soon += STRETCH;
    }
    Vec bn[N];
#pragma GCC unroll 4
    for (int n = 0; n < N; n++) bn[n] = load(b + n * LANES);
#pragma GCC unroll 16
    for (int m = 0; m < M; m++) {
      Vec am = splat(a[m]);
#pragma GCC unroll 4
      for (int n = 0; n < N; n++) c[m][n] = fma(am, bn[n], c[m][n]);
    }
    b += b_row;
  }
  store_tile<M, N>(t, c);
}

// One row only, as micro_row has it.
template <int N> void micro_row_by_columns(const Tile& t) {
  Vec c[4][N];
  for (int q = 0; q < 4; q++)
    for (int n = 0; n < N; n++) c[q][n] = Vec{};
  for (int64_t k = 0; k < t.k; k++) {
    int q = k < t.k / 4 * 4 ? (int)(k % 4) : 0;
    for (int n = 0; n < N; n++) c[q][n] = fma(splat(t.rows[k][t.shift]), load(t.b + k * t.b_row + n * LANES), c[q][n]);
  }
  store_row<N>(t, c);
}

template <int N> void micro_row_by_rows(const Tile& t) {
  Tile plain = t;
  plain.a = t.rows[0] + t.shift;
  micro_row<N>(plain);
}

#if defined(__AVX512F__) || defined(__aarch64__)
#define GATHERED(by, N) {nullptr, micro_row_##by<N>, micro_##by<2, N>, micro_##by<3, N>, micro_##by<4, N>, micro_##by<5, N>, micro_##by<6, N>, \
                         micro_##by<7, N>, micro_##by<8, N>, micro_##by<9, N>, micro_##by<10, N>, micro_##by<11, N>, micro_##by<12, N>}
#else
#define GATHERED(by, N) {nullptr, micro_row_##by<N>, micro_##by<2, N>, micro_##by<3, N>, micro_##by<4, N>, micro_##by<5, N>, micro_##by<6, N>}
#endif
const Micro micros_gathered[2][NV][MR + 1] = {{GATHERED(by_rows, 1), GATHERED(by_rows, 2)}, {GATHERED(by_columns, 1), GATHERED(by_columns, 2)}};

INLINE void move_down(Tile& t, const Gathered& g, int64_t rows) {
  if (g.side == BY_ROWS) t.rows += rows;
  else t.shift += rows;
  t.c += rows * t.c_row;
  if (t.more) t.more += rows * t.more_row;
}

// Rows of C by one panel, from the start of a block of k.
void multiply_gathered(Tile t, const Gathered& g, int64_t rows, int n_vectors) {
  const Micro* table = micros_gathered[g.side == BY_COLUMNS][n_vectors - 1];
  for (int64_t m = 0; m < rows; m += MR) {
    table[smaller(MR, rows - m)](t);
    move_down(t, g, MR);
    t.soon += t.n_soon * STRETCH;
  }
}

}  // namespace
}  // namespace ISA
