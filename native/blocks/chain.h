// Runs a chain of functors over one block (a rectangle of the iteration space that fits L1), step by step.
// A source that lies in memory just as the block wants it is used where it is; a broadcast number is a splatted vector that
// does not advance; everything else is first copied into the slot's tile. Shared by `map` and by the epilogue of `gemm`.
#pragma once
#include "../engine.h"
#include "../vec.h"
#include "rows.h"

namespace ISA {
namespace {

constexpr int MAX_SLOTS = 128;        // program.cpp refuses longer chains
constexpr int64_t FAR_BYTES = 8 << 20;    // more than caches keep from one step to the next

struct ChainRun {
  const Chain* chain;
  const Context* context;
  char* scratch;
  const char* product;                // gemm's finished block, dense
  int64_t outer;                      // the block row whose origins are below
  char* origin[MAX_SLOTS];
  char* data[MAX_SLOTS];
  int64_t advance[MAX_SLOTS];
  const char* kept[MAX_SLOTS];        // a row broadcast down the block, still in its tile from the block before
  int64_t kept_rows[MAX_SLOTS], kept_cols[MAX_SLOTS];
};

INLINE void copy_row(float* dst, const float* src, int64_t n) {
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES) store(dst + i, load(src + i));
  if (i < n) store_some(dst + i, load_some(src + i, n - i), n - i);
}
INLINE void copy_row(uint8_t* dst, const uint8_t* src, int64_t n) { memcpy(dst, src, n); }
INLINE void copy_row(uint64_t* dst, const uint64_t* src, int64_t n) { memcpy(dst, src, 8 * n); }

template <class T> void copy_in(char* tile, const char* from, int64_t rows, int64_t cols, int64_t row_stride, int64_t col_stride) {
  T* dst = (T*)tile;
  for (int64_t r = 0; r < rows; r++, dst += cols) {
    const T* src = (const T*)from + r * row_stride;
    if (col_stride == 1) copy_row(dst, src, cols);
    else if (col_stride == 0) for (int64_t c = 0; c < cols; c++) dst[c] = *src;
    else for (int64_t c = 0; c < cols; c++) dst[c] = src[c * col_stride];
  }
}

template <class T> void copy_out(char* to, const char* tile, int64_t rows, int64_t cols, int64_t row_stride, int64_t col_stride) {
  const T* src = (const T*)tile;
  for (int64_t r = 0; r < rows; r++, src += cols) {
    T* dst = (T*)to + r * row_stride;
    if (col_stride == 1) copy_row(dst, src, cols);
    else for (int64_t c = 0; c < cols; c++) dst[c * col_stride] = src[c];
  }
}

INLINE void splat_bytes(char* to, const char* from, int64_t size) {
  if (size == 4) for (int i = 0; i < LANES; i++) memcpy(to + 4 * i, from, 4);
  else if (size == 8) for (int i = 0; i < LANES; i++) memcpy(to + 8 * i, from, 8);
  else memset(to, *from, LANES);
}

void start_chain(ChainRun& run, const Chain* chain, const Context* context, char* scratch) {
  run.chain = chain;
  run.context = context;
  run.scratch = scratch;
  run.product = nullptr;
  run.outer = -1;
  for (int i = 0; chain && i < chain->n_slots; i++) run.kept[i] = nullptr;
}

void move_to_outer(ChainRun& run, int64_t outer) {
  const Chain& chain = *run.chain;
  run.outer = outer;
  for (int i = 0; i < chain.n_slots; i++) {
    const Slot& slot = chain.slots[i];
    if (slot.kind != INPUT && slot.kind != OUTPUT) continue;
    int64_t at = 0, rest = outer;
    for (int d = chain.rank - 3; d >= 0; d--) { at += rest % chain.shape[d] * slot.strides[d]; rest /= chain.shape[d]; }
    run.origin[i] = address(*run.context, slot.operand) + at * dtype_size(slot.dtype);
    run.kept[i] = nullptr;
  }
}

INLINE bool dense(const Block& b, int64_t row_stride, int64_t col_stride) {
  return (col_stride == 1 || b.cols == 1) && (b.rows == 1 || row_stride == b.cols);
}

void bring_in(ChainRun& run, int i, const Slot& slot, const Block& b) {
  int64_t size = dtype_size(slot.dtype), row_stride = slot.strides[run.chain->rank - 2], col_stride = slot.strides[run.chain->rank - 1];
  char* from = run.origin[i] + (b.row * row_stride + b.col * col_stride) * size;
  char* tile = run.scratch + i * run.chain->tile_bytes;
  run.advance[i] = 1;
  if (dense(b, row_stride, col_stride)) { run.data[i] = from; return; }
  run.data[i] = tile;
  if (!slot.summed && (col_stride == 0 || b.cols == 1) && (row_stride == 0 || b.rows == 1)) {
    splat_bytes(tile, from, size);
    run.advance[i] = 0;
    return;
  }
  if (row_stride == 0) {
    if (run.kept[i] == from && run.kept_rows[i] >= b.rows && run.kept_cols[i] == b.cols) return;
    run.kept[i] = from; run.kept_rows[i] = b.rows; run.kept_cols[i] = b.cols;
  }
  if (size == 4) copy_in<float>(tile, from, b.rows, b.cols, row_stride, col_stride);
  else if (size == 8) copy_in<uint64_t>(tile, from, b.rows, b.cols, row_stride, col_stride);
  else copy_in<uint8_t>(tile, from, b.rows, b.cols, row_stride, col_stride);
}

void bring_out(ChainRun& run, int i, const Slot& slot, const Block& b) {
  int64_t size = dtype_size(slot.dtype), row_stride = slot.strides[run.chain->rank - 2], col_stride = slot.strides[run.chain->rank - 1];
  char* to = run.origin[i] + (b.row * row_stride + b.col * col_stride) * size;
  if (run.data[i] == to) return;
  if (size == 4) copy_out<float>(to, run.data[i], b.rows, b.cols, row_stride, col_stride);
  else if (size == 8) copy_out<uint64_t>(to, run.data[i], b.rows, b.cols, row_stride, col_stride);
  else copy_out<uint8_t>(to, run.data[i], b.rows, b.cols, row_stride, col_stride);
}

// Blocks of `map` and `map_sum` are whole rows or a part of one: a stretch of the table.
void bring_rows(ChainRun& run, int i, const Slot& slot, const Block& b) {
  const Chain& c = *run.chain;
  const RowSums rows = row_sums(*run.context, slot);
  int64_t start = (b.outer * c.shape[c.rank - 2] + b.row) * c.shape[c.rank - 1] + b.col, n = b.rows * b.cols;
  float* tile = (float*)(run.scratch + i * c.tile_bytes);
  run.data[i] = (char*)tile;
  run.advance[i] = 1;
  if (!slot.summed && !rows.any(start, start + n)) {
    store(tile, Vec{});
    run.advance[i] = 0;
    return;
  }
  // A tile stays zero but for what was added for the block before.
  if (run.kept[i] == (char*)tile && run.kept_cols[i] >= n) rows.clear(tile, run.kept_rows[i], run.kept_cols[i]);
  else memset(tile, 0, n * sizeof(float));
  rows.add_up(tile, start, n);
  run.kept[i] = (char*)tile;
  run.kept_rows[i] = start;
  run.kept_cols[i] = n;
}

void place(ChainRun& run, int i, const Slot& slot, const Block& b) {      // where the steps will find or put slot i
  run.advance[i] = 1;
  switch (slot.kind) {
    case INPUT: bring_in(run, i, slot, b); break;
    case ROWS: bring_rows(run, i, slot, b); break;
    case CONSTANT: run.data[i] = (char*)slot.splat; run.advance[i] = 0; break;
    case PRODUCT: run.data[i] = (char*)run.product; break;
    case INNER: run.data[i] = slot.buffered ? run.scratch + i * run.chain->tile_bytes : (char*)run.product; break;
    case TEMPORARY: run.data[i] = run.scratch + i * run.chain->tile_bytes; break;
    case OUTPUT: {
      int64_t row_stride = slot.strides[run.chain->rank - 2], col_stride = slot.strides[run.chain->rank - 1];
      if (!slot.buffered && dense(b, row_stride, col_stride))
        run.data[i] = run.origin[i] + (b.row * row_stride + b.col * col_stride) * dtype_size(slot.dtype);
      else run.data[i] = run.scratch + i * run.chain->tile_bytes;
    }
  }
}

// The steps of a segment, one by one, on elements first.. of the block.
void run_steps(ChainRun& run, const Segment& segment, const Block& b, int64_t first) {
  const Chain& chain = *run.chain;
  auto element = [&](int i) { return run.data[i] + (chain.slots[i].small ? 0 : first * run.advance[i] * dtype_size(chain.slots[i].dtype)); };
  StepArgs args;
  args.n = b.rows * b.cols - first;
  args.block = &b;
  args.chain = &chain;
  args.start = chain.start + run.context->piece * chain.piece;
  for (int s = segment.step; s < segment.step + segment.n_steps; s++) {
    const Step& step = chain.steps[s];
    for (int k = 0; k < step.functor->n_src; k++) {
      args.src[k] = element(step.src[k]);
      args.advance[k] = run.advance[step.src[k]];
    }
    args.dst = element(step.dst);
    args.step = &step;
    step.functor->run(args);
  }
}

// The pieces of eight vectors of a flow; gives how many elements that were.
int64_t run_pieces(ChainRun& run, const Segment& segment, int64_t n) {
  const Chain& chain = *run.chain;
  int64_t pieces = n / (FLOW_VECTORS * LANES);
  if (!pieces) return 0;
  Flow* flow = (Flow*)(run.scratch + chain.n_slots * chain.tile_bytes);
  auto resolve = [&](int i, const char*& at, int64_t& piece, int64_t& vector) {
    if (i < 0) return;
    at = run.data[i];
    vector = run.advance[i] * LANES * dtype_size(chain.slots[i].dtype);
    piece = chain.slots[i].small ? 0 : FLOW_VECTORS * vector;
  };
  for (int c = 0; c < segment.n_codes; c++) {
    const Code& code = chain.codes[segment.code + c];
    Flow& f = flow[c];
    const char* result = nullptr;
    int64_t source_vector = 1, result_vector;
    f = Flow{};
    resolve(code.source, f.source, f.source_piece, source_vector);
    resolve(code.condition, f.condition, f.condition_piece, f.condition_vector);
    resolve(code.result, result, f.result_piece, result_vector);
    f.code = 2 * code.code + (source_vector == 0);
    f.result = (char*)result;
  }
  chain.run_flow(flow, segment.n_codes, pieces);
  return pieces * FLOW_VECTORS * LANES;
}

void run_block(ChainRun& run, const Block& b) {
  const Chain& chain = *run.chain;
  if (run.outer != b.outer) move_to_outer(run, b.outer);
  for (int i = 0; i < chain.n_slots; i++) place(run, i, chain.slots[i], b);
  for (int g = 0; g < chain.n_segments; g++) {
    const Segment& segment = chain.segments[g];
    int64_t done = segment.n_codes ? run_pieces(run, segment, b.rows * b.cols) : 0;
    if (done < b.rows * b.cols) run_steps(run, segment, b, done);
  }
  for (int i = 0; i < chain.n_slots; i++) {
    if (chain.slots[i].kind == OUTPUT) bring_out(run, i, chain.slots[i], b);
    if (chain.slots[i].kind == INNER && chain.slots[i].buffered) copy_row((float*)run.product, (const float*)run.data[i], b.rows * b.cols);
  }
}

}  // namespace
}  // namespace ISA
