// Matrix products, convolution and pooling by plain loops, for dtypes that have no fast kernel (float64 above all), and what
// nobody needs fast. Sums are taken in the order of the formula.
#pragma once
#include "window.h"

namespace ISA {
namespace {

template <class F> INLINE void by_number(DType t, F f) {
  switch (t) {
    case F32: return f(float());
    case F64: return f(double());
    case I32: return f(int32_t());
    case I64: return f(int64_t());
    case U32: return f(uint32_t());
    default: return f(uint8_t());
  }
}

// ---- matrix product: A [b..., M, K], B [b..., K, N] and C [b..., M, N], all of them contiguous ----

struct ProductPlan { int64_t batch, M, K, N, per_unit; };

const char* prepare_direct_matmul(Instruction& i) {
  if (i.n_in != 2 || i.n_out != 1) return "takes two operands and gives one";
  const Operand &a = i.in[0], &b = i.in[1], &c = i.out[0];
  int r = c.rank;
  if (r < 2 || a.rank != r || b.rank != r || a.dtype != b.dtype || a.dtype != c.dtype) return "rank or dtype does not fit";
  if (!row_major(a) || !row_major(b) || !row_major(c)) return "operands must be contiguous: copy first";
  ProductPlan& p = *(ProductPlan*)i.plan;
  p = {1, c.shape[r - 2], a.shape[r - 1], c.shape[r - 1], 1};
  for (int d = 0; d < r - 2; d++) {
    if (a.shape[d] != c.shape[d] || b.shape[d] != c.shape[d]) return "the batch dimensions differ";
    p.batch *= c.shape[d];
  }
  if (a.shape[r - 2] != p.M || b.shape[r - 2] != p.K || b.shape[r - 1] != p.N) return "the shapes do not fit";
  p.per_unit = larger(1, 65536 / larger(1, p.K * p.N));
  i.units = p.N ? divide_up(p.batch * p.M, p.per_unit) : 0;
  i.cost = 0.3 * (double)(p.batch * p.M) * (double)(p.K * p.N) + 10.0 * (double)(p.batch * p.M);
  return nullptr;
}

void run_direct_matmul(const Instruction& i, const Context& context, int64_t unit) {
  const ProductPlan& p = *(const ProductPlan*)i.plan;
  int64_t end = smaller(p.batch * p.M, (unit + 1) * p.per_unit);
  bool truth = i.out[0].dtype == BOOL;
  by_number(i.out[0].dtype, [&](auto type) {
    typedef decltype(type) T;
    for (int64_t row = unit * p.per_unit; row < end; row++) {
      const T *a = (const T*)address(context, i.in[0]) + row * p.K, *b = (const T*)address(context, i.in[1]) + row / p.M * p.K * p.N;
      T* c = (T*)address(context, i.out[0]) + row * p.N;
      for (int64_t n = 0; n < p.N; n++) c[n] = 0;
      for (int64_t k = 0; k < p.K; k++, b += p.N)
        for (int64_t n = 0; n < p.N; n++) c[n] = truth ? (T)(c[n] != 0 || (a[k] != 0 && b[n] != 0)) : (T)(c[n] + a[k] * b[n]);
    }
  });
}

// ---- windows ----

struct DirectPlan { Window w; int64_t images, channels, filters, pixels, windows, cells, per_unit; };

INLINE bool is_image_of(const Operand& o, DType dtype, const Window& w, int64_t axes, bool output) {
  if (o.dtype != dtype || o.rank != axes + 2 || !row_major(o)) return false;
  for (int64_t a = 0; a < axes; a++)
    if (o.shape[a + 1] != (output ? w.axis[a + 3 - axes].out : w.axis[a + 3 - axes].in)) return false;
  return true;
}

// x [images, in..., channels] and y [images, out..., filters]; `kernel` [size..., channels/groups, filters], or none for pooling.
const char* plan_direct(Instruction& i, const Operand& x, const Operand& y, const Operand* kernel, int64_t units) {
  DirectPlan& p = *(DirectPlan*)i.plan;
  int64_t axes;
  if (const char* complaint = read_window(i, p.w, axes)) return complaint;
  bool single = i.kernel->name[0] == 'm';                   // max_pool_pick; the others are for float64 only
  if (x.dtype != F64 && !(single && x.dtype == F32)) return "dtype not supported";
  if (!is_image_of(x, x.dtype, p.w, axes, false) || !is_image_of(y, x.dtype, p.w, axes, true))
    return "an image does not fit the window, or is not contiguous";
  const Axis* w = p.w.axis;
  p.images = x.shape[0], p.channels = x.shape[axes + 1], p.filters = y.shape[axes + 1];
  p.pixels = w[0].in * w[1].in * w[2].in, p.windows = w[0].out * w[1].out * w[2].out, p.cells = w[0].size * w[1].size * w[2].size;
  if (y.shape[0] != p.images) return "the images differ in number";
  if (kernel) {
    const Operand& k = *kernel;
    if (k.dtype != x.dtype || k.rank != axes + 2 || !row_major(k)) return "the kernel's rank or dtype does not fit";
    for (int64_t a = 0; a < axes; a++)
      if (k.shape[a] != w[a + 3 - axes].size) return "the kernel does not fit the window";
    if (k.shape[axes] * p.w.groups != p.channels || k.shape[axes + 1] != p.filters || p.filters % p.w.groups) return "the kernel does not fit the groups";
  } else if (p.channels != p.filters) {
    return "the images differ in channels";
  }
  double work = (double)(p.images * p.windows) * (double)p.cells * (double)(kernel ? p.channels / p.w.groups * p.filters : p.channels);
  i.units = units == 0 ? p.images : p.cells * p.channels / p.w.groups;
  i.cost = work + 1.0 * (double)(p.images * p.pixels * p.channels);
  return nullptr;
}

// f(number of the cell, of its window, of its pixel) for each cell of a window that lies in the image, in row-major order.
template <class F> INLINE void each_window_cell(const DirectPlan& p, F f) {
  const Axis* w = p.w.axis;
  int64_t window = 0;
  for (int64_t o0 = 0; o0 < w[0].out; o0++)
    for (int64_t o1 = 0; o1 < w[1].out; o1++)
      for (int64_t o2 = 0; o2 < w[2].out; o2++, window++) {
        int64_t cell = 0;
        for (int64_t t0 = 0; t0 < w[0].size; t0++)
          for (int64_t t1 = 0; t1 < w[1].size; t1++)
            for (int64_t t2 = 0; t2 < w[2].size; t2++, cell++) {
              int64_t a = o0 * w[0].stride + t0 * w[0].dilation - w[0].low, b = o1 * w[1].stride + t1 * w[1].dilation - w[1].low,
                      c = o2 * w[2].stride + t2 * w[2].dilation - w[2].low;
              if (a >= 0 && a < w[0].in && b >= 0 && b < w[1].in && c >= 0 && c < w[2].in) f(cell, window, (a * w[1].in + b) * w[2].in + c);
            }
      }
}

// ---- convolution: a unit is an image, or for the kernel's gradient a cell of one channel ----

const char* prepare_direct_conv(Instruction& i) {
  return i.n_in != 2 || i.n_out != 1 ? "takes an image and a kernel" : plan_direct(i, i.in[0], i.out[0], &i.in[1], 0);
}
const char* prepare_direct_conv_input_grad(Instruction& i) {
  return i.n_in != 2 || i.n_out != 1 ? "takes dy and a kernel" : plan_direct(i, i.out[0], i.in[0], &i.in[1], 0);
}
const char* prepare_direct_conv_kernel_grad(Instruction& i) {
  return i.n_in != 2 || i.n_out != 1 ? "takes x and dy" : plan_direct(i, i.in[0], i.in[1], &i.out[0], 1);
}

void run_direct_conv(const Instruction& i, const Context& context, int64_t image) {
  const DirectPlan& p = *(const DirectPlan*)i.plan;
  const double *x = (const double*)address(context, i.in[0]) + image * p.pixels * p.channels, *k = (const double*)address(context, i.in[1]);
  double* y = (double*)address(context, i.out[0]) + image * p.windows * p.filters;
  int64_t depth = p.channels / p.w.groups, width = p.filters / p.w.groups;
  for (int64_t j = 0; j < p.windows * p.filters; j++) y[j] = 0;
  each_window_cell(p, [&](int64_t cell, int64_t window, int64_t pixel) {
    for (int64_t c = 0; c < p.channels; c++)
      for (int64_t f = 0, first = c / depth * width; f < width; f++)
        y[window * p.filters + first + f] += x[pixel * p.channels + c] * k[(cell * depth + c % depth) * p.filters + first + f];
  });
}

void run_direct_conv_input_grad(const Instruction& i, const Context& context, int64_t image) {
  const DirectPlan& p = *(const DirectPlan*)i.plan;
  const double *dy = (const double*)address(context, i.in[0]) + image * p.windows * p.filters, *k = (const double*)address(context, i.in[1]);
  double* dx = (double*)address(context, i.out[0]) + image * p.pixels * p.channels;
  int64_t depth = p.channels / p.w.groups, width = p.filters / p.w.groups;
  for (int64_t j = 0; j < p.pixels * p.channels; j++) dx[j] = 0;
  each_window_cell(p, [&](int64_t cell, int64_t window, int64_t pixel) {
    for (int64_t c = 0; c < p.channels; c++) {
      double sum = 0;
      for (int64_t f = 0, first = c / depth * width; f < width; f++)
        sum += dy[window * p.filters + first + f] * k[(cell * depth + c % depth) * p.filters + first + f];
      dx[pixel * p.channels + c] += sum;
    }
  });
}

void run_direct_conv_kernel_grad(const Instruction& i, const Context& context, int64_t unit) {
  const DirectPlan& p = *(const DirectPlan*)i.plan;
  const double *x = (const double*)address(context, i.in[0]), *dy = (const double*)address(context, i.in[1]);
  int64_t depth = p.channels / p.w.groups, width = p.filters / p.w.groups, mine = unit / depth, c = unit % depth;
  double* dk = (double*)address(context, i.out[0]) + unit * p.filters;
  for (int64_t f = 0; f < p.filters; f++) dk[f] = 0;
  for (int64_t image = 0; image < p.images; image++)
    each_window_cell(p, [&](int64_t cell, int64_t window, int64_t pixel) {
      if (cell != mine) return;
      const double *from = x + (image * p.pixels + pixel) * p.channels, *d = dy + (image * p.windows + window) * p.filters;
      for (int64_t f = 0; f < p.filters; f++) dk[f] += from[f / width * depth + c] * d[f];
    });
}

// ---- pooling: a unit is an image ----

template <class T> INLINE bool beats(T v, T best) { return v > best || (v != v && best == best); }

const char* prepare_direct_pool(Instruction& i) {
  return i.n_in != 1 || i.n_out != 1 ? "takes one image and gives one" : plan_direct(i, i.in[0], i.out[0], nullptr, 0);
}
const char* prepare_direct_sum_grad(Instruction& i) {
  return i.n_in != 1 || i.n_out != 1 ? "takes dy and gives dx" : plan_direct(i, i.out[0], i.in[0], nullptr, 0);
}
const char* prepare_direct_max_grad(Instruction& i) {
  return i.n_in != 2 || i.n_out != 1 ? "takes x and dy and gives dx" : plan_direct(i, i.in[0], i.in[1], nullptr, 0);
}
const char* prepare_max_pool_pick(Instruction& i) {
  if (i.n_in != 2 || i.n_out != 1) return "takes x and values and gives one value for each window";
  if (i.in[1].dtype != i.in[0].dtype || i.in[1].rank != i.in[0].rank || !row_major(i.in[1])) return "x and the values differ";
  for (int d = 0; d < i.in[0].rank; d++)
    if (i.in[0].shape[d] != i.in[1].shape[d]) return "x and the values differ";
  return plan_direct(i, i.in[0], i.out[0], nullptr, 0);
}

// f(window, channel, pixel) of the first largest cell of each window; -1 where none lies in the image.
template <class T, class F> INLINE void each_largest(const DirectPlan& p, const T* x, F f) {
  for (int64_t c = 0; c < p.channels; c++) {
    int64_t at = -1, current = 0;
    T best = 0;
    each_window_cell(p, [&](int64_t, int64_t window, int64_t pixel) {
      if (window != current) { f(current, c, at); current = window; at = -1; }
      T v = x[pixel * p.channels + c];
      if (at < 0 || beats(v, best)) { best = v; at = pixel; }
    });
    if (p.windows) f(current, c, at);
  }
}

void run_direct_max_pool(const Instruction& i, const Context& context, int64_t image) {
  const DirectPlan& p = *(const DirectPlan*)i.plan;
  const double* x = (const double*)address(context, i.in[0]) + image * p.pixels * p.channels;
  double* y = (double*)address(context, i.out[0]) + image * p.windows * p.channels;
  each_largest(p, x, [&](int64_t window, int64_t c, int64_t at) { y[window * p.channels + c] = at < 0 ? -__builtin_inf() : x[at * p.channels + c]; });
}

void run_direct_max_pool_grad(const Instruction& i, const Context& context, int64_t image) {
  const DirectPlan& p = *(const DirectPlan*)i.plan;
  const double *x = (const double*)address(context, i.in[0]) + image * p.pixels * p.channels,
               *dy = (const double*)address(context, i.in[1]) + image * p.windows * p.channels;
  double* dx = (double*)address(context, i.out[0]) + image * p.pixels * p.channels;
  for (int64_t j = 0; j < p.pixels * p.channels; j++) dx[j] = 0;
  each_largest(p, x, [&](int64_t window, int64_t c, int64_t at) { if (at >= 0) dx[at * p.channels + c] += dy[window * p.channels + c]; });
}

void run_max_pool_pick(const Instruction& i, const Context& context, int64_t image) {
  const DirectPlan& p = *(const DirectPlan*)i.plan;
  auto pick = [&](auto type) {
    typedef decltype(type) T;
    const T *x = (const T*)address(context, i.in[0]) + image * p.pixels * p.channels, *v = (const T*)address(context, i.in[1]) + image * p.pixels * p.channels;
    T* y = (T*)address(context, i.out[0]) + image * p.windows * p.channels;
    each_largest(p, x, [&](int64_t window, int64_t c, int64_t at) { y[window * p.channels + c] = at < 0 ? (T)0 : v[at * p.channels + c]; });
  };
  i.in[0].dtype == F32 ? pick(float()) : pick(double());
}

void run_direct_sum_pool(const Instruction& i, const Context& context, int64_t image) {
  const DirectPlan& p = *(const DirectPlan*)i.plan;
  const double* x = (const double*)address(context, i.in[0]) + image * p.pixels * p.channels;
  double* y = (double*)address(context, i.out[0]) + image * p.windows * p.channels;
  for (int64_t j = 0; j < p.windows * p.channels; j++) y[j] = 0;
  each_window_cell(p, [&](int64_t, int64_t window, int64_t pixel) {
    for (int64_t c = 0; c < p.channels; c++) y[window * p.channels + c] += x[pixel * p.channels + c];
  });
}

void run_direct_sum_pool_grad(const Instruction& i, const Context& context, int64_t image) {
  const DirectPlan& p = *(const DirectPlan*)i.plan;
  const double* dy = (const double*)address(context, i.in[0]) + image * p.windows * p.channels;
  double* dx = (double*)address(context, i.out[0]) + image * p.pixels * p.channels;
  for (int64_t j = 0; j < p.pixels * p.channels; j++) dx[j] = 0;
  each_window_cell(p, [&](int64_t, int64_t window, int64_t pixel) {
    for (int64_t c = 0; c < p.channels; c++) dx[pixel * p.channels + c] += dy[window * p.channels + c];
  });
}

}  // namespace
}  // namespace ISA
