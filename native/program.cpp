// Checks the planner's instructions, makes them ready, binds arrays and runs steps.
#include "program.h"
#include <string.h>
#include <algorithm>
#include <tuple>

namespace {

const char* const ROOTS[] = {"gemm", "conv", "conv_max_pool", "conv_input_grad", "winograd", "max_pool_grad"};    // their products may have a chain

[[noreturn]] void fail(const std::string& what) { throw std::invalid_argument(what); }

int64_t whole_lines(int64_t bytes) { return add(bytes, 63) / 64 * 64; }

}  // namespace

struct Builder {
  Program& program;
  int count = 0;                                         // of all instructions so far, the bodies' too

  // The bytes of `r` must exist: in the arena, in an array still to be bound (remembered), or wherever a body's base leads.
  void check_range(const Scope& scope, const Range& r) {
    if (r.low == r.high) return;
    if (r.low < 0 && !(scope.parent && r.base > 0)) fail("an operand starts before its base");
    if (r.base == 0) {
      if (r.high > program.arena_bytes) fail("an operand ends at byte " + std::to_string(r.high) + " of an arena of " + std::to_string(program.arena_bytes));
      return;
    }
    if (scope.parent) return check_range(*scope.parent, scope.in_parent(r, true));
    auto& need = program.needs[r.base];
    need.bytes = std::max(need.bytes, r.high);
    need.write = need.write || r.write;
  }

  void check_base(const Scope& scope, const Operand& o) {
    int n = (int)scope.bases.size();
    if (o.base < 0 || o.base >= n) fail("an operand has base " + std::to_string(o.base) + " of " + std::to_string(n));
  }

  void add_ranges(const Scope& scope, Prepared& p) {
    for (auto* list : {&p.in, &p.out})
      for (auto& o : *list) {
        check_base(scope, o);
        Range r = range_of(o, list == &p.out);
        check_range(scope, r);
        p.ranges.push_back(r);
      }
  }

  // ints: length, reverse, one time stride in bytes per operand; then, where the rows are cut, the number of pieces and one
  // stride from piece to piece per operand. The operands name where base 1.. of the body is at time 0 in the first piece.
  // A guard is read before each time step and ends the scan when it is false; the body may write it.
  void build_scan(Scope& scope, Prepared& p, std::vector<InstructionSpec>& body) {
    size_t n = p.in.size() + p.out.size();
    bool cut = p.ints.size() == 2 * n + 3;
    if (!cut && p.ints.size() != n + 2) fail("scan needs its length, its direction and a time stride per operand");
    p.length = p.ints[0];
    if (p.length < 0) fail("scan has a negative length");
    if (cut && p.ints[n + 2] < 1) fail("scan has no pieces");
    p.pieces = cut ? p.ints[n + 2] : 0;
    p.body = std::make_unique<Scope>();
    p.body->parent = &scope;
    p.body->length = p.length;
    p.body->pieces = std::max<int64_t>(1, p.pieces);
    for (size_t i = 0; i < n; i++) {
      const Operand& o = i < p.in.size() ? p.in[i] : p.out[i - p.in.size()];
      check_base(scope, o);
      p.body->mapping.push_back({o.base, o.offset, p.ints[i + 2], cut ? p.ints[n + 3 + i] : 0});
    }
    p.body->bases.resize(n + 1);
    if (p.length) build_list(*p.body, body);
    for (auto& inner : p.body->list)                     // what the scan touches in its parent, for schedule.cpp
      for (const Range& r : inner->ranges)
        if (r.low != r.high) p.ranges.push_back(p.body->in_parent(r, true));
    if (p.guard) {
      check_base(scope, *p.guard);
      if (p.guard->dtype != BOOL || p.guard->rank != 0) fail("a guard is one bool");
      p.ranges.push_back(range_of(*p.guard, false));
      check_range(scope, p.ranges.back());
    }
    if (cut) check_pieces(p);
    if (cut) p.moving = moving_ranges(*p.body);
    std::vector<int64_t> ends = cut ? turn_ends(*p.body) : std::vector<int64_t>{};
    if (ends.size() > 1) p.turns = std::make_unique<Turns>(std::move(ends), p.pieces);
    p.instr.units = p.length ? p.body->pieces : 0;
    p.instr.cost = p.body->cost * (double)(p.guard ? std::min<int64_t>(p.length, 16) : p.length * p.body->pieces);
    bool has_python = std::any_of(p.body->phases.begin(), p.body->phases.end(), [](const Phase& f) { return f.python; });
    bool has_scan = std::any_of(p.body->phases.begin(), p.body->phases.end(), [](const Phase& f) { return f.scan; });
    p.alone = !has_python && !has_scan && (!p.guard || p.length <= 1000) && is_small(cut ? p.instr.cost : p.body->cost / 2);
  }

