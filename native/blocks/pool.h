// Pooling: the largest or the sum of each window, and what carries gradients back. Channels lie side by side, so each cell of
// a window is a vector; cells outside of the image take no part.
#pragma once
#include "../math.h"
#include "gemm.h"
#include "window.h"

namespace ISA {
namespace {

struct PoolPlan {
  Window w;
  int64_t images, channels, rows, per_unit;               // rows: of windows (forward)
  int64_t overlap;                                        // whether a cell may lie in several windows
  int64_t width, at_chain;                                // gradients: channels at a time; scratch, in bytes
};

INLINE const char* check_pool(const Instruction& i, PoolPlan& p, const Operand& x, const Operand& y) {
  int64_t axes;
  if (const char* complaint = read_window(i, p.w, axes)) return complaint;
  if (!is_image(x, p.w, axes, false) || !is_image(y, p.w, axes, true)) return "an image does not fit the window, or is not contiguous float32";
  p.images = x.shape[0];
  p.channels = x.shape[axes + 1];
  if (y.shape[0] != p.images || y.shape[axes + 1] != p.channels) return "the images differ in number or channels";
  if (p.w.groups != 1) return "pooling has no groups";
  p.overlap = 0;
  for (auto& a : p.w.axis) {
    if (a.dilation != 1) return "pooling has no dilation";
    if (a.stride < a.size) p.overlap = 1;
  }
  return nullptr;
}

const char* prepare_pool(Instruction& i) {
  if (i.n_in != 1 || i.n_out != 1) return "takes one image and gives one";
  PoolPlan& p = *(PoolPlan*)i.plan;
  if (const char* complaint = check_pool(i, p, i.in[0], i.out[0])) return complaint;
  const Axis* w = p.w.axis;
  p.rows = p.images * w[0].out * w[1].out;
  double row = (double)(w[2].out * w[0].size * w[1].size * w[2].size) * (double)round_up(p.channels, LANES);
  p.per_unit = larger(1, (int64_t)(65536 / larger(1, (int64_t)row)));
  i.units = row == 0 ? 0 : divide_up(p.rows, p.per_unit);
  i.cost = 0.08 * row * (double)p.rows;
  return nullptr;
}

// Gradients: each image a unit, as windows may overlap. The largest's takes x and dy, gives a matrix of pixels by channels, and
// a chain may follow it; the sum's takes dy and gives an image.
const char* prepare_pool_grad(Instruction& i) {
  bool largest = i.kernel->name[0] == 'm';
  if (i.n_in < 1 + largest || (!i.chain && (i.n_in != 1 + largest || i.n_out != 1))) return "takes x and dy, or dy only, and gives one image";
  PoolPlan& p = *(PoolPlan*)i.plan;
  if (const char* complaint = check_pool(i, p, largest ? i.in[0] : i.out[0], i.in[largest])) return complaint;
  const Axis* w = p.w.axis;
  int64_t pixels = w[0].in * w[1].in * w[2].in, rank;
  if (largest) {
    const int64_t* shape = gemm_shape(i, rank);
    if (rank != 2 || shape[0] != p.images * pixels || shape[1] != p.channels) return "the result must be a matrix: pixels by channels";
    if (!i.chain && (i.out[0].dtype != F32 || !row_major(i.out[0]))) return "the result must be contiguous float32";
  }
  double cells = (double)(pixels + w[0].out * w[1].out * w[2].out * w[0].size * w[1].size * w[2].size);
  double image = cells * (double)round_up(p.channels, LANES);
  p.per_unit = larger(1, (int64_t)(65536 / larger(1, (int64_t)image)));
  i.units = image == 0 ? 0 : divide_up(p.images, p.per_unit);
  i.cost = 0.12 * image * (double)p.images;
  p.width = p.channels;
  if (i.chain) {                                          // channels at a time: their image stays in cache, a row of them fits a tile
    p.width = smaller(p.channels, larger(LANES, smaller(256, 32768 / larger(1, pixels)) / LANES * LANES));
    p.at_chain = round_up(4 * pixels * p.width, 64) + 64;
    i.scratch_bytes = p.at_chain + i.chain->scratch_bytes;
    i.cost += (double)(p.images * pixels * p.channels) * i.chain->cost;
  }
  return nullptr;
}

struct Cells { int64_t first[3], last[3], origin[3]; };   // of a window, clipped to the image: taps first .. last-1

INLINE void clip(const Axis& a, int64_t output, int axis, Cells& c) {
  c.origin[axis] = output * a.stride - a.low;
  c.first[axis] = larger(0, -c.origin[axis]);
  c.last[axis] = smaller(a.size, a.in - c.origin[axis]);
}

// f(tap, position in the image) for each cell, in row-major order.
template <class F> INLINE void each_cell(const Window& w, const Cells& c, F f) {
  for (int64_t t0 = c.first[0]; t0 < c.last[0]; t0++)
    for (int64_t t1 = c.first[1]; t1 < c.last[1]; t1++)
      for (int64_t t2 = c.first[2]; t2 < c.last[2]; t2++)
        f((t0 * w.axis[1].size + t1) * w.axis[2].size + t2,
          ((c.origin[0] + t0) * w.axis[1].in + c.origin[1] + t1) * w.axis[2].in + c.origin[2] + t2);
}

// f(channel, how many of them, whether that is a whole vector).
template <class F> INLINE void each_vector(int64_t channels, F f) {
  int64_t c = 0;
  for (; c + LANES <= channels; c += LANES) f(c, LANES);
  if (c < channels) f(c, channels - c);
}
INLINE Vec load_lanes(const float* p, int64_t n) { return n == LANES ? load(p) : load_some(p, n); }
INLINE void store_lanes(float* p, Vec v, int64_t n) { n == LANES ? store(p, v) : store_some(p, v, n); }

template <bool LARGEST> void pool_unit(const Instruction& i, const Context& context, int64_t unit) {
  const PoolPlan& p = *(const PoolPlan*)i.plan;
  const Axis* w = p.w.axis;
  const float* x = (const float*)address(context, i.in[0]);
  float* y = (float*)address(context, i.out[0]);
  int64_t end = smaller(p.rows, (unit + 1) * p.per_unit), size = w[0].in * w[1].in * w[2].in * p.channels;
  for (int64_t row = unit * p.per_unit; row < end; row++) {
    Cells cells;
    clip(w[1], row % w[1].out, 1, cells);
    clip(w[0], row / w[1].out % w[0].out, 0, cells);
    const float* image = x + row / w[1].out / w[0].out * size;
    for (int64_t col = 0; col < w[2].out; col++) {
      clip(w[2], col, 2, cells);
      float* to = y + (row * w[2].out + col) * p.channels;
      each_vector(p.channels, [&](int64_t c, int64_t n) {
        Vec best = LARGEST ? splat(-__builtin_inff()) : Vec{};
        each_cell(p.w, cells, [&](int64_t, int64_t at) {
          Vec v = load_lanes(image + at * p.channels + c, n);
          best = LARGEST ? maximum(v, best) : best + v;
        });
        store_lanes(to + c, best, n);
      });
    }
  }
}
void run_max_pool(const Instruction& i, const Context& c, int64_t unit) { pool_unit<true>(i, c, unit); }
void run_sum_pool(const Instruction& i, const Context& c, int64_t unit) { pool_unit<false>(i, c, unit); }

// ---- gradients ----

// One window and one vector of channels: the first largest cell gets dy.
INLINE void spread_largest(const PoolPlan& p, const Cells& cells, const float* x, Vec dy, float* dx, int64_t ld, int64_t n) {
  Vec best = splat(-__builtin_inff());
  IVec index{};
  each_cell(p.w, cells, [&](int64_t tap, int64_t at) {
    Vec v = load_lanes(x + at * p.channels, n);
    IVec wins = (v > best) | ((v != v) & (best == best));
    best = wins ? v : best;
    index = wins ? splat_of<int32_t>((int32_t)tap) : index;
  });
  each_cell(p.w, cells, [&](int64_t tap, int64_t at) {
    float* to = dx + at * ld;
    Vec mine = (Vec)((IVec)dy & (index == splat_of<int32_t>((int32_t)tap)));
    store_lanes(to, p.overlap ? load_lanes(to, n) + mine : mine, n);
  });
}

INLINE void spread_sum(const PoolPlan& p, const Cells& cells, Vec dy, float* dx, int64_t ld, int64_t n) {
  each_cell(p.w, cells, [&](int64_t, int64_t at) {
    float* to = dx + at * ld;
    store_lanes(to, p.overlap ? load_lanes(to, n) + dy : dy, n);
  });
}

// Some channels of one image, to dx, whose pixels are ld apart.
template <bool LARGEST> void pool_grad_image(const PoolPlan& p, const float* x, const float* dy, float* dx, int64_t ld, int64_t channels) {
  const Axis* w = p.w.axis;
  for (int64_t o = 0; o < w[0].out * w[1].out * w[2].out; o++, dy += p.channels) {
    Cells cells;
    clip(w[0], o / w[2].out / w[1].out, 0, cells);
    clip(w[1], o / w[2].out % w[1].out, 1, cells);
    clip(w[2], o % w[2].out, 2, cells);
    each_vector(channels, [&](int64_t c, int64_t n) {
      Vec d = load_lanes(dy + c, n);
      if constexpr (LARGEST) spread_largest(p, cells, x + c, d, dx + c, ld, n);
      else spread_sum(p, cells, d, dx + c, ld, n);
    });
  }
}

template <bool LARGEST> void pool_grad_unit(const Instruction& i, const Context& context, int64_t unit) {
  const PoolPlan& p = *(const PoolPlan*)i.plan;
  const Axis* w = p.w.axis;
  ChainRun run;
  start_chain(run, i.chain, &context, context.scratch + p.at_chain);
  int64_t end = smaller(p.images, (unit + 1) * p.per_unit), pixels = w[0].in * w[1].in * w[2].in, windows = w[0].out * w[1].out * w[2].out;
  for (int64_t image = unit * p.per_unit; image < end; image++)
    for (int64_t c = 0; c < p.channels; c += p.width) {
      int64_t cols = smaller(p.width, p.channels - c);
      const float* x = (const float*)address(context, i.in[0]) + image * pixels * p.channels + c;      // largest only
      const float* dy = (const float*)address(context, i.in[LARGEST]) + image * windows * p.channels + c;
      float* dx = i.chain ? (float*)context.scratch : (float*)address(context, i.out[0]) + image * pixels * p.channels;
      memset(dx, 0, pixels * cols * sizeof(float));
      pool_grad_image<LARGEST>(p, x, dy, dx, cols, cols);
      if (i.chain) finish_block(i, context, run, dx, cols, Block{0, image * pixels, c, pixels, cols});
    }
}
void run_max_pool_grad(const Instruction& i, const Context& c, int64_t unit) { pool_grad_unit<true>(i, c, unit); }
void run_sum_pool_grad(const Instruction& i, const Context& c, int64_t unit) { pool_grad_unit<false>(i, c, unit); }

}  // namespace
}  // namespace ISA
