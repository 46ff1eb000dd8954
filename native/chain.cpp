// Builds a chain: slots and functors found and checked, the iteration space collapsed as far as all operands allow.
#include <string.h>
#include <algorithm>
#include "program.h"

namespace {

constexpr int MAX_SLOTS = 128;                           // as in blocks/chain.h

[[noreturn]] void fail(const std::string& what) { throw std::invalid_argument(what); }

void set_constant(Slot& slot, const SourceSpec& c) {
  union { float f; double d; int32_t i; int64_t l; uint32_t u; uint8_t b; } value{};
  switch (c.dtype) {
    case F32: value.f = (float)c.number; break;
    case F64: value.d = c.number; break;
    case I32: value.i = (int32_t)c.integer; break;
    case I64: value.l = c.integer; break;
    case U32: value.u = (uint32_t)c.integer; break;
    case U8: value.b = (uint8_t)c.integer; break;
    default: value.b = c.integer != 0;
  }
  for (int64_t at = 0, size = dtype_size(c.dtype); at + size <= (int64_t)sizeof slot.splat; at += size) memcpy(slot.splat + at, &value, size);
  slot.kind = CONSTANT;
  slot.dtype = c.dtype;
}

// Strides of an operand in the iteration space: dimensions of size 1, and single elements of any rank, are broadcast.
void set_operand(Slot& slot, SlotKind kind, const Operand& o, const std::vector<int64_t>& shape) {
  slot.kind = kind;
  slot.dtype = o.dtype;
  slot.operand = o;
  bool single = true;
  for (int d = 0; d < o.rank; d++) single = single && o.shape[d] == 1;
  if (single && kind == INPUT) { std::fill(slot.strides, slot.strides + MAX_RANK, 0); return; }
  if (o.rank != (int)shape.size() && !single) fail("a chain's operand has rank " + std::to_string(o.rank) + ", its iteration space " + std::to_string(shape.size()));
  bool empty = std::find(shape.begin(), shape.end(), 0) != shape.end();
  for (int d = 0; d < (int)shape.size(); d++) {
    int64_t size = single ? 1 : o.shape[d];
    bool broadcast = size == 1 && shape[d] != 1;
    if (size != shape[d] && !broadcast) fail("a chain's operand differs in shape from its iteration space");
    slot.strides[d] = single || broadcast ? 0 : o.strides[d];
    if (kind == OUTPUT && shape[d] > 1 && slot.strides[d] == 0 && !empty) fail("a chain's output is broadcast");
  }
}

// What is read while or after outputs are written may not lie where they do.
void stays(const Prepared& p, const Operand& read, const char* complaint) {
  Range from = range_of(read, false);
  for (auto& o : p.out) {
    Range to = range_of(o, true);
    if (to.base == from.base && to.low < from.high && from.low < to.high) fail(complaint);
  }
}

// The table of the iteration shape that an input's rows add up to. Any unit may read any of them, so nothing may be written there.
void set_rows(Prepared& p, int input, int n_in, const Operand& order, const std::vector<int64_t>& shape) {
  if (input < 0 || input >= n_in || p.slots[input].kind == ROWS) fail("rows are those of an input");
  const Operand& x = p.in[input];
  int64_t size = 1;
  for (int64_t n : shape) size = multiply(size, n);
  if (x.dtype != F32 || x.rank != 2 || (x.shape[0] && !row_major(x)) || x.shape[1] < 1 || size % x.shape[1]) fail("rows to add up are float32[count, row], contiguous");
  if (order.dtype != I32 || order.rank != 2 || order.shape[0] != 2 || order.shape[1] != x.shape[0] || (x.shape[0] && !row_major(order)))
    fail("the order of rows is int32[2, count], contiguous");
  for (const Operand* read : {&x, &order}) stays(p, *read, "an output lies where rows are read from");
  Slot& slot = p.slots[input];
  slot.kind = ROWS;
  slot.dtype = F32;
  slot.operand = x;
  slot.order = &order;
  int64_t step = 1;
  for (size_t d = shape.size(); d-- > 0; step = multiply(step, std::max<int64_t>(1, shape[d]))) slot.strides[d] = step;
}

typedef std::vector<bool> Flags;                         // of each dimension: whether sums are over it

bool mergeable(const std::vector<Slot>& slots, const std::vector<int64_t>& shape, const Flags& folded, size_t d) {     // dimensions d and d + 1
  if (folded[d] != folded[d + 1]) return false;
  for (auto& s : slots)
    if ((s.kind == INPUT || s.kind == OUTPUT || s.kind == ROWS) && s.strides[d] != s.strides[d + 1] * shape[d + 1]) return false;
  return true;
}

void drop_dimension(std::vector<Slot>& slots, std::vector<int64_t>& shape, Flags& folded, size_t d) {
  folded.erase(folded.begin() + (long)d);
  for (auto& s : slots) std::copy(s.strides + d + 1, s.strides + MAX_RANK, s.strides + d);
  shape.erase(shape.begin() + (long)d);
}

void collapse(std::vector<Slot>& slots, std::vector<int64_t>& shape, Flags& folded) {
  for (size_t d = shape.size(); d-- > 0;)
    if (shape[d] == 1 && shape.size() > 1) drop_dimension(slots, shape, folded, d);
  for (size_t d = shape.size(); d-- > 1;)
    if (mergeable(slots, shape, folded, d - 1)) {
      shape[d] = multiply(shape[d], shape[d - 1]);
      drop_dimension(slots, shape, folded, d - 1);
    }
}

void at_least_two_dimensions(std::vector<Slot>& slots, std::vector<int64_t>& shape, Flags& folded) {
  while (shape.size() < 2) {
    for (auto& s : slots) { std::copy_backward(s.strides, s.strides + MAX_RANK - 1, s.strides + MAX_RANK); s.strides[0] = 0; }
    shape.insert(shape.begin(), 1);
    folded.insert(folded.begin(), folded.empty() || !folded[0]);
  }
}

void build_step(Prepared& p, const StepSpec& spec, std::vector<bool>& written, const ChainSpec& chain, const std::string& isa) {
  Step step{};
  std::vector<DType> types;
  bool generator = spec.functor == "iota";
  for (size_t k = 0; k < spec.src.size(); k++) {
    const SourceSpec& s = spec.src[k];
    if (generator) {
      if (!s.constant || s.integer < 0 || s.integer >= (int64_t)chain.shape.size()) fail("iota needs one of its axes as a constant");
      step.axis_size = s.integer ? std::max<int64_t>(1, chain.shape[s.integer]) : INT64_MAX;    // the first axis may be a piece of one
      step.axis_inner = 1;
      for (size_t d = s.integer + 1; d < chain.shape.size(); d++) step.axis_inner = multiply(step.axis_inner, std::max<int64_t>(1, chain.shape[d]));
      continue;
    }
    if (k >= MAX_SOURCES) fail("functor \"" + spec.functor + "\" has too many sources");
    int slot = s.index;
    if (s.constant) {
      slot = (int)p.slots.size();
      p.slots.emplace_back();
      set_constant(p.slots.back(), s);
    } else if (slot < 0 || slot >= (int)written.size() || !written[slot]) {
      fail("functor \"" + spec.functor + "\" reads register " + std::to_string(slot) + ", which holds nothing");
    }
    step.src[k] = slot;
    types.push_back(p.slots[slot].dtype);
  }
  if (generator && spec.src.size() != 1) fail("iota needs one of its axes as a constant");
  if (spec.dst < 0 || spec.dst >= (int)written.size()) fail("a step writes register " + std::to_string(spec.dst) + ", which does not exist");
  Slot& dst = p.slots[spec.dst];
  if (dst.kind == TEMPORARY) dst.dtype = spec.dtype;
  if (dst.kind == INPUT || dst.kind == ROWS || dst.kind == PRODUCT) fail("a step writes one of its inputs");
  if (dst.dtype != spec.dtype) fail("a step's result differs in dtype from the output it goes to");
  step.dst = spec.dst;
  step.functor = find_functor(isa, spec.functor, types, spec.dtype);
  if (!step.functor) {
    std::string text;
    for (DType t : types) text.append(text.empty() ? "" : ",").append(DTYPE_NAMES[t]);
    fail("no functor \"" + spec.functor + "\" from " + text + " to " + DTYPE_NAMES[spec.dtype]);
  }
  written[spec.dst] = true;
  p.steps.push_back(step);
}

// An output that overlaps an input which a later step still reads must wait in its tile; so must one that takes the product's place.
void find_buffered(Prepared& p) {
  for (size_t i = 0; i < p.slots.size(); i++) {
    if (p.slots[i].kind != OUTPUT && p.slots[i].kind != INNER) continue;
    bool inner = p.slots[i].kind == INNER;
    Range mine = inner ? Range{} : range_of(p.slots[i].operand, true);
    bool written = false;
    for (auto& step : p.steps) {
      for (int k = 0; written && k < step.functor->n_src; k++) {
        const Slot& s = p.slots[step.src[k]];
        if (inner) {
          if (s.kind == PRODUCT) p.slots[i].buffered = true;
          continue;
        }
        if (s.kind != INPUT || s.operand.base != mine.base) continue;
        Range other = range_of(s.operand, false);
        if (other.low < mine.high && mine.low < other.high) p.slots[i].buffered = true;
      }
      written = written || step.dst == (int)i;
    }
  }
}

// The registers that are summed must be float32 and hold something; the axes of the sums are the instruction's integers.
Flags mark_sums(Prepared& p, const ChainSpec& spec, const std::vector<bool>& written) {
  Flags folded(spec.shape.size(), false);
  if (spec.sums.empty()) return folded;
  for (int64_t axis : p.ints) {
    if (axis < 0 || axis >= (int64_t)folded.size()) fail("there is no axis " + std::to_string(axis));
    folded[axis] = true;
  }
  for (int s : spec.sums) {
    if (s < 0 || s >= (int)written.size() || !written[s] || p.slots[s].kind == PRODUCT || p.slots[s].dtype != F32)
      fail("a sum is over a register of float32");
    p.slots[s].summed = true;
    if (p.slots[s].kind == INPUT) stays(p, p.slots[s].operand, "a sum is over what an output overwrites");
  }
  return folded;
}

// Whether no value of a chain waits in a tile from one step to another.
bool in_flows(const Prepared& p) {
  for (auto& segment : p.segments)
    if (!segment.n_codes) return false;
  for (auto& slot : p.slots)
    if (slot.buffered || slot.summed || slot.kind == INNER || (slot.kind == TEMPORARY && !slot.small)) return false;
  return true;
}

// ... nor its operands: one long row.
bool in_registers(const Prepared& p, const std::vector<int64_t>& shape, bool has_product) {
  if (has_product || shape.size() != 2 || shape[0] != 1) return false;
  for (auto& slot : p.slots)
    if (slot.buffered || (slot.kind == TEMPORARY && !slot.small) || ((slot.kind == INPUT || slot.kind == OUTPUT) && slot.strides[1] > 1)) return false;
  return true;
}

// Inputs, outputs and temporaries, in the order of their registers; gives which of them hold something before the first step.
std::vector<bool> make_slots(Prepared& p, const ChainSpec& spec, int first_input, int n_in, int n_out, bool has_product, bool inner) {
  if (n_in < (int)spec.rows.size()) fail("a chain needs an order for each of its inputs of rows");
  if (spec.n_registers < 0 || n_in + n_out + spec.n_registers > MAX_SLOTS) fail("a chain has more than 128 operands, registers and constants: split it");
  p.slots.resize(n_in + n_out + spec.n_registers);
  std::vector<bool> written(p.slots.size(), false);
  for (int i = 0; i < n_in; i++) {
    written[i] = true;
    if (has_product && i == 0) { p.slots[0].kind = PRODUCT; p.slots[0].dtype = F32; continue; }
    if (std::find(spec.rows.begin(), spec.rows.end(), i) == spec.rows.end()) set_operand(p.slots[i], INPUT, p.in[first_input + i - has_product], spec.shape);
  }
  for (size_t k = 0; k < spec.rows.size(); k++) set_rows(p, spec.rows[k], n_in, p.in[n_in + k], spec.shape);
  for (int i = 0; i < n_out; i++) {
    if (inner) { p.slots[n_in].kind = INNER; p.slots[n_in].dtype = F32; }
    else set_operand(p.slots[n_in + i], OUTPUT, p.out[i], spec.shape);
  }
  for (int i = n_in + n_out; i < (int)p.slots.size(); i++) p.slots[i].kind = TEMPORARY;
  return written;
}

// What blocks go through: tiles that stay in L1 together.
void size_tiles(Chain& c, const Prepared& p, bool registers) {
  int64_t widest = 1;
  for (auto& s : p.slots) widest = std::max(widest, dtype_size(s.dtype));
  for (auto& s : p.steps) widest = std::max(widest, dtype_size(s.functor->dst));
  c.tile = registers ? 4096 : c.n_slots <= 16 ? 1024 : 512;
  c.tile_bytes = c.tile * widest + 192;                  // not a power of two: tiles should not share cache sets
  c.scratch_bytes = c.n_slots * c.tile_bytes + (int64_t)(c.n_codes * sizeof(Flow)) + 64;
}

}  // namespace

