// Convolution, a chain and max-pooling in one pass: each block of the convolution's result is pooled while it is in cache and
// never written. A block is what some windows of one plane read; where windows overlap, blocks compute their common rows twice.
#pragma once
#include "conv.h"
#include "pool.h"

namespace ISA {
namespace {

constexpr int64_t POOLED_BLOCK = 96, OVERLAPPING_BLOCK = 512;      // pixels: a panel of a block stays in L1

struct ConvPoolPlan {
  ConvPlan c;                                             // its blocks: the largest that windows of a block read
  Window pool;
  int64_t rows, cols, row_blocks, col_blocks, blocks;     // a block: rows x cols windows
  int64_t planes, by_row;                                 // of a block; whether the chain must know which pixel is which
  int64_t at_patch, at_tables, at_block, at_chain;        // scratch, in bytes
};
static_assert(sizeof(ConvPoolPlan) <= sizeof(Instruction::plan), "plan");

const char* check_conv_pool(const Instruction& i, ConvPoolPlan& p, int64_t& axes) {
  int64_t half = i.n_ints / 2, pixels;
  if (i.n_in < 2 || (!i.chain && i.n_in != 2) || i.n_out < 1 || i.n_out > 2) return "takes an image and a kernel, and gives one image and maybe places";
  if (i.n_ints % 2) return "needs the convolution's window and the pooling's";
  if (const char* complaint = read_window(i.ints, half, p.c.w, axes)) return complaint;
  if (const char* complaint = read_window(i.ints + half, half, p.pool, axes)) return complaint;
  if (const char* complaint = check_pool_window(p.pool)) return complaint;
  const Operand &x = i.in[0], &kernel = i.in[1], &y = i.out[0];
  if (p.c.w.groups != 1) return "the convolution must have one group";
  if (!is_image(x, p.c.w, axes, false) || !is_image(y, p.pool, axes, true)) return "an image does not fit its window, or is not contiguous float32";
  for (int a = 0; a < 3; a++)
    if (p.pool.axis[a].in != p.c.w.axis[a].out) return "what is pooled is not what the convolution gives";
  if (x.shape[0] != y.shape[0]) return "the images differ in number";
  if (i.n_out == 2)
    if (const char* complaint = check_places(i.out[1], y, p.pool)) return complaint;
  int64_t channels = x.shape[axes + 1], filters = y.shape[axes + 1], size;
  if (__builtin_mul_overflow(taps_of(p.c.w) * channels, round_up(filters, NR), &size)) return "the kernel is too large";
  if (kernel.dtype != F32 || kernel.rank != 1 || !row_major(kernel) || kernel.shape[0] < size) return "the kernel must be packed, and not too small";
  pixels = x.shape[0] * p.c.w.axis[0].out * p.c.w.axis[1].out * p.c.w.axis[2].out;
  if (i.chain && (i.chain->rank != 2 || i.chain->shape[0] != pixels || i.chain->shape[1] != filters)) return "the chain's shape must be pixels by filters";
  return nullptr;
}

INLINE bool knows_pixels(const Chain* chain) {
  for (int k = 0; chain && k < chain->n_slots; k++)
    if (chain->slots[k].kind == INPUT && chain->slots[k].strides[0] != 0) return true;
  for (int k = 0; chain && k < chain->n_steps; k++)
    if (!strcmp(chain->steps[k].functor->name, "iota") || !strcmp(chain->steps[k].functor->name, "random_bits")) return true;
  return false;
}

// Cells of a run of windows along one axis, at most.
INLINE int64_t cells_along(const Axis& x, int64_t windows) { return smaller(x.in, (windows - 1) * x.stride + x.size); }

void cut_windows(ConvPoolPlan& p) {
  const Axis* w = p.pool.axis;
  bool overlap = w[0].stride < w[0].size || w[1].stride < w[1].size || w[2].stride < w[2].size;
  int64_t pixels = overlap ? OVERLAPPING_BLOCK : POOLED_BLOCK, width = larger(1, w[2].out), height = larger(1, w[1].out);
  int64_t across = larger(1, cells_along(w[2], width));
  p.col_blocks = across <= 2 * pixels ? 1 : divide_up(across, pixels);
  p.cols = divide_up(width, p.col_blocks);
  p.col_blocks = divide_up(width, p.cols);
  p.rows = p.col_blocks > 1 ? 1 : larger(1, smaller(height, (pixels + across * w[1].stride / 2) / (across * w[1].stride)));
  p.row_blocks = divide_up(height, p.rows);
  p.rows = divide_up(height, p.row_blocks);
  p.planes = cells_along(w[0], 1);
  p.c.b.rows = cells_along(w[1], p.rows);
  p.c.b.cols = cells_along(w[2], p.cols);
  p.blocks = p.c.b.images * w[0].out * p.row_blocks * p.col_blocks;
}

const char* prepare_conv_max_pool(Instruction& i) {
  ConvPoolPlan& p = *(ConvPoolPlan*)i.plan;
  int64_t axes;
  if (const char* complaint = check_conv_pool(i, p, axes)) return complaint;
  int64_t channels = i.in[0].shape[axes + 1], filters = i.out[0].shape[axes + 1];
  p.c.taps = taps_of(p.c.w);
  plan_kernel(p.c, false, channels, filters);
  p.c.b.images = i.in[0].shape[0];
  p.c.b.channels = p.c.b.own = channels;
  p.c.b.in_place = 1;
  cut_windows(p);
  if (p.blocks * filters == 0) { i.units = 0; return nullptr; }
  if (const char* complaint = size_patches(p.c.b, p.c.w, false, 0)) return complaint;
  p.by_row = knows_pixels(i.chain);
  int64_t pixels = p.planes * p.c.b.rows * p.c.b.cols, panels = p.c.panels;
  double flops = 2.0 * (double)(pixels * panels * NR) * (double)larger(1, p.c.k * p.c.runs);
  p.c.per_unit = larger(1, smaller((int64_t)(2 * UNIT_FLOPS / flops), p.blocks / 12));
  int64_t units = divide_up(p.blocks, p.c.per_unit);
  p.c.per_split = units >= 8 || flops < 2 * UNIT_FLOPS ? panels : larger(1, panels * units / 8);
  p.c.splits = divide_up(panels, p.c.per_split);
  i.units = units * p.c.splits;
  int64_t at = 0;
  auto take = [&at](int64_t bytes) { int64_t start = at; at += round_up(bytes, 64); return start; };
  p.at_patch = take(4 * p.c.b.patch_floats);
  p.at_tables = take((p.c.w.axis[0].size + p.c.w.axis[1].size + p.c.w.axis[2].size) * (int64_t)sizeof(TapPlace) + 16 * p.c.taps);
  p.at_block = take(4 * pixels * NR + 64);
  p.at_chain = at;
  i.scratch_bytes = at + (i.chain ? i.chain->scratch_bytes : 0);
  double numbers = (double)p.blocks * (double)pixels * (double)round_up(filters, LANES);
  i.cost = numbers * ((double)larger(1, p.c.k * p.c.runs) / (3 * LANES) + (i.chain ? i.chain->cost : 0) + 0.1);
  return nullptr;
}

struct Windowed {                                         // a block: its windows, and the cells of the image that they have
  int64_t image, plane, row, rows, col, cols;
  int64_t low[3], count[3];
};

INLINE Windowed windows_of(const ConvPoolPlan& p, int64_t block) {
  const Axis* w = p.pool.axis;
  Windowed at;
  at.col = block % p.col_blocks * p.cols;
  block /= p.col_blocks;
  at.row = block % p.row_blocks * p.rows;
  block /= p.row_blocks;
  at.plane = block % w[0].out;
  at.image = block / w[0].out;
  at.rows = smaller(p.rows, w[1].out - at.row);
  at.cols = smaller(p.cols, w[2].out - at.col);
  const int64_t first[3] = {at.plane, at.row, at.col}, count[3] = {1, at.rows, at.cols};
  for (int a = 0; a < 3; a++) {
    int64_t low = first[a] * w[a].stride - w[a].low;
    at.low[a] = larger(0, low);
    at.count[a] = larger(0, smaller(w[a].in, low + (count[a] - 1) * w[a].stride + w[a].size) - at.low[a]);
  }
  return at;
}

// The chain over a plane of a block; pixels of its rows are side by side in the image, its rows are not.
void chain_plane(const Instruction& i, const Context& context, ChainRun& run, const Place& at, const Panel& panel, int64_t width, bool by_row, float* block) {
  int64_t wide = panel.vectors * LANES;
  if (!by_row) return finish_block(i, context, run, block, wide, Block{0, at.first, panel.col, at.rows * at.cols, panel.cols});
  for (int64_t r = 0; r < at.rows; r++) {
    float* row = block + r * at.cols * panel.cols;
    if (panel.cols != wide)
      for (int64_t c = 0; c < at.cols; c++) copy_row(row + c * panel.cols, block + (r * at.cols + c) * wide, panel.cols);
    finish_block(i, context, run, row, panel.cols, Block{0, at.first + r * width, panel.col, at.cols, panel.cols});
  }
}

template <class P> void pool_block(const ConvPoolPlan& p, const Windowed& at, const Panel& panel, int64_t pixel, const float* block, float* y, P* places) {
  const Axis* w = p.pool.axis;
  Window own = p.pool;                                    // what the block has is all there is
  for (int a = 0; a < 3; a++) { own.axis[a].in = at.count[a]; own.axis[a].low += at.low[a]; }
  int64_t filters = p.c.n;
  for (int64_t r = at.row; r < at.row + at.rows; r++) {
    int64_t to = ((at.image * w[0].out + at.plane) * w[1].out + r) * w[2].out * filters + panel.col;
    PoolRow row{at.plane, r, at.col, at.cols, block, pixel, panel.cols, y + to, filters};
    pool_row<true>(own, row, places ? places + to : nullptr);
  }
}

void run_conv_max_pool(const Instruction& i, const Context& context, int64_t unit) {
  const ConvPoolPlan& p = *(const ConvPoolPlan*)i.plan;
  const ConvPlan& c = p.c;
  const Axis* out = c.w.axis;
  ChainRun run;
  start_chain(run, i.chain, &context, context.scratch + p.at_chain);
  Taps taps = start_taps(c, false, context.scratch + p.at_tables);
  float *room = (float*)(context.scratch + p.at_patch), *block = (float*)(context.scratch + p.at_block), *y = (float*)address(context, i.out[0]);
  int64_t chunks = divide_up(c.runs, c.tap_chunk) * divide_up(larger(1, c.k), c.k_chunk);
  int64_t first = unit / c.splits * c.per_unit, end = smaller(p.blocks, first + c.per_unit);
  int64_t panel_first = unit % c.splits * c.per_split, panel_end = smaller(c.panels, panel_first + c.per_split);
  for (int64_t number = first; number < end; number++) {
    Windowed at = windows_of(p, number);
    Patch patch;
    for (int64_t n = panel_first; n < panel_end; n++) {
      Panel panel = panel_of(i, context, c, n);
      int64_t wide = panel.vectors * LANES, pixel = i.chain ? panel.cols : wide, pixels = at.count[1] * at.count[2];
      for (int64_t plane = 0; plane < at.count[0]; plane++) {
        Place place{at.image, at.low[0] + plane, at.low[1], at.low[2], at.count[1], at.count[2], 0};
        place.first = ((place.image * out[0].out + place.plane) * out[1].out + place.row) * out[2].out + place.col;
        if (n == panel_first || at.count[0] > 1) patch = make_patch(c.b, c.w, false, place, 0, c.b.own, (const float*)address(context, i.in[0]), room);
        float* to = block + plane * pixels * pixel;
        for (int64_t chunk = 0; chunk < chunks; chunk++) convolve_block(c, false, place, patch, panel, taps, chunk, to, wide);
        if (i.chain) chain_plane(i, context, run, place, panel, out[2].out, p.by_row, to);
      }
      if (i.n_out == 2 && i.out[1].dtype == I32) pool_block(p, at, panel, pixel, block, y, (int32_t*)address(context, i.out[1]));
      else pool_block(p, at, panel, pixel, block, y, i.n_out == 2 ? (uint8_t*)address(context, i.out[1]) : nullptr);
    }
  }
}

}  // namespace
}  // namespace ISA
