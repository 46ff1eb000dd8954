// rowwise: a few passes over each row of the last axis while it is in cache: softmax, log_softmax.
#pragma once
#include "../engine.h"
#include "../math.h"

namespace ISA {
namespace {

const char* prepare_softmax(Instruction& i) {
  if (i.n_in != 1 || i.n_out != 1) return "takes one operand and gives one";
  const Operand &a = i.in[0], &o = i.out[0];
  if (a.dtype != F32 || o.dtype != F32) return "is for float32";
  if (a.rank < 1 || o.rank != a.rank) return "the result's rank does not fit";
  int64_t rows = 1;
  for (int d = 0; d < a.rank; d++) {
    if (a.shape[d] != o.shape[d]) return "the result's shape does not fit";
    if (d < a.rank - 1) rows *= a.shape[d];
  }
  int64_t n = a.shape[a.rank - 1], per_unit = larger(1, 4096 / larger(1, n));
  i.plan[0] = rows;
  i.plan[1] = per_unit;
  i.units = n ? divide_up(rows, per_unit) : 0;
  i.scratch_bytes = 2 * round_up(4 * n, 64) + 128;
  i.cost = (double)rows * (30 + 0.8 * (double)n);
  return nullptr;
}

// The distance between rows, if it is the same for all: divisions cost more than a short row.
INLINE int64_t row_distance(const Operand& o) {
  int64_t distance = o.rank > 1 ? o.strides[o.rank - 2] : 0;
  for (int d = o.rank - 3; d >= 0; d--)
    if (o.strides[d] != o.strides[d + 1] * o.shape[d + 1]) return -1;
  return distance;
}

INLINE int64_t row_offset(const Operand& o, int64_t row, int64_t distance) {
  if (distance >= 0) return row * distance;
  int64_t at = 0;
  for (int d = o.rank - 2; d >= 0; d--) { at += row % o.shape[d] * o.strides[d]; row /= o.shape[d]; }
  return at;
}

// Vector i of a row of n: lanes beyond the end hold -inf, which neither the maximum nor the sum sees.
INLINE Vec row_vector(const float* x, int64_t i, int64_t n) {
  if (i + LANES <= n) return load(x + i);
  IVec lane;
  for (int k = 0; k < LANES; k++) lane[k] = k;
  return choose(lane < (int32_t)(n - i), load_some(x + i, n - i), splat(-__builtin_inff()));
}
INLINE void put_vector(float* y, int64_t i, int64_t n, Vec v) {
  if (i + LANES <= n) store(y + i, v);
  else store_some(y + i, v, n - i);
}

INLINE float largest_lane(Vec v) { return fold_vector(v, [](Vec a, Vec b) { return choose((a > b) | (a != a), a, b); }); }
INLINE float sum_lanes(Vec v) { return fold_vector(v, [](Vec a, Vec b) { return a + b; }); }

void softmax_row(const float* x, float* y, int64_t n, bool logarithm) {
  if (n <= LANES) {                                       // the same sums, in registers
    Vec v = row_vector(x, 0, n), shifted = v - largest_lane(v), e = exp(shifted);
    float total = sum_lanes(e);
    put_vector(y, 0, n, logarithm ? shifted - log(splat(total))[0] : e / total);
    return;
  }
  Vec top = splat(-__builtin_inff());
  for (int64_t i = 0; i < n; i += LANES) top = maximum(top, row_vector(x, i, n));
  float largest = largest_lane(top);
  double sum = 0;
  for (int64_t i = 0; i < n;) {                           // blocks of 64 vectors in float, joined in double
    Vec part{};
    for (int64_t end = smaller(n, i + 64 * LANES); i < end; i += LANES) {
      Vec e = exp(row_vector(x, i, n) - largest);
      part += e;
      if (!logarithm) put_vector(y, i, n, e);
    }
    sum += sum_lanes(part);
  }
  if (logarithm) {
    float log_sum = log(splat((float)sum))[0];
    for (int64_t i = 0; i < n; i += LANES) put_vector(y, i, n, (row_vector(x, i, n) - largest) - log_sum);
  } else {
    float total = (float)sum;
    for (int64_t i = 0; i < n; i += LANES) put_vector(y, i, n, row_vector(y, i, n) / total);
  }
}

void run_rows(const Instruction& i, const Context& context, int64_t unit, bool logarithm) {
  const Operand &a = i.in[0], &o = i.out[0];
  int64_t n = a.shape[a.rank - 1], in_step = a.strides[a.rank - 1], out_step = o.strides[o.rank - 1];
  float *gathered = (float*)context.scratch, *result = (float*)(context.scratch + round_up(4 * n, 64));
  int64_t end = smaller(i.plan[0], (unit + 1) * i.plan[1]), in_distance = row_distance(a), out_distance = row_distance(o);
  for (int64_t row = unit * i.plan[1]; row < end; row++) {
    const float* x = (const float*)address(context, a) + row_offset(a, row, in_distance);
    float* y = (float*)address(context, o) + row_offset(o, row, out_distance);
    if (in_step != 1) for (int64_t j = 0; j < n; j++) gathered[j] = x[j * in_step];
    softmax_row(in_step == 1 ? x : gathered, out_step == 1 ? y : result, n, logarithm);
    if (out_step != 1) for (int64_t j = 0; j < n; j++) y[j * out_step] = result[j];
  }
}
void run_softmax(const Instruction& i, const Context& c, int64_t unit) { run_rows(i, c, unit, false); }
void run_log_softmax(const Instruction& i, const Context& c, int64_t unit) { run_rows(i, c, unit, true); }

}  // namespace
}  // namespace ISA
