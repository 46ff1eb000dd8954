// order: cumsum, sort, argsort, top_k along one axis, a lane (all elements along the axis) at a time. Plain code, compiled once.
#pragma once
#include "gather.h"

namespace {

struct LanePlan { int64_t axis, n, lanes, per_unit; };

// ints[0] is the axis. Both operands have the same shape but for the axis.
const char* plan_lanes(Instruction& i, double cost) {
  if (i.n_in != 1 || i.n_out < 1 || i.n_ints < 1) return "takes one operand and an axis";
  const Operand& a = i.in[0];
  LanePlan& p = *(LanePlan*)i.plan;
  p.axis = i.ints[0];
  if (p.axis < 0 || p.axis >= a.rank) return "there is no such axis";
  for (int k = 0; k < i.n_out; k++) {
    if (i.out[k].rank != a.rank) return "the result's rank differs";
    for (int d = 0; d < a.rank; d++)
      if (d != p.axis && i.out[k].shape[d] != a.shape[d]) return "the result's shape does not fit";
  }
  p.n = a.shape[p.axis];
  p.lanes = 1;
  for (int d = 0; d < a.rank; d++)
    if (d != p.axis) p.lanes *= a.shape[d];
  p.per_unit = std::max<int64_t>(1, 4096 / std::max<int64_t>(1, p.n));
  i.units = p.n ? (p.lanes + p.per_unit - 1) / p.per_unit : 0;
  i.cost = cost * (double)(p.n * p.lanes);
  return nullptr;
}

int64_t lane_offset(const Operand& o, int64_t axis, int64_t lane) {
  int64_t at = 0;
  for (int d = o.rank - 1; d >= 0; d--) {
    if (d == axis) continue;
    at += lane % o.shape[d] * o.strides[d];
    lane /= o.shape[d];
  }
  return at;
}

template <class F> void each_lane(const Instruction& i, int64_t unit, F f) {
  const LanePlan& p = *(const LanePlan*)i.plan;
  for (int64_t lane = unit * p.per_unit; lane < std::min(p.lanes, (unit + 1) * p.per_unit); lane++) f(lane);
}

// ---- cumsum: ints = axis, exclusive, reverse; floats are summed in double ----

const char* prepare_cumsum(Instruction& i) {
  if (i.n_ints != 3 || i.n_out != 1) return "takes axis, exclusive and reverse";
  if (const char* complaint = plan_lanes(i, 2)) return complaint;
  return i.out[0].dtype == i.in[0].dtype && same_shape(i.in[0], i.out[0]) ? nullptr : "the result's dtype or shape differs";
}

void run_cumsum(const Instruction& i, const Context& context, int64_t unit) {
  const LanePlan& p = *(const LanePlan*)i.plan;
  bool exclusive = i.ints[1], reverse = i.ints[2];
  int64_t in_step = i.in[0].strides[p.axis], out_step = i.out[0].strides[p.axis];
  by_dtype(i.in[0].dtype, [&](auto type) {
    typedef decltype(type) T;
    each_lane(i, unit, [&](int64_t lane) {
      const T* x = (const T*)address(context, i.in[0]) + lane_offset(i.in[0], p.axis, lane);
      T* y = (T*)address(context, i.out[0]) + lane_offset(i.out[0], p.axis, lane);
      std::conditional_t<std::is_floating_point_v<T>, double, T> sum = 0;
      for (int64_t k = 0; k < p.n; k++) {
        int64_t at = reverse ? p.n - 1 - k : k;
        T v = x[at * in_step];
        if (exclusive) y[at * out_step] = (T)sum;
        sum += v;
        if (!exclusive) y[at * out_step] = (T)sum;
      }
    });
  });
}

// ---- sort, argsort: ints = axis, descending; stable, NaN last ----

const char* prepare_sort(Instruction& i) {
  if (const char* complaint = plan_lanes(i, 60)) return complaint;
  LanePlan& p = *(LanePlan*)i.plan;
  bool positions = i.kernel->name[0] == 'a';
  if (i.n_out != 1 || i.out[0].dtype != (positions ? I32 : i.in[0].dtype) || !same_shape(i.in[0], i.out[0])) return "the result's dtype or shape differs";
  if (p.n > 0x7fffffff) return "the axis is too long for int32 positions";
  i.scratch_bytes = 4 * p.n;
  return nullptr;
}

template <class T> bool is_nan(T x) { return x != x; }

template <class T> void order_lane(const T* x, int64_t step, int64_t n, bool descending, int32_t* order) {
  for (int64_t k = 0; k < n; k++) order[k] = (int32_t)k;
  std::stable_sort(order, order + n, [&](int32_t a, int32_t b) {
    T u = x[a * step], v = x[b * step];
    if (is_nan(u) || is_nan(v)) return !is_nan(u);
    return descending ? u > v : u < v;
  });
}

void run_ordered(const Instruction& i, const Context& context, int64_t unit, bool positions) {
  const LanePlan& p = *(const LanePlan*)i.plan;
  int64_t in_step = i.in[0].strides[p.axis], out_step = i.out[0].strides[p.axis];
  bool descending = i.n_ints > 1 && i.ints[1];
  int32_t* order = (int32_t*)context.scratch;
  by_dtype(i.in[0].dtype, [&](auto type) {
    typedef decltype(type) T;
    each_lane(i, unit, [&](int64_t lane) {
      const T* x = (const T*)address(context, i.in[0]) + lane_offset(i.in[0], p.axis, lane);
      int64_t to = lane_offset(i.out[0], p.axis, lane);
      order_lane(x, in_step, p.n, descending, order);
      if (positions) for (int64_t k = 0; k < p.n; k++) ((int32_t*)address(context, i.out[0]))[to + k * out_step] = order[k];
      else for (int64_t k = 0; k < p.n; k++) ((T*)address(context, i.out[0]))[to + k * out_step] = x[order[k] * in_step];
    });
  });
}
void run_sort(const Instruction& i, const Context& c, int64_t unit) { run_ordered(i, c, unit, false); }
void run_argsort(const Instruction& i, const Context& c, int64_t unit) { run_ordered(i, c, unit, true); }

// ---- top_k: ints = axis; values and int32 positions, largest first, NaN largest of all, ties by position ----

const char* prepare_top_k(Instruction& i) {
  if (i.n_out != 2) return "gives values and positions";
  if (const char* complaint = plan_lanes(i, 20)) return complaint;
  LanePlan& p = *(LanePlan*)i.plan;
  if (i.out[0].dtype != i.in[0].dtype || i.out[1].dtype != I32) return "values have the operand's dtype, positions are int32";
  if (!same_shape(i.out[0], i.out[1]) || i.out[0].shape[p.axis] > p.n) return "the results' shapes do not fit";
  if (p.n > 0x7fffffff) return "the axis is too long for int32 positions";
  i.scratch_bytes = 4 * p.n;
  return nullptr;
}

void run_top_k(const Instruction& i, const Context& context, int64_t unit) {
  const LanePlan& p = *(const LanePlan*)i.plan;
  const Operand &a = i.in[0], &values = i.out[0], &positions = i.out[1];
  int64_t step = a.strides[p.axis], k = values.shape[p.axis];
  int32_t* order = (int32_t*)context.scratch;
  by_dtype(a.dtype, [&](auto type) {
    typedef decltype(type) T;
    each_lane(i, unit, [&](int64_t lane) {
      const T* x = (const T*)address(context, a) + lane_offset(a, p.axis, lane);
      for (int64_t j = 0; j < p.n; j++) order[j] = (int32_t)j;
      std::partial_sort(order, order + k, order + p.n, [&](int32_t s, int32_t t) {
        T u = x[s * step], v = x[t * step];
        if (is_nan(u) != is_nan(v)) return is_nan(u);
        return u == v || is_nan(u) ? s < t : u > v;
      });
      T* y = (T*)address(context, values) + lane_offset(values, p.axis, lane);
      int32_t* z = (int32_t*)address(context, positions) + lane_offset(positions, p.axis, lane);
      for (int64_t j = 0; j < k; j++) {
        y[j * values.strides[p.axis]] = x[order[j] * step];
        z[j * positions.strides[p.axis]] = order[j];
      }
    });
  });
}

}  // namespace