void build_chain(Prepared& p, const ChainSpec& spec, int first_input, bool has_product, bool inner, const std::string& isa) {
  if ((int)spec.shape.size() > MAX_RANK) fail("a chain's iteration space has more than 8 dimensions");
  int n_sums = (int)spec.sums.size();
  if (n_sums > MAX_SUMS || n_sums > (int)p.out.size()) fail("a chain has more sums than outputs, or more than " + std::to_string(MAX_SUMS));
  int n_in = (int)p.in.size() - first_input - (int)spec.rows.size() + has_product, n_out = inner ? 1 : (int)p.out.size() - n_sums;
  std::vector<bool> written = make_slots(p, spec, first_input, n_in, n_out, has_product, inner);
  for (auto& step : spec.steps) build_step(p, step, written, spec, isa);
  if (p.slots.size() > MAX_SLOTS) fail("a chain has more than 128 operands, registers and constants: split it");
  for (int i = 0; i < n_out; i++)
    if (!written[n_in + i]) fail("no step writes output " + std::to_string(i));
  find_buffered(p);

  std::vector<int64_t> shape = spec.shape;
  Flags folded = mark_sums(p, spec, written);
  if (!has_product) collapse(p.slots, shape, folded);
  at_least_two_dimensions(p.slots, shape, folded);
  Chain& c = p.chain;
  c.start = spec.start;
  c.piece = spec.piece;
  c.n_sums = n_sums;
  std::copy(spec.sums.begin(), spec.sums.end(), c.sums);
  std::copy(folded.begin(), folded.end(), c.folded);
  for (auto& s : p.steps) c.cost += s.functor->cost;
  c.rank = (int)shape.size();
  std::copy(shape.begin(), shape.end(), c.shape);
  c.n_slots = (int)p.slots.size();
  c.n_steps = (int)p.steps.size();
  c.slots = p.slots.data();
  c.steps = p.steps.data();
  build_flows(p);
  c.flows = in_flows(p);
  c.n_segments = (int)p.segments.size();
  c.n_codes = (int)p.codes.size();
  c.segments = p.segments.data();
  c.codes = p.codes.data();
  c.run_flow = functor_table(isa)->run_flow;
  c.lanes = functor_table(isa)->lanes;
  size_tiles(c, p, in_registers(p, shape, has_product));
  p.instr.chain = &c;
}
