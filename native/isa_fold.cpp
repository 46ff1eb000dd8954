// Compiled once per instruction set: folds and row-wise work. Exports one symbol, its table.
#include "blocks/direct.h"
#include "blocks/moments.h"
#include "blocks/rowwise.h"

namespace ISA {
namespace {
#define FOLD_BLOCK(name, prepare, run, dtypes) {#name, dtypes, prepare, run},
const Kernel kernels[] = {
#include "kernels.inc"
};
}  // namespace

#define STRING(x) #x
#define NAME(x) STRING(x)
extern const Table fold_table;
const Table fold_table = {NAME(ISA), kernels, sizeof kernels / sizeof *kernels, nullptr, 0, LANES, nullptr};
}  // namespace ISA
