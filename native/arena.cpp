// Places in the arena: values that are never alive together share their bytes.
#include <algorithm>
#include "program.h"

// In the order given, each into the lowest gap that is large enough among those alive at the same time. Sizes are multiples of
// the alignment; a value is alive from step `first` to step `last`. Gives the offsets, and behind them the bytes in all.
std::vector<int64_t> place(const std::vector<int64_t>& sizes, const std::vector<int64_t>& first, const std::vector<int64_t>& last) {
  struct Placed { int64_t begin, end, first, last; };
  size_t n = sizes.size();
  if (first.size() != n || last.size() != n) throw std::invalid_argument("sizes, first and last differ in length");
  std::vector<Placed> placed;                            // by their begin
  std::vector<int64_t> offsets(n + 1, 0);
  placed.reserve(n);
  for (size_t i = 0; i < n; i++) {
    if (sizes[i] < 0) throw std::invalid_argument("a size is negative");
    int64_t offset = 0;
    for (const Placed& p : placed) {
      if (p.first > last[i] || first[i] > p.last) continue;
      if (add(offset, sizes[i]) <= p.begin) break;
      offset = std::max(offset, p.end);
    }
    Placed mine{offset, add(offset, sizes[i]), first[i], last[i]};
    placed.insert(std::upper_bound(placed.begin(), placed.end(), mine, [](const Placed& a, const Placed& b) { return a.begin < b.begin; }), mine);
    offsets[i] = offset;
    offsets[n] = std::max(offsets[n], mine.end);
  }
  return offsets;
}
