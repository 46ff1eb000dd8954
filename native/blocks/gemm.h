// gemm: C = A B over batches, with an optional chain run on each finished block while it is in L1.
// ints[0] = 1: B is a packed buffer, [batch][ceil(N / NR)][K][NR]; 2: units divide B's columns, and each packs those it multiplies with.
// ints[1], ints[2]: gathered.h; ints[3]: whose zeros are many, zeros.h.
#pragma once
#include "besides.h"
#include "chain.h"
#include "listed.h"
#include "narrow.h"
#include "panels.h"

namespace ISA {
namespace {

constexpr double UNIT_FLOPS = 1.2e6;                      // about ten microseconds
constexpr int64_t LONG_TILES = 12;                        // of a product over a long k: enough for all threads
constexpr int64_t LONG_BYTES = 256 << 10;                 // of a panel of B, a quarter of a core's L2: its rows lie in few sets of it
constexpr int64_t LINE = 16;                              // floats of a line of a cache
constexpr int64_t COPIED_ROWS = 192;                      // of a panel of B that was copied: it stays in L1
constexpr int64_t WIDE_COLS = 512;                        // the least tile of a chain: program.h
constexpr int64_t WIDE_BYTES = 512 << 10;                 // of B, half of a core's L2

struct GemmPlan {
  int64_t m, n, k, rank, packed, packs;
  int64_t row_block, row_blocks, panels, wide, groups;    // a tile is a row block of C by a group of `wide` panels of B
  int64_t tiles, per_unit, along;                         // along: the tiles of a row block of C follow each other
  int64_t k_block, in_place;                              // in_place: panels of B are read where they are
  int64_t only_adds, added, sum;                          // the chain only adds a slot to the product and gives another slot
  int64_t scratch_panel, scratch_block, scratch_chain;    // offsets in bytes
  Gathering gathering;
  Listing listing;
  ZerosPlan zeros;
};

INLINE const int64_t* gemm_shape(const Instruction& i, int64_t& rank) {      // [batch..., m, n]
  if (i.chain) { rank = i.chain->rank; return i.chain->shape; }
  rank = i.out[0].rank;
  return i.out[0].shape;
}

// Batch dimensions must be those of C, or absent (the same matrix for all).
INLINE bool batch_fits(const Operand& o, const int64_t* shape, int64_t rank, int64_t own) {
  if (o.rank == own) return true;
  if (o.rank - own != rank - 2) return false;
  for (int64_t d = 0; d < rank - 2; d++)
    if (o.shape[d] != shape[d] && o.shape[d] != 1) return false;
  return true;
}

INLINE int64_t batch_offset(const Operand& o, const int64_t* shape, int64_t rank, int64_t own, int64_t batch) {
  int64_t at = 0;
  if (o.rank == own) return 0;
  for (int64_t d = rank - 3; d >= 0; d--) {
    if (o.shape[d] != 1) at += batch % shape[d] * o.strides[d];
    batch /= shape[d];
  }
  return at;
}

const char* check_gemm(const Instruction& i, GemmPlan& p, const int64_t* shape) {
  const Operand &a = i.in[0], &b = i.in[1];
  if (a.dtype != F32 || b.dtype != F32 || (!i.chain && i.out[0].dtype != F32)) return "gemm is for float32";
  if (p.rank < 2 || a.rank < 2) return "gemm needs matrices";
  p.m = shape[p.rank - 2];
  p.n = shape[p.rank - 1];
  p.k = a.shape[a.rank - 1];
  if (p.gathering.side) {
    if (const char* complaint = check_gathering(i, p.gathering, p.rank, p.m)) return complaint;
    if (p.gathering.side == BY_COLUMNS) p.k = p.gathering.count;
  }
  else if (a.shape[a.rank - 2] != p.m) return "A's rows differ from C's";
  if (!batch_fits(a, shape, p.rank, 2)) return "A's batch differs from C's";
  if (p.packed) {
    if (b.rank < 1 || !batch_fits(b, shape, p.rank, 1)) return "packed B's batch differs from C's";
    int64_t panels = divide_up(p.n, NR), size;
    if (__builtin_mul_overflow(panels * NR, p.k, &size) || b.shape[b.rank - 1] < size) return "packed B is too small";
    if (b.shape[b.rank - 1] > 1 && b.strides[b.rank - 1] != 1) return "packed B must be contiguous";
  } else {
    if (b.rank < 2 || b.shape[b.rank - 2] != p.k || b.shape[b.rank - 1] != p.n) return "B does not fit A and C";
    if (!batch_fits(b, shape, p.rank, 2)) return "B's batch differs from C's";
  }
  return nullptr;
}

// A bias, or what else is added to a product, needs no chain: it is added before the sums leave the registers. Not where they
// leave them several times, because the result may lie where the operand did.
void find_sum(const Instruction& i, GemmPlan& p) {
  p.only_adds = false;
  if (!i.chain || i.chain->n_steps != 1 || p.k > 2 * K_BLOCK || strcmp(i.chain->steps[0].functor->name, "add") != 0) return;
  const Chain& chain = *i.chain;
  const Step& step = chain.steps[0];
  bool first = chain.slots[step.src[0]].kind == PRODUCT;
  p.added = step.src[first];
  p.sum = step.dst;
  const Slot &added = chain.slots[p.added], &sum = chain.slots[p.sum], &product = chain.slots[step.src[!first]];
  p.only_adds = product.kind == PRODUCT && added.kind == INPUT && added.strides[chain.rank - 1] == 1 && sum.strides[chain.rank - 1] == 1;
}

// A chain that reads matrices beside the product (an optimizer's weights and moments) wants long rows: a panel's rows lie far
// apart, and no prefetcher foresees them. One that draws random numbers wants whole groups of them.
int64_t panels_together(const Instruction& i, const GemmPlan& p) {
  if (!i.chain || p.only_adds || !(p.in_place || p.packs) || p.panels == 1) return 1;
  const Chain& chain = *i.chain;
  bool reads = false, draws = false;
  for (int s = 0; s < chain.n_slots; s++) {
    const Slot& slot = chain.slots[s];
    reads |= slot.kind == INPUT && slot.strides[chain.rank - 2] != 0 && slot.strides[chain.rank - 1] == 1;
  }
  for (int s = 0; s < chain.n_steps; s++) draws |= strcmp(chain.steps[s].functor->name, "random_bits") == 0;
  if (!reads || p.packs) return draws ? 2 : 1;                       // random words come in groups of 4 * LANES = 2 * NR
  return larger(1, smaller(p.panels, smaller(WIDE_COLS / NR, WIDE_BYTES / (4 * NR * larger(1, p.k)))));
}

// Whose zeros may be left out: where the planner or the data may have many, and rows and columns are enough to share the work.
void find_zeros(const Instruction& i, GemmPlan& p) {
  const Operand &a = i.in[0], &b = i.in[1];
  bool a_rows = a.strides[a.rank - 1] == 1, a_columns = a.strides[a.rank - 2] == 1, b_rows = !p.packed && b.strides[b.rank - 1] == 1;
  if (p.gathering.side) a_columns = !(a_rows = p.gathering.side == BY_ROWS);
  int64_t in = (i.n_ints > 3 ? i.ints[3] : 0) | (p.gathering.side ? IN_A : 0);
  if (p.m < LEAST_LISTED || p.n < LEAST_WIDE) in &= ~IN_A;
  if (p.m < LEAST_WIDE || p.n < LEAST_LISTED || p.packed) in &= ~IN_B;
  bool lines = (a_rows || a_columns) && (p.packed || b_rows || b.strides[b.rank - 2] == 1);
  p.zeros = {lines && p.k >= LEAST_DEPTH && p.k <= 2 * K_BLOCK ? in : 0, a_rows ? BY_INDEX : BY_K, p.packed ? IN_PANELS : b_rows ? BY_K : BY_INDEX, 0};
  p.only_adds &= !p.zeros.in;                             // rows go to C several times, and the result may lie where the operand did
}

const char* prepare_gemm(Instruction& i) {
  GemmPlan& p = *(GemmPlan*)i.plan;
  p.packed = i.n_ints > 0 && i.ints[0] == 1;
  p.packs = i.n_ints > 0 && i.ints[0] == 2;
  p.gathering.side = i.n_ints > 1 ? i.ints[1] : 0;
  int32_t own = p.gathering.side ? 4 : 2;
  if (i.n_in < own || (!i.chain && (i.n_in != own || i.n_out != 1))) return "gemm takes A and B, and one output unless it has a chain";
  const int64_t* shape = gemm_shape(i, p.rank);
  if (const char* complaint = check_gemm(i, p, shape)) return complaint;
  int64_t batches = 1;
  for (int64_t d = 0; d < p.rank - 2; d++) batches *= shape[d];
  if (batches * p.m * p.n == 0) { i.units = 0; return nullptr; }

  find_sum(i, p);
  find_zeros(i, p);
  p.panels = divide_up(p.n, NR);
  // Over a long k a panel of B does not stay in a cache: copied by pieces, and multiplied by many rows of A, it is read once.
  int64_t tall = smaller(384, p.m / divide_up(LONG_TILES, p.panels * batches));
  bool copied = !p.packed && !p.packs && 4 * NR * p.k > LONG_BYTES && tall >= 8 * MR;
  p.in_place = p.packed || (!copied && !p.packs && i.in[1].strides[i.in[1].rank - 1] == 1);
  p.wide = panels_together(i, p);
  if (p.zeros.in) p.wide = larger(p.wide, smaller(p.panels, WIDE_TILE / NR));
  p.groups = divide_up(p.panels, p.wide);
  double per_row = 2.0 * NR * (double)p.wide * (double)larger(p.k, 16);
  int64_t rows = larger(MR, smaller(384, (int64_t)(UNIT_FLOPS / per_row)));
  if (copied) rows = larger(rows, tall);
  if (p.packs) rows = larger(4 * MR, smaller(384, p.m / divide_up(LONG_TILES, p.groups * batches)));
  p.row_block = round_up(divide_up(p.m, divide_up(p.m, rows)), MR);
  if (p.zeros.in & IN_B) p.row_block = equal_rows(p.m, p.groups * batches, SLAB_ROW, LANES);
  else if (p.zeros.in) p.row_block = equal_rows(p.m, p.groups * batches, CHUNK, TOGETHER);
  p.row_blocks = divide_up(p.m, p.row_block);
  p.tiles = batches * p.groups * p.row_blocks;
  // Where B fits a core's cache and A does not, A is read once, and whoever reads C by rows has made most of them.
  p.along = !p.packs && !copied && 4 * p.k * p.n <= WIDE_BYTES && 4 * p.m * p.k > WIDE_BYTES;
  p.per_unit = larger(1, (int64_t)(UNIT_FLOPS / 4 / (per_row * (double)smaller(p.m, p.row_block))));
  i.units = divide_up(p.tiles, p.per_unit);
  p.k_block = p.k <= 2 * K_BLOCK ? larger(p.k, 1) : divide_up(p.k, p.k / (copied ? COPIED_ROWS : K_BLOCK));
  bool busy = p.gathering.side || p.zeros.in || p.only_adds || p.packs || p.wide > 1;   // asks or steps another way
  i.pauses = busy ? 0 : p.per_unit * divide_up(p.k, p.k_block);
  p.scratch_panel = 0;
  p.scratch_block = p.scratch_panel + (p.packed ? 0 : 4 * NR * p.k_block);
  p.scratch_chain = p.scratch_block + 4 * NR * p.wide * round_up(p.row_block, MR) + 64;
  i.scratch_bytes = p.scratch_chain + (i.chain ? i.chain->scratch_bytes : 0);
  if (p.gathering.side) {
    i.scratch_bytes = plan_gathering(p.gathering, i.scratch_bytes, p.row_block, p.k);
    if (p.zeros.in & IN_A) p.listing.stride = 0;
    else i.scratch_bytes = plan_lists(p.listing, i.scratch_bytes, p.row_block, p.k, p.k_block);
  }
  p.zeros.scratch = round_up(i.scratch_bytes, 64);
  if (p.zeros.in) i.scratch_bytes = p.zeros.scratch + listed_bytes();
  double padded = (double)(p.m * round_up(p.n, LANES)) * (double)batches;
  i.cost = padded * (double)p.k / (3 * LANES) + padded * (i.chain ? i.chain->cost : 0.1);
  return nullptr;
}

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
    t.soon += t.n_soon * t.soon_step;
  }
}

