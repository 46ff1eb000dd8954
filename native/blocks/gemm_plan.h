// The plan of a matrix product: what C's tiles are, which of them make a unit, and how their panels are read.
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
constexpr int64_t COPIED_ROWS = 192;                      // of a panel of B that was copied: it stays in L1
constexpr int64_t COPYING_ROWS = 4 * MR;                  // at least, of tiles that each copy a panel for themselves
constexpr int64_t WIDE_COLS = 512;                        // the least tile of a chain: program.h
constexpr int64_t WIDE_BYTES = 512 << 10;                 // of B, half of a core's L2

struct GemmPlan {
  int64_t m, n, k, rank, packed, packs;
  int64_t row_block, row_blocks, panels, wide, groups;    // a tile is a row block of C by a group of `wide` panels of B
  int64_t tiles, per_unit, along;                         // along: the tiles of a row block of C follow each other
  int64_t k_block, in_place, plain;                       // in_place: panels of B are read where they are; plain: ... and nothing else is done
  int64_t only_adds, added, sum;                          // the chain only adds a slot to the product and gives another slot
  int64_t reads;                                          // the chain reads matrices beside the product, or draws
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
    if (const char* complaint = check_gathering(i, p.gathering, p.m)) return complaint;
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
  int64_t in = (i.n_ints > 3 ? i.ints[3] : 0) | (p.gathering.side ? (int64_t)IN_A : 0);
  if (p.m < LEAST_MARKED || p.n < LEAST_WIDE) in &= ~IN_A;
  if (p.m < LEAST_WIDE || p.n < LEAST_MARKED || p.packed) in &= ~IN_B;
  bool lines = (a_rows || a_columns) && (p.packed || b_rows || b.strides[b.rank - 2] == 1);
  p.zeros = {lines && p.k >= LEAST_DEPTH && p.k <= 2 * K_BLOCK ? in : 0, a_rows ? BY_INDEX : BY_K, p.packed ? IN_PANELS : b_rows ? BY_K : BY_INDEX, 0};
  p.only_adds &= !p.zeros.in;                             // rows go to C several times, and the result may lie where the operand did
}

// What a tile is: rows of C by panels of B.
void divide_tiles(const Instruction& i, GemmPlan& p, int64_t batches) {
  p.panels = divide_up(p.n, NR);
  // Over a long k a panel of B does not stay in a cache: copied by pieces, and multiplied by many rows of A, it is read once.
  int64_t tall = smaller(384, p.m / divide_up(LONG_TILES, p.panels * batches));
  bool copied = !p.packed && !p.packs && 4 * NR * p.k > LONG_BYTES && tall >= 8 * MR;
  p.in_place = p.packed || (!copied && !p.packs && i.in[1].strides[i.in[1].rank - 1] == 1);
  p.k_block = p.k <= 2 * K_BLOCK ? larger(p.k, 1) : divide_up(p.k, p.k / (copied ? COPIED_ROWS : K_BLOCK));
  p.plain = p.in_place && p.k > 0 && p.k <= p.k_block && !p.gathering.side && !p.zeros.in;
  p.wide = panels_together(i, p);
  p.reads = p.wide > 1;
  if (p.zeros.in) p.wide = larger(p.wide, smaller(p.panels, WIDE_TILE / NR));
  p.groups = divide_up(p.panels, p.wide);
  double per_row = 2.0 * NR * (double)p.wide * (double)larger(p.k, 16);
  int64_t rows = larger(MR, smaller(384, (int64_t)(UNIT_FLOPS / per_row)));
  if (copied) rows = larger(rows, tall);
  bool ragged = !p.packed && i.in[1].base && p.n % LANES > NARROW;                         // no row of the last panel may be overrun: gemm.h
  if (ragged) rows = larger(rows, COPYING_ROWS);
  if (p.packs) rows = larger(COPYING_ROWS, smaller(384, p.m / divide_up(LONG_TILES, p.groups * batches)));
  p.row_block = round_up(divide_up(p.m, divide_up(p.m, rows)), MR);
  if (p.zeros.in & IN_B) p.row_block = equal_rows(p.m, p.groups * batches, SLAB_ROW, LANES);
  else if (p.zeros.in) p.row_block = equal_rows(p.m, p.groups * batches, CHUNK, TOGETHER);
  p.row_blocks = divide_up(p.m, p.row_block);
  p.per_unit = larger(1, (int64_t)(UNIT_FLOPS / 4 / (per_row * (double)smaller(p.m, p.row_block))));
  if (p.plain && p.row_blocks == 1 && p.wide == 1) {      // few rows: the panels of a unit are one tile, if a chain can have them
    p.wide = smaller(smaller(p.panels, WIDE_COLS / NR), p.per_unit);
    p.groups = divide_up(p.panels, p.wide);
    p.per_unit /= p.wide;
  }
  p.tiles = batches * p.groups * p.row_blocks;
  // Where B fits a core's cache and A does not, A is read once, and whoever reads C by rows has made most of them.
  p.along = !p.packs && !copied && 4 * p.k * p.n <= WIDE_BYTES && 4 * p.m * p.k > WIDE_BYTES;
}

int64_t plan_scratch(const Instruction& i, GemmPlan& p) {
  p.scratch_panel = 0;
  p.scratch_block = p.scratch_panel + (p.packed ? 0 : 4 * NR * p.k_block);
  p.scratch_chain = p.scratch_block + 4 * NR * p.wide * round_up(p.row_block, MR) + 64;
  int64_t bytes = p.scratch_chain + (i.chain ? i.chain->scratch_bytes : 0);
  if (p.gathering.side) {
    bytes = plan_gathering(p.gathering, bytes, p.row_block, p.k);
    if (p.zeros.in & IN_A) p.listing.stride = 0;
    else bytes = plan_lists(p.listing, bytes, p.row_block, p.k, p.k_block);
  }
  p.zeros.scratch = round_up(bytes, 64);
  return p.zeros.in ? p.zeros.scratch + marked_bytes() : bytes;
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
  divide_tiles(i, p, batches);
  i.units = divide_up(p.tiles, p.per_unit);
  bool busy = p.gathering.side || p.zeros.in || p.only_adds || p.packs || p.reads;      // asks or steps another way
  i.pauses = busy ? 0 : p.per_unit * p.wide * divide_up(p.k, p.k_block);
  i.scratch_bytes = plan_scratch(i, p);
  double padded = (double)(p.m * round_up(p.n, LANES)) * (double)batches;
  i.cost = padded * (double)p.k / (3 * LANES) + padded * (i.chain ? i.chain->cost : 0.1);
  return nullptr;
}

}  // namespace
}  // namespace ISA
