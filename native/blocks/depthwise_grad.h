// Depthwise convolution backward to its kernel: for each tap the products of x and dy, summed over all pixels. The blocks are
// dealt to a fixed number of splits, whose sums are added in order by who finishes last.
#pragma once
#include "depthwise.h"

namespace ISA {
namespace {

constexpr int64_t SUMS_WORKSPACE = 4 << 20;

// The window is read; the kernel is the output.
bool is_depthwise_grad(const Instruction& i) {
  const Operand& x = i.in[0];
  int64_t groups = ((const DepthwisePlan*)i.plan)->w.groups;
  return groups > 1 && x.shape[x.rank - 1] == groups;
}

INLINE int64_t split_floats(const DepthwisePlan& p) { return round_up(p.taps * p.filters, 16); }

const char* plan_depthwise_grad(Instruction& i, int64_t channels, int64_t filters) {
  DepthwisePlan& p = *(DepthwisePlan*)i.plan;
  size_depthwise(p, i.in[0].shape[0], channels, filters);
  cut_depthwise(p, false, DEPTHWISE_FLOATS);
  int64_t bytes = 4 * split_floats(p);
  double products = (double)(p.b.count * p.b.rows * p.b.cols * filters) * (double)p.taps;
  int64_t splits = smaller(smaller(bytes < 65536 ? 16 : 8, p.b.count), larger(1, SUMS_WORKSPACE / bytes));
  i.units = larger(1, smaller(splits, (int64_t)(4 * products / UNIT_FLOPS)));
  i.n_counters = 1;
  i.workspace_bytes = i.units * bytes;
  p.at_taps = 0;
  p.at_lanes = round_up(row_bytes(p), 64);
  i.scratch_bytes = p.at_lanes + p.wide / LANES * (int64_t)sizeof(Lanes);
  i.cost = products / (2 * LANES);
  return nullptr;
}

// ---- tiles: as in depthwise.h, but y is dy, and the products go to sums that lie as the kernel does ----

template <int M, int T, int S> void gradient_tile(const Strip& s) {
  const int64_t x_pixel = s.x_pixel, y_pixel = s.y_pixel, taps = s.taps, cols = s.cols, *at_x = s.at_x, *at_kernel = s.at_kernel;
  for (int64_t col = 0; col < cols; col += LANES) {
    const float *from = s.x + col, *y = s.y + col;
    float* sums = s.kernel + col;
    Vec dy[M];
#pragma GCC unroll 8
    for (int m = 0; m < M; m++) dy[m] = held(load(y + m * y_pixel));
    for (int64_t tap = 0; tap < taps; tap += T) {
      const float* x = from + at_x[tap];
      Vec c[T];
#pragma GCC unroll 8
      for (int t = 0; t < T; t++) c[t] = Vec{};
#pragma GCC unroll 32
      for (int cell = 0; cell < (M - 1) * S + T; cell++, x += x_pixel) {
        Vec here = T > 1 ? held(load(x)) : load(x);
#pragma GCC unroll 8
        for (int t = 0; t < T; t++)
          if (cell >= t && (cell - t) % S == 0 && (cell - t) / S < M) c[t] = fma(here, dy[(cell - t) / S], c[t]);
      }
#pragma GCC unroll 8
      for (int t = 0; t < T; t++) store(sums + at_kernel[tap + t], load(sums + at_kernel[tap + t]) + c[t]);
    }
  }
}

template <int M> void gradient_some(const Strip& s) {
  for (int64_t v = 0; v * LANES < s.cols; v++) {
    const Lanes& l = s.lanes[v];
    Vec dy[M];
#pragma GCC unroll 8
    for (int m = 0; m < M; m++) dy[m] = load_some(s.y + m * s.y_pixel + v * LANES, l.filters);
    for (int64_t tap = 0; tap < s.taps; tap++) {
      const float* x = s.x + s.at_x[tap] + l.from;
      float* sums = s.kernel + s.at_kernel[tap] + v * LANES;
      Vec c{};
#pragma GCC unroll 8
      for (int m = 0; m < M; m++) c = fma((Vec)__builtin_shuffle(load_some(x + m * s.x_pixel, l.count), l.index), dy[m], c);
      store_some(sums, load_some(sums, l.filters) + c, l.filters);
    }
  }
}

const Strips gradients = STRIPS(gradient_tile, gradient_some, (gradient_tile<1, 1, 1>), true);

// ---- units ----

void run_depthwise_grad(const Instruction& i, const Context& context, int64_t split) {
  const DepthwisePlan& p = *(const DepthwisePlan*)i.plan;
  const float* x = (const float*)address(context, i.in[0]);
  float *dy = (float*)address(context, i.in[1]), *all = (float*)i.workspace, *sums = all + split * split_floats(p);
  Row row = start_row(p, context, false);
  clear(sums, p.taps * p.filters);
  for (int64_t number = split * p.b.count / i.units; number < (split + 1) * p.b.count / i.units; number++) {
    Place at = place_of_block(p.b, number);
    for (int64_t col = 0; col < p.filters; col += p.wide) {
      Strip s = start_strip(p, context, x, at.image, col, smaller(p.wide, p.filters - col), false, row);
      s.kernel = sums + col;
      s.y_pixel = p.filters;
      s.y = dy + at.first * p.filters + col;
      depthwise_block(p, false, gradients, at, s, row);
    }
  }
  if (!last_piece(i, 0, i.units)) return;
  float* dk = (float*)address(context, i.out[0]);
  for (int64_t k = 0; k < p.taps * p.filters; k += LANES) {
    Vec sum = load(all + k);
    for (int64_t n = 1; n < i.units; n++) sum += load(all + n * split_floats(p) + k);
    if (p.taps * p.filters - k >= LANES) store(dk + k, sum);
    else store_some(dk + k, sum, p.taps * p.filters - k);
  }
}

}  // namespace
}  // namespace ISA
