// Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3"), LANES counters at a time.
#pragma once
#include "vec.h"

namespace ISA {
namespace {

struct Words { UVec w[4]; };

INLINE Words philox(UVec c0, UVec c1, UVec c2, UVec c3, uint32_t key0, uint32_t key1) {
#pragma GCC unroll 10
  for (int round = 0; round < 10; round++) {
    UVec high0, low0, high1, low1;
    multiply_wide(c0, 0xD2511F53u, high0, low0);
    multiply_wide(c2, 0xCD9E8D57u, high1, low1);
    c0 = high1 ^ c1 ^ key0;
    c1 = low1;
    c2 = high0 ^ c3 ^ key1;
    c3 = low0;
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  return {{c0, c1, c2, c3}};
}

INLINE UVec zip(UVec a, UVec b, int half) {                 // a0 b0 a1 b1 ... of the lower or the upper half
  UVec pick;
  for (int i = 0; i < LANES; i++) pick[i] = (uint32_t)(i / 2 + half * LANES / 2 + (i % 2) * LANES);
  return __builtin_shuffle(a, b, pick);
}

// 4 * LANES consecutive words of the stream (seed, stream) at `step`, from counter `counter` on.
INLINE void philox_group(uint32_t* out, uint64_t counter, uint32_t seed, uint32_t stream, uint32_t step) {
  UVec low, high;
  for (int i = 0; i < LANES; i++) { low[i] = (uint32_t)(counter + i); high[i] = (uint32_t)((counter + i) >> 32); }
  Words x = philox(low, high, splat_of<uint32_t>(step), UVec{}, seed, stream);
  for (int half = 0; half < 2; half++) {
    UVec even = zip(x.w[0], x.w[2], half), odd = zip(x.w[1], x.w[3], half);
    store(out + 2 * half * LANES, zip(even, odd, 0));
    store(out + (2 * half + 1) * LANES, zip(even, odd, 1));
  }
}

// Words first .. first+n-1: word i is word i % 4 of counter (lo32(i/4), hi32(i/4), step, 0) under key (seed, stream).
void philox_words(uint32_t* out, int64_t first, int64_t n, uint32_t seed, uint32_t stream, uint32_t step) {
  uint32_t group[4 * LANES];
  int64_t skip = first % (4 * LANES);
  for (int64_t done = 0; done < n;) {
    uint64_t counter = (uint64_t)(first + done - skip) / 4;
    if (skip == 0 && n - done >= 4 * LANES) {
      philox_group(out + done, counter, seed, stream, step);
      done += 4 * LANES;
      continue;
    }
    philox_group(group, counter, seed, stream, step);
    int64_t take = smaller(n - done, 4 * LANES - skip);
    memcpy(out + done, group + skip, 4 * take);
    done += take;
    skip = 0;
  }
}

}  // namespace
}  // namespace ISA
