// What a product will need next, asked for while the micro-kernel multiplies: an optimizer's weights and moments, and the next
// columns of a transposed B. They come from L3 or from memory, and who asks only when they are wanted waits for each line.
#pragma once
#include "chain.h"
#include "micro.h"

namespace ISA {
namespace {

constexpr int64_t LINE = 16;                              // floats of a line of a cache

// One of `parts` equal shares of these bytes, spread over the tiles of so many rows.
INLINE void ask_for_share(Tile& t, const char* from, int64_t bytes, int64_t part, int64_t parts, int64_t rows, int64_t k) {
  int64_t tiles = larger(1, rows / MR);
  t.n_soon = smaller(divide_up(bytes, STRETCH * parts * tiles), k);
  t.soon = from + part * tiles * t.n_soon * STRETCH;
}

// Whether blocks with rows of so many elements need no tiles, however high they are.
bool any_height(const Chain& chain, int64_t cols) {
  for (int i = 0; i < chain.n_slots; i++) {
    const Slot& slot = chain.slots[i];
    int64_t row = slot.strides[chain.rank - 2], col = slot.strides[chain.rank - 1];
    bool one = slot.kind == INPUT && row == 0 && col == 0;
    if ((slot.kind == INPUT || slot.kind == OUTPUT) && !one && (row != cols || col != 1)) return false;
  }
  return chain.flows;
}

// The matrices that a chain of any height reads beside the product, a stretch of them during each panel of a tile.
void ask_for_operands(Tile& t, const Chain& chain, const Context& context, const Block& where, int64_t panel, int64_t panels, int64_t k) {
  int64_t matrices = 0, bytes = 4 * where.rows * where.cols;
  for (int i = 0; i < chain.n_slots; i++) matrices += chain.slots[i].kind == INPUT && chain.slots[i].dtype == F32 && chain.slots[i].strides[chain.rank - 2];
  int64_t each = matrices ? panels / matrices : 0;
  t.n_soon = 0;
  if (!each || panel >= matrices * each) return;
  for (int i = 0, nth = 0; i < chain.n_slots; i++) {
    const Slot& slot = chain.slots[i];
    if (slot.kind != INPUT || slot.dtype != F32 || !slot.strides[chain.rank - 2] || nth++ != panel / each) continue;
    int64_t at = where.row * slot.strides[chain.rank - 2] + where.col, outer = where.outer;
    for (int64_t d = chain.rank - 3; d >= 0; d--) { at += outer % chain.shape[d] * slot.strides[d]; outer /= chain.shape[d]; }
    return ask_for_share(t, address(context, slot.operand) + 4 * at, bytes, panel % each, each, where.rows, k);
  }
}

// Rows of the matrices that a chain reads beside the product, where they come from memory: a share of them at each step of the
// product. They arrive in L2; asked for when the chain wants them, they would be waited for.
struct Wanted {
  static constexpr int MOST = 4;
  const float* row[MOST];
  int64_t apart[MOST], n = 0, rows = 0, cols = 0, share = 0, at = 0;      // share: columns at a step; at: the next one of the row
  void share_among(int64_t steps) { share = round_up(divide_up(rows * cols, larger(1, steps)), LINE); }
  void ask() {
    for (int64_t left = share; left > 0; left -= LINE) {
      for (int64_t i = 0; i < n; i++) __builtin_prefetch(row[i] + at, 0, 2);
      at += LINE;
      if (at < cols) continue;
      at = 0;
      for (int64_t i = 0; i < n; i++) row[i] += apart[i];
      if (!--rows) return;
    }
  }
};

// What the next time of a loop touches, some of it during each panel: a stretch at each eighth k at most.
INLINE void ask_ahead(Tile& t, Ahead& ahead, int64_t rows, int64_t k) {
  t.n_soon = 0;
  if (ahead.next == ahead.end) return;
  Stretch& stretch = *ahead.next;
  int64_t tiles = larger(1, rows / MR);
  t.n_soon = k / 8;
  if (stretch.bytes < t.n_soon * STRETCH * tiles) t.n_soon = divide_up(stretch.bytes, STRETCH * tiles);
  t.soon = stretch.at;
  t.between = 7;
  int64_t bytes = smaller(stretch.bytes, t.n_soon * STRETCH * tiles);
  stretch.at += bytes;
  stretch.bytes -= bytes;
  if (!stretch.bytes) ahead.next++;
}

// The panel of a transposed B that a later tile copies: `part` of the `parts` whose tiles come before.
INLINE void ask_for_columns(Tile& t, const float* b, int64_t b_col, int64_t part, int64_t parts, int64_t rows, int64_t k) {
  t.n_soon = 0;
  if (b_col == k) ask_for_share(t, (const char*)b, 4 * NR * k, part, parts, rows, k);
}

}  // namespace
}  // namespace ISA
