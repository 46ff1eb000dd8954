// Cuts a list of instructions into phases. Within a phase nothing reads what another item writes, so its units may run in any
// order on any thread; between phases all threads agree that everything is done. Small instructions run whole on one thread,
// consecutive ones that depend on each other as one item.
#include <string.h>
#include <algorithm>
#include "program.h"

namespace {

constexpr double SMALL = 1500;                           // nanoseconds: below this, handing out units costs more than it saves
constexpr double ASKED = 8;                              // bytes a nanosecond that a core gets from memory while it calculates
constexpr size_t MOST_WAITING = 16;                      // instructions that a phase puts off
constexpr double BESIDES = 0.9;                          // of an instruction that waits: the rest of its units lets the threads end together

bool overlap(const Range& a, const Range& b) { return a.low < b.high && b.low < a.high; }

bool conflict(const Scope& scope, const Range& a, const Range& b) {
  if (!a.write && !b.write) return false;
  if (a.base == b.base) return overlap(a, b);
  if (!scope.parent) return false;                       // bound arrays do not overlap: program.cpp refuses those that do
  int64_t stride_a = a.base ? scope.mapping[a.base - 1].stride : 0, stride_b = b.base ? scope.mapping[b.base - 1].stride : 0;
  bool together = stride_a == stride_b;                  // they move together: their distance is the same at every step
  return conflict(*scope.parent, scope.in_parent(a, !together), scope.in_parent(b, !together));
}

bool conflict(const Scope& scope, const Prepared& a, const Prepared& b) {
  for (auto& x : a.ranges)
    for (auto& y : b.ranges)
      if (conflict(scope, x, y)) return true;
  return false;
}

struct Open {                                            // the phase being filled
  struct Member { int instruction, item; };
  Phase phase;
  std::vector<Member> members;
  std::vector<int> waiting;                              // instructions for the next phase
};

// The only item that instruction i depends on: -1 none, -2 several or one that it cannot join.
int item_to_join(const Scope& scope, const Open& open, int i) {
  int found = -1;
  for (auto [other, item] : open.members) {
    if (item == found || !conflict(scope, *scope.list[other], *scope.list[i])) continue;
    if (found != -1) return -2;
    found = item;
  }
  return found;
}

// Instructions that calculate do units of the one that waits for memory most besides, as many as they have time to ask for, and the
// rest of them comes last. What does neither comes first: caches still hold what the last phase wrote.
void share_waiting(Scope& scope, Phase& phase) {
  auto instr = [&](const Item& item) -> Instruction& { return scope.list[item.first]->instr; };
  auto far = [&](const Item& item) { return scope.list[item.first]->alone ? 0 : instr(item).far_bytes; };
  auto hosts = [&](const Item& item) { return !scope.list[item.first]->alone && instr(item).pauses; };
  auto guest = std::max_element(phase.items.begin(), phase.items.end(), [&](const Item& a, const Item& b) { return far(a) < far(b); });
  double cost = 0, passed = 0;
  for (const Item& item : phase.items)
    if (hosts(item)) cost += instr(item).cost;
  if (guest == phase.items.end() || !far(*guest) || !cost) return;
  Instruction& waits = instr(*guest);
  waits.fine = true;
  waits.kernel->prepare(waits);
  phase.units += waits.units - guest->units;
  guest->units = waits.units;
  int64_t shared = (int64_t)((double)waits.units * std::min(BESIDES, ASKED * cost / (double)waits.far_bytes));
  for (Item& item : phase.items) {
    if (!hosts(item)) continue;
    item.besides = &waits;
    item.before = (int64_t)((double)shared * (passed / cost));
    passed += instr(item).cost;                          // in the end it is `cost`, to the bit
    item.n_besides = (int64_t)((double)shared * (passed / cost)) - item.before;
    item.scratch = (instr(item).scratch_bytes + 63) / 64 * 64;
  }
  std::rotate(guest, guest + 1, phase.items.end());
  auto rank = [&](const Item& item) { return far(item) ? 2 : hosts(item) ? 1 : 0; };
  std::stable_sort(phase.items.begin(), phase.items.end() - 1, [&](const Item& a, const Item& b) { return rank(a) < rank(b); });
  Item& rest = phase.items.back();
  phase.units -= shared;
  rest.from = shared;
  rest.units -= shared;
  if (!rest.units) phase.items.pop_back();
}

// A short calculation waits for the next phase rather than end this one: what comes behind it runs meanwhile. What may find a bad
// index does not wait, so nothing is written before it that was not; what waits may stay undone after it.
bool can_wait(const Prepared& p) { return !p.call && !p.body && is_small(p.instr.cost) && strcmp(p.instr.kernel->name, "map") == 0; }

void append(Scope& scope, Open& open, int i);

void close(Scope& scope, Open& open) {
  share_waiting(scope, open.phase);
  int64_t passed = 0;
  for (Item& item : open.phase.items) { item.passed = passed; passed += item.units; }
  if (!open.phase.items.empty()) scope.phases.push_back(std::move(open.phase));
  std::vector<int> waiting = std::move(open.waiting);
  open = Open{};
  for (int i : waiting) append(scope, open, i);
}

void close_all(Scope& scope, Open& open) {
  do close(scope, open);
  while (!open.phase.items.empty());
}

void append(Scope& scope, Open& open, int i) {
  Prepared& p = *scope.list[i];
  int join = item_to_join(scope, open, i);
  bool behind = std::any_of(open.waiting.begin(), open.waiting.end(), [&](int w) { return conflict(scope, *scope.list[w], p); });
  bool can_join = false;
  if (!behind && p.alone && join >= 0 && join == (int)open.phase.items.size() - 1) {
    const Item& last = open.phase.items[join];
    can_join = last.units == 1 && scope.list[last.first]->alone && last.first + last.count == i;
  }
  if (behind || (join != -1 && !can_join)) {
    if (can_wait(p) && open.waiting.size() < MOST_WAITING) return open.waiting.push_back(i);
    close(scope, open);
    return append(scope, open, i);
  }
  open.phase.cost += p.instr.cost;
  if (can_join) {
    open.phase.items[join].count++;
    open.members.push_back({i, join});
    return;
  }
  int64_t units = p.alone ? 1 : p.turns ? p.turns->units() : p.instr.units;
  if (!p.alone && p.turns) open.phase.turns.push_back(p.turns.get());
  open.members.push_back({i, (int)open.phase.items.size()});
  open.phase.items.push_back({i, 1, units});
  open.phase.units += units;
}

void run_units(const Instruction& i, const Context& context) {
  for (int64_t u = 0; u < i.units; u++) i.kernel->run(i, context, u);
}

}  // namespace

