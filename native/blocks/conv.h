// Convolution forward, and backward to its input (a convolution of dy with the kernel turned, by phases where it has strides):
// implicit matrix products. The rows are pixels, read from patches; a tap, or a run of taps side by side, is one reduction.
// The kernel comes packed: forward [group][panel][tap][channels][NR], backward [group][tap][panel][filters][NR]. With one
// channel a group it comes as it is: depthwise.h.
#pragma once
#include "depthwise.h"
#include "sparse.h"

namespace ISA {
namespace {

constexpr int64_t CONV_PIXELS = 192, CONV_K = 768, CONV_PATCHES = 512 << 10;

struct ConvPlan {
  Window w;
  Blocks b;
  int64_t k, n, taps, runs;                               // k x n: the matrix of one tap in a run; runs: taps after joining
  int64_t panels, groups, b_tap, b_panel, b_group;        // panels of one group; strides of the packed kernel
  int64_t per_unit, splits, per_split;                    // blocks of a unit; how its panels are split
  int64_t tap_chunk, k_chunk, pixels, width;              // width: of a block's buffer
  int64_t at_patches, at_blocks, at_tables, at_patch_table, at_sparse, at_chain;  // scratch, in bytes
  bool whole;                                             // whether the buffer holds all columns, for a chain to run over
};
static_assert(sizeof(ConvPlan) <= sizeof(Instruction::plan), "plan");

INLINE int64_t taps_of(const Window& w) { return w.axis[0].size * w.axis[1].size * w.axis[2].size; }

const char* check_conv(const Instruction& i, ConvPlan& p, bool backward, int64_t axes) {
  int64_t rank;
  const int64_t* shape = gemm_shape(i, rank);
  const Operand &x = i.in[0], &kernel = i.in[1];
  if (!is_image(x, p.w, axes, backward)) return "the image does not fit the window, or is not contiguous float32";
  if (kernel.dtype != F32 || !row_major(kernel)) return "the kernel must be contiguous float32";
  if (rank != 2 || (!i.chain && i.out[0].dtype != F32)) return "the result must be a float32 matrix: pixels by channels";
  int64_t images = x.shape[0], channels = x.shape[axes + 1], pixels = images, size;
  for (auto& a : p.w.axis)
    if (__builtin_mul_overflow(pixels, reach_of(a, backward).outputs, &pixels)) return "the result is too large";
  if (shape[0] != pixels) return "the result has another number of pixels";
  if (channels % p.w.groups || shape[1] % p.w.groups) return "channels must be multiples of groups";
  p.taps = taps_of(p.w);
  bool depthwise = is_depthwise(i);
  int64_t outer = depthwise ? shape[1] : divide_up(shape[1] / p.w.groups, NR) * NR * p.w.groups;
  int64_t inner = depthwise ? 1 : channels / p.w.groups;
  if (__builtin_mul_overflow(p.taps * inner, outer, &size)) return "the kernel is too large";
  int64_t given = 1;
  for (int d = 0; d < kernel.rank; d++) given *= kernel.shape[d];
  if (given < size) return "the kernel is too small";
  if (depthwise && (channels != p.w.groups || (backward && shape[1] != channels))) return "a kernel that is not packed must be depthwise";
  return nullptr;
}

void plan_kernel(ConvPlan& p, bool backward, int64_t channels, int64_t filters) {
  p.groups = p.w.groups;
  p.n = filters / p.groups;
  p.k = channels / p.groups;
  p.runs = p.taps;
  p.panels = divide_up(p.n, NR);
  p.b_tap = p.k * NR * (backward ? p.panels : 1);
  p.b_panel = p.k * NR * (backward ? 1 : p.taps);
  p.b_group = p.panels * p.taps * p.k * NR;
  bool join = !backward && p.w.axis[2].dilation == 1;
  if (join) { p.k *= p.w.axis[2].size; p.runs /= p.w.axis[2].size; }
  p.k_chunk = p.k <= CONV_K + CONV_K / 2 ? larger(1, p.k) : divide_up(p.k, divide_up(p.k, CONV_K));
  p.tap_chunk = p.k > p.k_chunk ? 1 : larger(1, CONV_K / larger(1, p.k));
  if (p.runs * p.k <= CONV_K + CONV_K / 2) p.tap_chunk = p.runs;
}

// ---- mostly zero gradients ----

constexpr int64_t SPARSE_SHARE = 4, SPARSE_FLOATS = 128 << 10;      // at most one in four is not zero

INLINE int64_t sparse_bytes(const ConvPlan& p) {          // 0: never
  double floats = spot_floats(p.w, p.b);
  if (p.k < 16 || p.taps < 4 || floats > SPARSE_FLOATS) return 0;
  return 4 * (int64_t)floats + 8 * p.taps + 4 * (p.k + LANES) + 64;
}

// Blocks are put together to units of some ten microseconds, of more pixels where the kernel does not stay in cache; where
// units are few, each does a part of the panels.
void plan_units(Instruction& i, ConvPlan& p, bool backward) {
  int64_t phases = 1, all_panels = p.groups * p.panels;
  for (auto& a : p.w.axis) phases *= reach_of(a, backward).phases;
  p.pixels = p.b.rows * p.b.cols;
  double reduction = larger(1, p.k * p.runs / phases), flops = 2.0 * (double)(p.pixels * all_panels * NR) * reduction;
  int64_t wanted = (double)(all_panels * NR) * reduction > 32768 ? divide_up(2 * CONV_PIXELS, p.pixels) : 1;
  p.per_unit = larger(wanted, (int64_t)(2 * UNIT_FLOPS / flops));
  if (p.b.patch_floats) p.per_unit = smaller(p.per_unit, CONV_PATCHES / 4 / p.b.patch_floats + 1);
  p.per_unit = larger(1, smaller(p.per_unit, p.b.count / 12));
  int64_t units = divide_up(p.b.count, p.per_unit);
  p.per_split = larger(1, (int64_t)smaller(all_panels, units >= 8 ? all_panels : all_panels * units / 8));
  if (flops * (double)p.per_unit < 2 * UNIT_FLOPS) p.per_split = all_panels;
  p.splits = divide_up(all_panels, p.per_split);
  i.units = units * p.splits;
  int64_t at = 0;
  auto take = [&at](int64_t bytes) { int64_t start = at; at += round_up(bytes, 64); return start; };
  p.at_patches = take(4 * p.per_unit * p.b.patch_floats);
  int64_t columns = p.groups * p.n;
  p.whole = i.chain && p.splits == 1 && p.n % LANES == 0 && 4 * columns * p.per_unit * p.pixels <= 2 * CONV_PATCHES && columns <= i.chain->tile;
  p.width = p.whole ? columns : NR;
  p.at_blocks = take(4 * p.per_unit * p.pixels * p.width + 64);
  p.at_tables = take((p.w.axis[0].size + p.w.axis[1].size + p.w.axis[2].size) * (int64_t)sizeof(TapPlace) + 16 * p.taps);
  p.at_patch_table = take(p.per_unit * (int64_t)sizeof(Patch));
  p.at_sparse = backward ? take(sparse_bytes(p)) : at;
  p.at_chain = at;
  i.scratch_bytes = at + (i.chain ? i.chain->scratch_bytes : 0);
  double padded = (double)(p.b.count * p.pixels * p.groups * round_up(p.n, LANES));
  i.cost = padded * reduction / (3 * LANES) + padded * (i.chain ? i.chain->cost : 0.1);
}

const char* prepare_convolution(Instruction& i, bool backward) {
  if (i.n_in < 2 || (!i.chain && (i.n_in != 2 || i.n_out != 1))) return "takes an image and a kernel, and gives one image";
  ConvPlan& p = *(ConvPlan*)i.plan;
  int64_t axes, rank;
  if (const char* complaint = read_window(i, p.w, axes)) return complaint;
  if (const char* complaint = check_conv(i, p, backward, axes)) return complaint;
  const int64_t* shape = gemm_shape(i, rank);
  if (shape[0] * shape[1] == 0) { i.units = 0; return nullptr; }
  int64_t channels = i.in[0].shape[axes + 1];
  if (is_depthwise(i)) return plan_depthwise(i, backward, channels, shape[1]);
  plan_kernel(p, backward, channels, shape[1]);
  p.b.images = i.in[0].shape[0];
  p.b.channels = channels;
  p.b.own = channels / p.groups;
  p.b.in_place = p.groups == 1;
  if (const char* complaint = plan_blocks(p.b, p.w, backward, CONV_PIXELS, 0)) return complaint;
  plan_units(i, p, backward);
  return nullptr;
}

const char* prepare_conv(Instruction& i) { return prepare_convolution(i, false); }
const char* prepare_conv_input_grad(Instruction& i) { return prepare_convolution(i, true); }

// ---- taps: where the reductions of an output start, for one class of outputs at a time ----

struct Taps {
  TapPlace* place[3];
  int64_t *a, *b, count, rho[3];
};

INLINE Taps start_taps(const ConvPlan& p, bool backward, char* room) {
  Taps taps;
  for (int a = 0; a < 3; a++) {
    taps.place[a] = (TapPlace*)room;
    room += p.w.axis[a].size * sizeof(TapPlace);
    for (int64_t t = 0; t < p.w.axis[a].size; t++) taps.place[a][t] = tap_place(p.w.axis[a], backward, t);
  }
  taps.a = (int64_t*)room;
  taps.b = taps.a + p.taps;
  taps.rho[0] = -1;
  return taps;
}

void select_taps(const ConvPlan& p, Taps& taps, int64_t rho0, int64_t rho1, int64_t rho2) {
  if (taps.rho[0] == rho0 && taps.rho[1] == rho1 && taps.rho[2] == rho2) return;
  const int64_t rho[3] = {rho0, rho1, rho2};
  memcpy(taps.rho, rho, sizeof rho);
  taps.count = 0;
  int64_t own = p.b.pixel, joined = p.taps / p.runs, n = 0;
  for (int64_t t0 = 0; t0 < p.w.axis[0].size; t0++)
    for (int64_t t1 = 0; t1 < p.w.axis[1].size; t1++)
      for (int64_t t2 = 0; t2 < p.w.axis[2].size; t2 += joined, n += joined) {
        TapPlace x = taps.place[0][t0], y = taps.place[1][t1], z = taps.place[2][t2];
        if (x.phase != rho0 || y.phase != rho1 || z.phase != rho2) continue;
        taps.a[taps.count] = ((x.shift * p.b.size[1] + y.shift) * p.b.size[2] + z.shift) * own;
        taps.b[taps.count++] = n * p.b_tap;
      }
}

// ---- one block by one panel ----

struct Panel {
  int64_t group, col, cols, vectors;                      // columns of the result
  const float* kernel;
};

void convolve_block(const ConvPlan& p, bool backward, const Place& at, const Patch& patch, const Panel& panel, Taps& taps, int64_t chunk,
                    float* block, int64_t ld) {
  Reach r[3];
  for (int a = 0; a < 3; a++) r[a] = reach_of(p.w.axis[a], backward);
  int64_t own = p.b.pixel, k_chunks = divide_up(larger(1, p.k), p.k_chunk);
  int64_t first = chunk / k_chunks * p.tap_chunk, k_first = chunk % k_chunks * p.k_chunk;
  Tile t;
  t.a_row = r[2].step * own;
  t.a_third = 3 * t.a_row;
  t.a_col = 1;
  t.b_row = NR;
  t.b = panel.kernel + k_first * NR;
  t.c_row = r[2].phases * ld;
  t.k = smaller(p.k_chunk, p.k - k_first);
  t.add = chunk > 0;
  int64_t plane = at.plane / r[0].phases * r[0].step - patch.low[0];
  for (int64_t q = at.row; q < at.row + at.rows; q++) {
    int64_t row = plane * p.b.size[1] + q / r[1].phases * r[1].step - patch.low[1];
    for (int64_t rho = 0; rho < smaller(r[2].phases, at.cols); rho++) {
      select_taps(p, taps, at.plane % r[0].phases, q % r[1].phases, rho);
      t.taps = larger(0, smaller(p.tap_chunk, taps.count - first));
      if (t.add && t.taps == 0) continue;
      t.a_tap = taps.a + first;
      t.b_tap = taps.b + first;
      t.a = patch.data + (row * p.b.size[2] + at.col / r[2].phases * r[2].step - patch.low[2]) * own + k_first;
      t.c = block + ((q - at.row) * at.cols + rho) * ld;
      int64_t pixels = divide_up(at.cols - rho, r[2].phases);
      multiply_evenly(t, pixels, (int)panel.vectors);
    }
  }
}

// f(pixel of dy, where its window starts in the spot) for all windows of the spot.
template <class F> INLINE void each_window(const ConvPlan& p, const Spot& s, const Patch& patch, F f) {
  for (int64_t d = 0; d < s.count[0]; d++)
    for (int64_t h = 0; h < s.count[1]; h++)
      for (int64_t w = 0; w < s.count[2]; w++) {
        int64_t row = (d + s.low[0] - patch.low[0]) * p.b.size[1] + h + s.low[1] - patch.low[1];
        int64_t to = (d * p.w.axis[0].stride * s.size[1] + h * p.w.axis[1].stride) * s.size[2] + w * p.w.axis[2].stride;
        f(patch.data + (row * p.b.size[2] + w + s.low[2] - patch.low[2]) * p.b.pixel, to);
      }
}

// Does the whole block if few of its gradients are not zero.
bool spread_block(const ConvPlan& p, const Place& at, const Patch& patch, const Panel& panel, char* room, float* block, int64_t ld) {
  Spot s = spot_of(p.w, p.b, at);
  int64_t nonzero = 0, windows = s.count[0] * s.count[1] * s.count[2], cells = s.size[0] * s.size[1] * s.size[2];
  each_window(p, s, patch, [&](const float* dy, int64_t) { nonzero += count_nonzero(dy, p.k); });
  if (nonzero * SPARSE_SHARE > windows * p.k) return false;
  int64_t* shift = (int64_t*)room;
  int32_t* filter = (int32_t*)(shift + p.taps);
  float* spot = (float*)(filter + round_up(p.k + LANES, 2));
  shifts_in(s, p.w, shift);
  clear(spot, cells * NR);
  each_window(p, s, patch, [&](const float* dy, int64_t to) {
    Spread spread{panel.kernel, p.b_tap, dy, filter, 0};
    each_nonzero(dy, p.k, [&](int64_t f, float) { filter[spread.count++] = (int32_t)f; });
    if (spread.count == 0) return;
    if (panel.vectors == 1) spread_pixel<1>(spread, shift, p.taps, spot + to * NR);
    else spread_pixel<2>(spread, shift, p.taps, spot + to * NR);
  });
  gather_spot(at, s, spot, panel.vectors, block, ld);
  return true;
}

INLINE Panel panel_of(const Instruction& i, const Context& context, const ConvPlan& p, int64_t number) {
  Panel panel;
  int64_t n = number % p.panels;
  panel.group = number / p.panels;
  panel.col = panel.group * p.n + n * NR;
  panel.cols = smaller(NR, p.n - n * NR);
  panel.vectors = divide_up(panel.cols, LANES);
  panel.kernel = (const float*)address(context, i.in[1]) + panel.group * p.b_group + n * p.b_panel;
  return panel;
}

INLINE void run_convolution(const Instruction& i, const Context& context, int64_t unit, bool backward) {
  if (is_depthwise(i)) return run_depthwise(i, context, unit, backward);
  const ConvPlan& p = *(const ConvPlan*)i.plan;
  ChainRun run;
  start_chain(run, i.chain, &context, context.scratch + p.at_chain);
  int64_t first = unit / p.splits * p.per_unit, count = smaller(p.per_unit, p.b.count - first);
  int64_t panel_end = smaller(p.groups * p.panels, (unit % p.splits + 1) * p.per_split);
  float *patches = (float*)(context.scratch + p.at_patches), *blocks = (float*)(context.scratch + p.at_blocks);
  Taps taps = start_taps(p, backward, context.scratch + p.at_tables);
  Patch* patch = (Patch*)(context.scratch + p.at_patch_table);
  bool may_spread = backward && p.at_chain > p.at_sparse, whole = p.whole;
  int64_t group = -1, chunks = divide_up(p.runs, p.tap_chunk) * divide_up(larger(1, p.k), p.k_chunk);
  for (int64_t number = unit % p.splits * p.per_split; number < panel_end; number++) {
    Panel panel = panel_of(i, context, p, number);
    if (panel.group != group) {
      group = panel.group;
      for (int64_t k = 0; k < count; k++)
        patch[k] = make_patch(p.b, p.w, backward, place_of_block(p.b, first + k), group * p.b.own, p.b.own,
                              (const float*)address(context, i.in[0]), patches + k * p.b.patch_floats);
    }
    int64_t wide = panel.vectors * LANES, out_row = i.chain ? 0 : i.out[0].strides[0];
    bool direct = !i.chain && panel.cols == wide && i.out[0].strides[1] == 1;
    float* out = i.chain ? nullptr : (float*)address(context, i.out[0]) + panel.col;
    for (int64_t chunk = 0; chunk < chunks; chunk++)
      for (int64_t k = 0; k < count; k++) {
        Place at = place_of_block(p.b, first + k);
        float* block = blocks + (chunks == 1 && !whole ? 0 : k) * p.pixels * p.width + (whole ? panel.col : 0);
        float* to = direct ? out + at.first * out_row : block;
        int64_t ld = direct ? out_row : whole ? p.width : wide;
        if (chunk == 0) patch[k].done = may_spread && spread_block(p, at, patch[k], panel, context.scratch + p.at_sparse, to, ld);
        if (!patch[k].done) convolve_block(p, backward, at, patch[k], panel, taps, chunk, to, ld);
        if (chunk < chunks - 1 || direct || whole) continue;
        finish_block(i, context, run, block, wide, Block{0, at.first, panel.col, at.rows * at.cols, panel.cols});
      }
  }
  for (int64_t k = 0; whole && k < count; k++) {
    Place at = place_of_block(p.b, first + k);
    finish_block(i, context, run, blocks + k * p.pixels * p.width, p.width, Block{0, at.first, 0, at.rows * at.cols, p.width});
  }
}

void run_conv(const Instruction& i, const Context& context, int64_t unit) { run_convolution(i, context, unit, false); }
void run_conv_input_grad(const Instruction& i, const Context& context, int64_t unit) { run_convolution(i, context, unit, true); }

}  // namespace
}  // namespace ISA