  // Whether several threads may run an instruction at a time, each for other rows.
  static bool in_pieces(const Scope& scope) { return scope.pieces > 1 || (scope.parent && in_pieces(*scope.parent)); }

  void build_kernel(const Scope& scope, Prepared& p, const InstructionSpec& spec) {
    Instruction& i = p.instr;
    i.kernel = find_kernel(program.isa_name, spec.kernel);
    if (!i.kernel) fail("there is no such kernel for instruction set " + program.isa_name);
    if (spec.chain) {
      bool two = std::find(std::begin(ROOTS), std::end(ROOTS), spec.kernel) != std::end(ROOTS);
      bool gathered = spec.kernel == "gemm" && p.ints.size() > 1 && p.ints[1];
      size_t own = gathered ? 4 : two ? 2 : spec.kernel == "pooled_input_grad" ? 3 : 0;      // operands before the chain's
      if (spec.kernel != "map" && spec.kernel != "map_sum" && !own) fail("this kernel takes no chain");
      if (!spec.chain->sums.empty() && spec.kernel != "map_sum") fail("this kernel gives no sums");
      if (!spec.chain->rows.empty() && own) fail("this kernel adds no rows");
      if (spec.chain->start < 0 || spec.chain->piece < 0) fail("a chain starts before its first element");
      add(spec.chain->start, multiply(spec.chain->piece, scope.pieces));                 // which refuse what does not fit
      if (p.in.size() < own) fail("needs " + std::to_string(own) + " operands before its chain's");
      build_chain(p, *spec.chain, (int)own, own > 0, spec.kernel == "conv_max_pool", program.isa_name);
    }
    if (const char* complaint = i.kernel->prepare(i)) fail(complaint);
    if (i.n_counters && in_pieces(scope)) {
      p.own_workspace = whole_lines(i.scratch_bytes);
      i.scratch_bytes = add(p.own_workspace, add(multiply(64, i.n_counters), i.workspace_bytes));
    } else if (i.n_counters) {
      p.counters = std::make_unique<char[]>(64 * i.n_counters + 64);
      i.counters = p.counters.get() + (64 - (uintptr_t)p.counters.get() % 64) % 64;
    }
    p.alone = i.units <= 1 || is_small(i.cost);
  }

  void build_one(Scope& scope, InstructionSpec& spec) {
    scope.list.push_back(std::make_unique<Prepared>());
    Prepared& p = *scope.list.back();
    Instruction& i = p.instr;
    i.index = (int)scope.list.size() - 1;
    i.number = count++;
    p.in = std::move(spec.in); p.out = std::move(spec.out); p.ints = std::move(spec.ints); p.floats = std::move(spec.floats);
    i.in = p.in.data(); i.n_in = (int)p.in.size(); i.out = p.out.data(); i.n_out = (int)p.out.size();
    i.ints = p.ints.data(); i.n_ints = (int)p.ints.size(); i.floats = p.floats.data(); i.n_floats = (int)p.floats.size();
    p.guard = std::move(spec.guard);
    if (spec.kernel == "scan") return build_scan(scope, p, spec.body);
    add_ranges(scope, p);
    if (spec.kernel == "python") {
      if (!spec.call) fail("needs something to call");
      p.call = std::move(spec.call);
      i.units = 1;
      i.cost = 20000;
      return;
    }
    build_kernel(scope, p, spec);
    program.scratch_bytes = std::max(program.scratch_bytes, i.scratch_bytes);
  }

  void build_list(Scope& scope, std::vector<InstructionSpec>& specs) {
    for (size_t k = 0; k < specs.size(); k++) {
      std::string kernel = specs[k].kernel;
      try {
        build_one(scope, specs[k]);
      } catch (const std::invalid_argument& e) {
        fail("instruction " + std::to_string(k) + " (" + kernel + "): " + e.what());
      }
    }
    make_phases(scope);
    for (const Phase& phase : scope.phases)
      for (const Item& item : phase.items)
        if (item.besides) program.scratch_bytes = std::max(program.scratch_bytes, add(item.scratch, item.besides->scratch_bytes));
  }

