// Compiled once per instruction set: element-wise work. Exports one symbol, its table.
#include "blocks/flow.h"
#include "blocks/map.h"
#include "blocks/sums.h"

namespace ISA {
namespace {

#define ROW1(dtype, T, name, ns) {#name, 1, {dtype}, dtype, apply1<F_##name, T, T>, ns, flow_code(dtype, ns, FLOW_##name)},
#define ROW2(dtype, T, name, ns) {#name, 2, {dtype, dtype}, dtype, apply2<F_##name, T, T, T>, ns, flow_code(dtype, ns, FLOW_##name)},
#define ROWC1(dtype, T, name, ns) {#name, 1, {dtype}, BOOL, apply1<F_##name, uint8_t, T>, ns, flow_code(dtype, ns, FLOW_##name)},
#define ROWC2(dtype, T, name, ns) {#name, 2, {dtype, dtype}, BOOL, apply2<F_##name, uint8_t, T, T>, ns, flow_code(dtype, ns, FLOW_##name)},
#define FUNCTOR1(name, types, ns, expression) types(ROW1, name, ns)
#define FUNCTOR2(name, types, ns, expression) types(ROW2, name, ns)
#define COMPARE1(name, types, ns, expression) types(ROWC1, name, ns)
#define COMPARE2(name, types, ns, expression) types(ROWC2, name, ns)
#define TRUTH1(name, as) {#name, 1, {BOOL}, BOOL, apply1<F_##as, uint8_t, uint8_t>, 0.05, NO_FLOW},
#define TRUTH2(name, as) {#name, 2, {BOOL, BOOL}, BOOL, apply2<F_##as, uint8_t, uint8_t, uint8_t>, 0.05, NO_FLOW},

#define SELECT(dtype, T, name, ns) {#name, 3, {BOOL, dtype, dtype}, dtype, apply_select<T>, ns, flow_code(dtype, ns, FLOW_SELECT)},
#define IOTA(dtype, T, name, ns) {#name, 0, {}, dtype, apply_iota<T>, ns, NO_FLOW},
#define CAST_TO_BOOL(dtype, T, name, ns) {#name, 1, {dtype}, BOOL, apply1<F_cast_bool, uint8_t, T>, ns, NO_FLOW},
#define CAST(from, From, to, To) \
  {"cast", 1, {from}, to, apply1<F_cast<To>, To, From>, 0.1, from == BOOL && to == F32 ? (int16_t)FLOW_FROM_BOOL : NO_FLOW},
#define CASTS(from, From, name, ns)                                                                                     \
  CAST(from, From, F32, float) CAST(from, From, F64, double) CAST(from, From, I32, int32_t) CAST(from, From, I64, int64_t) \
  CAST(from, From, U32, uint32_t) CAST(from, From, U8, uint8_t) CAST_TO_BOOL(from, From, name, ns)

const Functor functors[] = {
#include "kernels.inc"
    ALL(SELECT, select, 0.1)
    NUMBERS(IOTA, iota, 2)
    ALL(CASTS, cast, 0.1)
    {"random_bits", 3, {U32, U32, U32}, U32, apply_random_bits, 0.6, NO_FLOW},
};

#define MAP_BLOCK(name, prepare, run, dtypes) {#name, dtypes, prepare, run},
#undef FUNCTOR1
#undef FUNCTOR2
#undef COMPARE1
#undef COMPARE2
#undef TRUTH1
#undef TRUTH2
const Kernel kernels[] = {
#include "kernels.inc"
};

}  // namespace

#define STRING(x) #x
#define NAME(x) STRING(x)
extern const Table map_table;
const Table map_table = {NAME(ISA), kernels, sizeof kernels / sizeof *kernels, functors, sizeof functors / sizeof *functors, LANES, run_flow};
}  // namespace ISA
