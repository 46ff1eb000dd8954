// Compiled once per instruction set: matrix products, convolutions and pooling. Exports one symbol, its table.
#include "blocks/conv_grad.h"
#include "blocks/conv_pool.h"
#include "blocks/pack.h"
#include "blocks/pooled_grad.h"
#include "blocks/winograd_conv.h"
#include "blocks/winograd_grad.h"

namespace ISA {
namespace {
#define MATRIX_BLOCK(name, prepare, run, dtypes) {#name, dtypes, prepare, run},
const Kernel kernels[] = {
#include "kernels.inc"
};
}  // namespace

#define STRING(x) #x
#define NAME(x) STRING(x)
extern const Table matrix_table;
const Table matrix_table = {NAME(ISA), kernels, sizeof kernels / sizeof *kernels, nullptr, 0, LANES, nullptr};
}  // namespace ISA