void make_phases(Scope& scope) {
  Open open;
  for (int i = 0; i < (int)scope.list.size(); i++) {
    Prepared& p = *scope.list[i];
    scope.cost += p.instr.cost;
    bool whole = p.call || (p.body && !p.alone && !p.pieces);
    if (whole || open.phase.units > 1000000) close_all(scope, open);
    if (!whole) { append(scope, open, i); continue; }
    Phase phase;
    phase.units = 1;
    phase.cost = p.instr.cost;
    (p.call ? phase.python : phase.scan) = &p;
    scope.phases.push_back(std::move(phase));
  }
  close_all(scope, open);
}

void Scope::set_bases(char** to, char* const* parents, int64_t t, int64_t piece) const {
  to[0] = parents[0];
  for (size_t i = 0; i < mapping.size(); i++) {
    const BodyBase& m = mapping[i];
    to[i + 1] = parents[m.parent] + m.offset + t * m.stride + piece * m.piece;
  }
}

Range Scope::in_parent(const Range& r, bool all_time) const {
  if (r.base == 0) return r;
  const BodyBase& m = mapping[r.base - 1];
  int64_t low = add(r.low, m.offset), high = add(r.high, m.offset);
  for (auto [stride, count] : {std::pair{m.stride, all_time ? length : 1}, std::pair{m.piece, pieces}}) {
    int64_t sweep = multiply(stride, std::max<int64_t>(0, count - 1));
    low = add(low, std::min<int64_t>(0, sweep));
    high = add(high, std::max<int64_t>(0, sweep));
  }
  return {m.parent, low, high, r.write};
}

// All of one instruction by the calling thread.
void run_alone(Prepared& p, char* const* bases, char* scratch, Errors* errors, int64_t piece, Ahead* ahead) {
  if (p.body) {
    for (int64_t k = 0; k < p.instr.units; k++) run_piece(p, k, 0, p.length, bases, scratch, errors);
    return;
  }
  Context context{bases, scratch, errors, piece, nullptr, ahead};
  if (p.own_workspace < 0) return run_units(p.instr, context);
  Instruction own = p.instr;
  own.counters = (char*)memset(scratch + p.own_workspace, 0, 64 * own.n_counters);
  own.workspace = own.counters + 64 * own.n_counters;
  run_units(own, context);
}

const Phase* Cursor::next() {
  while (!stack.empty()) {
    if (errors->any || failure) { stack.clear(); return nullptr; }
    Frame& frame = stack.back();
    Scope& scope = *frame.scope;
    if (frame.phase < scope.phases.size()) {
      const Phase& phase = scope.phases[frame.phase++];
      if (!phase.scan) {
        for (Turns* turns : phase.turns) turns->restart();
        if (phase.units) return &phase;
        continue;
      }
      Prepared& scan = *phase.scan;
      if (scan.length == 0 || !scan.goes_on(scope.bases.data())) continue;
      scan.body->set_time(0);
      stack.push_back({scan.body.get(), 0, 0, scan.length, &scan});
      continue;
    }
    frame.t++;
    bool steps = stack.size() == 1 && stopping;
    if (steps) steps_done = frame.t;
    bool goes_on = frame.t < frame.length && (!frame.scan || frame.scan->goes_on(scope.parent->bases.data()));
    if (goes_on && !(steps && (*stopping || std::chrono::steady_clock::now() > deadline))) {
      frame.phase = 0;
      if (scope.parent) scope.set_time(frame.t);
      if (!frame.scan || !frame.scan->guard || !looking || std::chrono::steady_clock::now() < deadline) continue;
      deadline = std::chrono::steady_clock::now() + SLICE;
      return looking;
    } else {
      stack.pop_back();
    }
  }
  return nullptr;
}

bool is_small(double cost) { return cost < SMALL; }
