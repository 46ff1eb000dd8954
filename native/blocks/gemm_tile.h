// A tile of C, panel by panel of B.
#pragma once
#include "gemm_plan.h"

namespace ISA {
namespace {

// Where the rows of a block start in a matrix, and how far apart they are.
struct Rows { float* at; int64_t stride; };

INLINE Rows rows_of(const Context& context, const Chain& chain, const Slot& slot, const Block& where) {
  int64_t at = where.row * slot.strides[chain.rank - 2] + where.col, outer = where.outer;
  for (int64_t d = chain.rank - 3; d >= 0; d--) { at += outer % chain.shape[d] * slot.strides[d]; outer /= chain.shape[d]; }
  return {(float*)address(context, slot.operand) + at, slot.strides[chain.rank - 2]};
}

// What is added to a product may lie far away, as at the next time of a loop: it comes while the product is calculated.
INLINE void ask_for(Rows rows, const Block& where) {
  for (int64_t r = 0; rows.stride && r < where.rows; r++)
    for (int64_t j = 0; j < where.cols; j += LINE) __builtin_prefetch(rows.at + r * rows.stride + j);
}

// Where C's rows can be written as they come out of the registers, if they can.
INLINE Rows direct_output(const Instruction& i, const Context& context, const GemmPlan& p, const int64_t* shape, const Block& where, int64_t width) {
  if (where.cols != width || (i.chain && !p.only_adds)) return {nullptr, 0};
  if (i.chain) return rows_of(context, *i.chain, i.chain->slots[p.sum], where);
  const Operand& c = i.out[0];
  if (c.strides[c.rank - 1] != 1) return {nullptr, 0};
  int64_t row = c.strides[c.rank - 2];
  return {(float*)address(context, c) + batch_offset(c, shape, p.rank, 2, where.outer) + where.row * row + where.col, row};
}

// Rows by a panel that was copied. Meanwhile the rows of B that are copied next are asked for, some before each step down: they
// lie far apart, so no prefetcher foresees them. So is what will be done besides.
void multiply_and_ask(Tile& t, int64_t rows, int vectors, const float* next, int64_t next_rows, int64_t b_row, Company& company) {
  const Start start{t};
  for (int64_t m = 0, asked = 0; m < rows; m += MR) {
    for (int64_t until = next_rows * smaller(m + MR, rows) / rows; asked < until; asked++)
      for (int64_t j = 0; j < NR; j += LINE) __builtin_prefetch(next + asked * b_row + j, 0, 2);
    if (company.instr) company.soon.ask(t);
    multiply_rows(t, smaller(MR, rows - m), vectors);
    t.a += MR / 3 * t.a_third;
    t.c += MR * t.c_row;
    t.soon += t.n_soon * STRETCH;
  }
}

struct GemmTile {
  const GemmPlan& p;
  Company& company;
  Block where;                                            // in C
  Wanted wanted{};
  Tile t{};                                               // of the micro-kernel: where the next panel's sums go
  Gathered gathered{};
  Lists lists{};
  const float* b = nullptr;                               // the next panel of B
  int64_t b_row = NR, b_col = 1, b_panel = 0;             // strides: of k, of columns, of panels
  float* panel = nullptr;                                 // room for a copy of it
};

// The matrices that the chain reads beside the product, if they are too large to be in a cache since the last step.
Wanted beside(const Instruction& i, const Context& context, const GemmPlan& p, const Block& where) {
  Wanted w;
  const Chain& chain = *i.chain;
  for (int s = 0; s < chain.n_slots && w.n < Wanted::MOST; s++) {
    const Slot& slot = chain.slots[s];
    if (slot.kind != INPUT || slot.dtype != F32 || !slot.strides[chain.rank - 2] || slot.strides[chain.rank - 1] != 1) continue;
    Rows rows = rows_of(context, chain, slot, where);
    w.row[w.n] = rows.at;
    w.apart[w.n++] = rows.stride;
  }
  if (4 * p.m * p.n * w.n < FAR_BYTES) return w;
  w.rows = where.rows;
  w.cols = where.cols;
  return w;
}

// One panel: all of k, into t.c.
void gemm_panel(GemmTile& g, int64_t rows, int64_t cols, bool in_place, bool only_narrow) {
  const GemmPlan& p = g.p;
  Tile& t = g.t;
  bool narrow = worth_narrow(t, p.k, p.m, cols);
  int64_t wide = narrow ? cols / LANES * LANES : cols;    // the columns that vectors take
  int vectors = only_narrow ? 0 : (int)divide_up(wide, LANES);
  const float* a = t.a;
  int64_t k = 0;
  do {
    t.k = smaller(p.k_block, p.k - k);
    g.company.start(rows / MR);
    if (g.gathered.rows) start_at(t, g.gathered, k);
    else t.a = a + k * t.a_col;
    t.add = k > 0;
    if (in_place) {
      t.b = g.b + k * g.b_row;
      t.b_row = g.b_row;
    } else {
      copy_panel(g.panel, g.b + k * g.b_row, t.k, cols, g.b_row, g.b_col);
      t.b = g.panel;
      t.b_row = NR;
    }
    if (vectors && g.lists.made) {
      multiply_listed(t, g.gathered, p.listing, g.lists, k / p.k_block, rows, vectors);
    } else if (vectors && g.gathered.rows) {
      multiply_gathered(t, g.gathered, rows, vectors);
    } else if (vectors && !in_place && p.k_block < p.k && g.b_col == 1) {
      int64_t rest = p.k - k - t.k;                       // of this panel; then comes the one beside it
      const float* next = rest ? g.b + (k + t.k) * g.b_row : g.b + NR;
      multiply_and_ask(t, rows, vectors, next, smaller(p.k_block, rest ? rest : p.k), g.b_row, g.company);
    } else if (vectors && g.company.instr) {
      multiply_and_ask(t, rows, vectors, nullptr, 0, 0, g.company);
    } else if (vectors) {
      multiply_rows(t, rows, vectors);
    }
    if (narrow) {
      Tile rest = t;
      rest.b += wide;
      rest.c += wide;
      multiply_narrow(rest, rows, cols - wide);
    }
    t.n_soon = 0;
    g.company.pause();
    k += p.k_block;
  } while (k < p.k);
  t.a = a;
}

// What vectors take of a tile, without the zeros of A or of B if either has many; gives how many rows are done. A row that would
// be a tile by itself has its terms in four sums, so it is left.
int64_t leave_zeros_out(GemmTile& g, char* scratch) {
  const GemmPlan& p = g.p;
  const Tile& t = g.t;
  bool narrow = worth_narrow(t, p.k, p.m, g.where.cols);
  int64_t rows = g.where.rows % MR == 1 ? g.where.rows - 1 : g.where.rows, cols = narrow ? g.where.cols / LANES * LANES : g.where.cols;
  Lines left{g.gathered.rows, g.gathered.first, t.a, p.zeros.a == BY_K ? t.a_col : t.a_row, p.zeros.a};
  Lines right{nullptr, 0, g.b, p.packed ? NR * p.k : p.zeros.b == BY_K ? g.b_row : g.b_col, p.zeros.b};
  char* room = scratch + p.zeros.scratch;
  OutputRows to{t.c, t.c_row};
  if (p.zeros.in & IN_A && many_zeros(left, rows, p.k)) multiply_by_rows(place_marked(room, left), left, right, rows, cols, p.k, to, g.wanted);
  else if (p.zeros.in & IN_B && many_zeros(right, cols, p.k)) multiply_by_columns(place_marked(room, right), left, right, rows, cols, p.k, to, g.wanted);
  else return 0;
  return rows;
}

// What is left of a panel: the last columns that are too few for a vector, and the row that was left.
void finish_panel(GemmTile g, int64_t done, int64_t cols, bool in_place) {
  int64_t rows = g.where.rows;
  bool narrow = worth_narrow(g.t, g.p.k, g.p.m, cols);
  g.lists = {};
  if (narrow) gemm_panel(g, rows, cols, in_place, true);
  if (narrow) cols = cols / LANES * LANES;
  if (done == rows || cols == 0) return;
  if (g.gathered.side == BY_COLUMNS) g.gathered.first += done;
  else if (g.gathered.rows) g.gathered.rows += done;
  else g.t.a += done * g.t.a_row;
  g.t.c += done * g.t.c_row;
  gemm_panel(g, 1, cols, in_place, false);
}

INLINE void next_panel(GemmTile& g) {
  g.b += g.b_panel;
  g.t.c += NR;
  if (g.t.more) g.t.more += NR;
}

// Whole panels that are read where they are, and nothing else done: between two of them the sums wait, so little is done there.
int64_t multiply_panels(GemmTile& g, const Context& context, const Chain* streams) {
  int64_t panels = g.where.cols / NR;
  g.t.k = g.p.k;
  g.t.add = false;
  g.t.b_row = g.b_row;
  for (int64_t panel = 0; panel < panels; panel++, next_panel(g)) {
    if (streams) ask_for_operands(g.t, *streams, context, g.where, panel, divide_up(g.where.cols, NR), g.p.k);
    else if (context.ahead) ask_ahead(g.t, *context.ahead, g.where.rows, g.p.k);
    g.t.b = g.b;
    multiply_rows(g.t, g.where.rows, NV);
  }
  g.t.n_soon = 0;
  return panels * NR;
}

}  // namespace
}  // namespace ISA
