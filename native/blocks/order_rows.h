// order_rows: the numbers of rows in ascending order, equal ones as they came, and where each of them stood. Sorted digit by digit
// (least significant first), which takes a few nanoseconds for each number.
#pragma once
#include "gather.h"

namespace {

constexpr int DIGIT_BITS = 11;                            // 2^11 counters lie in L1

struct OrderRowsPlan { int64_t count, rows, passes, bits; };

const char* prepare_order_rows(Instruction& i) {
  if (i.n_in != 1 || i.n_out != 1 || i.n_ints != 1) return "takes the numbers of rows, and how many rows there are";
  const Operand &ids = i.in[0], &out = i.out[0];
  OrderRowsPlan& p = *(OrderRowsPlan*)i.plan;
  if ((ids.dtype != I32 && ids.dtype != I64) || ids.rank != 1) return "numbers of rows are int32 or int64, in one dimension";
  p.count = ids.shape[0];
  p.rows = i.ints[0];
  if (out.dtype != I32 || out.rank != 2 || out.shape[0] != 2 || out.shape[1] != p.count || (p.count && !row_major(out))) return "gives int32[2, count], contiguous";
  if (p.rows < 0 || p.rows > INT32_MAX || p.count > INT32_MAX) return "rows are numbered from 0 to 2^31 - 1";
  int64_t bits = 0;
  while (bits < 31 && (int64_t)1 << bits < p.rows) bits++;
  p.passes = (bits + DIGIT_BITS - 1) / DIGIT_BITS;
  p.bits = p.passes ? (bits + p.passes - 1) / p.passes : 0;
  i.units = p.count ? 1 : 0;
  i.cost = (double)p.count * (2 + 3 * (double)p.passes) + (double)p.passes * (double)((int64_t)1 << p.bits);
  i.scratch_bytes = 8 * p.count + (4 << DIGIT_BITS);
  return nullptr;
}

struct Ordered { int32_t *numbers, *places; };

// One pass, from one pair of lists to another: stable, by `bits` bits from bit `shift` on.
void order_by_digit(const Ordered& from, const Ordered& to, int64_t count, int64_t shift, int64_t bits, int32_t* counters) {
  int32_t mask = ((int32_t)1 << bits) - 1, sum = 0;
  memset(counters, 0, sizeof(int32_t) << bits);
  for (int64_t k = 0; k < count; k++) counters[from.numbers[k] >> shift & mask]++;
  for (int32_t d = 0; d <= mask; d++) { int32_t n = counters[d]; counters[d] = sum; sum += n; }
  for (int64_t k = 0; k < count; k++) {
    int32_t at = counters[from.numbers[k] >> shift & mask]++;
    to.numbers[at] = from.numbers[k];
    to.places[at] = from.places[k];
  }
}

void run_order_rows(const Instruction& i, const Context& context, int64_t) {
  const OrderRowsPlan& p = *(const OrderRowsPlan*)i.plan;
  int32_t *out = (int32_t*)address(context, i.out[0]), *spare = (int32_t*)context.scratch;
  Ordered ordered[2] = {{out, out + p.count}, {spare, spare + p.count}};
  int from = (int)(p.passes % 2);                         // so that the last pass ends in `out`
  for (int64_t k = 0; k < p.count; k++) {
    int64_t id = read_index(context, i.in[0], k);
    if (id < 0 || id >= p.rows) { report_bad_index(context.errors, i, k, id, p.rows); id = std::clamp<int64_t>(id, 0, std::max<int64_t>(0, p.rows - 1)); }
    ordered[from].numbers[k] = (int32_t)id;
    ordered[from].places[k] = (int32_t)k;
  }
  for (int64_t pass = 0; pass < p.passes; pass++, from = 1 - from)
    order_by_digit(ordered[from], ordered[1 - from], p.count, pass * p.bits, p.bits, spare + 2 * p.count);
}

}  // namespace
