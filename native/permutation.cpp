// The order in which a training sees its rows: numbers sorted by random words, equal words by the number.
#define ISA plain
#define LANES 4
#include "philox.h"
#include "program.h"

namespace {

const int BITS[] = {11, 11, 10};                           // of a word, from below: the digits of three stable passes
const int SHIFTS[] = {0, 11, 22};

// Each element goes behind those with a smaller digit; `starts` says where the first of each digit goes.
template <class Put> void pass(const uint64_t* from, int64_t n, int digit, std::vector<int64_t>& starts, Put put) {
  int shift = 32 + SHIFTS[digit];
  uint32_t mask = (1u << BITS[digit]) - 1;
  for (int64_t i = 0; i < n; i++) put(starts[(uint32_t)(from[i] >> shift) & mask]++, from[i]);
}

}  // namespace

// rows: n numbers, 0 to n-1, by the first n words of the stream (seed, stream) at `step`. A word and its number are one
// element of 64 bits, and the passes go to and fro between the result and a scratch of the same size.
void permutation(int64_t* rows, int64_t n, uint32_t seed, uint32_t step, uint32_t stream) {
  if (n < 0 || n > (int64_t)1 << 32) throw std::invalid_argument("a permutation is of 0 to 2^32 numbers");
  std::vector<uint64_t> scratch(n);
  std::vector<int64_t> starts[3];
  for (int d = 0; d < 3; d++) starts[d].assign((size_t)1 << BITS[d], 0);
  uint32_t words[1024];
  for (int64_t first = 0; first < n; first += 1024) {
    int64_t some = std::min<int64_t>(n - first, 1024);
    ISA::philox_words(words, first, some, seed, stream, step);
    for (int64_t i = 0; i < some; i++) {
      scratch[first + i] = (uint64_t)words[i] << 32 | (uint64_t)(first + i);
      for (int d = 0; d < 3; d++) starts[d][words[i] >> SHIFTS[d] & ((1u << BITS[d]) - 1)]++;
    }
  }
  for (auto& counts : starts) {
    int64_t before = 0;
    for (int64_t& c : counts) { int64_t mine = c; c = before; before += mine; }
  }
  uint64_t *a = scratch.data(), *b = (uint64_t*)rows;
  pass(a, n, 0, starts[0], [b](int64_t at, uint64_t x) { b[at] = x; });
  pass(b, n, 1, starts[1], [a](int64_t at, uint64_t x) { a[at] = x; });
  pass(a, n, 2, starts[2], [rows](int64_t at, uint64_t x) { rows[at] = (int64_t)(uint32_t)x; });
}
