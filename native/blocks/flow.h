// A flow runs a stretch of a chain on eight vectors at a time. One value stays in eight registers from code to code; the other
// operand of a code comes from memory: an input, a splat, or a temporary of eight vectors. So most values never reach L1, and all
// inputs are read side by side. A code for two operands has a twin, one higher, for the two turned round.
#pragma once
#include "map.h"

namespace ISA {
namespace {

constexpr double FLOW_COST = 0.65;                        // functors that cost more gain nothing: they run on tiles

enum FlowCode : int16_t {
  FLOW_SELECT = FLOW_STORE + 1,                                          // condition ? registers : source
  FLOW_SELECT_TURNED,
  FLOW_FROM_BOOL,                                         // 0 and 1 from bytes
#define FUNCTOR1(name, types, ns, expression) FLOW_##name,
#define FUNCTOR2(name, types, ns, expression) FLOW_##name, FLOW_##name##_TURNED,
#define COMPARE1(name, types, ns, expression) FLOW_##name,
#define COMPARE2(name, types, ns, expression) FLOW_##name, FLOW_##name##_TURNED,
#include "../kernels.inc"
#undef FUNCTOR1
#undef FUNCTOR2
#undef COMPARE1
#undef COMPARE2
};

constexpr int16_t flow_code(DType dtype, double ns, int code) { return dtype == F32 && ns < FLOW_COST ? (int16_t)code : NO_FLOW; }

#define EACH(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7)
#define SOURCE(k) load((const float*)(source + k * vector))
#define RESULT(k, T) (T*)(f->result + piece * f->result_piece + k * f->result_vector)
#define CHOICE(k) __builtin_convertvector(load((const uint8_t*)(f->condition + piece * f->condition_piece + k * f->condition_vector)), IVec) != 0

void run_flow(const Flow* flow, int64_t n_codes, int64_t pieces) {
  Vec v0{}, v1{}, v2{}, v3{}, v4{}, v5{}, v6{}, v7{};
  for (int64_t piece = 0; piece < pieces; piece++)
    for (const Flow* f = flow; f < flow + n_codes; f++) {
      const char* source = f->source + piece * f->source_piece;
      int64_t vector = f->source_vector;
      switch (f->code) {
#define LOAD_ONE(k) v##k = SOURCE(k);
#define STORE_ONE(k) store(RESULT(k, float), v##k);
#define SELECT_ONE(k) v##k = CHOICE(k) ? v##k : SOURCE(k);
#define SELECT_TURNED(k) v##k = CHOICE(k) ? SOURCE(k) : v##k;
#define FROM_BOOL(k) v##k = __builtin_convertvector(load((const uint8_t*)(source + k * vector)), Vec);
        case FLOW_LOAD: EACH(LOAD_ONE) break;
        case FLOW_STORE: EACH(STORE_ONE) break;
        case FLOW_SELECT: EACH(SELECT_ONE) break;
        case FLOW_SELECT_TURNED: EACH(SELECT_TURNED) break;
        case FLOW_FROM_BOOL: EACH(FROM_BOOL) break;
#define ONE_F(k) v##k = F::run(v##k);
#define TWO_F(k) v##k = F::run(v##k, SOURCE(k));
#define TWO_TURNED(k) v##k = F::run(SOURCE(k), v##k);
#define ONE_C(k) store(RESULT(k, uint8_t), F::run(v##k));
#define TWO_C(k) store(RESULT(k, uint8_t), F::run(v##k, SOURCE(k)));
#define TWO_C_TURNED(k) store(RESULT(k, uint8_t), F::run(SOURCE(k), v##k));
#define CASE(name, ns, suffix, DO) \
        case FLOW_##name##suffix: if constexpr (ns < FLOW_COST) { typedef F_##name F; EACH(DO) } break;
#define CASES1(dtype, T, name, ns) CASES1_##dtype(name, ns)
#define CASES2(dtype, T, name, ns) CASES2_##dtype(name, ns)
#define CASESC1(dtype, T, name, ns) CASESC1_##dtype(name, ns)
#define CASESC2(dtype, T, name, ns) CASESC2_##dtype(name, ns)
#define CASES1_F32(name, ns) CASE(name, ns, , ONE_F)
#define CASES2_F32(name, ns) CASE(name, ns, , TWO_F) CASE(name, ns, _TURNED, TWO_TURNED)
#define CASESC1_F32(name, ns) CASE(name, ns, , ONE_C)
#define CASESC2_F32(name, ns) CASE(name, ns, , TWO_C) CASE(name, ns, _TURNED, TWO_C_TURNED)
#define FUNCTOR1(name, types, ns, expression) types(CASES1, name, ns)
#define FUNCTOR2(name, types, ns, expression) types(CASES2, name, ns)
#define COMPARE1(name, types, ns, expression) types(CASESC1, name, ns)
#define COMPARE2(name, types, ns, expression) types(CASESC2, name, ns)
#define CASES1_F64(name, ns)
#define CASES1_I32(name, ns)
#define CASES1_I64(name, ns)
#define CASES1_U32(name, ns)
#define CASES1_U8(name, ns)
#define CASES1_BOOL(name, ns)
#define CASES2_F64(name, ns)
#define CASES2_I32(name, ns)
#define CASES2_I64(name, ns)
#define CASES2_U32(name, ns)
#define CASES2_U8(name, ns)
#define CASES2_BOOL(name, ns)
#define CASESC1_F64(name, ns)
#define CASESC1_I32(name, ns)
#define CASESC1_I64(name, ns)
#define CASESC1_U32(name, ns)
#define CASESC1_U8(name, ns)
#define CASESC1_BOOL(name, ns)
#define CASESC2_F64(name, ns)
#define CASESC2_I32(name, ns)
#define CASESC2_I64(name, ns)
#define CASESC2_U32(name, ns)
#define CASESC2_U8(name, ns)
#define CASESC2_BOOL(name, ns)
#include "../kernels.inc"
#undef FUNCTOR1
#undef FUNCTOR2
#undef COMPARE1
#undef COMPARE2
      }
    }
}

}  // namespace
}  // namespace ISA
