// Kernels that move data or compare it, and compute little: compiled once, the same for all instruction sets.
#include <type_traits>
#include "blocks/along.h"
#include "blocks/order.h"
#include "blocks/order_rows.h"

namespace {
#define MOVE_BLOCK(name, prepare, run, dtypes) {#name, dtypes, prepare, run},
const Kernel kernels[] = {
#include "kernels.inc"
};
}  // namespace

extern const Table move_table;
const Table move_table = {"any", kernels, sizeof kernels / sizeof *kernels, nullptr, 0, 0, nullptr};
