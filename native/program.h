// A Program: the planner's instructions, checked and made ready, over one arena and a table of bound arrays.
#pragma once
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>
#include "engine.h"

// ---- what the planner sends (bindings.cpp fills these from Python) ----

struct SourceSpec { bool constant; int index; double number; int64_t integer; DType dtype; };
struct StepSpec { std::string functor; DType dtype; std::vector<SourceSpec> src; int dst; };
struct ChainSpec {
  std::vector<int64_t> shape;
  std::vector<StepSpec> steps;
  int n_registers;
  std::vector<int> sums, rows;
  int64_t start = 0, piece = 0;
};
struct InstructionSpec {
  std::string kernel;
  std::vector<Operand> in, out;
  std::vector<int64_t> ints;
  std::vector<double> floats;
  std::unique_ptr<ChainSpec> chain;
  std::vector<InstructionSpec> body;                     // scan
  std::unique_ptr<Operand> guard;                        // scan: a bool that ends it when it is false before a time step
  std::function<void(char* const* bases)> call;          // python: makes the views and calls, takes the lock itself
};

// ---- what it becomes ----

struct Scope;
struct Prepared;

struct Range { int base; int64_t low, high; bool write; };          // bytes an operand touches

// A scan in pieces, cut in time as well: who takes a turn gets some times of the piece that is least far. So threads of unequal
// speed end together, though they may be few and the pieces not many more. Nobody waits: where all pieces are taken, a turn is
// owed, and whoever gives his piece back takes it.
struct Turns {
  Turns(std::vector<int64_t> ends, int64_t pieces) : ends(std::move(ends)), done(pieces, 0), taken(pieces, false) {}
  int64_t units() const { return (int64_t)(done.size() * ends.size()); }
  void restart();
  void run(Prepared& scan, int64_t unit, char* const* bases, char* scratch, Errors*);

 private:
  std::vector<int64_t> ends;                             // of each turn: the time behind its last one
  std::mutex lock;
  std::vector<size_t> done;                              // turns of each piece
  std::vector<bool> taken;
  int64_t owed = 0;
  int64_t take(int64_t from);                            // a piece, or -1 and one more is owed; under the lock
  int64_t give_back(int64_t piece);                      // ... and take another one, if a turn is owed
};

struct Prepared {                                           // one instruction with everything it owns
  Instruction instr{};
  std::vector<Operand> in, out;
  std::vector<int64_t> ints;
  std::vector<double> floats;
  Chain chain{};
  std::vector<Slot> slots;
  std::vector<Step> steps;
  std::vector<Segment> segments;
  std::vector<Code> codes;
  std::unique_ptr<char[]> counters;
  int64_t workspace_at = -1;                             // byte of the program's workspace
  int64_t own_workspace = -1;                            // in a piece of a scan: the thread's, at this byte of its scratch, behind counters
  std::function<void(char* const*)> call;
  std::unique_ptr<Scope> body;                           // scan
  std::unique_ptr<Operand> guard;
  std::vector<Range> moving;                             // ... in pieces: what a time step touches where bases move
  int64_t length = 0, pieces = 0;                        // 0: all threads share each time step
  std::unique_ptr<Turns> turns;                          // ... in pieces that are long
  bool goes_on(char* const* bases) const { return !guard || *(bases[guard->base] + guard->offset); }
  bool alone = false;                                    // small: all units by one thread
  std::vector<Range> ranges;
};

struct Item {                                            // units of one instruction, or (units = 1) a run of small ones
  int first, count;
  int64_t units, passed = 0;                             // ... and how many units of the phase come before them
  int64_t from = 0;                                    // number `from` of the instruction is the first: others are done besides
  const Instruction* besides = nullptr;                  // another one; so many of its units are done besides these
  int64_t n_besides = 0, before = 0, scratch = 0;        // ... behind so many, with the thread's scratch from this byte on
};
struct Phase {                                           // items that touch nothing of each other's: no barrier among them
  std::vector<Item> items;
  int64_t units = 0;
  double cost = 0;
  Prepared* python = nullptr;
  Prepared* scan = nullptr;                                 // its body's phases run by all threads, once per time step
  std::vector<Turns*> turns;                             // of its items that are scans in pieces
};

struct BodyBase { int parent; int64_t offset, stride, piece; };

struct Scope {                                           // a list of instructions over one table of bases
  Scope* parent = nullptr;
  std::vector<BodyBase> mapping;                         // of bases 1.. into the parent's (bodies only)
  int64_t length = 1, pieces = 1;
  std::vector<std::unique_ptr<Prepared>> list;
  std::vector<Phase> phases;
  std::vector<char*> bases;
  double cost = 0;
  void set_time(int64_t t) { set_bases(bases.data(), parent->bases.data(), t, 0); }    // a body's
  void set_bases(char** to, char* const* parents, int64_t t, int64_t piece) const;
  Range in_parent(const Range&, bool all_time) const;    // what a body's range covers over its pieces (and all time)
};

struct Errors {                                          // the first bad index: lowest instruction, then position, then value
  std::atomic<bool> any{false};
  std::mutex lock;
  int instruction = 0;
  std::string kernel;
  int64_t position = 0, value = 0, size = 0;
};

