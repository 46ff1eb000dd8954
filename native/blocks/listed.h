// Zeros of a data set cost nothing: for every few rows of a gathered A, or columns of a transposed one, a list of the k at which
// they are not all zero. A term that is left out is +0, so the sums are the same; what is not finite in B where A is zero
// does not spread. Pictures of handwriting are four fifths zeros, and neighbours are zero together; tables of counts more.
#pragma once
#include "zeros.h"

namespace ISA {
namespace {

constexpr int GROUP = 4;                                  // rows with a list of their own: twelve together are rarely all zero
constexpr double WORTH_LISTS = 0.7;                       // of all k, at most: above it the larger tiles are faster
constexpr double LOOKS_DENSE = 0.9;                       // of the first row, or the first columns: no lists are made
constexpr int64_t FIRST_COLUMNS = 8;
constexpr int64_t LIST_BYTES = 512 << 10;

struct Listing { int64_t stride, groups, k_block, scratch; };       // the plan; stride: of a list, 0 if none are ever made

struct Lists {                                            // of a block of C: [block of k][group]
  int32_t *k, *count;
  bool made;
};

int64_t plan_lists(Listing& l, int64_t scratch, int64_t row_block, int64_t k, int64_t k_block) {
  int64_t blocks = divide_up(larger(k, 1), k_block);
  l = {round_up(k_block, LANES) + LANES, divide_up(row_block, GROUP), k_block, round_up(scratch, 64)};
  int64_t bytes = 4 * blocks * l.groups * (l.stride + 1);
  if (bytes > LIST_BYTES) { l.stride = 0; return scratch; }
  return l.scratch + bytes;
}

// Of rows at k .. k + n - 1; gives how many stay.
int32_t list_rows(const float* const* rows, int64_t n_rows, int64_t first, int64_t n, int32_t* list) {
  IVec k;
  for (int i = 0; i < LANES; i++) k[i] = i;
  int64_t count = 0;
  for (int64_t at = 0; at < n; at += LANES, k += LANES) {
    uint32_t lanes = 0;
    for (int64_t r = 0; r < n_rows; r++) lanes |= nonzero_lanes(load_most(rows[r] + first + at, n - at));
    count += compress_lanes(list + count, lanes, k);
  }
  return (int32_t)count;
}

int64_t nonzero_of(const float* row, int64_t n) {
  int64_t count = 0;
  for (int64_t at = 0; at < n; at += LANES) count += __builtin_popcount(nonzero_lanes(load_most(row + at, n - at)));
  return count;
}

bool make_lists_by_rows(const Lists& made, const Listing& l, const Gathered& g, int64_t n_rows, int64_t n) {
  if ((double)nonzero_of(g.rows[0], n) > LOOKS_DENSE * (double)n) return false;
  int64_t groups = divide_up(n_rows, GROUP), total = 0, most = (int64_t)(WORTH_LISTS * (double)(groups * n));
  for (int64_t q = 0; q < groups; q++)
    for (int64_t k = 0, block = 0; k < n; k += l.k_block, block++) {
      int64_t list = block * l.groups + q;
      made.count[list] = list_rows(g.rows + q * GROUP, smaller(GROUP, n_rows - q * GROUP), k, smaller(l.k_block, n - k), made.k + list * l.stride);
      total += made.count[list];
      if (total > most) return false;
    }
  return true;
}

// A bit for each group of some columns of a row: whether one of them is not zero.
INLINE uint32_t groups_of(const float* row, int64_t n) {
  uint32_t groups = 0;
  for (int64_t column = 0; column < n; column += LANES) {
    uint32_t lanes = nonzero_lanes(load_most(row + column, n - column));
    for (int q = 0; q < LANES / GROUP; q++, lanes >>= GROUP) groups |= (uint32_t)((lanes & ((1u << GROUP) - 1)) != 0) << (column / GROUP + q);
  }
  return groups;
}

// Lists of up to 32 groups of columns, from `first` on and for n values of k; gives how many stay, or -1 where hardly any would go.
int64_t list_columns(const float* const* rows, int64_t first, int64_t columns, int64_t n, int32_t* list, int64_t stride, int32_t* count) {
  int32_t stays[2 * K_BLOCK + LANES];
  int64_t groups = divide_up(columns, GROUP), some = 0, total = 0;
  for (int64_t k = 0; k < n; k++) {
    stays[k] = (int32_t)groups_of(rows[k] + first, columns);
    some += __builtin_popcount((uint32_t)stays[k]);
    if (k == FIRST_COLUMNS && (double)some > LOOKS_DENSE * (double)(groups * (k + 1))) return -1;
  }
  for (int64_t k = n; k < n + LANES; k++) stays[k] = 0;
  for (int64_t q = 0; q < groups; q++, list += stride) {
    IVec k;
    for (int i = 0; i < LANES; i++) k[i] = i;
    int64_t stay = 0;
    for (int64_t at = 0; at < n; at += LANES, k += LANES) {
      IVec bit = (IVec)(((UVec)load(stays + at) >> (uint32_t)q) & 1u);
      stay += compress_lanes(list + stay, nonzero_lanes(__builtin_convertvector(bit, Vec)), k);
    }
    count[q] = (int32_t)stay;
    total += stay;
  }
  return total;
}

bool make_lists_by_columns(const Lists& made, const Listing& l, const Gathered& g, int64_t n_columns, int64_t n) {
  int64_t groups = divide_up(n_columns, GROUP), total = 0;
  for (int64_t start = 0, block = 0; start < n; start += l.k_block, block++)
    for (int64_t q = 0; q < groups; q += 32) {
      int64_t list = block * l.groups + q, columns = smaller(32 * GROUP, n_columns - q * GROUP);
      int64_t stay = list_columns(g.rows + start, g.first + q * GROUP, columns, smaller(l.k_block, n - start), made.k + list * l.stride, l.stride,
                                  made.count + list);
      if (stay < 0) return false;
      total += stay;
    }
  return (double)total <= WORTH_LISTS * (double)(groups * n);
}

Lists make_lists(const Context& context, const Listing& l, const Gathered& g, int64_t rows, int64_t k) {
  if (!l.stride || k == 0) return {};
  Lists made{(int32_t*)(context.scratch + l.scratch), nullptr, false};
  made.count = made.k + divide_up(larger(k, 1), l.k_block) * l.groups * l.stride;
  made.made = g.side == BY_ROWS ? make_lists_by_rows(made, l, g, rows, k) : make_lists_by_columns(made, l, g, rows, k);
  return made;
}

// ---- the micro-kernel, over a list ----

template <bool BY_ROW, int M, int N> void micro_listed(const Tile& t, const int32_t* list, int64_t count) {
  Vec c[M][N];
  const float* row[M];
#pragma GCC unroll 4
  for (int m = 0; m < M; m++) {
    if (BY_ROW) row[m] = t.rows[m] + t.shift;
#pragma GCC unroll 4
    for (int n = 0; n < N; n++) c[m][n] = Vec{};
  }
  const int64_t part = divide_up(count, M), step = t.k * M / larger(count, 1);
  for (int64_t at = 0, next = t.ahead; at < count; next++) {
    const float* ahead = BY_ROW ? t.rows[next] + t.shift : nullptr;
    for (int64_t end = smaller(count, at + part); at < end; at++) {
      if (BY_ROW) {
        __builtin_prefetch(ahead, 0, 2);
        ahead += step;
      }
      const int64_t k = list[at];
      const float *b = t.b + k * t.b_row, *column = BY_ROW ? nullptr : t.rows[k] + t.shift;
      Vec bn[N];
#pragma GCC unroll 4
      for (int n = 0; n < N; n++) bn[n] = load(b + n * LANES);
#pragma GCC unroll 4
      for (int m = 0; m < M; m++) {
        Vec am = splat(BY_ROW ? row[m][k] : column[m]);
#pragma GCC unroll 4
        for (int n = 0; n < N; n++) c[m][n] = fma(am, bn[n], c[m][n]);
      }
    }
  }
  store_tile<M, N>(t, c);
}

typedef void (*MicroListed)(const Tile&, const int32_t*, int64_t);
#define LISTED(by, N) {micro_listed<by, 1, N>, micro_listed<by, 2, N>, micro_listed<by, 3, N>, micro_listed<by, 4, N>}
const MicroListed micros_listed[2][NV][GROUP] = {{LISTED(false, 1), LISTED(false, 2)}, {LISTED(true, 1), LISTED(true, 2)}};

// Rows of C by one panel, over the lists of a block of k. A row that would be a tile by itself has its terms in four sums.
void multiply_listed(Tile t, const Gathered& g, const Listing& l, const Lists& lists, int64_t block, int64_t rows, int n_vectors) {
  const MicroListed* table = micros_listed[g.side == BY_ROWS][n_vectors - 1];
  int64_t whole = rows % MR == 1 ? rows - 1 : rows;
  for (int64_t m = 0; m < whole; m += GROUP) {
    int64_t list = block * l.groups + m / GROUP, height = smaller(GROUP, whole - m);
    table[height - 1](t, lists.k + list * l.stride, lists.count[list]);
    move_down(t, g, height);
  }
  if (whole < rows) multiply_gathered(t, g, 1, n_vectors);
}

}  // namespace
}  // namespace ISA
