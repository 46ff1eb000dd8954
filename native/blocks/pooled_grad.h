// The gradient of a convolution to its kernel, through max-pooling: sums over windows, in one of two ways.
// Many rows of dk: for each filter a list of what is not zero, times runs of rows. Few rows (the first convolution has one
// channel, or three): for a vector of filters all cells of each window, with zeros where a filter's place is another.
#pragma once
#include "conv_grad.h"
#include "pooled.h"

namespace ISA {
namespace {

constexpr int64_t POOLED_PATCH = 8192, POOLED_WINDOWS = 128;      // floats of the patches of a pass, and its windows, roughly

struct PooledKernelPlan {
  Pooled s;
  Blocks b;                                               // of windows; what they read of x
  int64_t channels, taps, rows, runs, run_rows, run_ld;   // as in KernelGradPlan; run_ld: of a run in the sums
  int64_t few, ld;                                        // few rows: sums are [rows][width], else [filters][ld]
  int64_t splits, parts, per_part, per_pass, windows;     // per_part: filters; windows of a pass, at most
  int64_t at_patches, at_patch_table, at_windows, at_shift, at_lists;        // scratch, in bytes
};
static_assert(sizeof(PooledKernelPlan) <= sizeof(Instruction::plan), "plan");

// The windows of pooling as windows on the convolution's image.
INLINE Window composed(const Pooled& p) {
  Window w{1, {}};
  for (int a = 0; a < 3; a++) {
    const Axis &c = p.conv.axis[a], &q = p.pool.axis[a];
    w.axis[a] = {c.in, (q.size - 1) * c.stride + (c.size - 1) * c.dilation + 1, q.stride * c.stride, 1, q.low * c.stride + c.low, q.out};
  }
  return w;
}

INLINE int64_t split_sums(const PooledKernelPlan& p) {    // floats
  return p.few ? p.rows * round_up(p.s.filters, NR) : round_up(p.s.filters, LANES) * p.ld;
}

void plan_rows(PooledKernelPlan& p) {
  bool join = p.s.conv.axis[2].dilation == 1;
  p.rows = p.taps * p.channels;
  p.run_rows = join ? p.channels * p.s.conv.axis[2].size : p.channels;
  p.runs = p.rows / p.run_rows;
  p.run_ld = round_up(p.run_rows, LANES);
  p.ld = p.runs * p.run_ld + 16;                          // filters should not meet in few cache sets
  double listed = (double)LANES * (8 + 0.6 * (double)(p.runs * (p.run_ld / LANES)));
  p.few = (double)(p.s.cells * p.rows) < listed;
}

const char* prepare_pooled_kernel_grad(Instruction& i) {
  if (i.n_in != 3 || i.n_out != 1) return "takes gradients, their places and an image, and gives one kernel";
  PooledKernelPlan& p = *(PooledKernelPlan*)i.plan;
  int64_t axes;
  if (const char* complaint = check_pooled(i, p.s, axes)) return complaint;
  const Operand &x = i.in[2], &dk = i.out[0];
  if (!is_image(x, p.s.conv, axes, false) || x.shape[0] != p.s.images) return "the image does not fit the window, or is not contiguous float32";
  p.channels = x.shape[axes + 1];
  p.taps = taps_of(p.s.conv);
  if (dk.dtype != F32 || !row_major(dk) || dk.rank != axes + 2 || dk.shape[axes] != p.channels || dk.shape[axes + 1] != p.s.filters)
    return "the result must be contiguous float32 of the kernel's shape";
  for (int64_t a = 0; a < axes; a++)
    if (dk.shape[a] != p.s.conv.axis[a + 3 - axes].size) return "the result's window differs";
  if (p.channels * p.s.filters == 0) { i.units = 0; return nullptr; }
  plan_rows(p);
  Window both = composed(p.s);
  p.b.images = p.s.images;
  p.b.channels = p.b.own = p.channels;
  p.b.in_place = x.base == 0;                             // whole vectors are read, and only the arena is padded
  int64_t reach = larger(1, p.channels * both.axis[1].stride * both.axis[2].stride);
  if (const char* complaint = plan_blocks(p.b, both, false, larger(1, POOLED_PATCH / reach), 0)) return complaint;
  int64_t block = p.b.rows * p.b.cols, floats = larger(1, p.b.rows * both.axis[1].stride * p.b.cols * both.axis[2].stride * p.channels);
  p.per_pass = larger(1, smaller(larger(1, POOLED_PATCH / floats), divide_up(POOLED_WINDOWS, block)));
  p.per_pass = larger(1, smaller(p.per_pass, p.b.count / 8));
  p.windows = p.per_pass * block;
  int64_t bytes = 4 * split_sums(p), grain = p.few ? NR : LANES;
  double cost = 0.5 * (double)(p.b.count * block * p.s.filters);
  cost *= p.few ? 2.0 * (double)(p.s.cells * p.rows) / (3 * LANES) : 1.5 + (double)(p.runs * (p.run_ld / LANES)) / 3;
  p.splits = smaller(smaller(16, divide_up(p.b.count, p.per_pass)), larger(1, GRAD_WORKSPACE / bytes));
  p.splits = larger(1, smaller(p.splits, (int64_t)(cost / 10000)));
  int64_t pieces = divide_up(p.s.filters, grain);
  p.parts = smaller(pieces, divide_up(12, p.splits));
  p.per_part = divide_up(pieces, p.parts) * grain;
  p.parts = divide_up(p.s.filters, p.per_part);
  i.units = p.b.count ? p.splits * p.parts : 1;           // without windows the sums are nothing
  i.n_counters = p.parts;
  i.workspace_bytes = p.splits * bytes;
  int64_t at = 0;
  auto take = [&at](int64_t size) { int64_t start = at; at += round_up(size, 64); return start; };
  p.at_patches = take(4 * p.per_pass * p.b.patch_floats);
  p.at_patch_table = take(p.per_pass * (int64_t)sizeof(Patch));
  p.at_windows = take(16 * p.windows);
  p.at_shift = take(8 * larger(p.s.cells, p.rows) * 2);
  p.at_lists = take(p.few ? 0 : 12 * LANES * (p.windows + 1));
  i.scratch_bytes = at + 64;
  i.cost = cost;
  return nullptr;
}

struct Windows {                                          // of a pass
  int64_t count;
  int64_t *base, *from;                                   // where each reads x at its first cell, and where its gradients are
  const float *x, *dy;
  const int64_t *cell, *row;                              // where each cell reads, from the first; few rows: and each row of dk
};

// One vector of filters: lists of what is not zero, then their products, added to the filters' sums.
template <class P> void list_pass(const PooledKernelPlan& p, const Windows& w, const P* places, int64_t filter, int64_t n, char* room, float* sums, bool add) {
  int64_t *at = (int64_t*)room, count[LANES] = {}, room_of = w.count + 1;
  float* dy = (float*)(at + LANES * (p.windows + 1));
  for (int64_t k = 0; k < w.count; k++) {
    alignas(64) float values[LANES];
    alignas(64) int32_t place[LANES];
    IVec number = load_places(places + w.from[k] + filter, n);
    IVec given = (IVec)((UVec)number < splat_of<uint32_t>((uint32_t)p.s.cells));
    Vec value = (Vec)((IVec)load_lanes(w.dy + w.from[k] + filter, n) & given);
    uint32_t lanes = nonzero_lanes(value);
    store(values, value);
    store(place, number & given);
    for (int64_t f = 0; f < LANES; f++) {                 // without a branch: which are zero cannot be foretold
      int64_t to = f * room_of + count[f];
      at[to] = w.base[k] + w.cell[place[f]];
      dy[to] = values[f];
      count[f] += lanes >> f & 1;
    }
  }
  // Runs that a plane has (or a row, if it is dilated) are equally far apart.
  int64_t plane_runs = p.runs == p.taps ? p.s.conv.axis[2].size : p.s.conv.axis[1].size, planes = p.runs / plane_runs;
  for (int64_t f = 0; f < n; f++) {
    Entries e{at + f * room_of, dy + f * room_of, count[f]};
    for (int64_t plane = 0; plane < planes; plane++)
      for (int64_t run = 0; run < plane_runs;) {
        int64_t number = plane * plane_runs + run;
        int64_t distance = plane_runs > 1 ? w.row[plane * plane_runs + 1] - w.row[plane * plane_runs] : 0;
        bool three = run + 3 <= plane_runs;
        float* to = sums + f * p.ld + number * p.run_ld;
        if (three) sum_runs<3>(e, w.x + w.row[number], distance, to, p.run_ld, add);
        else sum_runs<1>(e, w.x + w.row[number], 0, to, p.run_ld, add);
        run += three ? 3 : 1;
      }
  }
}

template <int R, int N, class P> INLINE void few_rows(const Windows& w, const int64_t* row, int64_t cells, const P* places, int64_t filter, const int64_t* some,
                                                     float* sums, int64_t ld, bool add) {
  Vec c[R][N];
#pragma GCC unroll 16
  for (int r = 0; r < R; r++)
#pragma GCC unroll 2
    for (int n = 0; n < N; n++) c[r][n] = add ? load(sums + r * ld + n * LANES) : Vec{};
  for (int64_t k = 0; k < w.count; k++) {
    IVec place[N], value[N];
#pragma GCC unroll 2
    for (int n = 0; n < N; n++) {
      place[n] = load_places(places + w.from[k] + filter + n * LANES, some[n]);
      value[n] = (IVec)load_lanes(w.dy + w.from[k] + filter + n * LANES, some[n]);
    }
    for (int64_t q = 0; q < cells; q++) {
      const float* x = w.x + w.base[k] + w.cell[q];
      Vec dy[N];
#pragma GCC unroll 2
      for (int n = 0; n < N; n++) dy[n] = (Vec)(value[n] & (place[n] == splat_of<int32_t>((int32_t)q)));
#pragma GCC unroll 16
      for (int r = 0; r < R; r++) {
        Vec xr = splat(x[row[r]]);
#pragma GCC unroll 2
        for (int n = 0; n < N; n++) c[r][n] = fma(xr, dy[n], c[r][n]);
      }
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < R; r++)
#pragma GCC unroll 2
    for (int n = 0; n < N; n++) store(sums + r * ld + n * LANES, c[r][n]);
}

template <int N, class P> void few_pass(const PooledKernelPlan& p, const Windows& w, const P* places, int64_t filter, float* sums, int64_t ld, bool add) {
  const int64_t some[2] = {smaller(LANES, p.s.filters - filter), smaller(LANES, p.s.filters - filter - LANES)};
  int64_t r = 0;
  for (; r + SPARSE_TAPS <= p.rows; r += SPARSE_TAPS)
    few_rows<SPARSE_TAPS, N>(w, w.row + r, p.s.cells, places, filter, some, sums + r * ld, ld, add);
  for (; SPARSE_TAPS > 3 && r + 3 <= p.rows; r += 3) few_rows<3, N>(w, w.row + r, p.s.cells, places, filter, some, sums + r * ld, ld, add);
  for (; r < p.rows; r++) few_rows<1, N>(w, w.row + r, p.s.cells, places, filter, some, sums + r * ld, ld, add);
}

INLINE float* sums_of(const Instruction& i, const PooledKernelPlan& p, int64_t split) {
  return (float*)i.workspace + split * split_sums(p);
}

// dk's columns of some filters: the sums of all splits, in order.
void finish_filters(const Instruction& i, const PooledKernelPlan& p, int64_t first, int64_t end, float* dk) {
  alignas(64) float square[LANES * LANES], turned[LANES * LANES];
  auto add = [&](float* to, int64_t at) {
    Vec sum = load(sums_of(i, p, 0) + at);
    for (int64_t s = 1; s < p.splits; s++) sum += load(sums_of(i, p, s) + at);
    store(to, sum);
  };
  int64_t width = round_up(p.s.filters, NR);
  for (int64_t f = first; f < end; f += LANES) {
    int64_t n = smaller(LANES, end - f);
    for (int64_t r = 0; p.few && r < p.rows; r++) {
      add(turned, r * width + f);
      store_lanes(dk + r * p.s.filters + f, load(turned), n);
    }
    for (int64_t run = 0; !p.few && run < p.runs; run++)
      for (int64_t r = 0; r < p.run_rows; r += LANES) {
        for (int64_t k = 0; k < LANES; k++) add(square + k * LANES, (f + k) * p.ld + run * p.run_ld + r);
        transpose_square(square, LANES, turned, LANES);
        for (int64_t k = 0; k < smaller(LANES, p.run_rows - r); k++)
          store_lanes(dk + (run * p.run_rows + r + k) * p.s.filters + f, load(turned + k * LANES), n);
      }
  }
}

// What the windows of some blocks read, and where.
void find_windows(const PooledKernelPlan& p, const Window& both, int64_t first, int64_t blocks, const float* x, Patch* patch, float* room, Windows& w) {
  w.count = 0;
  const Axis *a = both.axis, *q = p.s.pool.axis;
  for (int64_t k = 0; k < blocks; k++) {
    Place at = place_of_block(p.b, first + k);
    patch[k] = make_patch(p.b, both, false, at, 0, p.channels, x, room + k * p.b.patch_floats);
    if (k == 0) w.x = patch[0].data;
    for (int64_t h = at.row; h < at.row + at.rows; h++)
      for (int64_t c = at.col; c < at.col + at.cols; c++) {
        int64_t d0 = at.plane * a[0].stride - a[0].low - patch[k].low[0], d1 = h * a[1].stride - a[1].low - patch[k].low[1];
        int64_t d2 = c * a[2].stride - a[2].low - patch[k].low[2];
        w.base[w.count] = patch[k].data - w.x + ((d0 * p.b.size[1] + d1) * p.b.size[2] + d2) * p.channels;
        w.from[w.count++] = (((at.image * q[0].out + at.plane) * q[1].out + h) * q[2].out + c) * p.s.filters;
      }
  }
}

template <class P> void pooled_kernel_unit(const Instruction& i, const Context& context, int64_t unit) {
  const PooledKernelPlan& p = *(const PooledKernelPlan*)i.plan;
  if (p.b.count == 0) return clear((float*)address(context, i.out[0]), p.taps * p.channels * p.s.filters);
  const Axis* c = p.s.conv.axis;
  Window both = composed(p.s);
  Windows w;
  w.dy = (const float*)address(context, i.in[0]);
  const P* places = (const P*)address(context, i.in[1]);
  const float* x = (const float*)address(context, i.in[2]);
  w.base = (int64_t*)(context.scratch + p.at_windows);
  w.from = w.base + p.windows;
  int64_t *cell = (int64_t*)(context.scratch + p.at_shift), *row = cell + larger(p.s.cells, p.rows);
  auto place = [&](int64_t t0, int64_t t1, int64_t t2) { return ((t0 * p.b.size[1] + t1) * p.b.size[2] + t2) * p.channels; };
  each_place(p.s.pool, [&](int64_t number, int64_t t0, int64_t t1, int64_t t2) { cell[number] = place(t0 * c[0].stride, t1 * c[1].stride, t2 * c[2].stride); });
  each_place(p.s.conv, [&](int64_t number, int64_t t0, int64_t t1, int64_t t2) {
    int64_t to = place(t0 * c[0].dilation, t1 * c[1].dilation, t2 * c[2].dilation), joined = p.taps / p.runs;
    if (p.few) for (int64_t k = 0; k < p.channels; k++) row[number * p.channels + k] = to + k;
    else if (number % joined == 0) row[number / joined] = to;
  });
  w.cell = cell;
  w.row = row;
  int64_t split = unit / p.parts, part = unit % p.parts, passes = divide_up(p.b.count, p.per_pass), width = round_up(p.s.filters, NR);
  int64_t filter = part * p.per_part, end_filter = smaller(p.s.filters, filter + p.per_part), start = split * passes / p.splits, end = (split + 1) * passes / p.splits;
  for (int64_t number = start; number < end; number++) {
    find_windows(p, both, number * p.per_pass, smaller(p.per_pass, p.b.count - number * p.per_pass), x, (Patch*)(context.scratch + p.at_patch_table),
                 (float*)(context.scratch + p.at_patches), w);
    float* sums = sums_of(i, p, split);
    for (int64_t f = filter; f < end_filter; f += p.few ? NR : LANES) {
      int64_t n = end_filter - f;
      if (!p.few) list_pass(p, w, places, f, smaller(n, LANES), context.scratch + p.at_lists, sums + f * p.ld, number > start);
      else if (n > LANES) few_pass<2>(p, w, places, f, sums + f, width, number > start);
      else few_pass<1>(p, w, places, f, sums + f, width, number > start);
    }
  }
  if (last_piece(i, part, p.splits)) finish_filters(i, p, filter, end_filter, (float*)address(context, i.out[0]));
}

void run_pooled_kernel_grad(const Instruction& i, const Context& context, int64_t unit) {
  if (i.in[1].dtype == I32) pooled_kernel_unit<int32_t>(i, context, unit);
  else pooled_kernel_unit<uint8_t>(i, context, unit);
}

}  // namespace
}  // namespace ISA