class Program {
 public:
  Program(std::vector<InstructionSpec> instructions, int64_t arena_bytes, int n_bases, std::vector<InstructionSpec> prologue,
          const std::string& isa);
  ~Program();
  void bind(int index, char* data, int64_t bytes, bool writable);
  // Stops early after stop(), and at the end of a step after SLICE: the caller looks for signals and comes again.
  // Throws IndexError's message as BadIndex, passes on what python threw.
  int64_t run(int64_t steps, bool prologue);
  // One step on one array: the data of base `input` for this call, the counter `cursor` set to 0, and `bytes` bytes of the result
  // copied to `out`. False, and nothing done, if another thread is in a run.
  struct Call { int input, cursor; Operand result; int64_t in_bytes, out_bytes; };
  Call prepare_call(int input, int cursor, const Operand& result, int64_t in_bytes);    // checked
  bool call(const Call&, const char* in, char* out);
  double cost() const { return main.cost; }
  void stop() { stopping = true; }
  // Called about every SLICE inside of a loop whose end depends on data, by the thread that called run; it may throw.
  void set_look_out(std::function<void()>);
  char* address_of(const Operand&);                      // checked
  std::string describe() const;                          // phases, units and costs, for people
  const std::string& isa() const { return isa_name; }

 private:
  friend struct Builder;
  friend struct Cursor;
  friend struct Session;
  struct Need { int64_t bytes = 0; bool write = false; };
  struct Bound { char* data = nullptr; int64_t bytes = 0; };
  std::string isa_name;
  char* arena = nullptr;                                 // behind it the workspace
  int64_t arena_bytes, arena_room, workspace_bytes = 0;  // room: with what may be loaded past its end
  std::vector<Need> needs;                               // of each bound base
  std::vector<Bound> bound;
  Scope main, before;
  Prepared look_out;                                     // what is called, as a phase of its own
  Phase looking;
  int64_t scratch_bytes = 0;
  Errors errors;
  std::atomic<bool> stopping{false};
  std::mutex running;
  int64_t run_alone_with(int64_t steps, bool prologue);  // by whoever holds `running`
};

struct BadIndex : std::runtime_error { using std::runtime_error::runtime_error; };

// ---- the files beside this one ----

std::vector<std::string> possible_isas();                                             // dispatch.cpp
std::string chosen_isa(const std::string& wanted);
const Kernel* find_kernel(const std::string& isa, const std::string& name);
const Functor* find_functor(const std::string& isa, const std::string& name, const std::vector<DType>& src, DType dst);
std::vector<std::pair<std::string, std::string>> list_kernels(const std::string& isa);
int64_t packed_bytes(int64_t k, int64_t n, const std::string& isa);
extern const char* const DTYPE_NAMES[N_DTYPES];

// inner: its one output is not an operand, it takes the product's place
void build_chain(Prepared&, const ChainSpec&, int first_input, bool has_product, bool inner, const std::string& isa);   // chain.cpp
void build_flows(Prepared&);                                                          // flow.cpp
const Table* functor_table(const std::string& isa);                                    // dispatch.cpp: the one that has functors
Range range_of(const Operand&, bool write);                                           // operands.cpp
int64_t multiply(int64_t, int64_t);
int64_t add(int64_t, int64_t);
std::vector<int64_t> place(const std::vector<int64_t>& sizes, const std::vector<int64_t>& first, const std::vector<int64_t>& last);   // arena.cpp
void permutation(int64_t* rows, int64_t n, uint32_t seed, uint32_t step, uint32_t stream);   // permutation.cpp
void make_phases(Scope&);                                                             // schedule.cpp
bool is_small(double cost);
void run_alone(Prepared&, char* const* bases, char* scratch, Errors*, int64_t piece = 0, Ahead* = nullptr);
std::vector<Range> moving_ranges(const Scope& body);                                  // pieces.cpp
std::vector<int64_t> turn_ends(const Scope& body);
void check_pieces(const Prepared& scan);
void run_piece(Prepared& scan, int64_t piece, int64_t begin, int64_t end, char* const* bases, char* scratch, Errors*);

constexpr auto SLICE = std::chrono::milliseconds(100);
struct Cursor;
void execute(Program&, Cursor&, double cost, int64_t scratch_bytes, Errors*);         // threads.cpp
void set_threads(int);
int get_threads();
int default_threads(const std::string& root, const std::string& list);           // LAMINA_NUM_THREADS, else affinity and quota of the groups in `root`
char* allocate(int64_t bytes);                                                        // 64-byte aligned, zero, counted
void release(char*, int64_t bytes);
int64_t memory_in_use();

struct Cursor {                                          // where a run stands: a stack of scopes
  struct Frame { Scope* scope; size_t phase; int64_t t, length; const Prepared* scan = nullptr; };
  std::vector<Frame> stack;
  std::atomic<bool>* stopping;
  Errors* errors;
  const Phase* looking;                                  // nullptr: nobody looks out for signals
  std::exception_ptr failure;
  int64_t steps_done = 0;
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::now() + SLICE;
  const Phase* next();                                   // the next phase with work, or nullptr at the end
  char* const* bases() const { return stack.back().scope->bases.data(); }
  Scope& scope() const { return *stack.back().scope; }
};
