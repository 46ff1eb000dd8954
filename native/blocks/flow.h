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

#define EACH(DO, AT) DO(0, AT) DO(1, AT) DO(2, AT) DO(3, AT) DO(4, AT) DO(5, AT) DO(6, AT) DO(7, AT)
#define DENSE(k) load((const float*)source + k * LANES)
#define SPLAT(k) one

// Each code is here twice, by where its source is: eight vectors side by side, or one for all.
void run_flow(const Flow* flow, int64_t n_codes, int64_t pieces) {
  Vec v0{}, v1{}, v2{}, v3{}, v4{}, v5{}, v6{}, v7{};
  for (int64_t piece = 0; piece < pieces; piece++)
    for (const Flow* f = flow; f < flow + n_codes; f++) {
      switch (f->code) {
#define ONE const Vec one = load((const float*)source);
#define FROM const char* const source = f->source + piece * f->source_piece;
#define TO char* const result = f->result + piece * f->result_piece;
#define IF const char* const condition = f->condition + piece * f->condition_piece; const int64_t condition_vector = f->condition_vector;
#define LOAD_ONE(k, AT) v##k = AT(k);
#define STORE_ONE(k, AT) store((float*)result + k * LANES, v##k);
#define CHOICE(k) __builtin_convertvector(load((const uint8_t*)(condition + k * condition_vector)), IVec) != 0
#define SELECT_ONE(k, AT) v##k = CHOICE(k) ? v##k : AT(k);
#define SELECT_TURNED(k, AT) v##k = CHOICE(k) ? AT(k) : v##k;
#define FROM_BOOL(k, AT) v##k = __builtin_convertvector(load((const uint8_t*)source + k * LANES), Vec);
#define FROM_ONE_BOOL(k, AT) v##k = __builtin_convertvector(load((const uint8_t*)source), Vec);
        case 2 * FLOW_LOAD: { FROM EACH(LOAD_ONE, DENSE) break; }
        case 2 * FLOW_LOAD + 1: { FROM ONE EACH(LOAD_ONE, SPLAT) break; }
        case 2 * FLOW_STORE: { TO EACH(STORE_ONE, ) break; }
        case 2 * FLOW_SELECT: { IF FROM EACH(SELECT_ONE, DENSE) break; }
        case 2 * FLOW_SELECT + 1: { IF FROM ONE EACH(SELECT_ONE, SPLAT) break; }
        case 2 * FLOW_SELECT_TURNED: { IF FROM EACH(SELECT_TURNED, DENSE) break; }
        case 2 * FLOW_SELECT_TURNED + 1: { IF FROM ONE EACH(SELECT_TURNED, SPLAT) break; }
        case 2 * FLOW_FROM_BOOL: { FROM EACH(FROM_BOOL, ) break; }
        case 2 * FLOW_FROM_BOOL + 1: { FROM EACH(FROM_ONE_BOOL, ) break; }
#define ONE_F(k, AT) v##k = F::run(v##k);
#define TWO_F(k, AT) v##k = F::run(v##k, AT(k));
#define TWO_TURNED(k, AT) v##k = F::run(AT(k), v##k);
#define ONE_C(k, AT) store((uint8_t*)result + k * LANES, F::run(v##k));
#define TWO_C(k, AT) store((uint8_t*)result + k * LANES, F::run(v##k, AT(k)));
#define TWO_C_TURNED(k, AT) store((uint8_t*)result + k * LANES, F::run(AT(k), v##k));
#define CASE1(name, ns, WHERE, DO) \
        case 2 * FLOW_##name: if constexpr (ns < FLOW_COST) { typedef F_##name F; WHERE EACH(DO, ) } break;
#define CASE2(code, name, ns, WHERE, DO) \
        case 2 * code: if constexpr (ns < FLOW_COST) { typedef F_##name F; WHERE EACH(DO, DENSE) } break; \
        case 2 * code + 1: if constexpr (ns < FLOW_COST) { typedef F_##name F; WHERE ONE EACH(DO, SPLAT) } break;
#define CASES1(dtype, T, name, ns) CASES1_##dtype(name, ns)
#define CASES2(dtype, T, name, ns) CASES2_##dtype(name, ns)
#define CASESC1(dtype, T, name, ns) CASESC1_##dtype(name, ns)
#define CASESC2(dtype, T, name, ns) CASESC2_##dtype(name, ns)
#define CASES1_F32(name, ns) CASE1(name, ns, , ONE_F)
#define CASES2_F32(name, ns) CASE2(FLOW_##name, name, ns, FROM, TWO_F) CASE2(FLOW_##name##_TURNED, name, ns, FROM, TWO_TURNED)
#define CASESC1_F32(name, ns) CASE1(name, ns, TO, ONE_C)
#define CASESC2_F32(name, ns) CASE2(FLOW_##name, name, ns, FROM TO, TWO_C) CASE2(FLOW_##name##_TURNED, name, ns, FROM TO, TWO_C_TURNED)
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
        default: __builtin_unreachable();
      }
    }
}

}  // namespace
}  // namespace ISA
