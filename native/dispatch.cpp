// Which instruction sets this machine runs, and the tables of their kernels.
#include <string.h>
#include <algorithm>
#include "program.h"

#define TABLES(isa) namespace isa { extern const Table map_table, matrix_table, fold_table; }
#if defined(__x86_64__)
TABLES(avx512) TABLES(avx2) TABLES(baseline)
#elif defined(__aarch64__)
TABLES(neon)
#else
TABLES(baseline)
#endif
extern const Table move_table;                           // moves data only: compiled once, for all of them

namespace {

struct Choice { const char* name; bool (*runs)(); const Table* tables[4]; };

#define CHOICE(isa, runs) {#isa, [] { return (bool)(runs); }, {&isa::map_table, &isa::matrix_table, &isa::fold_table, &move_table}}
const Choice choices[] = {                               // best first
#if defined(__x86_64__)
    CHOICE(avx512, __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
                       __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("fma")),
    CHOICE(avx2, __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")),
    CHOICE(baseline, true),
#elif defined(__aarch64__)
    CHOICE(neon, true),
#else
    CHOICE(baseline, true),
#endif
};

const Choice& choice(const std::string& isa) {
  for (auto& c : choices)
    if (isa == c.name) return c;
  throw std::invalid_argument("unknown instruction set \"" + isa + "\"");
}

}  // namespace

std::vector<std::string> possible_isas() {
  std::vector<std::string> names;
  for (auto& c : choices)
    if (c.runs()) names.push_back(c.name);
  return names;
}

// `wanted`, else LAMINA_ISA, else the best one.
std::string chosen_isa(const std::string& wanted) {
  auto names = possible_isas();
  const char* forced = getenv("LAMINA_ISA");
  std::string name = !wanted.empty() ? wanted : forced ? forced : "";
  if (name.empty()) return names[0];
  if (std::find(names.begin(), names.end(), name) != names.end()) return name;
  std::string list;
  for (auto& n : names) list.append(list.empty() ? "" : ", ").append(n);
  throw std::invalid_argument("this machine cannot run instruction set \"" + name + "\"" + (wanted.empty() ? " (LAMINA_ISA)" : "") +
                              "; possible: " + list);
}

const Kernel* find_kernel(const std::string& isa, const std::string& name) {
  for (const Table* t : choice(isa).tables)
    for (int i = 0; i < t->n_kernels; i++)
      if (name == t->kernels[i].name) return &t->kernels[i];
  return nullptr;
}

const Table* functor_table(const std::string& isa) { return choice(isa).tables[0]; }

const Functor* find_functor(const std::string& isa, const std::string& name, const std::vector<DType>& src, DType dst) {
  const Table* t = choice(isa).tables[0];
  for (int i = 0; i < t->n_functors; i++) {
    const Functor& f = t->functors[i];
    if (name == f.name && dst == f.dst && (int)src.size() == f.n_src && std::equal(src.begin(), src.end(), f.src)) return &f;
  }
  return nullptr;
}

std::vector<std::pair<std::string, std::string>> list_kernels(const std::string& isa) {
  std::vector<std::pair<std::string, std::string>> all = {{"scan", "any"}, {"python", "any"}};
  for (const Table* t : choice(isa).tables) {
    for (int i = 0; i < t->n_kernels; i++) all.push_back({t->kernels[i].name, t->kernels[i].signatures});
    for (int i = 0; i < t->n_functors; i++) {
      const Functor& f = t->functors[i];
      std::string signature;
      for (int k = 0; k < f.n_src; k++) signature += std::string(k ? "," : "") + DTYPE_NAMES[f.src[k]];
      all.push_back({f.name, signature + "->" + DTYPE_NAMES[f.dst]});
    }
  }
  return all;
}

int64_t packed_bytes(int64_t k, int64_t n, const std::string& isa) {
  int64_t width = 2 * choice(isa).tables[0]->lanes;      // NR in blocks/gemm.h
  return multiply(multiply((add(n, width - 1)) / width * width, k), 4);
}