// One panel of a tile: all of k, into t.c.
void gemm_panel(Tile& t, const GemmPlan& p, const Gathered& gathered, const Lists& lists, const float* b, int64_t b_row, int64_t b_col, int64_t rows, int64_t cols,
                bool in_place, float* panel, bool only_narrow, Company& company) {
  bool narrow = worth_narrow(t, p.k, rows, cols);
  int64_t wide = narrow ? cols / LANES * LANES : cols;    // the columns that vectors take
  int vectors = only_narrow ? 0 : (int)divide_up(wide, LANES);
  const float* a = t.a;
  int64_t k = 0;
  do {
    t.k = smaller(p.k_block, p.k - k);
    company.start(rows / MR);
    if (gathered.rows) start_at(t, gathered, k);
    else t.a = a + k * t.a_col;
    t.add = k > 0;
    if (in_place) {
      t.b = b + k * b_row;
      t.b_row = b_row;
    } else {
      copy_panel(panel, b + k * b_row, t.k, cols, b_row, b_col);
      t.b = panel;
      t.b_row = NR;
    }
    if (vectors && lists.made) {
      multiply_listed(t, gathered, p.listing, lists, k / p.k_block, rows, vectors);
    } else if (vectors && gathered.rows) {
      multiply_gathered(t, gathered, rows, vectors);
    } else if (vectors && !in_place && p.k_block < p.k && b_col == 1) {
      int64_t rest = p.k - k - t.k;                       // of this panel; then comes the one beside it
      const float* next = rest ? b + (k + t.k) * b_row : b + NR;
      multiply_and_ask(t, rows, vectors, next, smaller(p.k_block, rest ? rest : p.k), b_row, company);
    } else if (vectors && company.instr) {
      multiply_and_ask(t, rows, vectors, nullptr, 0, 0, company);
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
    company.pause();
    k += p.k_block;
  } while (k < p.k);
  t.a = a;
}

// What vectors take of a tile, without the zeros of A or of B if either has many; gives how many rows are done. A row that would
// be a tile by itself has its terms in four sums, so it is left.
int64_t leave_zeros_out(const GemmPlan& p, const Context& context, const Tile& t, const Gathered& gathered, const float* b, int64_t b_row, int64_t b_col,
                        const Block& where) {
  bool narrow = worth_narrow(t, p.k, where.rows, where.cols);
  int64_t rows = where.rows % MR == 1 ? where.rows - 1 : where.rows, cols = narrow ? where.cols / LANES * LANES : where.cols;
  Lines left{gathered.rows, gathered.first, t.a, p.zeros.a == BY_K ? t.a_col : t.a_row, p.zeros.a};
  Lines right{nullptr, 0, b, p.packed ? NR * p.k : p.zeros.b == BY_K ? b_row : b_col, p.zeros.b};
  Listed l = place_listed(context.scratch + p.zeros.scratch);
  OutputRows to{t.c, t.c_row};
  if (p.zeros.in & IN_A && many_zeros(left, rows, p.k)) multiply_by_rows(l, left, right, rows, cols, p.k, to);
  else if (p.zeros.in & IN_B && many_zeros(right, cols, p.k)) multiply_by_columns(l, left, right, rows, cols, p.k, to);
  else return 0;
  return rows;
}

// What is left of a panel: the last columns that are too few for a vector, and the row that was left.
void finish_panel(Tile t, const GemmPlan& p, Gathered gathered, const float* b, int64_t b_row, int64_t b_col, int64_t rows, int64_t done, int64_t cols,
                  bool in_place, float* panel, Company& company) {
  bool narrow = worth_narrow(t, p.k, rows, cols);
  if (narrow) gemm_panel(t, p, gathered, {}, b, b_row, b_col, rows, cols, in_place, panel, true, company);
  if (narrow) cols = cols / LANES * LANES;
  if (done == rows || cols == 0) return;
  if (gathered.side == BY_COLUMNS) gathered.first += done;
  else if (gathered.rows) gathered.rows += done;
  else t.a += done * t.a_row;
  t.c += done * t.c_row;
  gemm_panel(t, p, gathered, {}, b, b_row, b_col, 1, cols, in_place, panel, false, company);
}

void gemm_tile(const Instruction& i, const Context& context, const GemmPlan& p, ChainRun& run, int64_t tile, Company& company) {
  int64_t rank, batch = tile / (p.groups * p.row_blocks), place = tile % (p.groups * p.row_blocks);
  int64_t row_block = p.along ? place / p.groups : place % p.row_blocks, group = p.along ? place % p.groups : place / p.row_blocks;
  const int64_t* shape = gemm_shape(i, rank);
  Block where{batch, row_block * p.row_block, group * p.wide * NR, 0, 0};
  where.rows = smaller(p.row_block, p.m - where.row);
  where.cols = smaller(p.wide * NR, p.n - where.col);
  const Operand &a = i.in[0], &b = i.in[1];
  const float* b_data = (const float*)address(context, b);
  int64_t b_row = NR, b_col = 1, b_panel = NR * p.k, width = round_up(where.cols, LANES);
  if (p.packed) {
    b_data += batch_offset(b, shape, rank, 1, where.outer) + where.col * p.k;
  } else {
    b_row = b.strides[b.rank - 2];
    b_col = b.strides[b.rank - 1];
    b_panel = NR * b_col;
    b_data += batch_offset(b, shape, rank, 2, where.outer) + where.col * b_col;
  }
  float *panel = (float*)(context.scratch + p.scratch_panel), *block = (float*)(context.scratch + p.scratch_block);
  Rows direct = direct_output(i, context, p, shape, where, width);
  Tile t;
  Gathered gathered{};
  Lists lists{};
  if (p.gathering.side) {
    gathered = gather_rows(i, context, p.gathering, p.k, where.row, where.rows);
    lists = make_lists(context, p.listing, gathered, where.rows, p.k);
    t.ahead = where.rows;
    t.a_row = p.gathering.side == BY_COLUMNS;
    t.a_col = 1 - t.a_row;
  } else {
    t.a_row = a.strides[a.rank - 2];
    t.a_col = a.strides[a.rank - 1];
    t.a_third = 3 * t.a_row;
    t.a = (const float*)address(context, a) + batch_offset(a, shape, rank, 2, where.outer) + where.row * t.a_row;
  }
  t.c_row = direct.at ? direct.stride : width;
  Rows added{nullptr, 0};
  if (direct.at && p.only_adds) added = rows_of(context, *i.chain, i.chain->slots[p.added], where);
  t.more_row = added.stride;
  if (added.at) ask_for(added, where);
  bool streams = i.chain && !direct.at && any_height(*i.chain, where.cols);
  bool turned = p.packs && b_row == 1 && group + 1 < p.groups;
  int64_t done = 0;
  if (p.zeros.in) {
    t.c = direct.at ? direct.at : block;
    done = leave_zeros_out(p, context, t, gathered, b_data, b_row, b_col, where);
  }
  for (int64_t col = 0; col < where.cols; col += NR, b_data += b_panel) {
    int64_t cols = smaller(NR, where.cols - col);
    if (streams) ask_for_operands(t, *i.chain, context, where, col / NR, divide_up(where.cols, NR), p.k);
    else if (context.ahead && !turned) ask_ahead(t, *context.ahead, where.rows, p.k);
    if (turned) ask_for_columns(t, b_data + p.wide * b_panel, b_col, row_block, p.row_blocks, where.rows, p.k);
    // The arena is padded, so its rows may be overrun; an array of the user's may not.
    bool in_place = p.in_place && (p.packed || b.base == 0 || cols % LANES == 0);
    t.c = (direct.at ? direct.at : block) + col;
    t.more = added.at ? added.at + col : nullptr;
    if (!done) gemm_panel(t, p, gathered, lists, b_data, b_row, b_col, where.rows, cols, in_place, panel, false, company);
    else finish_panel(t, p, gathered, b_data, b_row, b_col, where.rows, done, cols, in_place, panel, company);
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
