// What convolution and pooling share: windows that slide over up to three spatial axes.
#pragma once
#include "../engine.h"
#include "../vec.h"

namespace ISA {
namespace {

struct Axis { int64_t in, size, stride, dilation, low, out; };   // low: padding before; out: number of windows

struct Window {                                           // axes that are missing come first and have one cell
  int64_t groups;
  Axis axis[3];
};

// ints: groups, then in, size, stride, dilation, low and out of each axis.
INLINE const char* read_window(const int64_t* ints, int64_t n, Window& w, int64_t& axes) {
  constexpr int64_t LIMIT = 1 << 30;
  axes = (n - 1) / 6;
  if (axes < 1 || axes > 3 || n != 1 + 6 * axes) return "needs groups, and six numbers for each of one to three axes";
  w.groups = ints[0];
  if (w.groups < 1) return "groups must be positive";
  for (int64_t a = 0; a < 3; a++) {
    Axis& x = w.axis[a];
    x = {1, 1, 1, 1, 0, 1};
    if (a < 3 - axes) continue;
    memcpy(&x, ints + 1 + 6 * (a + axes - 3), sizeof x);
    if (x.in < 0 || x.low < 0 || x.out < 0) return "a size is negative";
    if (x.size < 1 || x.stride < 1 || x.dilation < 1) return "window, stride and dilation must be positive";
    if ((x.in | x.low | x.out | x.size | x.stride | x.dilation) >= LIMIT) return "a size is too large";
    if (x.size * x.dilation > LIMIT || x.out * x.stride > LIMIT) return "a window reaches too far";
  }
  return nullptr;
}

INLINE const char* read_window(const Instruction& i, Window& w, int64_t& axes) { return read_window(i.ints, i.n_ints, w, axes); }

// Whether an operand is [images, axes..., channels], side by side.
INLINE bool is_image(const Operand& o, const Window& w, int64_t axes, bool output) {
  if (o.dtype != F32 || o.rank != axes + 2 || !row_major(o)) return false;
  for (int64_t a = 0; a < axes; a++)
    if (o.shape[a + 1] != (output ? w.axis[a + 3 - axes].out : w.axis[a + 3 - axes].in)) return false;
  return true;
}

}  // namespace
}  // namespace ISA
