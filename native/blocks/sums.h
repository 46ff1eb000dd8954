// map_sum: a chain over tiles, and sums of some of its registers, taken while a tile is in L1. Sums go down columns (the last
// dimension is kept) or along rows (it is summed); all dimensions before these two are kept. Long sums are split by shape; the
// unit that finishes the last piece of a group joins the pieces in order.
#pragma once
#include "chain.h"
#include "fold.h"

namespace ISA {
namespace {

constexpr int64_t SUM_ELEMENTS = 32768, SUM_SPLITS = 64;

struct SumPlan {
  int64_t columns;                                        // 1: down columns
  int64_t block_rows, block_cols;
  int64_t length, results;                                // of one sum; of all
  int64_t column_blocks, per_unit, groups, splits, piece; // a group: per_unit results, or per_unit blocks of columns
  int64_t width;                                          // sums of one register that are under way at a time
};
static_assert(sizeof(SumPlan) <= sizeof(Instruction::plan), "plan");

const char* prepare_map_sum(Instruction& i) {
  if (!i.chain || !i.chain->n_sums) return "needs a chain with sums";
  const Chain& c = *i.chain;
  SumPlan& p = *(SumPlan*)i.plan;
  int64_t R = c.shape[c.rank - 2], C = c.shape[c.rank - 1], outer = 1;
  for (int d = 0; d < c.rank - 2; d++) {
    if (c.folded[d]) return "sums over these axes need the values in memory";
    outer *= c.shape[d];
  }
  p.columns = !c.folded[c.rank - 1];
  if (p.columns ? !c.folded[c.rank - 2] : c.folded[c.rank - 2] && R != 1) return "sums over these axes need the values in memory";
  if (outer * R * C == 0) return "has nothing to sum";
  p.length = p.columns ? R : C;
  p.results = outer * (p.columns ? C : R);
  for (int k = i.n_out - c.n_sums; k < i.n_out; k++) {
    const Operand& o = i.out[k];
    int64_t n = 1;
    for (int d = 0; d < o.rank; d++) n *= o.shape[d];
    if (o.dtype != F32 || !row_major(o) || n != p.results) return "a sum's place must be contiguous, of float32 and of the size of what is kept";
  }
  p.block_cols = smaller(C, c.tile);
  p.block_rows = smaller(R, c.tile / p.block_cols);
  p.column_blocks = p.columns ? divide_up(C, p.block_cols) : 1;
  int64_t all = p.columns ? outer * p.column_blocks : p.results, each = p.length * (p.columns ? p.block_cols : 1);
  p.splits = larger(1, smaller(SUM_SPLITS, each / SUM_ELEMENTS));
  p.per_unit = p.splits > 1 ? 1 : larger(1, SUM_ELEMENTS / 2 / each);
  p.groups = divide_up(all, p.per_unit);
  p.piece = round_up(divide_up(p.length, p.splits), p.columns ? p.block_rows : p.block_cols);
  p.splits = divide_up(p.length, p.piece);
  p.width = round_up(p.columns ? p.block_cols : p.block_rows, LANES);
  i.units = p.groups * p.splits;
  i.cost = (c.cost + 0.05 * c.n_sums + 0.03) * (double)(outer * R * C);
  i.scratch_bytes = c.scratch_bytes + c.n_sums * p.width * 8;
  i.n_counters = p.splits > 1 ? p.groups : 0;
  i.workspace_bytes = i.n_counters * p.splits * c.n_sums * p.width * 8;
  return nullptr;
}

// acc[c] += the sum down column c: eight rows in a fixed tree of float, these in double. acc has room for whole vectors.
INLINE void add_columns(const float* x, int64_t rows, int64_t cols, double* acc) {
  for (int64_t r = 0; r < rows; r += 8) {
    int64_t n = smaller(8, rows - r);
    for (int64_t j = 0; j < cols; j += LANES) {
      const float* at = x + r * cols + j;
      int64_t lanes = smaller(LANES, cols - j);
      Vec v[8];
      if (n == 8 && lanes == LANES) for (int k = 0; k < 8; k++) v[k] = load(at + k * cols);
      else for (int k = 0; k < 8; k++) v[k] = k < n ? load_some(at + k * cols, lanes) : Vec{};
      Vec sum = ((v[0] + v[1]) + (v[2] + v[3])) + ((v[4] + v[5]) + (v[6] + v[7]));
      store(acc + j, load(acc + j) + __builtin_convertvector(sum, DVec));
    }
  }
}

struct Sums {                                             // what one unit adds up, and where it goes
  const Instruction& i;
  const Context& context;
  ChainRun run;
  double* acc;                                            // [sums, width]

