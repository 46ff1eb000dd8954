// Gradients that come to a convolution through max-pooling: a number for each window and filter, and the number of the cell
// in the window where it goes. The image of gradients that these stand for, mostly zeros, is never made. A zero is skipped.
#pragma once
#include "conv.h"
#include "pool.h"

namespace ISA {
namespace {

struct Pooled {
  Window conv, pool;                                      // the pooling's image is the convolution's result
  int64_t images, filters, cells;
};

// dy: one number for each window; ints: the convolution's window, then the pooling's.
const char* check_pooled(const Instruction& i, Pooled& p, int64_t& axes) {
  const Operand &dy = i.in[0], &places = i.in[1];
  int64_t half = i.n_ints / 2;
  if (i.n_ints % 2) return "needs the convolution's window and the pooling's";
  if (const char* complaint = read_window(i.ints, half, p.conv, axes)) return complaint;
  if (const char* complaint = read_window(i.ints + half, half, p.pool, axes)) return complaint;
  if (const char* complaint = check_pool_window(p.pool)) return complaint;
  if (p.conv.groups != 1) return "the convolution must have one group";
  if (!is_image(dy, p.pool, axes, true)) return "the gradients do not fit the pooling, or are not contiguous float32";
  if (const char* complaint = check_places(places, dy, p.pool)) return complaint;
  for (int a = 0; a < 3; a++)
    if (p.pool.axis[a].in != p.conv.axis[a].out) return "what is pooled is not what the convolution gives";
  p.images = dy.shape[0];
  p.filters = dy.shape[axes + 1];
  p.cells = cells_of(p.pool);
  return nullptr;
}

template <class F> INLINE void each_place(const Window& w, F f) {      // f(number, its place along each axis)
  int64_t number = 0;
  for (int64_t t0 = 0; t0 < w.axis[0].size; t0++)
    for (int64_t t1 = 0; t1 < w.axis[1].size; t1++)
      for (int64_t t2 = 0; t2 < w.axis[2].size; t2++) f(number++, t0, t1, t2);
}

// ---- to the input ----

constexpr int64_t POOLED_PIXELS = 384;

struct PooledInputPlan {
  Pooled s;
  Blocks b;                                               // of dx
  int64_t channels, taps, panels, splits;
  int64_t at_groups, at_filters, at_shift, at_spot, at_block, at_chain;      // scratch, in bytes
};
static_assert(sizeof(PooledInputPlan) <= sizeof(Instruction::plan), "plan");

struct Group { const float* dy; int64_t to, first, count; };   // of one cell of one window: filters whose gradient goes there

const char* prepare_pooled_input_grad(Instruction& i) {
  if (i.n_in < 3 || (!i.chain && (i.n_in != 3 || i.n_out != 1))) return "takes gradients, their places and a kernel, and gives one image";
  PooledInputPlan& p = *(PooledInputPlan*)i.plan;
  int64_t axes, rank;
  if (const char* complaint = check_pooled(i, p.s, axes)) return complaint;
  const int64_t* shape = gemm_shape(i, rank);
  const Operand& kernel = i.in[2];
  if (rank != 2 || (!i.chain && i.out[0].dtype != F32)) return "the result must be a float32 matrix: pixels by channels";
  int64_t pixels = p.s.images * p.s.conv.axis[0].in * p.s.conv.axis[1].in * p.s.conv.axis[2].in, size;
  if (shape[0] != pixels) return "the result has another number of pixels";
  p.channels = shape[1];
  p.taps = taps_of(p.s.conv);
  p.panels = divide_up(p.channels, NR);
  if (__builtin_mul_overflow(p.taps * p.s.filters, p.panels * NR, &size)) return "the kernel is too large";
  if (kernel.dtype != F32 || kernel.rank != 1 || !row_major(kernel) || kernel.shape[0] < size) return "the kernel must be packed, and not too small";
  if (pixels * p.channels == 0) { i.units = 0; return nullptr; }
  p.b.images = p.s.images;
  p.b.channels = p.b.own = p.s.filters;
  p.b.in_place = 1;
  if (const char* complaint = plan_blocks(p.b, p.s.conv, true, POOLED_PIXELS, 0)) return complaint;
  p.splits = p.b.count < 12 ? p.panels : 1;
  i.units = p.b.count * p.splits;
  double floats = spot_floats(p.s.conv, p.b), windows = 1, all = (double)p.s.images;
  for (int a = 0; a < 3; a++) {
    const Axis& x = p.s.pool.axis[a];
    windows *= (double)smaller(x.out, extent(x, true, p.b.size[a]));
    all *= (double)x.out;
  }
  if (floats > 1e9 || windows * (double)(p.s.filters + p.s.cells) > 1e9) return "a window is too large";
  int64_t at = 0;
  auto take = [&at](int64_t bytes) { int64_t start = at; at += round_up(bytes, 64); return start; };
  p.at_groups = take((int64_t)windows * p.s.cells * (int64_t)sizeof(Group));
  p.at_filters = take(4 * ((int64_t)windows * p.s.filters + LANES));
  p.at_shift = take(8 * p.taps);
  p.at_spot = take(4 * (int64_t)floats);
  p.at_block = take(4 * p.b.rows * p.b.cols * NR + 64);
  p.at_chain = at;
  i.scratch_bytes = at + (i.chain ? i.chain->scratch_bytes : 0);
  double per_number = 0.5 * (double)(p.taps * p.panels * NV) / 3;
  i.cost = all * (double)p.s.filters * (per_number + 0.3) + (double)(pixels * p.channels) * (0.1 + (i.chain ? i.chain->cost : 0));
  return nullptr;
}

INLINE IVec lane_numbers() {
  IVec lanes;
  for (int i = 0; i < LANES; i++) lanes[i] = i;
  return lanes;
}

// A bit for each lane of n whose place is a number; what lies behind may have any bit.
INLINE uint32_t lanes_at(const uint8_t* places, int number, int64_t n) {
  if (n == LANES) return equal_bytes(places, number);
  uint8_t some[LANES] = {};
  memcpy(some, places, n);
  return equal_bytes(some, number);
}
INLINE uint32_t lanes_at(const int32_t* places, int number, int64_t n) {
  return nonzero_lanes((Vec)(load_places(places, n) == splat_of<int32_t>(number)));
}

// The filters whose gradients are not zero, cell by cell of the spot; gives the number of groups.
template <class P> int64_t list_groups(const PooledInputPlan& p, const Spot& s, int64_t image, const float* dy, const P* places, Group* groups, int32_t* filters) {
  const Axis *x = p.s.pool.axis, *y = p.s.conv.axis;
  const IVec lanes = lane_numbers();
  int64_t first[3], last[3], n = 0, entries = 0;
  for (int a = 0; a < 3; a++) {
    if (s.count[a] == 0) return 0;
    source_range(x[a], true, s.low[a], s.low[a] + s.count[a] - 1, first[a], last[a]);
    first[a] = larger(0, first[a]);
    last[a] = smaller(x[a].out - 1, last[a]);
  }
  for (int64_t o0 = first[0]; o0 <= last[0]; o0++)
    for (int64_t o1 = first[1]; o1 <= last[1]; o1++)
      for (int64_t o2 = first[2]; o2 <= last[2]; o2++) {
        int64_t from = (((image * x[0].out + o0) * x[1].out + o1) * x[2].out + o2) * p.s.filters;
        each_place(p.s.pool, [&](int64_t number, int64_t t0, int64_t t1, int64_t t2) {
          int64_t d = o0 * x[0].stride - x[0].low + t0 - s.low[0], h = o1 * x[1].stride - x[1].low + t1 - s.low[1], w = o2 * x[2].stride - x[2].low + t2 - s.low[2];
          if (d < 0 || h < 0 || w < 0 || d >= s.count[0] || h >= s.count[1] || w >= s.count[2]) return;
          Group g{dy + from, ((d * y[0].stride * s.size[1] + h * y[1].stride) * s.size[2] + w * y[2].stride) * NR, entries, 0};
          each_vector(p.s.filters, [&](int64_t f, int64_t some) {
            uint32_t mask = nonzero_lanes(load_lanes(dy + from + f, some)) & lanes_at(places + from + f, (int)number, some);
            entries += compress_lanes(filters + entries, mask, lanes + splat_of<int32_t>((int32_t)f));
          });
          g.count = entries - g.first;
          if (g.count) groups[n++] = g;
        });
      }
  return n;
}

void run_pooled_input_grad(const Instruction& i, const Context& context, int64_t unit) {
  const PooledInputPlan& p = *(const PooledInputPlan*)i.plan;
  ChainRun run;
  start_chain(run, i.chain, &context, context.scratch + p.at_chain);
  Place at = place_of_block(p.b, unit / p.splits);
  Spot s = spot_of(p.s.conv, p.b, at);
  Group* groups = (Group*)(context.scratch + p.at_groups);
  int32_t* filters = (int32_t*)(context.scratch + p.at_filters);
  int64_t* shift = (int64_t*)(context.scratch + p.at_shift);
  float *spot = (float*)(context.scratch + p.at_spot), *block = (float*)(context.scratch + p.at_block);
  shifts_in(s, p.s.conv, shift);
  const float *dy = (const float*)address(context, i.in[0]), *kernel = (const float*)address(context, i.in[2]);
  const char* places = address(context, i.in[1]);
  int64_t n = i.in[1].dtype == I32 ? list_groups(p, s, at.image, dy, (const int32_t*)places, groups, filters)
                                   : list_groups(p, s, at.image, dy, (const uint8_t*)places, groups, filters);
  int64_t first = p.splits > 1 ? unit % p.splits : 0, end = p.splits > 1 ? first + 1 : p.panels, b_panel = p.s.filters * NR;
  for (int64_t panel = first; panel < end; panel++) {
    int64_t cols = smaller(NR, p.channels - panel * NR), vectors = divide_up(cols, LANES);
    clear(spot, s.size[0] * s.size[1] * s.size[2] * NR);
    for (int64_t t = 0; t < p.taps;) {                    // a few taps at a time: their part of the kernel stays in L1
      int64_t taps = p.taps - t >= 3 ? 3 : 1;
      for (int64_t k = 0; k < n; k++) {
        Spread spread{kernel + panel * b_panel + t * p.panels * b_panel, p.panels * b_panel, groups[k].dy, filters + groups[k].first, groups[k].count};
        float* to = spot + groups[k].to;
        if (taps == 3) vectors == 1 ? spread_taps<3, 1>(spread, spread.kernel, shift + t, to) : spread_taps<3, 2>(spread, spread.kernel, shift + t, to);
        else vectors == 1 ? spread_taps<1, 1>(spread, spread.kernel, shift + t, to) : spread_taps<1, 2>(spread, spread.kernel, shift + t, to);
      }
      t += taps;
    }
    gather_spot(at, s, spot, vectors, block, vectors * LANES);
    finish_block(i, context, run, block, vectors * LANES, Block{0, at.first, panel * NR, at.rows * at.cols, cols});
  }
}

}  // namespace
}  // namespace ISA
