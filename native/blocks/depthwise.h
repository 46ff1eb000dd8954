// Depthwise convolution: each channel by a kernel of its own. Images are read where they are: taps that lie in the padding are
// left out, row by row, and at the edges of a row pixel by pixel. The kernel comes as it is. Forward and to the input here, to
// the kernel in depthwise_grad.h.
#pragma once
#include "gemm.h"
#include "patch.h"

namespace ISA {
namespace {

constexpr int64_t DEPTHWISE_FLOATS = 64 << 10, DEPTHWISE_CHAINED = 16 << 10;         // of a block; what a chain reads again stays in L2
constexpr int DEPTHWISE_PIXELS = 8;                       // of a tile

struct DepthwisePlan {
  Window w;
  Blocks b;
  int64_t filters, repeat, taps, wide;                    // repeat: filters of a channel; wide: filters of a section
  int64_t per_unit, at_taps, at_lanes, at_block, at_chain;
};
static_assert(sizeof(DepthwisePlan) <= sizeof(Instruction::plan), "plan");

// Where a vector of filters finds its channels: `count` floats from `from` on, spread over the lanes.
struct Lanes {
  int64_t from, count, filters;
  IVec index;
};

INLINE bool is_depthwise(const Instruction& i) { return i.in[1].rank > 1; }     // its kernel is not packed

INLINE int64_t row_bytes(const DepthwisePlan& p) {
  return 5 * p.taps * (int64_t)sizeof(int64_t) + (p.w.axis[0].size + p.w.axis[1].size + p.w.axis[2].size) * (int64_t)sizeof(TapPlace);
}

void size_depthwise(DepthwisePlan& p, int64_t images, int64_t channels, int64_t filters) {
  p.filters = filters;
  p.taps = p.w.axis[0].size * p.w.axis[1].size * p.w.axis[2].size;
  p.wide = round_up(divide_up(filters, divide_up(filters, WIDE_COLS)), LANES);
  p.b.images = images;
  p.b.channels = channels;
  p.repeat = filters / channels;
}

// Blocks of so many floats at most, and more than one thread's.
void cut_depthwise(DepthwisePlan& p, bool backward, int64_t floats) {
  int64_t all = p.b.images;
  for (auto& a : p.w.axis) all *= reach_of(a, backward).outputs;
  cut_blocks(p.b, p.w, backward, larger(32, smaller(floats / p.wide, all / 12)));
}

// Its window is read.
const char* plan_depthwise(Instruction& i, bool backward, int64_t channels, int64_t filters) {
  DepthwisePlan& p = *(DepthwisePlan*)i.plan;
  size_depthwise(p, i.in[0].shape[0], channels, filters);
  cut_depthwise(p, backward, i.chain ? DEPTHWISE_CHAINED : DEPTHWISE_FLOATS);
  int64_t pixels = p.b.rows * p.b.cols, phases = 1, at = 0;
  for (auto& a : p.w.axis) phases *= reach_of(a, backward).phases;
  double products = (double)(pixels * filters) * (double)larger(1, p.taps / phases);
  p.per_unit = larger(1, smaller((int64_t)(UNIT_FLOPS / 4 / products), p.b.count / 12));
  i.units = divide_up(p.b.count, p.per_unit);
  auto take = [&at](int64_t bytes) { int64_t start = at; at += round_up(bytes, 64); return start; };
  p.at_taps = take(row_bytes(p));
  p.at_lanes = take(p.wide / LANES * (int64_t)sizeof(Lanes));
  p.at_block = take(4 * pixels * p.wide + 64);
  p.at_chain = at;
  i.scratch_bytes = at + (i.chain ? i.chain->scratch_bytes : 0);
  double outputs = (double)(p.b.count * pixels * filters);
  i.cost = products * (double)p.b.count / (2 * LANES) + outputs * (i.chain ? i.chain->cost : 0.1);
  return nullptr;
}

// ---- tiles: M pixels of a row ----

struct Strip {                                            // its pixels and all their filters
  const float* x;
  float *kernel, *y;                                      // y is written, or (to the kernel) read and the kernel's sums are written
  int64_t x_pixel, y_pixel, taps, cols;                   // x_pixel: from one source cell (of one output, if T is 1) to the next
  const int64_t *at_x, *at_kernel;                        // of each tap
  const Lanes* lanes;
};

// T taps side by side share what they read: outputs are S cells apart. The last vector may overlap the one before.
template <int M, int T, int S> void depthwise_tile(const Strip& s) {
  const int64_t x_pixel = s.x_pixel, y_pixel = s.y_pixel, taps = s.taps, cols = s.cols, *at_x = s.at_x, *at_kernel = s.at_kernel;
  for (int64_t v = 0; v < cols; v += LANES) {
    int64_t col = smaller(v, cols - LANES);
    const float *from = s.x + col, *kernel = s.kernel + col;
    Vec c[M];
#pragma GCC unroll 8
    for (int m = 0; m < M; m++) c[m] = Vec{};
    for (int64_t tap = 0; tap < taps; tap += T) {
      const float* x = from + at_x[tap];
      Vec w[T];
#pragma GCC unroll 8
      for (int t = 0; t < T; t++) w[t] = held(load(kernel + at_kernel[tap + t]));
#pragma GCC unroll 32
      for (int cell = 0; cell < (M - 1) * S + T; cell++, x += x_pixel) {
        Vec here = T > 1 ? held(load(x)) : load(x);
#pragma GCC unroll 8
        for (int t = 0; t < T; t++)
          if (cell >= t && (cell - t) % S == 0 && (cell - t) / S < M) c[(cell - t) / S] = fma(here, w[t], c[(cell - t) / S]);
      }
    }
    float* y = s.y + col;
#pragma GCC unroll 8
    for (int m = 0; m < M; m++) store(y + m * y_pixel, c[m]);
  }
}

// Fewer channels than a vector has lanes, or several filters a channel.
template <int M> void depthwise_some(const Strip& s) {
  for (int64_t v = 0; v * LANES < s.cols; v++) {
    const Lanes& l = s.lanes[v];
    Vec c[M];
#pragma GCC unroll 8
    for (int m = 0; m < M; m++) c[m] = Vec{};
    for (int64_t tap = 0; tap < s.taps; tap++) {
      const float* x = s.x + s.at_x[tap] + l.from;
      Vec w = load_some(s.kernel + s.at_kernel[tap] + v * LANES, l.filters);
#pragma GCC unroll 8
      for (int m = 0; m < M; m++) {
        Vec here = load_some(x + m * s.x_pixel, l.count);
        c[m] = fma((Vec)__builtin_shuffle(here, l.index), w, c[m]);
      }
    }
#pragma GCC unroll 8
    for (int m = 0; m < M; m++) store_some(s.y + m * s.y_pixel + v * LANES, c[m], l.filters);
  }
}

// One pixel that lacks some taps: several vectors side by side, else each multiply-add would wait for the one before.
template <int N> INLINE void edge_vectors(const Strip& s, int64_t col) {
  Vec c[N];
#pragma GCC unroll 4
  for (int n = 0; n < N; n++) c[n] = Vec{};
  for (int64_t tap = 0; tap < s.taps; tap++) {
    const float *x = s.x + s.at_x[tap] + col, *w = s.kernel + s.at_kernel[tap] + col;
#pragma GCC unroll 4
    for (int n = 0; n < N; n++) c[n] = fma(load(x + n * LANES), load(w + n * LANES), c[n]);
  }
#pragma GCC unroll 4
  for (int n = 0; n < N; n++) store(s.y + col + n * LANES, c[n]);
}

void depthwise_edge(const Strip& s) {
  int64_t v = 0;
  for (; s.cols - v >= 4 * LANES; v += 4 * LANES) edge_vectors<4>(s, v);
  for (; v < s.cols; v += LANES) edge_vectors<1>(s, smaller(v, s.cols - LANES));
}

// ---- the tiles of a row of pixels ----

typedef void (*StripRun)(const Strip&);
struct Strips {                                           // for each number of pixels, and by taps side by side and strides
  StripRun any[DEPTHWISE_PIXELS + 1], three[DEPTHWISE_PIXELS + 1], three_strided[DEPTHWISE_PIXELS + 1], five[DEPTHWISE_PIXELS + 1],
      seven[DEPTHWISE_PIXELS + 1], some[DEPTHWISE_PIXELS + 1], edge;
  bool reads_y;
};
#define TILES(tile, ...) {nullptr, tile<1 __VA_OPT__(, ) __VA_ARGS__>, tile<2 __VA_OPT__(, ) __VA_ARGS__>, tile<3 __VA_OPT__(, ) __VA_ARGS__>, tile<4 __VA_OPT__(, ) __VA_ARGS__>, \
                          tile<5 __VA_OPT__(, ) __VA_ARGS__>, tile<6 __VA_OPT__(, ) __VA_ARGS__>, tile<7 __VA_OPT__(, ) __VA_ARGS__>, tile<8 __VA_OPT__(, ) __VA_ARGS__>}
#define STRIPS(tile, some, edge, reads_y) {TILES(tile, 1, 1), TILES(tile, 3, 1), TILES(tile, 3, 2), TILES(tile, 5, 1), TILES(tile, 7, 1), TILES(some), edge, reads_y}
const Strips products = STRIPS(depthwise_tile, depthwise_some, depthwise_edge, false);

INLINE void ask_for(const float* from, int64_t floats) {
  for (int64_t k = 0; k < floats; k += 16) __builtin_prefetch(from + k, 0, 2);
}

// ---- a row of outputs ----

// The taps that meet the image, from where the row's first window would be without padding; along the row all of them.
struct Row {
  TapPlace* place[3];
  int64_t *at_x, *at_kernel, *shift, *edge_x, *edge_kernel;
  int64_t count, along, low, high;                        // `along` taps side by side reach low .. high
  int64_t rho;                                            // which rows of taps were found, as bits, for which class of outputs
  uint64_t rows;
  int64_t lanes;                                          // the first filter that lanes were found for
};

INLINE bool meets(const DepthwisePlan& p, bool backward, int axis, TapPlace place, int64_t output) {
  Reach r = reach_of(p.w.axis[axis], backward);
  int64_t cell = output / r.phases * r.step + place.shift;
  return place.phase == output % r.phases && cell >= 0 && cell < r.source;
}

// Taps along the row in the order of their cells. Most rows have those of the row before.
void find_taps(const DepthwisePlan& p, bool backward, int64_t plane, int64_t row, int64_t rho, Row& r) {
  const Axis* a = p.w.axis;
  int64_t along = a[2].size, tap_rows = a[0].size * a[1].size;
  uint64_t rows = 0;
  for (int64_t n = 0; n < tap_rows && tap_rows < 64; n++) {
    bool here = meets(p, backward, 0, r.place[0][n / a[1].size], plane) && meets(p, backward, 1, r.place[1][n % a[1].size], row);
    rows |= (uint64_t)here << n;
  }
  if (r.rho == rho && r.rows == rows && tap_rows < 64) return;
  r.rho = rho;
  r.rows = rows;
  r.count = r.along = 0;
  for (int64_t n = 0; n < tap_rows; n++) {
    TapPlace y = r.place[0][n / a[1].size], z = r.place[1][n % a[1].size];
    if (!meets(p, backward, 0, y, plane) || !meets(p, backward, 1, z, row)) continue;
    int64_t first = r.count;
    for (int64_t t = 0; t < along; t++) {
      int64_t tap = backward ? along - 1 - t : t;
      TapPlace place = r.place[2][tap];
      if (place.phase != rho) continue;
      if (r.count == first) r.low = place.shift;
      r.high = r.shift[r.count] = place.shift;
      r.at_x[r.count] = ((y.shift * p.b.source[1] + z.shift) * p.b.source[2] + place.shift) * p.b.channels;
      r.at_kernel[r.count++] = (n * along + tap) * p.filters;
    }
    r.along = r.count - first;
  }
}

// Only those that meet the image at this output.
INLINE void cut_taps(const DepthwisePlan& p, const Row& r, int64_t cell, Strip& s) {
  s.taps = 0;
  for (int64_t n = 0; n < r.count; n++) {
    if (cell + r.shift[n] < 0 || cell + r.shift[n] >= p.b.source[2]) continue;
    r.edge_x[s.taps] = r.at_x[n];
    r.edge_kernel[s.taps++] = r.at_kernel[n];
  }
  s.at_x = r.edge_x;
  s.at_kernel = r.edge_kernel;
}

// In tiles of nearly equal length. What the next tile is the first to read is asked for now: the processor does not foresee it,
// since a tile is read one vector of channels after the other.
INLINE void run_strip(const DepthwisePlan& p, const Row& r, const Strips& strips, const StripRun* table, Strip s, int64_t pixels, int64_t x_step) {
  int64_t fresh = smaller(r.count, r.along * p.w.axis[1].stride);
  for (int64_t tiles = divide_up(pixels, DEPTHWISE_PIXELS); tiles > 0; tiles--) {
    int64_t count = divide_up(pixels, tiles);
    for (int64_t tap = r.along; tap > 0 && tap <= fresh; tap += r.along) ask_for(s.x + s.at_x[r.count - tap] + count * x_step, count * x_step);
    if (strips.reads_y) ask_for(s.y + count * s.y_pixel, count * s.y_pixel);
    table[count](s);
    s.x += count * x_step;
    s.y += count * s.y_pixel;
    pixels -= count;
  }
}

// Outputs first, first + 1, … of one class along the row: the edges one by one.
void depthwise_row(const DepthwisePlan& p, const Strips& strips, const Row& r, const Strip& strip, int64_t step, int64_t first, int64_t count) {
  int64_t end = first + count, inner = first, inner_end = end, x_step = step * p.b.channels;
  if (r.count) {
    while (inner < end && inner * step + r.low < 0) inner++;
    while (inner_end > inner && (inner_end - 1) * step + r.high >= p.b.source[2]) inner_end--;
  }
  bool together = !strip.lanes && r.high - r.low == r.along - 1;
  const StripRun* table = strip.lanes                 ? strips.some
                          : !together                 ? strips.any
                          : r.along == 3 && step == 1 ? strips.three
                          : r.along == 3 && step == 2 ? strips.three_strided
                          : r.along == 5 && step == 1 ? strips.five
                          : r.along == 7 && step == 1 ? strips.seven
                                                      : strips.any;
  for (int64_t j = first; j < end;) {
    Strip s = strip;
    s.x += j * x_step;
    s.y += (j - first) * s.y_pixel;
    if (j == inner && inner < inner_end) {
      s.taps = r.count;
      s.at_x = r.at_x;
      s.at_kernel = r.at_kernel;
      s.x_pixel = table == strips.any || table == strips.some ? x_step : p.b.channels;
      run_strip(p, r, strips, table, s, inner_end - inner, x_step);
      j = inner_end;
    } else {
      cut_taps(p, r, j * step, s);
      s.x_pixel = 0;
      (strip.lanes ? strips.some[1] : strips.edge)(s);
      j++;
    }
  }
}

// ---- units ----

INLINE void find_lanes(const DepthwisePlan& p, int64_t col, int64_t cols, Lanes* lanes) {
  int64_t repeat = p.repeat, start = col / repeat;
  for (int64_t v = 0; v < cols; v += LANES, lanes++) {
    int64_t first = (col + v) / repeat;
    lanes->filters = smaller(LANES, cols - v);
    lanes->from = first - start;
    lanes->count = (col + v + lanes->filters - 1) / repeat - first + 1;
    for (int64_t l = 0; l < LANES; l++) lanes->index[l] = (int32_t)((col + v + l) / repeat - first);
  }
}

// One block, some of its filters: y is where its first pixel is.
void depthwise_block(const DepthwisePlan& p, bool backward, const Strips& strips, const Place& at, const Strip& block, Row& row) {
  Reach r[3];
  for (int a = 0; a < 3; a++) r[a] = reach_of(p.w.axis[a], backward);
  Strip s = block;
  s.y_pixel = r[2].phases * block.y_pixel;
  for (int64_t q = 0; q < at.rows; q++)
    for (int64_t rho = 0; rho < smaller(r[2].phases, at.cols); rho++) {
      find_taps(p, backward, at.plane, at.row + q, rho, row);
      s.x = block.x + (at.plane / r[0].phases * r[0].step * p.b.source[1] + (at.row + q) / r[1].phases * r[1].step) * p.b.source[2] * p.b.channels;
      s.y = block.y + (q * at.cols + rho) * block.y_pixel;
      depthwise_row(p, strips, row, s, r[2].step, at.col / r[2].phases, divide_up(at.cols - rho, r[2].phases));
    }
}

// Some filters of an image, with room for what a row needs; col is the first of them.
INLINE Strip start_strip(const DepthwisePlan& p, const Context& context, const float* x, int64_t image, int64_t col, int64_t cols, bool overlap, Row& row) {
  Strip s{x + image * p.b.source[0] * p.b.source[1] * p.b.source[2] * p.b.channels + col / p.repeat, nullptr, nullptr, 0, 0, 0, cols,
          nullptr, nullptr, nullptr};
  if (p.repeat == 1 && (overlap ? cols >= LANES : cols % LANES == 0)) return s;
  Lanes* lanes = (Lanes*)(context.scratch + p.at_lanes);
  if (row.lanes != col) find_lanes(p, col, cols, lanes);
  row.lanes = col;
  s.lanes = lanes;
  return s;
}

INLINE Row start_row(const DepthwisePlan& p, const Context& context, bool backward) {
  int64_t *tables = (int64_t*)(context.scratch + p.at_taps), n = p.taps;
  Row row{{}, tables, tables + n, tables + 2 * n, tables + 3 * n, tables + 4 * n, 0, 0, 0, 0, -1, 0, -1};
  TapPlace* place = (TapPlace*)(tables + 5 * n);
  for (int a = 0; a < 3; place += p.w.axis[a++].size) {
    row.place[a] = place;
    for (int64_t t = 0; t < p.w.axis[a].size; t++) place[t] = tap_place(p.w.axis[a], backward, t);
  }
  return row;
}

INLINE void run_depthwise(const Instruction& i, const Context& context, int64_t unit, bool backward) {
  const DepthwisePlan& p = *(const DepthwisePlan*)i.plan;
  ChainRun run;
  start_chain(run, i.chain, &context, context.scratch + p.at_chain);
  const float* x = (const float*)address(context, i.in[0]);
  float *kernel = (float*)address(context, i.in[1]), *room = (float*)(context.scratch + p.at_block);
  Row row = start_row(p, context, backward);
  bool direct = !i.chain && i.out[0].strides[1] == 1;
  int64_t end = smaller(p.b.count, (unit + 1) * p.per_unit);
  for (int64_t number = unit * p.per_unit; number < end; number++) {
    Place at = place_of_block(p.b, number);
    for (int64_t col = 0; col < p.filters; col += p.wide) {
      int64_t cols = smaller(p.wide, p.filters - col);
      Strip s = start_strip(p, context, x, at.image, col, cols, true, row);
      s.kernel = kernel + col;
      s.y_pixel = direct ? i.out[0].strides[0] : cols;
      s.y = direct ? (float*)address(context, i.out[0]) + at.first * s.y_pixel + col : room;
      depthwise_block(p, backward, products, at, s, row);
      if (!direct) finish_block(i, context, run, room, cols, Block{0, at.first, col, at.rows * at.cols, cols});
    }
  }
}

}  // namespace
}  // namespace ISA