  Sums(const Instruction& i, const Context& context) : i(i), context(context), acc((double*)(context.scratch + i.chain->scratch_bytes)) {
    start_chain(run, i.chain, &context, context.scratch);
  }
  const SumPlan& plan() const { return *(const SumPlan*)i.plan; }

  void clear() { for (int64_t j = 0; j < i.chain->n_sums * plan().width; j++) acc[j] = 0; }

  void add_block(const Block& b) {
    run_block(run, b);
    for (int s = 0; s < i.chain->n_sums; s++) {
      const float* x = (const float*)run.data[i.chain->sums[s]];
      double* to = acc + s * plan().width;
      if (plan().columns) add_columns(x, b.rows, b.cols, to);
      else for (int64_t r = 0; r < b.rows; r++) to[r] += fold_row<Sum<float>, float>(x + r * b.cols, b.cols, 1);
    }
  }

  // The piece of a group with several: true for the last one, which has then added up all.
  bool joined(int64_t group, int64_t split) {
    const SumPlan& p = plan();
    int64_t n = i.chain->n_sums * p.width;
    double* partial = (double*)i.workspace + group * p.splits * n;
    for (int64_t j = 0; j < n; j++) partial[split * n + j] = acc[j];
    if (!last_piece(i, group, p.splits)) return false;
    for (int64_t j = 0; j < n; j++) acc[j] = partial[j];
    for (int64_t s = 1; s < p.splits; s++)
      for (int64_t j = 0; j < n; j++) acc[j] += partial[s * n + j];
    return true;
  }

  void write(int64_t first, int64_t n) {
    for (int s = 0; s < i.chain->n_sums; s++) {
      float* to = (float*)address(context, i.out[i.n_out - i.chain->n_sums + s]) + first;
      for (int64_t j = 0; j < n; j++) to[j] = (float)acc[s * plan().width + j];
    }
  }
};

void sum_columns(Sums& sums, int64_t group, int64_t split) {
  const SumPlan& p = sums.plan();
  const Chain& c = *sums.i.chain;
  int64_t R = c.shape[c.rank - 2], C = c.shape[c.rank - 1], all = p.results / C * p.column_blocks;
  int64_t first = split * p.piece, last = smaller(R, first + p.piece);
  for (int64_t k = group * p.per_unit; k < smaller(all, (group + 1) * p.per_unit); k++) {
    int64_t outer = k / p.column_blocks, col = k % p.column_blocks * p.block_cols, cols = smaller(p.block_cols, C - col);
    sums.clear();
    for (int64_t r = first; r < last; r += p.block_rows) sums.add_block({outer, r, col, smaller(p.block_rows, last - r), cols});
    if (p.splits > 1 && !sums.joined(group, split)) return;
    sums.write(outer * C + col, cols);
  }
}

void sum_rows(Sums& sums, int64_t group, int64_t split) {
  const SumPlan& p = sums.plan();
  const Chain& c = *sums.i.chain;
  int64_t R = c.shape[c.rank - 2], first = split * p.piece, last = smaller(p.length, first + p.piece);
  for (int64_t k = group * p.per_unit, end = smaller(p.results, k + p.per_unit); k < end;) {
    int64_t outer = k / R, row = k % R, rows = smaller(smaller(p.block_rows, end - k), R - row);
    sums.clear();
    for (int64_t col = first; col < last; col += p.block_cols) sums.add_block({outer, row, col, rows, smaller(p.block_cols, last - col)});
    if (p.splits > 1 && !sums.joined(group, split)) return;
    sums.write(k, rows);
    k += rows;
  }
}

void run_map_sum(const Instruction& i, const Context& context, int64_t unit) {
  Sums sums(i, context);
  const SumPlan& p = sums.plan();
  (p.columns ? sum_columns : sum_rows)(sums, unit / p.splits, unit % p.splits);
}

}  // namespace
}  // namespace ISA
