// Cuts a chain's steps into segments: flows, whose values stay in registers, and steps that run one by one on whole tiles.
#include "program.h"

namespace {

struct Builder {
  Prepared& p;
  std::vector<int> producer;                             // for each slot: which code made its value in this flow, or -1
  std::vector<bool> stored;                              // for each code: whether its value is needed in memory
  int start = 0, held = -1;                              // the flow's first code; the slot whose value is in registers

  explicit Builder(Prepared& p) : p(p), producer(p.slots.size(), -1) {}

  void need_in_memory(int slot) { if (producer[slot] >= 0) stored[producer[slot]] = true; }

  void emit(int code, int source, int condition = -1) {
    p.codes.push_back({(int16_t)code, (int16_t)source, (int16_t)condition, -1});
    stored.push_back(false);
  }

  void hold(int slot) {
    if (held == slot) return;
    need_in_memory(slot);
    emit(FLOW_LOAD, slot);
    held = slot;
  }

  // A functor of two operands, one of which is in registers or is brought there.
  void emit_pair(int code, int a, int b, int condition) {
    bool turned = held == b && a != b;
    if (!turned) hold(a);
    need_in_memory(turned ? a : b);
    emit(turned ? code + 1 : code, turned ? a : b, condition);
  }

  void add(const Step& step) {
    const Functor& f = *step.functor;
    if (f.n_src == 3) {
      need_in_memory(step.src[0]);
      emit_pair(f.code, step.src[1], step.src[2], step.src[0]);
    } else if (f.n_src == 2) {
      emit_pair(f.code, step.src[0], step.src[1], -1);
    } else if (f.src[0] != F32) {
      need_in_memory(step.src[0]);
      emit(f.code, step.src[0]);
    } else {
      hold(step.src[0]);
      emit(f.code, -1);
    }
    const Slot& dst = p.slots[step.dst];
    if (f.dst != F32) {                                  // a comparison writes its bytes itself
      p.codes.back().result = (int16_t)step.dst;
      producer[step.dst] = -1;
      return;
    }
    held = step.dst;
    producer[step.dst] = (int)p.codes.size() - 1 - start;
    stored.back() = dst.kind == OUTPUT || dst.kind == INNER || dst.summed;
  }

  // Steps first.. of the chain, all of which have a code.
  void flow(int first, int n) {
    start = (int)p.codes.size();
    held = -1;
    stored.clear();
    for (auto& at : producer) at = -1;
    for (int s = first; s < first + n; s++) add(p.steps[s]);
    for (int s = first + n; s < (int)p.steps.size(); s++)
      for (int k = 0; k < p.steps[s].functor->n_src; k++) need_in_memory(p.steps[s].src[k]);
    std::vector<int> slot_of(stored.size(), -1);
    name_results(first, n, slot_of);
    std::vector<Code> bare(p.codes.begin() + start, p.codes.end());
    p.codes.resize(start);
    for (size_t c = 0; c < bare.size(); c++) {
      p.codes.push_back(bare[c]);
      if (stored[c]) p.codes.push_back({FLOW_STORE, -1, -1, (int16_t)slot_of[c]});
    }
    p.segments.push_back({first, n, start, (int)p.codes.size() - start});
  }

  // Which slot each code's value belongs to: the codes that are not loads are the steps, in order.
  void name_results(int first, int n, std::vector<int>& slot_of) {
    int step = first;
    for (size_t c = 0; c < slot_of.size() && step < first + n; c++)
      if (p.codes[start + c].code != FLOW_LOAD) slot_of[c] = p.steps[step++].dst;
  }
};

// A temporary that only one flow touches needs room for eight vectors only.
void find_small(Prepared& p) {
  std::vector<int> seen(p.slots.size(), -1);             // the only segment that touches a slot; -2: several, or steps one by one
  for (size_t g = 0; g < p.segments.size(); g++)
    for (int s = p.segments[g].step; s < p.segments[g].step + p.segments[g].n_steps; s++) {
      auto touch = [&](int slot) { seen[slot] = p.segments[g].n_codes && (seen[slot] == -1 || seen[slot] == (int)g) ? (int)g : -2; };
      for (int k = 0; k < p.steps[s].functor->n_src; k++) touch(p.steps[s].src[k]);
      touch(p.steps[s].dst);
    }
  for (size_t i = 0; i < p.slots.size(); i++) p.slots[i].small = p.slots[i].kind == TEMPORARY && seen[i] >= 0 && !p.slots[i].summed;
}

}  // namespace

void build_flows(Prepared& p) {
  Builder builder(p);
  for (int s = 0, n = (int)p.steps.size(); s < n;) {
    int end = s;
    bool flows = p.steps[s].functor->code != NO_FLOW;
    while (end < n && (p.steps[end].functor->code != NO_FLOW) == flows) end++;
    if (flows) builder.flow(s, end - s);
    else p.segments.push_back({s, end - s, 0, 0});
    s = end;
  }
  find_small(p);
}
