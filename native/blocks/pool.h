// Pooling: the largest or the sum of each window, and what carries gradients back. Channels lie side by side, so each cell of
// a window is a vector; cells outside of the image take no part.
#pragma once
#include "../math.h"
#include "gemm.h"
#include "window.h"

namespace ISA {
namespace {

constexpr int64_t NO_PLACE = 255;                         // bytes: the place of a window of -inf only whose first cell is padding

struct PoolPlan {
  Window w;
  int64_t images, channels, rows, per_unit;               // rows: of windows (forward)
  int64_t overlap;                                        // whether a cell may lie in several windows
  int64_t width, at_chain;                                // gradients: channels at a time; scratch, in bytes
};

INLINE int64_t cells_of(const Window& w) { return w.axis[0].size * w.axis[1].size * w.axis[2].size; }

// Images as pooling sees them: the fixed sizes, no groups, no dilation.
INLINE const char* check_pool_window(const Window& w) {
  if (w.groups != 1) return "pooling has no groups";
  for (auto& a : w.axis)
    if (a.dilation != 1) return "pooling has no dilation";
  return nullptr;
}

// Places: for each window and channel the number of its largest cell.
INLINE const char* check_places(const Operand& places, const Operand& y, const Window& w) {
  if (places.dtype != (cells_of(w) < NO_PLACE ? U8 : I32)) return "places are uint8, in windows of 255 cells or more int32";
  if (places.rank != y.rank || !row_major(places)) return "places must be contiguous, one for each window and channel";
  for (int d = 0; d < y.rank; d++)
    if (places.shape[d] != y.shape[d]) return "places must be contiguous, one for each window and channel";
  return nullptr;
}

INLINE const char* check_pool(const Instruction& i, PoolPlan& p, const Operand* x, const Operand& y) {
  int64_t axes;
  if (const char* complaint = read_window(i, p.w, axes)) return complaint;
  if ((x && !is_image(*x, p.w, axes, false)) || !is_image(y, p.w, axes, true)) return "an image does not fit the window, or is not contiguous float32";
  p.images = y.shape[0];
  p.channels = y.shape[axes + 1];
  if (x && (x->shape[0] != p.images || x->shape[axes + 1] != p.channels)) return "the images differ in number or channels";
  p.overlap = 0;
  for (auto& a : p.w.axis)
    if (a.stride < a.size) p.overlap = 1;
  return check_pool_window(p.w);
}

const char* prepare_pool(Instruction& i) {
  bool largest = i.kernel->name[0] == 'm';
  if (i.n_in != 1 || i.n_out < 1 || i.n_out > 1 + largest) return "takes one image and gives one, the largest also their places";
  PoolPlan& p = *(PoolPlan*)i.plan;
  if (const char* complaint = check_pool(i, p, &i.in[0], i.out[0])) return complaint;
  if (i.n_out == 2)
    if (const char* complaint = check_places(i.out[1], i.out[0], p.w)) return complaint;
  const Axis* w = p.w.axis;
  p.rows = p.images * w[0].out * w[1].out;
  double row = (double)(w[2].out * cells_of(p.w)) * (double)round_up(p.channels, LANES);
  p.per_unit = larger(1, (int64_t)(65536 / larger(1, (int64_t)row)));
  i.units = row == 0 ? 0 : divide_up(p.rows, p.per_unit);
  i.cost = 0.08 * row * (double)p.rows;
  return nullptr;
}

// Gradients: each image a unit, as windows may overlap. The largest's takes places and dy, gives a matrix of pixels by
// channels, and a chain may follow it; the sum's takes dy and gives an image.
const char* prepare_pool_grad(Instruction& i) {
  bool largest = i.kernel->name[0] == 'm';
  if (i.n_in < 1 + largest || (!i.chain && (i.n_in != 1 + largest || i.n_out != 1))) return "takes places and dy, or dy only, and gives one image";
  PoolPlan& p = *(PoolPlan*)i.plan;
  if (const char* complaint = check_pool(i, p, largest ? nullptr : &i.out[0], i.in[largest])) return complaint;
  const Axis* w = p.w.axis;
  int64_t pixels = w[0].in * w[1].in * w[2].in, rank;
  if (largest) {
    if (const char* complaint = check_places(i.in[0], i.in[1], p.w)) return complaint;
    const int64_t* shape = gemm_shape(i, rank);
    if (rank != 2 || shape[0] != p.images * pixels || shape[1] != p.channels) return "the result must be a matrix: pixels by channels";
    if (!i.chain && (i.out[0].dtype != F32 || !row_major(i.out[0]))) return "the result must be contiguous float32";
  }
  double cells = (double)(pixels + w[0].out * w[1].out * w[2].out * cells_of(p.w));
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

// The same for windows of S x S cells that lie inside of the image, which most are: no loop is left.
template <int S, class F> INLINE void each_inner_cell(const Window& w, const Cells& c, F f) {
  int64_t at = (c.origin[0] * w.axis[1].in + c.origin[1]) * w.axis[2].in + c.origin[2];
#pragma GCC unroll 4
  for (int t1 = 0; t1 < S; t1++, at += w.axis[2].in)
#pragma GCC unroll 4
    for (int t2 = 0; t2 < S; t2++) f(t1 * S + t2, at + t2);
}

INLINE bool is_inner(const Window& w, const Cells& c, int64_t size) {
  if (w.axis[0].size != 1 || w.axis[1].size != size || w.axis[2].size != size) return false;
  return c.first[0] == 0 && c.last[0] == 1 && c.first[1] == 0 && c.last[1] == size && c.first[2] == 0 && c.last[2] == size;
}

template <int S, class F> INLINE void each_cell_of(const Window& w, const Cells& c, F f) {       // S 0: any window
  if constexpr (S == 0) each_cell(w, c, f);
  else each_inner_cell<S>(w, c, f);
}

// f(channel, how many of them, whether that is a whole vector).
template <class F> INLINE void each_vector(int64_t channels, F f) {
  int64_t c = 0;
  for (; c + LANES <= channels; c += LANES) f(c, LANES);
  if (c < channels) f(c, channels - c);
}
INLINE Vec load_lanes(const float* p, int64_t n) { return n == LANES ? load(p) : load_some(p, n); }
INLINE void store_lanes(float* p, Vec v, int64_t n) { n == LANES ? store(p, v) : store_some(p, v, n); }

INLINE IVec load_places(const uint8_t* p, int64_t n) { return widen_bytes(n == LANES ? load(p) : load_some(p, n)); }
INLINE IVec load_places(const int32_t* p, int64_t n) { return n == LANES ? load(p) : load_some(p, n); }
template <class P> INLINE void store_places(P* p, IVec v, int64_t n) {
  if (n == LANES) store<P>(p, __builtin_convertvector(v, VecT<P>));
  else store_some<P>(p, __builtin_convertvector(v, VecT<P>), n);
}

// The largest of a window's cells and, if asked for, its number: the first of equals, and a NaN is larger than all.
template <int S, class P> INLINE void find_largest(const Window& w, const Cells& cells, const float* image, int64_t pixel, int64_t n, float* y, P* places) {
  Vec best = splat(-__builtin_inff());
  bool padded = cells.first[0] > 0 || cells.first[1] > 0 || cells.first[2] > 0;
  IVec index = splat_of<int32_t>(padded ? (int32_t)(P)-1 : 0);
  each_cell_of<S>(w, cells, [&](int64_t tap, int64_t at) {
    Vec v = load_lanes(image + at * pixel, n);
    IVec wins = (v > best) | ((v != v) & (best == best));
    best = wins ? v : best;
    index = wins ? splat_of<int32_t>((int32_t)tap) : index;
  });
  store_lanes(y, best, n);
  store_places(places, index, n);
}

template <int S> INLINE Vec fold_cells(const Window& w, const Cells& cells, const float* image, int64_t pixel, int64_t n, bool largest) {
  Vec best = largest ? splat(-__builtin_inff()) : Vec{};
  each_cell_of<S>(w, cells, [&](int64_t, int64_t at) {
    Vec v = load_lanes(image + at * pixel, n);
    best = largest ? maximum(v, best) : best + v;
  });
  return best;
}

struct PoolRow {                                          // some windows of a row, some channels of them
  int64_t plane, row, col, cols;
  const float* image;                                     // its first pixel; pixels are `pixel` apart
  int64_t pixel, channels;
  float* y;                                               // of the whole row; its windows are `out_pixel` apart
  int64_t out_pixel;
};

template <bool LARGEST, int S, class P> INLINE void pool_window(const Window& w, const Cells& cells, const PoolRow& r, float* y, P* places) {
  each_vector(r.channels, [&](int64_t c, int64_t n) {
    if (LARGEST && places) find_largest<S>(w, cells, r.image + c, r.pixel, n, y + c, places + c);
    else store_lanes(y + c, fold_cells<S>(w, cells, r.image + c, r.pixel, n, LARGEST), n);
  });
}

template <bool LARGEST, class P> INLINE void pool_row(const Window& w, const PoolRow& r, P* places) {
  Cells cells;
  clip(w.axis[0], r.plane, 0, cells);
  clip(w.axis[1], r.row, 1, cells);
  for (int64_t col = r.col; col < r.col + r.cols; col++) {
    clip(w.axis[2], col, 2, cells);
    float* y = r.y + col * r.out_pixel;
    P* at = places ? places + col * r.out_pixel : nullptr;
    if (is_inner(w, cells, 2)) pool_window<LARGEST, 2>(w, cells, r, y, at);
    else if (is_inner(w, cells, 3)) pool_window<LARGEST, 3>(w, cells, r, y, at);
    else pool_window<LARGEST, 0>(w, cells, r, y, at);
  }
}

template <bool LARGEST, class P> void pool_unit(const Instruction& i, const Context& context, int64_t unit) {
  const PoolPlan& p = *(const PoolPlan*)i.plan;
  const Axis* w = p.w.axis;
  int64_t end = smaller(p.rows, (unit + 1) * p.per_unit), size = w[0].in * w[1].in * w[2].in * p.channels;
  P* places = i.n_out == 2 ? (P*)address(context, i.out[1]) : nullptr;
  for (int64_t row = unit * p.per_unit; row < end; row++) {
    int64_t to = row * w[2].out * p.channels;
    PoolRow r{row / w[1].out % w[0].out, row % w[1].out, 0, w[2].out,
              (const float*)address(context, i.in[0]) + row / w[1].out / w[0].out * size, p.channels, p.channels, (float*)address(context, i.out[0]) + to, p.channels};
    pool_row<LARGEST>(p.w, r, places ? places + to : nullptr);
  }
}
void run_max_pool(const Instruction& i, const Context& c, int64_t unit) {
  if (i.n_out == 2 && i.out[1].dtype == I32) pool_unit<true, int32_t>(i, c, unit);
  else pool_unit<true, uint8_t>(i, c, unit);
}
void run_sum_pool(const Instruction& i, const Context& c, int64_t unit) { pool_unit<false, uint8_t>(i, c, unit); }

// ---- gradients ----

// One window and one vector of channels: the cell at its place gets dy.
INLINE void spread_largest(const PoolPlan& p, const Cells& cells, IVec place, Vec dy, float* dx, int64_t ld, int64_t n) {
  each_cell(p.w, cells, [&](int64_t tap, int64_t at) {
    float* to = dx + at * ld;
    Vec mine = (Vec)((IVec)dy & (place == splat_of<int32_t>((int32_t)tap)));
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
template <bool LARGEST, class P> void pool_grad_image(const PoolPlan& p, const P* places, const float* dy, float* dx, int64_t ld, int64_t channels) {
  const Axis* w = p.w.axis;
  for (int64_t o = 0; o < w[0].out * w[1].out * w[2].out; o++, dy += p.channels) {
    Cells cells;
    clip(w[0], o / w[2].out / w[1].out, 0, cells);
    clip(w[1], o / w[2].out % w[1].out, 1, cells);
    clip(w[2], o % w[2].out, 2, cells);
    each_vector(channels, [&](int64_t c, int64_t n) {
      Vec d = load_lanes(dy + c, n);
      if constexpr (LARGEST) spread_largest(p, cells, load_places(places + o * p.channels + c, n), d, dx + c, ld, n);
      else spread_sum(p, cells, d, dx + c, ld, n);
    });
  }
}

template <bool LARGEST, class P> void pool_grad_unit(const Instruction& i, const Context& context, int64_t unit) {
  const PoolPlan& p = *(const PoolPlan*)i.plan;
  const Axis* w = p.w.axis;
  ChainRun run;
  start_chain(run, i.chain, &context, context.scratch + p.at_chain);
  int64_t end = smaller(p.images, (unit + 1) * p.per_unit), pixels = w[0].in * w[1].in * w[2].in, windows = w[0].out * w[1].out * w[2].out;
  for (int64_t image = unit * p.per_unit; image < end; image++)
    for (int64_t c = 0; c < p.channels; c += p.width) {
      int64_t cols = smaller(p.width, p.channels - c), first = image * windows * p.channels + c;
      const P* places = (const P*)address(context, i.in[0]) + first;      // largest only
      const float* dy = (const float*)address(context, i.in[LARGEST]) + first;
      float* dx = i.chain ? (float*)context.scratch : (float*)address(context, i.out[0]) + image * pixels * p.channels;
      memset(dx, 0, pixels * cols * sizeof(float));
      pool_grad_image<LARGEST>(p, places, dy, dx, cols, cols);
      if (i.chain) finish_block(i, context, run, dx, cols, Block{0, image * pixels, c, pixels, cols});
    }
}
void run_max_pool_grad(const Instruction& i, const Context& c, int64_t unit) {
  if (i.in[0].dtype == I32) pool_grad_unit<true, int32_t>(i, c, unit);
  else pool_grad_unit<true, uint8_t>(i, c, unit);
}
void run_sum_pool_grad(const Instruction& i, const Context& c, int64_t unit) { pool_grad_unit<false, uint8_t>(i, c, unit); }

}  // namespace
}  // namespace ISA
