// What this machine can do at most, with so many threads: fused multiply-adds in registers, and bytes read and copied.
// Prints lines "name value": GF/s and GB/s.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

#if defined(__AVX512F__)
constexpr int LANES = 16;
#elif defined(__AVX__)
constexpr int LANES = 8;
#else
constexpr int LANES = 4;
#endif
typedef float Vec __attribute__((vector_size(4 * LANES)));

template <class F> double best_seconds(int threads, F work) {            // of five runs, all threads at once
  double best = 1e30;
  for (int turn = 0; turn < 5; turn++) {
    auto start = std::chrono::steady_clock::now();
    std::vector<std::thread> others;
    for (int t = 1; t < threads; t++) others.emplace_back(work, t);
    work(0);
    for (auto& o : others) o.join();
    double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (took < best) best = took;
  }
  return best;
}

volatile float sink[64];

void multiply_add(int thread) {                                           // 24 independent sums: no chain waits
  Vec sums[24] = {}, a = {}, b = {};
  for (int i = 0; i < LANES; i++) { a[i] = 1.0f + (float)thread; b[i] = 1e-9f; }
  for (int n = 0; n < 4000000; n++) {
#pragma GCC unroll 24
    for (int k = 0; k < 24; k++) sums[k] += a * b;
    asm volatile("" : "+x"(a), "+x"(b));
  }
  float total = 0;
  for (auto& s : sums) total += s[0];
  sink[thread] = total;
}

int main(int argc, char** argv) {
  int threads = argc > 1 ? atoi(argv[1]) : 1;
  double seconds = best_seconds(threads, multiply_add);
  printf("fma %.1f\n", 4e6 * 24 * LANES * 2 * threads / seconds / 1e9);
  for (long megabytes : {1L, 8L, 32L, 96L, 384L}) {
    size_t each = (size_t)megabytes * 1000000 / threads / 64 * 64 / sizeof(Vec) * sizeof(Vec);
    std::vector<char*> from, to;
    for (int t = 0; t < threads; t++) {
      from.push_back((char*)aligned_alloc(64, each / 64 * 64));
      to.push_back((char*)aligned_alloc(64, each / 64 * 64));
      memset(from[t], 1, each / 64 * 64);
      memset(to[t], 1, each / 64 * 64);
    }
    int repeats = (int)(800 / megabytes) + 1;
    double bytes = (double)(each / 64 * 64) * threads * repeats;
    double took = best_seconds(threads, [&](int t) {
      Vec s[4] = {};
      for (int r = 0; r < repeats; r++)
        for (size_t i = 0; i + 4 * sizeof(Vec) <= each / 64 * 64; i += 4 * sizeof(Vec))
          for (int k = 0; k < 4; k++) { Vec v; memcpy(&v, from[t] + i + k * sizeof v, sizeof v); s[k] += v; }
      sink[t] = s[0][0] + s[1][0] + s[2][0] + s[3][0];
    });
    printf("read_%ld %.1f\n", megabytes, bytes / took / 1e9);
    took = best_seconds(threads, [&](int t) { for (int r = 0; r < repeats; r++) memcpy(to[t], from[t], each / 64 * 64); asm volatile("" ::: "memory"); });
    printf("copy_%ld %.1f\n", megabytes, 2 * bytes / took / 1e9);
    for (int t = 0; t < threads; t++) { free(from[t]); free(to[t]); }
  }
}
