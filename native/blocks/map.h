// map: functors applied to tiles. Here are the loops around one functor; the chain that calls them is in chain.h.
#pragma once
#include "chain.h"
#include "../wide.h"
#include "../philox.h"

namespace ISA {
namespace {

// ---- one functor over n elements; F::run works on whole vectors ----

template <class F, class D, class A> void apply1(const StepArgs& s) {
  const A* a = (const A*)s.src[0];
  D* d = (D*)s.dst;
  int64_t step_a = s.advance[0] * LANES, i = 0;
  for (; i + LANES <= s.n; i += LANES, a += step_a) store(d + i, F::run(load(a)));
  if (i < s.n) store_some(d + i, F::run(load_some(a, s.n - i)), s.n - i);
}

template <class F, class D, class A, class B> void apply2(const StepArgs& s) {
  const A* a = (const A*)s.src[0];
  const B* b = (const B*)s.src[1];
  D* d = (D*)s.dst;
  int64_t step_a = s.advance[0] * LANES, step_b = s.advance[1] * LANES, i = 0;
  for (; i + LANES <= s.n; i += LANES, a += step_a, b += step_b) store(d + i, F::run(load(a), load(b)));
  if (i < s.n) store_some(d + i, F::run(load_some(a, s.n - i), load_some(b, s.n - i)), s.n - i);
}

template <class T> void apply_select(const StepArgs& s) {
  const uint8_t* c = (const uint8_t*)s.src[0];
  const T *a = (const T*)s.src[1], *b = (const T*)s.src[2];
  T* d = (T*)s.dst;
  int64_t step_c = s.advance[0] * LANES, step_a = s.advance[1] * LANES, step_b = s.advance[2] * LANES, i = 0;
  typedef decltype(VecT<T>{} < VecT<T>{}) Mask;
  for (; i + LANES <= s.n; i += LANES, a += step_a, b += step_b, c += step_c)
    store(d + i, (VecT<T>)(__builtin_convertvector(load(c), Mask) != 0 ? load(a) : load(b)));
  if (i < s.n) {
    int64_t n = s.n - i;
    store_some(d + i, (VecT<T>)(__builtin_convertvector(load_some(c, n), Mask) != 0 ? load_some(a, n) : load_some(b, n)), n);
  }
}

// ---- the functors of the table ----

#define FLOATS(ROW, name, ns) ROW(F32, float, name, ns) ROW(F64, double, name, ns)
#define BITS(ROW, name, ns) ROW(I32, int32_t, name, ns) ROW(U32, uint32_t, name, ns)
#define NUMBERS(ROW, name, ns) FLOATS(ROW, name, ns) BITS(ROW, name, ns) ROW(I64, int64_t, name, ns)
#define BYTES(ROW, name, ns) ROW(BOOL, uint8_t, name, ns)
#define SIZES(ROW, name, ns) NUMBERS(ROW, name, ns) ROW(U8, uint8_t, name, ns)
#define ALL(ROW, name, ns) SIZES(ROW, name, ns) BYTES(ROW, name, ns)

#define FUNCTOR1(name, types, ns, expression) struct F_##name { template <class V> static INLINE V run(V a) { return (V)(expression); } };
#define FUNCTOR2(name, types, ns, expression) struct F_##name { template <class V> static INLINE V run(V a, V b) { return (V)(expression); } };
#define COMPARE1(name, types, ns, expression) \
  struct F_##name { template <class V> static INLINE VecT<uint8_t> run(V a) { return (VecT<uint8_t>)truth(expression); } };
#define COMPARE2(name, types, ns, expression) \
  struct F_##name { template <class V> static INLINE VecT<uint8_t> run(V a, V b) { return (VecT<uint8_t>)truth(expression); } };
#include "../kernels.inc"
#undef FUNCTOR1
#undef FUNCTOR2
#undef COMPARE1
#undef COMPARE2

template <class D> struct F_cast { template <class V> static INLINE VecT<D> run(V a) { return __builtin_convertvector(a, VecT<D>); } };
struct F_cast_bool { template <class V> static INLINE VecT<uint8_t> run(V a) { return (VecT<uint8_t>)truth(a != V{}); } };

// ---- generators: elements from their position alone ----

INLINE int64_t linear_index(const StepArgs& s, int64_t row) {
  const Chain& c = *s.chain;
  const Block& b = *s.block;
  return s.start + (b.outer * c.shape[c.rank - 2] + b.row + row) * c.shape[c.rank - 1] + b.col;
}

// Calls f(linear index of the first, position in the tile, count) for each run of consecutive elements of the block.
template <class F> INLINE void each_run(const StepArgs& s, F f) {
  const Block& b = *s.block;
  if (b.cols == s.chain->shape[s.chain->rank - 1]) return f(linear_index(s, 0), (int64_t)0, b.rows * b.cols);
  for (int64_t r = 0; r < b.rows; r++) f(linear_index(s, r), r * b.cols, b.cols);
}

template <class T> void apply_iota(const StepArgs& s) {
  T* d = (T*)s.dst;
  int64_t inner = s.step->axis_inner, size = s.step->axis_size;
  each_run(s, [&](int64_t first, int64_t at, int64_t n) {
    int64_t index = first / inner % size, repeated = first % inner;      // counted on: a division takes longer than the rest
    for (int64_t i = 0; i < n; i++) {
      d[at + i] = (T)index;
      if (++repeated < inner) continue;
      repeated = 0;
      if (++index == size) index = 0;
    }
  });
}

void apply_random_bits(const StepArgs& s) {                 // sources: seed, step, stream
  uint32_t seed, step, stream;
  memcpy(&seed, s.src[0], 4); memcpy(&step, s.src[1], 4); memcpy(&stream, s.src[2], 4);
  each_run(s, [&](int64_t first, int64_t at, int64_t n) { philox_words((uint32_t*)s.dst + at, first, n, seed, stream, step); });
}

// ---- the block ----

constexpr double BYTES_FROM_FAR = 20;                     // that a core moves in a nanosecond

struct MapPlan { int64_t rows, cols, row_blocks, col_blocks, blocks, per_unit; };

INLINE Block map_block(const Instruction& instr, int64_t i) {
  const Chain& c = *instr.chain;
  const MapPlan& p = *(const MapPlan*)instr.plan;
  int64_t R = c.shape[c.rank - 2], C = c.shape[c.rank - 1], col_block = i % p.col_blocks, rest = i / p.col_blocks;
  Block b{rest / p.row_blocks, rest % p.row_blocks * p.rows, col_block * p.cols, 0, 0};
  b.rows = smaller(p.rows, R - b.row);
  b.cols = smaller(p.cols, C - b.col);
  return b;
}

// Whether a slot is an array of its own elements, and not a row, a column or a number for many.
INLINE bool is_array(const Chain& c, const Slot& slot) {
  bool array = slot.kind == INPUT || slot.kind == OUTPUT;
  for (int d = 0; d < c.rank; d++) array &= slot.strides[d] != 0 || c.shape[d] == 1;
  return array;
}

// What the blocks of a unit read, one array after the other.
int64_t map_reads(const Instruction& instr, const Context& context, int64_t unit, Stretch* to) {
  const Chain& c = *instr.chain;
  const MapPlan& p = *(const MapPlan*)instr.plan;
  int64_t n = 0;
  for (int s = 0; s < c.n_slots; s++) {
    const Slot& slot = c.slots[s];
    if (slot.kind != INPUT || !is_array(c, slot)) continue;
    for (int64_t i = unit * p.per_unit; i < smaller(p.blocks, (unit + 1) * p.per_unit); i++) {
      Block b = map_block(instr, i);
      int64_t at = b.row * slot.strides[c.rank - 2] + b.col * slot.strides[c.rank - 1], size = dtype_size(slot.dtype);
      if (!dense(b, slot.strides[c.rank - 2], slot.strides[c.rank - 1]) || n == MAX_STRETCHES) continue;
      for (int d = c.rank - 3; d >= 0; d--) { at += b.outer % c.shape[d] * slot.strides[d]; b.outer /= c.shape[d]; }
      to[n++] = {address(context, slot.operand) + at * size, b.rows * b.cols * size};
    }
  }
  return n;
}

// Gives what a block costs where memory is waited for.
double plan_far(Instruction& instr, const MapPlan& p, double cost) {
  const Chain& c = *instr.chain;
  double read = 0, written = 0, elements = (double)(p.rows * p.cols);
  for (int s = 0; s < c.n_slots; s++)
    if (is_array(c, c.slots[s])) (c.slots[s].kind == INPUT ? read : written) += elements * (double)dtype_size(c.slots[s].dtype);
  if (!read || (read + written) * (double)p.blocks < (double)FAR_BYTES) return cost;
  instr.far_bytes = (int64_t)(read * (double)p.blocks);
  instr.reads = map_reads;
  return larger(cost, (read + written) / BYTES_FROM_FAR);
}

const char* prepare_map(Instruction& instr) {
  if (!instr.chain) return "map needs a chain";
  const Chain& c = *instr.chain;
  MapPlan& p = *(MapPlan*)instr.plan;
  int64_t R = c.shape[c.rank - 2], C = c.shape[c.rank - 1], outer = 1;
  for (int d = 0; d < c.rank - 2; d++) outer *= c.shape[d];
  if (outer * R * C == 0) { instr.units = 0; return nullptr; }
  p.cols = smaller(C, c.tile);
  p.rows = smaller(R, c.tile / p.cols);
  p.row_blocks = divide_up(R, p.rows);
  p.col_blocks = divide_up(C, p.cols);
  p.blocks = outer * p.row_blocks * p.col_blocks;
  double own_cost = 30 + c.cost * (double)(p.rows * p.cols), block_cost = plan_far(instr, p, own_cost);
  p.per_unit = larger(1, (int64_t)(4000 / (instr.fine ? block_cost : own_cost)));
  for (int i = 0; i < c.n_slots && !instr.fine; i++)      // a tile of rows is zeroed once a unit
    if (c.slots[i].kind == ROWS) p.per_unit = larger(p.per_unit, smaller(8, p.blocks / 64));
  instr.units = divide_up(p.blocks, p.per_unit);
  instr.cost = block_cost * (double)p.blocks;
  instr.scratch_bytes = c.scratch_bytes;
  return nullptr;
}

void run_map(const Instruction& instr, const Context& context, int64_t unit) {
  const MapPlan& p = *(const MapPlan*)instr.plan;
  ChainRun run;
  start_chain(run, instr.chain, &context, context.scratch);
  int64_t end = smaller(p.blocks, (unit + 1) * p.per_unit);
  for (int64_t i = unit * p.per_unit; i < end; i++) run_block(run, map_block(instr, i));
}

}  // namespace
}  // namespace ISA
