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

struct MapPlan { int64_t rows, cols, row_blocks, col_blocks, blocks, per_unit; };

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
  double block_cost = 30 + c.cost * (double)(p.rows * p.cols);
  p.per_unit = larger(1, (int64_t)(4000 / block_cost));
  for (int i = 0; i < c.n_slots; i++)                     // a tile of rows is zeroed once a unit
    if (c.slots[i].kind == ROWS) p.per_unit = larger(p.per_unit, smaller(8, p.blocks / 64));
  instr.units = divide_up(p.blocks, p.per_unit);
  instr.cost = block_cost * (double)p.blocks;
  instr.scratch_bytes = c.scratch_bytes;
  return nullptr;
}

void run_map(const Instruction& instr, const Context& context, int64_t unit) {
  const Chain& c = *instr.chain;
  const MapPlan& p = *(const MapPlan*)instr.plan;
  int64_t R = c.shape[c.rank - 2], C = c.shape[c.rank - 1];
  ChainRun run;
  start_chain(run, &c, &context, context.scratch);
  int64_t end = smaller(p.blocks, (unit + 1) * p.per_unit);
  for (int64_t i = unit * p.per_unit; i < end; i++) {
    Block b;
    int64_t col_block = i % p.col_blocks, rest = i / p.col_blocks;
    b.outer = rest / p.row_blocks;
    b.row = rest % p.row_blocks * p.rows;
    b.col = col_block * p.cols;
    b.rows = smaller(p.rows, R - b.row);
    b.cols = smaller(p.cols, C - b.col);
    run_block(run, b);
  }
}

}  // namespace
}  // namespace ISA
