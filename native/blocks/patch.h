// Patches: the part of an image that a block of outputs reads, copied to scratch with its padding, or read in place where
// nothing is padded.
#pragma once
#include "chain.h"
#include "window.h"

namespace ISA {
namespace {

INLINE int64_t floor_divide(int64_t a, int64_t b) { return a / b - (a % b < 0); }

// Which cells of its source an output cell reads, along one axis. Forward, the outputs are windows: o reads o * stride +
// t * dilation - low. Backward they are the cells that windows covered: cell q was read at t by window (q + low - t * dilation)
// / stride, if that is whole. In both cases the outputs fall into `phases` classes, q = rho + phases * j, of which each reads
// source j * step + shift(t, rho) for those t that belong to rho.
struct Reach {
  int64_t outputs, source, phases, step;
};

INLINE Reach reach_of(const Axis& x, bool backward) {
  return backward ? Reach{x.in, x.out, x.stride, 1} : Reach{x.out, x.in, 1, x.stride};
}

// First and last source cell of outputs first .. last.
INLINE void source_range(const Axis& x, bool backward, int64_t first, int64_t last, int64_t& low, int64_t& high) {
  if (backward) {
    low = floor_divide(first + x.low - (x.size - 1) * x.dilation + x.stride - 1, x.stride);
    high = floor_divide(last + x.low, x.stride);
  } else {
    low = first * x.stride - x.low;
    high = last * x.stride + (x.size - 1) * x.dilation - x.low;
  }
  if (high < low) high = low;
}

// Source cells that a run of `count` outputs reaches at most.
INLINE int64_t extent(const Axis& x, bool backward, int64_t count) {
  return backward ? (count + (x.size - 1) * x.dilation) / x.stride + 2 : (count - 1) * x.stride + (x.size - 1) * x.dilation + 1;
}

struct TapPlace { int64_t phase, shift; };                // of tap t along one axis

INLINE TapPlace tap_place(const Axis& x, bool backward, int64_t t) {
  if (!backward) return {0, t * x.dilation - x.low};
  int64_t phase = ((t * x.dilation - x.low) % x.stride + x.stride) % x.stride;
  return {phase, (phase + x.low - t * x.dilation) / x.stride};
}

// ---- blocks of outputs and their patches ----

struct Blocks {                                           // how outputs are cut into blocks, and what they read
  int64_t images, outputs[3], source[3];
  int64_t rows, cols, row_blocks, col_blocks, count;      // a block: rows x cols outputs of one plane
  int64_t size[3];                                        // of a patch
  int64_t channels, own, pixel;                           // own: channels of a patch; pixel: how far its pixels are apart
  int64_t in_place, patch_floats;
};

struct Place {                                            // one block
  int64_t image, plane, row, col, rows, cols, first;      // first: number of its first output
};

INLINE Place place_of_block(const Blocks& b, int64_t block) {
  Place p;
  p.col = block % b.col_blocks * b.cols;
  block /= b.col_blocks;
  p.row = block % b.row_blocks * b.rows;
  block /= b.row_blocks;
  p.plane = block % b.outputs[0];
  p.image = block / b.outputs[0];
  p.rows = smaller(b.rows, b.outputs[1] - p.row);
  p.cols = smaller(b.cols, b.outputs[2] - p.col);
  p.first = ((p.image * b.outputs[0] + p.plane) * b.outputs[1] + p.row) * b.outputs[2] + p.col;
  return p;
}

struct Patch {
  const float* data;
  int64_t low[3], size[3];                                // source cell of its first cell; cells along each axis
  bool done;                                              // its block is complete (sparse.h)
};

// The patch of rows x cols outputs. The caller has set images, channels, own, in_place (whether it could be), rows, cols.
const char* size_patches(Blocks& b, const Window& w, bool backward, int64_t spread) {
  for (int a = 0; a < 3; a++) {
    Reach r = reach_of(w.axis[a], backward);
    b.outputs[a] = r.outputs;
    b.source[a] = r.source;
    int64_t low, high;
    source_range(w.axis[a], backward, 0, r.outputs - 1, low, high);
    if (low < 0 || high >= r.source) b.in_place = 0;
  }
  const int64_t counts[3] = {1, b.rows, b.cols};
  b.pixel = b.in_place ? b.channels : b.own + spread;
  double total = (double)b.pixel;
  for (int a = 0; a < 3; a++) {
    b.size[a] = b.in_place ? b.source[a] : extent(w.axis[a], backward, counts[a]);
    total *= (double)b.size[a];
  }
  if (!b.in_place && total > 1e9) return "a window or its padding is too large";
  b.patch_floats = b.in_place ? 0 : round_up((int64_t)total + 2 * LANES, 16);
  return nullptr;
}

// Cuts the outputs into blocks of about so many pixels. The caller has set images.
void cut_blocks(Blocks& b, const Window& w, bool backward, int64_t pixels) {
  for (int a = 0; a < 3; a++) {
    Reach r = reach_of(w.axis[a], backward);
    b.outputs[a] = r.outputs;
    b.source[a] = r.source;
  }
  int64_t phases = reach_of(w.axis[2], backward).phases, height = larger(1, b.outputs[1]), width = larger(1, b.outputs[2]);
  b.cols = width <= 2 * pixels ? width : round_up(divide_up(width, divide_up(width, pixels)), phases);
  b.rows = b.cols < width ? 1 : larger(1, smaller(height, (pixels + width / 2) / width));
  b.row_blocks = divide_up(height, b.rows);
  b.rows = divide_up(height, b.row_blocks);
  b.col_blocks = divide_up(width, b.cols);
  b.count = b.images * b.outputs[0] * b.row_blocks * b.col_blocks;
}

// Blocks and their patches.
const char* plan_blocks(Blocks& b, const Window& w, bool backward, int64_t pixels, int64_t spread) {
  cut_blocks(b, w, backward, pixels);
  return size_patches(b, w, backward, spread);
}

// Channels first .. first + count - 1 of a row of pixels.
INLINE void copy_pixels(const Blocks& b, float* to, const float* from, int64_t pixels, int64_t first, int64_t count) {
  if (b.pixel == b.channels && count == b.channels) return copy_row(to, from, pixels * count);
  for (int64_t p = 0; p < pixels; p++, from += b.channels, to += b.pixel) copy_row(to, from + first, count);
}

INLINE void clear(float* to, int64_t n) { memset(to, 0, n * sizeof(float)); }

// The patch of a block, of some channels: in place, or copied to `room` with zeros where there is no source.
Patch make_patch(const Blocks& b, const Window& w, bool backward, const Place& at, int64_t channel, int64_t count, const float* source, float* room) {
  const float* image = source + at.image * b.source[0] * b.source[1] * b.source[2] * b.channels;
  Patch patch{image, {0, 0, 0}, {b.size[0], b.size[1], b.size[2]}, false};
  if (b.in_place) { patch.data += channel; return patch; }
  const int64_t first[3] = {at.plane, at.row, at.col}, last[3] = {at.plane, at.row + at.rows - 1, at.col + at.cols - 1};
  int64_t high[3], own = b.pixel;
  for (int a = 0; a < 3; a++) source_range(w.axis[a], backward, first[a], last[a], patch.low[a], high[a]);
  patch.data = room;
  int64_t width = high[2] - patch.low[2] + 1;
  int64_t before = smaller(width, larger(0, -patch.low[2])), end = larger(before, smaller(width, b.source[2] - patch.low[2]));
  for (int64_t d = patch.low[0]; d <= high[0]; d++)
    for (int64_t h = patch.low[1]; h <= high[1]; h++) {
      float* to = room + ((d - patch.low[0]) * b.size[1] + h - patch.low[1]) * b.size[2] * own;
      if (d < 0 || d >= b.source[0] || h < 0 || h >= b.source[1]) { clear(to, width * own); continue; }
      const float* from = image + ((d * b.source[1] + h) * b.source[2] + patch.low[2] + before) * b.channels;
      clear(to, before * own);
      copy_pixels(b, to + before * own, from, end - before, channel, count);
      clear(to + end * own, (width - end) * own);
    }
  return patch;
}

}  // namespace
}  // namespace ISA
