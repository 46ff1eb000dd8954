// Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3"), LANES counters at a time.
#pragma once
#include "vec.h"

namespace ISA {
namespace {

constexpr int ROUNDS = 10;

struct Keys { uint32_t first[ROUNDS], second[ROUNDS]; };    // of each round

INLINE Keys philox_keys(uint32_t seed, uint32_t stream) {
  Keys keys;
  for (uint32_t r = 0; r < ROUNDS; r++) {
    keys.first[r] = seed + r * 0x9E3779B9u;
    keys.second[r] = stream + r * 0xBB67AE85u;
  }
  return keys;
}

struct Words { UVec w[4]; };

// N times LANES counters side by side: one alone would wait for its own products.
template <int N> INLINE void philox(Words* x, const Keys& keys) {
#pragma GCC unroll 10
  for (int round = 0; round < ROUNDS; round++)
#pragma GCC unroll 2
    for (int k = 0; k < N; k++) {
      UVec high0, low0, high1, low1, *c = x[k].w;
      multiply_wide(c[0], 0xD2511F53u, high0, low0);
      multiply_wide(c[2], 0xCD9E8D57u, high1, low1);
      c[0] = high1 ^ c[1] ^ splat_of(keys.first[round]);
      c[1] = low1;
      c[2] = high0 ^ c[3] ^ splat_of(keys.second[round]);
      c[3] = low0;
    }
}

INLINE UVec zip(UVec a, UVec b, int half) {                 // a0 b0 a1 b1 ... of the lower or the upper half
  UVec pick;
  for (int i = 0; i < LANES; i++) pick[i] = (uint32_t)(i / 2 + half * LANES / 2 + (i % 2) * LANES);
  return __builtin_shuffle(a, b, pick);
}

constexpr int64_t GROUP_WORDS = 4 * LANES;

// N groups of words of the stream of these keys at `step`, from counter `counter` on.
template <int N> INLINE void philox_groups(uint32_t* out, uint64_t counter, const Keys& keys, uint32_t step) {
  Words x[N];
  for (int k = 0; k < N; k++, counter += LANES) {
    UVec low, high;
    for (int i = 0; i < LANES; i++) { low[i] = (uint32_t)(counter + i); high[i] = (uint32_t)((counter + i) >> 32); }
    x[k] = {{low, high, splat_of<uint32_t>(step), UVec{}}};
  }
  philox<N>(x, keys);
  for (int k = 0; k < N; k++, out += GROUP_WORDS)
    for (int half = 0; half < 2; half++) {
      UVec even = zip(x[k].w[0], x[k].w[2], half), odd = zip(x[k].w[1], x[k].w[3], half);
      store(out + 2 * half * LANES, zip(even, odd, 0));
      store(out + (2 * half + 1) * LANES, zip(even, odd, 1));
    }
}

// Words first .. first+n-1: word i is word i % 4 of counter (lo32(i/4), hi32(i/4), step, 0) under key (seed, stream).
void philox_words(uint32_t* out, int64_t first, int64_t n, uint32_t seed, uint32_t stream, uint32_t step) {
  const Keys keys = philox_keys(seed, stream);
  uint32_t group[GROUP_WORDS];
  int64_t skip = first % GROUP_WORDS;
  for (int64_t done = 0; done < n;) {
    uint64_t counter = (uint64_t)(first + done - skip) / 4;
    if (skip == 0 && n - done >= 2 * GROUP_WORDS) {
      philox_groups<2>(out + done, counter, keys, step);
      done += 2 * GROUP_WORDS;
      continue;
    }
    philox_groups<1>(group, counter, keys, step);
    int64_t take = smaller(n - done, GROUP_WORDS - skip);
    memcpy(out + done, group + skip, 4 * take);
    done += take;
    skip = 0;
  }
}

}  // namespace
}  // namespace ISA
