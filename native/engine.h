// What kernels, the planner's instructions and the executor have in common: plain data, no templates, no code with linkage,
// so that the objects compiled per instruction set can include it without emitting weak symbols.
#pragma once
#include <stdint.h>

enum DType : uint8_t { F32, F64, I32, I64, U32, U8, BOOL, N_DTYPES };   // BOOL is a byte, 0 or 1
constexpr int MAX_RANK = 8;
constexpr int MAX_SOURCES = 3;
constexpr int MAX_SUMS = 8;

struct Operand {
  int32_t base;                       // index in the table of pointers; 0 is the arena
  int32_t rank;
  DType dtype;
  int64_t offset;                     // bytes from the base to the first element
  int64_t shape[MAX_RANK];
  int64_t strides[MAX_RANK];          // in elements; negative and 0 are fine
};

// ---- a chain: a short program over tiles, the body of `map` and the epilogue of `gemm` ----

struct Block {                        // a rectangle of the iteration space: rows x cols elements at (outer, row, col)
  int64_t outer, row, col, rows, cols;
};

struct Step;
struct Chain;
struct StepArgs {                     // what one functor gets: n elements, sources advance by one element or stay (splatted scalars)
  const char* src[MAX_SOURCES];
  int64_t advance[MAX_SOURCES];
  char* dst;
  int64_t n;
  const Block* block;
  const Step* step;
  const Chain* chain;
  int64_t start;                      // the place of the block's iteration space in a larger one: elements before its first
};
typedef void (*StepRun)(const StepArgs&);

// A flow: steps in a row on eight vectors at a time, which stay in registers from one to the next. Its codes are in blocks/flow.h.
struct Code { int16_t code; int16_t source, condition, result; };       // slots
struct Flow {                         // a code with its addresses: those of piece p are at source + p * source_piece
  int64_t code;                       // twice the code, and one more where the source is one vector for all eight
  const char *source, *condition;
  char* result;
  int64_t source_piece, condition_piece, condition_vector, result_piece;
};
typedef void (*FlowRun)(const Flow*, int64_t n_codes, int64_t pieces);
constexpr int FLOW_VECTORS = 8;
constexpr int16_t NO_FLOW = 0, FLOW_LOAD = 1, FLOW_STORE = 2;           // the other codes are functors' own
struct Segment { int32_t step, n_steps, code, n_codes; };               // n_codes 0: its steps run one by one, each on a whole tile

struct Functor {                      // one line of kernels.inc at one choice of dtypes
  const char* name;
  int n_src;
  DType src[MAX_SOURCES], dst;
  StepRun run;
  float cost;                         // nanoseconds per element, roughly; decides only whether threads are worth waking
  int16_t code;                       // in a flow; 0: it runs on tiles only
};

// INNER: an output that takes the product's place. ROWS: a table that is never made, rows added up by number (blocks/rows.h).
enum SlotKind : uint8_t { INPUT, OUTPUT, TEMPORARY, CONSTANT, PRODUCT, INNER, ROWS };

struct Slot {                         // a source or destination of steps
  SlotKind kind;
  DType dtype;
  bool buffered;                      // an output that overlaps an input (or the product) read later: kept in a tile until the block is done
  bool small;                         // a temporary that lives within a flow: eight vectors, used again for the next eight
  bool summed;                        // its elements are added up as well: a tile of them, or where they lie, never a splat
  Operand operand;                    // ROWS: what is added up, [count, row]
  const Operand* order;               // ROWS: what `order_rows` gave
  int64_t strides[MAX_RANK];          // of the operand in the chain's iteration space
  alignas(64) char splat[128];        // CONSTANT: its value repeated for a whole vector
};

struct Step {
  const Functor* functor;
  int32_t src[MAX_SOURCES], dst;      // slots
  int64_t axis_inner, axis_size;      // iota: index = linear / axis_inner % axis_size
};

