// gemm: C = A B over batches, with an optional chain run on each finished block while it is in L1.
// ints[0] = 1: B is a packed buffer, [batch][ceil(N / NR)][K][NR]; 2: units divide B's columns, and each packs those it multiplies with.
// ints[1], ints[2]: gathered.h; ints[3]: whose zeros are many, zeros.h.
#pragma once
#include "gemm_tile.h"

namespace ISA {
namespace {

// The finished block, [rows][ld] in scratch: run the chain on it, or copy it out.
void finish_block(const Instruction& i, const Context& context, ChainRun& run, float* block, int64_t ld, Block where) {
  if (!i.chain) {
    const Operand& c = i.out[0];
    int64_t at = batch_offset(c, c.shape, c.rank, 2, where.outer) + where.row * c.strides[c.rank - 2] + where.col * c.strides[c.rank - 1];
    float* to = (float*)address(context, c) + at;
    int64_t col = c.strides[c.rank - 1];
    for (int64_t r = 0; r < where.rows; r++, to += c.strides[c.rank - 2], block += ld) {
      if (col == 1) copy_row(to, block, where.cols);
      else for (int64_t j = 0; j < where.cols; j++) to[j * col] = block[j];
    }
    return;
  }
  if (where.cols != ld)                                   // the chain wants it dense; rows only move down, so in order is safe
    for (int64_t r = 1; r < where.rows; r++) copy_row(block + r * where.cols, block + r * ld, where.cols);
  int64_t step = any_height(*i.chain, where.cols) ? where.rows : larger(1, i.chain->tile / where.cols), end = where.row + where.rows;
  for (Block b = where; b.row < end; b.row += step) {
    b.rows = smaller(step, end - b.row);
    run.product = (const char*)(block + (b.row - where.row) * where.cols);
    run_block(run, b);
  }
}

// Which tile a number names.
INLINE Block tile_block(const GemmPlan& p, int64_t tile) {
  int64_t batch = tile / (p.groups * p.row_blocks), place = tile % (p.groups * p.row_blocks);
  int64_t row_block = p.along ? place / p.groups : place % p.row_blocks, group = p.along ? place % p.groups : place / p.row_blocks;
  Block where{batch, row_block * p.row_block, group * p.wide * NR, 0, 0};
  where.rows = smaller(p.row_block, p.m - where.row);
  where.cols = smaller(p.wide * NR, p.n - where.col);
  return where;
}

void start_a(const Instruction& i, const Context& context, const int64_t* shape, GemmTile& g) {
  const GemmPlan& p = g.p;
  const Operand& a = i.in[0];
  Tile& t = g.t;
  int64_t offset = batch_offset(a, shape, p.rank, 2, g.where.outer);
  if (p.gathering.side) {
    g.gathered = gather_rows(i, context, p.gathering, offset, p.k, g.where.row, g.where.rows);
    g.lists = make_lists(context, p.listing, g.gathered, g.where.rows, p.k);
    t.ahead = g.where.rows;
    t.a_row = p.gathering.side == BY_COLUMNS;
    t.a_col = 1 - t.a_row;
  } else {
    t.a_row = a.strides[a.rank - 2];
    t.a_col = a.strides[a.rank - 1];
    t.a_third = 3 * t.a_row;
    t.a = (const float*)address(context, a) + offset + g.where.row * t.a_row;
  }
}

void start_b(const Instruction& i, const Context& context, const int64_t* shape, GemmTile& g) {
  const GemmPlan& p = g.p;
  const Operand& b = i.in[1];
  int64_t outer = batch_offset(b, shape, p.rank, p.packed ? 1 : 2, g.where.outer);
  if (!p.packed) {
    g.b_row = b.strides[b.rank - 2];
    g.b_col = b.strides[b.rank - 1];
  }
  g.b_panel = p.packed ? NR * p.k : NR * g.b_col;
  g.b = (const float*)address(context, b) + outer + g.where.col * (p.packed ? p.k : g.b_col);
  g.panel = (float*)(context.scratch + p.scratch_panel);
}

void gemm_tile(const Instruction& i, const Context& context, const GemmPlan& p, ChainRun& run, int64_t tile, Company& company) {
  int64_t rank;
  const int64_t* shape = gemm_shape(i, rank);
  GemmTile g{p, company, tile_block(p, tile)};
  const Block& where = g.where;
  Tile& t = g.t;
  start_a(i, context, shape, g);
  start_b(i, context, shape, g);
  int64_t width = round_up(where.cols, LANES), row_block = where.row / p.row_block;
  float* block = (float*)(context.scratch + p.scratch_block);
  Rows direct = direct_output(i, context, p, shape, where, width), added{nullptr, 0};
  if (direct.at && p.only_adds) added = rows_of(context, *i.chain, i.chain->slots[p.added], where);
  if (added.at) ask_for(added, where);
  t.c = direct.at ? direct.at : block;
  t.c_row = direct.at ? direct.stride : width;
  t.more = added.at;
  t.more_row = added.stride;
  const Chain* streams = i.chain && !direct.at && any_height(*i.chain, where.cols) ? i.chain : nullptr;
  bool turned = p.packs && g.b_row == 1 && where.col + p.wide * NR < p.n;
  if (p.reads && !streams) g.wanted = beside(i, context, p, where);
  int64_t done = p.zeros.in ? leave_zeros_out(g, context.scratch) : 0;
  int64_t col = p.plain && !company.instr ? multiply_panels(g, context, streams) : 0;
  if (g.wanted.rows) g.wanted.share_among(divide_up(where.cols, NR));
  for (; col < where.cols; col += NR, next_panel(g)) {
    int64_t cols = smaller(NR, where.cols - col);
    if (streams) ask_for_operands(t, *streams, context, where, col / NR, divide_up(where.cols, NR), p.k);
    else if (g.wanted.rows) g.wanted.ask();
    else if (context.ahead && !turned) ask_ahead(t, *context.ahead, where.rows, p.k);
    if (turned) ask_for_columns(t, g.b + p.wide * g.b_panel, g.b_col, row_block, p.row_blocks, where.rows, p.k);
    // The arena is padded, so its rows may be overrun; an array of the user's may not. Narrow columns are read by themselves.
    bool whole = cols % LANES == 0 || worth_narrow(t, p.k, p.m, cols);
    bool in_place = p.in_place && (p.packed || i.in[1].base == 0 || whole);
    if (!done) gemm_panel(g, where.rows, cols, in_place, false);
    else finish_panel(g, done, cols, in_place);
  }
  if (!direct.at) finish_block(i, context, run, block, width, where);
}

void run_gemm(const Instruction& i, const Context& context, int64_t unit) {
  const GemmPlan& p = *(const GemmPlan*)i.plan;
  ChainRun run;
  start_chain(run, i.chain, &context, context.scratch + p.scratch_chain);
  Company company(i, context);
  int64_t end = smaller(p.tiles, (unit + 1) * p.per_unit);
  for (int64_t tile = unit * p.per_unit; tile < end; tile++) gemm_tile(i, context, p, run, tile, company);
  company.run(company.end);
}

}  // namespace
}  // namespace ISA