  // Gives the instructions of a phase workspace beside each other, from byte `start`, and those of the next one the same; what
  // runs in pieces has its own. Gives where they end.
  static int64_t place_workspace(Scope& scope, int64_t start) {
    int64_t end = start;
    for (const Phase& phase : scope.phases) {
      int64_t at = start;
      auto take = [&](Prepared& p) {
        if (p.workspace_at >= 0 || p.own_workspace >= 0) return;
        p.workspace_at = at;
        if (p.body) at = place_workspace(*p.body, at);
        at = add(at, whole_lines(p.instr.workspace_bytes));
      };
      if (phase.scan) take(*phase.scan);
      for (const Item& item : phase.items) {
        for (int k = 0; k < item.count; k++) take(*scope.list[item.first + k]);
        if (item.besides) take(*scope.list[item.besides->index]);
      }
      end = std::max(end, at);
    }
    return end;
  }

  static void bind_workspace(Scope& scope, char* workspace) {
    for (auto& p : scope.list) {
      if (p->workspace_at >= 0) p->instr.workspace = workspace + p->workspace_at;
      if (p->body) bind_workspace(*p->body, workspace);
    }
  }
};

Program::Program(std::vector<InstructionSpec> instructions, int64_t bytes, int n_bases, std::vector<InstructionSpec> prologue,
                 const std::string& isa)
    : isa_name(chosen_isa(isa)), arena_bytes(bytes) {
  if (bytes < 0) fail("arena_bytes is negative");
  if (n_bases < 1) fail("num_bases counts the arena too: at least 1");
  needs.resize(n_bases);
  bound.resize(n_bases);
  for (Scope* scope : {&before, &main}) {
    scope->bases.resize(n_bases);
    Builder{*this}.build_list(*scope, scope == &main ? instructions : prologue);
  }
  for (Scope* scope : {&before, &main}) workspace_bytes = std::max(workspace_bytes, Builder::place_workspace(*scope, 0));
  arena_room = add(whole_lines(bytes), 256);             // 256: full vectors may be loaded past the end of a row
  arena = allocate(add(arena_room, workspace_bytes));
  main.bases[0] = before.bases[0] = arena;
  for (Scope* scope : {&before, &main}) Builder::bind_workspace(*scope, arena + arena_room);
}

Program::~Program() {
  std::lock_guard<std::mutex> guard(running);
  if (arena) release(arena, arena_room + workspace_bytes);
}

void Program::bind(int index, char* data, int64_t bytes, bool writable) {
  if (index < 1 || index >= (int)bound.size()) fail("there is no base " + std::to_string(index) + " to bind");
  std::lock_guard<std::mutex> guard(running);
  const Need& need = needs[index];
  std::string name = "base " + std::to_string(index);
  if (bytes < need.bytes) fail(name + " needs " + std::to_string(need.bytes) + " bytes, the array has " + std::to_string(bytes));
  if (need.write && !writable) fail(name + " is written to, and the array is read-only");
  for (int i = 1; i < (int)bound.size(); i++)
    if (i != index && bound[i].data && (need.write || needs[i].write) && data < bound[i].data + bound[i].bytes && bound[i].data < data + bytes)
      fail(name + " overlaps base " + std::to_string(i) + ", and one of them is written to");
  bound[index] = {data, bytes};
  main.bases[index] = before.bases[index] = data;
}

namespace { thread_local const Program* inside = nullptr; }

int64_t Program::run(int64_t steps, bool prologue) {
  if (inside == this) fail("a Program cannot be run from its own Python fallback");
  std::lock_guard<std::mutex> guard(running);
  return run_alone_with(steps, prologue);
}

Program::Call Program::prepare_call(int input, int cursor, const Operand& result, int64_t in_bytes) {
  address_of(result);
  int n = (int)bound.size();
  if (input < 1 || input >= n || cursor < 1 || cursor >= n || input == cursor) fail("there is no such base");
  if (!row_major(result)) fail("the result is not contiguous");
  if (in_bytes < needs[input].bytes || needs[input].write) fail("the input is too small, or written");
  if (bound[cursor].bytes < 8) fail("the cursor is not bound");
  int64_t elements = 1;
  for (int d = 0; d < result.rank; d++) elements = multiply(elements, result.shape[d]);
  return {input, cursor, result, in_bytes, multiply(elements, dtype_size(result.dtype))};
}