struct Chain {
  int32_t rank;                       // >= 2; the last two are rows and columns
  int64_t shape[MAX_RANK + 1];
  int32_t n_slots, n_steps, n_sums;
  int32_t sums[MAX_SUMS];             // the slots whose sums `map_sum` gives
  bool folded[MAX_RANK + 1];          // which dimensions these sums are over
  Slot* slots;
  Step* steps;
  int32_t n_segments, n_codes;
  Segment* segments;
  Code* codes;
  FlowRun run_flow;
  int32_t lanes;
  int64_t start, piece;               // elements before the first of piece 0, and from piece to piece: for generators
  bool flows;                         // no value waits in a tile from one step to another
  int64_t tile;                       // elements per block at most, where anything goes through tiles
  int64_t tile_bytes;                 // bytes of one slot's tile
  int64_t scratch_bytes;
  double cost;                        // nanoseconds per element
};

// ---- an instruction, a kernel, a table ----

struct Errors;                        // where gather reports a bad index: program.h
struct Instruction;

struct Stretch { const char* at; int64_t bytes; };        // of memory
constexpr int64_t MAX_STRETCHES = 16;
struct Besides { const Instruction* instr; int64_t first, end; char* scratch; };   // units of another instruction, done between steps of this one
struct Ahead { Stretch *next, *end; };                    // what the next time of a loop touches, and has not been asked for yet

struct Context {                      // what a running unit gets besides its instruction
  char* const* bases;
  char* scratch;                      // this thread's, instruction.scratch_bytes long, 64-byte aligned
  Errors* errors;
  int64_t piece = 0;                  // of a scan in pieces
  const Besides* besides = nullptr;
  Ahead* ahead = nullptr;
};

struct Kernel {
  const char* name;
  const char* signatures;             // dtypes, separated by blanks: for kernels() and the planner
  const char* (*prepare)(Instruction&);   // checks the operands and fills units, plan, cost; returns a complaint or nullptr
  void (*run)(const Instruction&, const Context&, int64_t unit);
};

struct Instruction {
  const Kernel* kernel;
  int32_t index;                      // in the planner's list
  int32_t number;                     // among all instructions, the bodies of scans behind them: for messages
  int32_t n_in, n_out, n_ints, n_floats;
  Operand *in, *out;
  int64_t* ints;
  double* floats;
  Chain* chain;
  int64_t units;                      // a pure function of shapes
  double cost;                        // nanoseconds of all units on one thread, roughly
  int64_t far_bytes;                  // those that all units read, where they wait for memory more than they calculate
  int64_t (*reads)(const Instruction&, const Context&, int64_t unit, Stretch*);    // ... and where a unit's lie; gives how many stretches
  bool fine;                          // ... set, and prepared again: units that fit L2 beside other work
  int64_t pauses;                     // of a unit: it can do units of another instruction there
  int64_t scratch_bytes, workspace_bytes, n_counters;
  char* workspace;                    // shared by the units of this instruction; those of other phases write over it
  char* counters;                     // 64 bytes apart; zero but while the instruction runs
  int64_t plan[96];                   // what prepare worked out for run
};

struct Table {                        // what one object file per instruction set exports
  const char* isa;
  const Kernel* kernels;
  int n_kernels;
  const Functor* functors;
  int n_functors;
  int lanes;
  FlowRun run_flow;                   // of the table that has functors
};

inline __attribute__((always_inline)) char* address(const Context& c, const Operand& o) { return c.bases[o.base] + o.offset; }

// Counts the pieces of a group; true for whoever finishes the last one.
inline __attribute__((always_inline)) bool last_piece(const Instruction& i, int64_t group, int64_t pieces) {
  int32_t* counter = (int32_t*)(i.counters + 64 * group);
  if (__atomic_add_fetch(counter, 1, __ATOMIC_ACQ_REL) < pieces) return false;
  __atomic_store_n(counter, 0, __ATOMIC_RELAXED);         // ready for the next step
  return true;
}

// Whether dimensions first.. are one run of elements, in row-major order.
inline __attribute__((always_inline)) bool row_major(const Operand& o, int first = 0) {
  int64_t step = 1;
  for (int d = o.rank - 1; d >= first; d--) {
    if (o.shape[d] != 1 && o.strides[d] != step) return false;
    if (o.shape[d]) step *= o.shape[d];
  }
  return true;
}

constexpr int64_t dtype_size(DType t) { return t == F64 || t == I64 ? 8 : t == U8 || t == BOOL ? 1 : 4; }

// Called by gather-like kernels: remembers the first bad index (by instruction, then by position, then by value).
void report_bad_index(Errors*, const Instruction&, int64_t position, int64_t value, int64_t size);
