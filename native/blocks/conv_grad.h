// Convolution backward to its kernel: for each tap the product of the patches, transposed, with dy. Sums run over the pixels
// of blocks in order; images are dealt to a fixed number of splits, whose sums are added in order by who finishes last.
#pragma once
#include "conv.h"
#include "depthwise_grad.h"

namespace ISA {
namespace {

constexpr int64_t GRAD_PIXELS = 256, GRAD_WORKSPACE = 4 << 20;

struct KernelGradPlan {
  Window w;
  Blocks b;
  int64_t n, taps, runs, run_rows;                        // run_rows: rows of dk side by side in a patch: channels, or taps too
  int64_t panels, groups, splits, parts, per_part;        // panels of one group; parts: of all panels, each a unit of a split
  int64_t per_pass, rows, thirds;                         // rows of dk in all; thirds: see run_kernel_grad
  int64_t at_patches, at_panel, at_tables, at_sparse;     // scratch, in bytes; at_sparse 0: never
};
static_assert(sizeof(KernelGradPlan) <= sizeof(Instruction::plan), "plan");

const char* check_kernel_grad(const Instruction& i, KernelGradPlan& p, int64_t axes) {
  if (i.n_in != 2 || i.n_out != 1) return "takes an image and the gradient of its convolution";
  const Operand &x = i.in[0], &dy = i.in[1], &dk = i.out[0];
  if (!is_image(x, p.w, axes, false) || !is_image(dy, p.w, axes, true)) return "an image does not fit the window, or is not contiguous float32";
  if (x.shape[0] != dy.shape[0]) return "the images differ in number";
  if (dk.dtype != F32 || !row_major(dk) || dk.rank != axes + 2) return "the result must be contiguous float32";
  for (int64_t a = 0; a < axes; a++)
    if (dk.shape[a] != p.w.axis[a + 3 - axes].size) return "the result's window differs";
  int64_t channels = x.shape[axes + 1], filters = dy.shape[axes + 1];
  if (channels != dk.shape[axes] * p.w.groups || filters != dk.shape[axes + 1] || filters % p.w.groups) return "the channels do not fit";
  return nullptr;
}

const char* prepare_conv_kernel_grad(Instruction& i) {
  KernelGradPlan& p = *(KernelGradPlan*)i.plan;
  int64_t axes;
  if (const char* complaint = read_window(i, p.w, axes)) return complaint;
  if (const char* complaint = check_kernel_grad(i, p, axes)) return complaint;
  const Operand& x = i.in[0];
  int64_t channels = x.shape[axes + 1], filters = i.out[0].shape[axes + 1];
  if (channels * filters == 0) { i.units = 0; return nullptr; }
  if (is_depthwise_grad(i)) return plan_depthwise_grad(i, channels, filters);
  p.taps = taps_of(p.w);
  p.groups = p.w.groups;
  p.n = filters / p.groups;
  p.panels = divide_up(p.n, NR);
  p.b.images = x.shape[0];
  p.b.channels = channels;
  p.b.own = channels / p.groups;
  p.b.in_place = p.groups == 1;
  bool spread = p.b.own % 128 == 0 && (p.w.axis[2].size > 1 || p.w.axis[1].size > 1);    // else pixels meet in few cache sets
  if (spread) p.b.in_place = 0;
  if (const char* complaint = plan_blocks(p.b, p.w, false, GRAD_PIXELS, spread ? 16 : 0)) return complaint;
  bool join = !spread && p.w.axis[2].dilation == 1;
  p.rows = p.taps * p.b.own;
  p.run_rows = join ? p.b.own * p.w.axis[2].size : p.b.own;
  p.runs = join ? p.taps / p.w.axis[2].size : p.taps;
  p.thirds = p.run_rows == 3 && join && p.w.axis[0].size == 1;
  int64_t pixels = p.b.rows * p.b.cols, all_panels = p.groups * p.panels, bytes = 4 * p.rows * NR * all_panels;
  p.per_pass = larger(1, smaller(GRAD_PIXELS / pixels, larger(1, p.b.count / 8)));
  if (p.b.patch_floats) p.per_pass = larger(1, smaller(p.per_pass, CONV_PATCHES / 4 / p.b.patch_floats));
  double flops = 2.0 * (double)(p.b.count * pixels) * (double)p.rows * (double)(NR * all_panels);
  p.splits = smaller(smaller(bytes < 65536 ? 16 : 8, p.b.count / p.per_pass), larger(1, GRAD_WORKSPACE / bytes));
  p.splits = larger(1, smaller(p.splits, (int64_t)(flops / UNIT_FLOPS)));
  p.parts = smaller(all_panels, divide_up(12, p.splits));
  p.per_part = divide_up(all_panels, p.parts);
  p.parts = divide_up(all_panels, p.per_part);
  i.units = p.b.count ? p.splits * p.parts : 1;           // without pixels the sums are nothing
  i.n_counters = p.parts;
  i.workspace_bytes = p.splits * bytes;
  p.at_patches = 0;
  p.at_panel = round_up(4 * p.per_pass * p.b.patch_floats, 64);
  p.at_tables = p.at_panel + round_up(4 * p.per_pass * pixels * NR, 64);
  i.scratch_bytes = p.at_tables + round_up(16 * p.per_pass * p.b.rows + (int64_t)sizeof(Patch) * p.per_pass, 64) + 64;
  p.at_sparse = 0;
  if (p.run_rows % LANES == 0 && p.rows <= 2048) {
    p.at_sparse = i.scratch_bytes;
    i.scratch_bytes += 12 * NR * p.per_pass * pixels + 4 * NR * (p.rows + 16) + 128;
  }
  i.cost = flops / (6.0 * LANES);
  return nullptr;
}

// ---- a pass: some blocks, one panel ----

struct Pass {
  const Place* place;
  const Patch* patch;
  int64_t count;
  int64_t *a_tap, *b_tap;                                 // of the rows of pixels
};

INLINE int64_t shift_of(const KernelGradPlan& p, int64_t tap) {       // where a tap reads, from where tap 0 would without padding
  const Axis* x = p.w.axis;
  int64_t t2 = tap % x[2].size, t1 = tap / x[2].size % x[1].size, t0 = tap / x[2].size / x[1].size;
  return ((t0 * x[0].dilation * p.b.size[1] + t1 * x[1].dilation) * p.b.size[2] + t2 * x[2].dilation) * p.b.pixel;
}

// The pass with only those gradients that are not zero, if they are few: filter by filter, as columns of dk.
bool sparse_pass(const KernelGradPlan& p, const Tile& t, int64_t pixels, int64_t vectors, char* room, float* sums) {
  if (count_nonzero(t.b, pixels * NR) * SPARSE_SHARE > pixels * vectors * LANES) return false;
  int64_t count[NR] = {}, ld = p.rows + 16, n = vectors * LANES;
  int64_t* at = (int64_t*)room;
  float *dy = (float*)(at + NR * pixels), *turned = dy + NR * pixels;
  for (int64_t r = 0; r < t.taps; r++)
    for (int64_t c = 0; c < t.k; c++)
      each_nonzero(t.b + t.b_tap[r] + c * NR, n, [&](int64_t f, float value) {
        int64_t to = f * pixels + count[f]++;
        at[to] = t.a_tap[r] + c * t.a_col;
        dy[to] = value;
      });
  int64_t joined = p.taps / p.runs, distance = p.runs > 1 ? shift_of(p, joined) : 0;
  for (int64_t f = 0; f < n; f++) {
    Entries e{at + f * pixels, dy + f * pixels, count[f]};
    for (int64_t run = 0; run < p.runs;) {
      const float* x = t.a + shift_of(p, run * joined);
      bool three = run + 3 <= p.runs && shift_of(p, (run + 2) * joined) - shift_of(p, run * joined) == 2 * distance &&
                   shift_of(p, (run + 1) * joined) - shift_of(p, run * joined) == distance;
      float* to = turned + f * ld + run * p.run_rows;
      if (three) sum_runs<3>(e, x, distance, to, p.run_rows, false);
      else sum_runs<1>(e, x, 0, to, p.run_rows, false);
      run += three ? 3 : 1;
    }
  }
  add_turned(turned, ld, p.rows, vectors, sums, t.add);
  return true;
}

// dy's panel is copied, so that its rows do not meet in the same cache sets; then each run of dk's rows is one product.
void panel_pass(const KernelGradPlan& p, const Pass& pass, const float* dy, int64_t cols, float* room, char* sparse_room, float* sums, bool add) {
  int64_t own = p.b.pixel, rows = 0, filters = p.n * p.groups, pixels = 0;
  const Patch& base = pass.patch[0];
  for (int64_t k = 0; k < pass.count; k++) {
    const Place& at = pass.place[k];
    const Patch& patch = pass.patch[k];
    copy_panel(room + pixels * NR, dy + at.first * filters, at.rows * at.cols, cols, filters, 1);
    for (int64_t r = 0; r < at.rows; r++, rows++) {
      int64_t plane = at.plane * p.w.axis[0].stride - p.w.axis[0].low - patch.low[0];
      int64_t row = (at.row + r) * p.w.axis[1].stride - p.w.axis[1].low - patch.low[1];
      int64_t col = at.col * p.w.axis[2].stride - p.w.axis[2].low - patch.low[2];
      pass.a_tap[rows] = patch.data - base.data + ((plane * p.b.size[1] + row) * p.b.size[2] + col) * own;
      pass.b_tap[rows] = (pixels + r * at.cols) * NR;
    }
    pixels += at.rows * at.cols;
  }
  Tile t;
  t.k = pass.place[0].cols;
  t.a = base.data;
  t.a_row = 1;
  t.a_third = p.thirds ? shift_of(p, p.w.axis[2].size) : 3;
  t.a_col = p.w.axis[2].stride * own;
  t.b = room;
  t.b_row = NR;
  t.c_row = NR;
  t.add = add;
  t.taps = rows;
  t.a_tap = pass.a_tap;
  t.b_tap = pass.b_tap;
  int64_t vectors = divide_up(cols, LANES), runs = p.thirds ? 1 : p.runs, height = p.thirds ? p.rows : p.run_rows;
  if (sparse_room && sparse_pass(p, t, pixels, vectors, sparse_room, sums)) return;
  for (int64_t run = 0; run < runs; run++) {
    Tile own_tile = t;
    own_tile.a += shift_of(p, run * (p.taps / p.runs));
    own_tile.c = sums + run * height * NR;
    if (p.thirds) multiply_rows(own_tile, height, (int)vectors);
    else multiply_evenly(own_tile, height, (int)vectors);
  }
}

// ---- units ----

INLINE float* sums_of(const Instruction& i, const KernelGradPlan& p, int64_t split, int64_t panel) {
  return (float*)i.workspace + (split * p.groups * p.panels + panel) * p.rows * NR;
}

// dk's columns of a panel: the sums of all splits, in order.
void finish_kernel_panel(const Instruction& i, const KernelGradPlan& p, int64_t panel, float* dk) {
  int64_t group = panel / p.panels, n = panel % p.panels * NR, cols = smaller(NR, p.n - n), filters = p.n * p.groups;
  dk += group * p.n + n;
  for (int64_t r = 0; r < p.rows; r++, dk += filters)
    for (int64_t v = 0; v < cols; v += LANES) {
      Vec sum = load(sums_of(i, p, 0, panel) + r * NR + v);
      for (int64_t s = 1; s < p.splits; s++) sum += load(sums_of(i, p, s, panel) + r * NR + v);
      if (cols - v >= LANES) store(dk + v, sum);
      else store_some(dk + v, sum, cols - v);
    }
}

void run_conv_kernel_grad(const Instruction& i, const Context& context, int64_t unit) {
  if (is_depthwise_grad(i)) return run_depthwise_grad(i, context, unit);
  const KernelGradPlan& p = *(const KernelGradPlan*)i.plan;
  if (p.b.count == 0) return clear((float*)address(context, i.out[0]), p.rows * p.n * p.groups);
  const float *x = (const float*)address(context, i.in[0]), *dy = (const float*)address(context, i.in[1]);
  int64_t split = unit / p.parts, part = unit % p.parts, passes = divide_up(p.b.count, p.per_pass);
  int64_t first_panel = part * p.per_part, end_panel = smaller(p.groups * p.panels, first_panel + p.per_part);
  float *patches = (float*)(context.scratch + p.at_patches), *room = (float*)(context.scratch + p.at_panel);
  Pass pass;
  pass.a_tap = (int64_t*)(context.scratch + p.at_tables);
  pass.b_tap = pass.a_tap + p.per_pass * p.b.rows;
  Patch* patch = (Patch*)(pass.b_tap + p.per_pass * p.b.rows);
  Place place[GRAD_PIXELS];
  pass.patch = patch;
  pass.place = place;
  int64_t start = split * passes / p.splits, end = (split + 1) * passes / p.splits;
  for (int64_t number = start; number < end; number++) {
    int64_t group = -1;
    pass.count = smaller(p.per_pass, p.b.count - number * p.per_pass);
    for (int64_t k = 0; k < pass.count; k++) place[k] = place_of_block(p.b, number * p.per_pass + k);
    for (int64_t panel = first_panel; panel < end_panel; panel++) {
      int64_t n = panel % p.panels * NR, cols = smaller(NR, p.n - n);
      if (panel / p.panels != group) {
        group = panel / p.panels;
        for (int64_t k = 0; k < pass.count; k++)
          patch[k] = make_patch(p.b, p.w, false, place[k], group * p.b.own, p.b.own, x, patches + k * p.b.patch_floats);
      }
      panel_pass(p, pass, dy + group * p.n + n, cols, room, p.at_sparse ? context.scratch + p.at_sparse : nullptr, sums_of(i, p, split, panel),
                 number > start);
    }
  }
  if (!last_piece(i, part, p.splits)) return;
  for (int64_t panel = first_panel; panel < end_panel; panel++) finish_kernel_panel(i, p, panel, (float*)address(context, i.out[0]));
}

}  // namespace
}  // namespace ISA