bool Program::call(const Call& c, const char* in, char* out) {
  std::unique_lock<std::mutex> guard(running, std::defer_lock);
  if (inside == this || !guard.try_lock()) return false;
  struct Restore {
    Program& p; int base; Bound before;
    ~Restore() { p.bound[base] = before; p.main.bases[base] = p.before.bases[base] = before.data; }
  } restore{*this, c.input, bound[c.input]};
  bound[c.input] = {const_cast<char*>(in), c.in_bytes};
  main.bases[c.input] = const_cast<char*>(in);
  *(int64_t*)bound[c.cursor].data = 0;
  run_alone_with(1, false);
  memcpy(out, main.bases[c.result.base] + c.result.offset, c.out_bytes);
  return true;
}

int64_t Program::run_alone_with(int64_t steps, bool prologue) {
  for (size_t i = 1; i < bound.size(); i++)
    if (!bound[i].data && needs[i].bytes) fail("base " + std::to_string(i) + " is not bound");
  struct Inside { const Program* outer; ~Inside() { inside = outer; } } restore{inside};
  inside = this;
  stopping = false;
  errors.any = false;
  Cursor cursor{{}, nullptr, &errors, look_out.call ? &looking : nullptr, nullptr};
  if (prologue && !before.list.empty()) {
    cursor.stack.push_back({&before, 0, 0, 1});
    execute(*this, cursor, before.cost, scratch_bytes, &errors);
  }
  if (!errors.any && !cursor.failure && steps > 0) {
    cursor.stopping = &stopping;
    cursor.stack.push_back({&main, 0, 0, steps});
    execute(*this, cursor, main.cost, scratch_bytes, &errors);
  }
  if (cursor.failure) std::rethrow_exception(cursor.failure);
  if (errors.any)
    throw BadIndex("instruction " + std::to_string(errors.instruction) + " (" + errors.kernel + "): index " + std::to_string(errors.value) + " at position " +
                   std::to_string(errors.position) + " is out of range for " + std::to_string(errors.size) + " rows");
  return cursor.steps_done;
}

void Program::set_look_out(std::function<void()> look) {
  look_out.call = [look = std::move(look)](char* const*) { look(); };
  looking.units = 1;
  looking.python = &look_out;
}

char* Program::address_of(const Operand& o) {
  if (o.base < 0 || o.base >= (int)bound.size()) fail("there is no base " + std::to_string(o.base));
  Range r = range_of(o, false);
  int64_t bytes = o.base ? bound[o.base].bytes : arena_bytes;
  if (r.low < 0 || r.high > bytes) fail("read outside of base " + std::to_string(o.base));
  return main.bases[o.base] + o.offset;
}

std::string Program::describe() const {
  std::string text;
  for (const Scope* scope : {&before, &main}) {
    text += scope == &main ? "steps\n" : "prologue\n";
    for (size_t f = 0; f < scope->phases.size(); f++) {
      const Phase& phase = scope->phases[f];
      text += "  phase " + std::to_string(f) + ": " + std::to_string((int64_t)phase.cost) + " ns\n";
      auto line = [&](const Prepared& p, int64_t units, const Item& item = {}) {
        text += "    " + std::to_string(p.instr.index) + " " + (p.instr.kernel ? p.instr.kernel->name : p.call ? "python" : "scan") + ", units " +
                std::to_string(units) + ", " + std::to_string((int64_t)p.instr.cost) + " ns";
        if (item.besides) text += ", besides " + std::to_string(item.n_besides) + " units of " + std::to_string(item.besides->index);
        text += "\n";
      };
      if (phase.python || phase.scan) line(phase.python ? *phase.python : *phase.scan, 1);
      for (auto& item : phase.items)
        for (int k = 0; k < item.count; k++) line(*scope->list[item.first + k], item.units, item);
    }
  }
  return text;
}

void report_bad_index(Errors* errors, const Instruction& instr, int64_t position, int64_t value, int64_t size) {
  std::lock_guard<std::mutex> guard(errors->lock);
  std::tuple before(errors->instruction, errors->position, errors->value);
  if (errors->any && std::tuple(instr.number, position, value) >= before) return;
  errors->instruction = instr.number;
  errors->kernel = instr.kernel->name;
  errors->position = position;
  errors->value = value;
  errors->size = size;
  errors->any = true;
}
