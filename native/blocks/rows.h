// A table whose rows are sums of given rows, by number: what scatter_add makes, but piece by piece, where a chain reads it. The numbers
// were put in ascending order before (order_rows), equal ones as they came: so the sums have the bits of scatter_add.
#pragma once
#include "../engine.h"
#include "../vec.h"

namespace ISA {
namespace {

constexpr int64_t FORESEEN_ROWS = 8, FORESEEN_BYTES = 1024;

struct RowSums {
  const float* x;                                         // [count, width]
  const int32_t *numbers, *places;                        // [count]: rows of the table, ascending; which row of x is added there
  int64_t count, width;

  // The first of the numbers whose row ends behind element `start` of the table.
  int64_t find(int64_t start) const {
    int64_t row = start / width, low = 0, high = count;
    while (low < high) {
      int64_t middle = (low + high) / 2;
      if (numbers[middle] < row) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  bool within(int64_t k, int64_t end) const { return k < count && numbers[k] * width < end; }

  // Whether anything is added to elements start .. end of the table.
  bool any(int64_t start, int64_t end) const { return within(find(start), end); }

  // Adds to zeros: elements start .. start + n of the table.
  void add_up(float* to, int64_t start, int64_t n) const {
    int64_t k = find(start);
    for (; within(k, start + n); k++) {
      int64_t row = numbers[k] * width, low = larger(start, row), end = smaller(start + n, row + width);
      if ((uint64_t)places[k] >= (uint64_t)count) continue;
      const float* from = x + places[k] * width + (low - row);
      float* at = to + (low - start);
      int64_t i = 0, m = end - low;
      for (; i + LANES <= m; i += LANES) store(at + i, load(at + i) + load(from + i));
      for (; i < m; i++) at[i] += from[i];
    }
    foresee(k, start + 2 * n);
  }

  // Asks for the rows from k on that the next piece of the table will read: they lie wherever they were looked up.
  void foresee(int64_t k, int64_t end) const {
    for (int64_t last = smaller(count, k + FORESEEN_ROWS); k < last && numbers[k] * width < end; k++) {
      if ((uint64_t)places[k] >= (uint64_t)count) continue;
      const char* from = (const char*)(x + places[k] * width);
      for (int64_t b = 0; b < smaller(width * 4, FORESEEN_BYTES); b += 64) __builtin_prefetch(from + b);
    }
  }

  // Zeros again, where add_up wrote.
  void clear(float* to, int64_t start, int64_t n) const {
    for (int64_t k = find(start); within(k, start + n); k++) {
      int64_t row = numbers[k] * width, low = larger(start, row), end = smaller(start + n, row + width);
      if (low < end) memset(to + (low - start), 0, (end - low) * sizeof(float));
    }
  }
};

INLINE RowSums row_sums(const Context& context, const Slot& slot) {
  const int32_t* order = (const int32_t*)address(context, *slot.order);
  int64_t count = slot.operand.shape[0];
  return {(const float*)address(context, slot.operand), order, order + count, count, slot.operand.shape[1]};
}

}  // namespace
}  // namespace ISA
