// Products whose A or B holds many zeros, as what comes out of a ReLU or a dropout does: each row of A has marks of its numbers that
// are not zero, and a row of C, a few vectors of it in registers, goes from mark to mark. The rows of B that it meets lie in L1, in a
// slab that many rows of C share. Marks of B's columns give columns of C in the same way, which are turned round. A term that
// is left out is +0, so the sums are those of the dense product.
#pragma once
#include "gathered.h"
#include "panels.h"

namespace ISA {
namespace {

constexpr int WIDE_ROW = 8;                               // vectors of a row of C that stay in registers
constexpr int64_t SLAB_ROW = WIDE_ROW * LANES, SLAB_DEPTH = (16 << 10) / (4 * SLAB_ROW);   // half of L1
constexpr int64_t CHUNK = 128;                            // rows that share a slab
constexpr int64_t WORDS = (SLAB_DEPTH + 31) / 32;         // of a row's marks
constexpr double WORTH_ALONE = 0.6;                       // of the numbers, at most, are not zero: above it dense tiles are faster
constexpr int64_t SLAB_COST = 8, FEW_TILES = 4;          // copying a slab is as much as so many rows; tiles that are enough for most threads
constexpr int64_t LEAST_MARKED = 24, LEAST_WIDE = 96, LEAST_DEPTH = 32;              // of a product that is worth it
constexpr int64_t WIDE_TILE = 128;                        // columns of C that share the marks of its rows
constexpr int64_t TOGETHER = 8;                           // rows between which what comes next is asked for
constexpr int64_t SAMPLED = 4;                            // of so many vectors one is looked at

enum Zeros : int64_t { IN_A = 1, IN_B = 2 };              // where the planner expects many
enum Layout { BY_K, BY_INDEX, IN_PANELS };                // an operand's contiguous lines: for each k, or for each row of A (column of B)

struct Lines {                                            // of one operand of a tile
  const float* const* rows;                               // if it is gathered: where each line starts, but for `shift`
  int64_t shift;
  const float* first;
  int64_t apart;
  Layout layout;
  INLINE const float* operator[](int64_t i) const { return rows ? rows[i] + shift : first + i * apart; }
};

struct Marked {                                           // scratch
  uint32_t* marks;                                        // [WORDS][CHUNK]
  float *numbers, *slab, *turned;
  int64_t row_stride, number_stride;                      // of numbers
};

constexpr int64_t marked_bytes() { return 4 * (CHUNK * WORDS + CHUNK * SLAB_DEPTH + SLAB_ROW * SLAB_DEPTH + CHUNK * SLAB_ROW) + 64; }

Marked place_marked(char* scratch, const Lines& marked) {
  Marked m;
  m.slab = (float*)scratch;
  m.turned = m.slab + SLAB_ROW * SLAB_DEPTH;
  m.numbers = m.turned + CHUNK * SLAB_ROW;
  m.marks = (uint32_t*)(m.numbers + CHUNK * SLAB_DEPTH);
  m.number_stride = marked.layout == BY_K ? CHUNK : 1;
  m.row_stride = marked.layout == BY_K ? 1 : SLAB_DEPTH;
  return m;
}

INLINE Vec load_most(const float* p, int64_t n) { return n >= LANES ? load(p) : load_some(p, n); }

// Of n lines of so many numbers, some vectors of each: whether they hold zeros enough.
bool many_zeros(const Lines& a, int64_t index, int64_t k) {
  int64_t lines = a.layout == BY_K ? k : index, length = a.layout == BY_K ? index : k, seen = 0, stay = 0;
  for (int64_t i = 0; i < lines; i++)
    for (int64_t at = i % SAMPLED * LANES; at < length; at += SAMPLED * LANES) {
      stay += __builtin_popcount(nonzero_lanes(load_most(a[i] + at, length - at)));
      seen += smaller(LANES, length - at);
    }
  return (double)stay <= WORTH_ALONE * (double)seen;
}

// ---- the plan: how high tiles are ----

struct ZerosPlan { int64_t in; Layout a, b; int64_t scratch; };           // in: whose zeros may be left out

// Of so many rows, what divides them so that two cores have equal shares of equal tiles. No row is a tile of the micro-kernel by
// itself, whose sums are others, but the last if it always is: some height is a multiple of MR.
int64_t equal_rows(int64_t rows, int64_t others, int64_t most, int64_t step) {
  int64_t best = most, least = INT64_MAX;
  for (int64_t height = most; height >= most / 2; height -= step) {
    int64_t tiles = divide_up(rows, height) * others, padded = round_up(tiles, 2) * (height + SLAB_COST) * (tiles < FEW_TILES ? 2 : 1);
    bool alone = (rows % height) % MR == 1;
    if (padded < least && height % MR != 1 && alone == (rows % MR == 1)) best = height, least = padded;
  }
  return best;
}

// ---- marks, and the numbers they are of: rows first .. first + n - 1, at k .. k + depth - 1 ----

void mark_by_index(const Marked& m, const Lines& a, int64_t first, int64_t n, int64_t k, int64_t depth) {
  for (int64_t row = 0; row < n; row++) {
    const float* from = a[first + row] + k;
    float* to = m.numbers + row * SLAB_DEPTH;
    for (int64_t word = 0; word < WORDS; word++) {
      uint32_t marks = 0;
      for (int64_t i = word * 32; i < smaller(depth, word * 32 + 32); i += LANES) {
        Vec v = load_most(from + i, depth - i);
        store(to + i, v);
        marks |= nonzero_lanes(v) << i % 32;
      }
      m.marks[word * CHUNK + row] = marks;
    }
  }
}

void mark_by_k(const Marked& m, const Lines& a, int64_t first, int64_t n, int64_t k, int64_t depth) {
  for (int64_t row = 0; row < n; row += LANES)
    for (int64_t word = 0; word < WORDS; word++) {
      VecT<uint32_t> marks = {}, bit = splat_of<uint32_t>(1);
      for (int64_t i = word * 32; i < smaller(depth, word * 32 + 32); i++, bit += bit) {
        Vec v = load_most(a[k + i] + first + row, n - row);
        store(m.numbers + i * CHUNK + row, v);
        marks |= (VecT<uint32_t>)(v != 0) & bit;
      }
      store(m.marks + word * CHUNK + row, marks);
    }
}

// Some numbers of up to LANES lines, turned: vectors of one number of each line.
INLINE void load_turned(Vec (&square)[LANES], const Lines& x, int64_t line, int64_t lines, int64_t number, int64_t numbers) {
#pragma GCC unroll 16
  for (int64_t j = 0; j < LANES; j++) square[j] = j < lines ? load_most(x[line + j] + number, numbers) : Vec{};
  swap_stage<1>(square);
}

// ---- the slab: rows k .. k + depth - 1 of B, `cols` of its columns from `first` on ----

void copy_slab(float* slab, const Lines& b, int64_t first, int64_t cols, int64_t k, int64_t depth) {
  if (b.layout == BY_INDEX) {
    for (int64_t j = 0; j < cols; j += LANES)
      for (int64_t i = 0; i < depth; i += LANES) {
        Vec square[LANES];
        load_turned(square, b, first + j, cols - j, k + i, depth - i);
#pragma GCC unroll 16
        for (int64_t r = 0; r < LANES; r++) store(slab + (i + r) * SLAB_ROW + j, square[r]);
      }
    return;
  }
  for (int64_t i = 0; i < depth; i++, slab += SLAB_ROW) {
    if (b.layout == IN_PANELS)
      for (int64_t j = 0; j < cols; j += LANES) store(slab + j, load(b.first + (first + j) / NR * b.apart + (k + i) * NR + (first + j) % NR));
    else
      for (int64_t j = 0; j < cols; j += LANES) store(slab + j, load_most(b[k + i] + first + j, cols - j));
  }
}

// ---- rows of C ----

struct OutputRows { float* c; int64_t row; };             // columns contiguous, and padded to vectors

template <int W> void multiply_alone(const Marked& m, int64_t first, int64_t end, const OutputRows& to, bool starts) {
  for (int64_t r = first; r < end; r++) {
    float* const out = to.c + r * to.row;
    Vec c[W];
#pragma GCC unroll 8
    for (int w = 0; w < W; w++) c[w] = starts ? Vec{} : load(out + w * LANES);
    for (int64_t word = 0; word < WORDS; word++) {
      const float *numbers = m.numbers + r * m.row_stride + word * 32 * m.number_stride, *slab = m.slab + word * 32 * SLAB_ROW;
      for (uint32_t marks = m.marks[word * CHUNK + r]; marks; marks &= marks - 1) {
        int64_t k = __builtin_ctz(marks);
        Vec a = splat(numbers[k * m.number_stride]);
#pragma GCC unroll 8
        for (int w = 0; w < W; w++) c[w] = fma(a, load(slab + k * SLAB_ROW + w * LANES), c[w]);
      }
    }
#pragma GCC unroll 8
    for (int w = 0; w < W; w++) store(out + w * LANES, c[w]);
  }
}

typedef void (*MultiplyAlone)(const Marked&, int64_t, int64_t, const OutputRows&, bool);
const MultiplyAlone multiply_alone_by[WIDE_ROW + 1] = {nullptr,           multiply_alone<1>, multiply_alone<2>, multiply_alone<3>, multiply_alone<4>,
                                                       multiply_alone<5>, multiply_alone<6>, multiply_alone<7>, multiply_alone<8>};

struct Piece { int64_t first, n, from, cols; };           // marked rows first .. first + n - 1, columns from .. from + cols - 1

struct Asked { const Lines* from; int64_t first, lines, number, numbers; };       // lines that are wanted soon, numbers number .. of each

Asked next_of(const Lines& x, int64_t index, int64_t n, int64_t k, int64_t depth) {
  if (x.layout == IN_PANELS) return {&x, 0, 0, 0, 0};     // one behind the other: the processor foresees them
  return x.layout == BY_K ? Asked{&x, k, depth, index, n} : Asked{&x, index, n, k, depth};
}

void ask_for_part(const Asked& a, int64_t part, int64_t parts) {
  int64_t share = divide_up(a.lines, parts), end = a.first + smaller(a.lines, (part + 1) * share);
  for (int64_t i = a.first + part * share; i < end; i++)
    for (int64_t j = 0; j < a.numbers; j += 16) __builtin_prefetch((*a.from)[i] + a.number + j);
}

// Up to CHUNK rows of C.
void multiply_piece(const Marked& m, const Lines& marked, const Lines& other, const Piece& p, int64_t k, const OutputRows& to, Wanted& wanted) {
  int64_t parts = divide_up(p.n, TOGETHER);
  for (int64_t at = 0; at < k; at += SLAB_DEPTH) {
    int64_t depth = smaller(SLAB_DEPTH, k - at), deeper = smaller(SLAB_DEPTH, k - at - depth);
    if (marked.layout == BY_K) mark_by_k(m, marked, p.first, p.n, at, depth);
    else mark_by_index(m, marked, p.first, p.n, at, depth);
    for (int64_t col = 0; col < p.cols; col += SLAB_ROW) {
      int64_t width = smaller(SLAB_ROW, p.cols - col), rest = smaller(SLAB_ROW, p.cols - col - width);
      copy_slab(m.slab, other, p.from + col, width, at, depth);
      Asked slab = rest ? next_of(other, p.from + col + width, rest, at, depth) : next_of(other, p.from, smaller(SLAB_ROW, p.cols), at + depth, deeper);
      Asked rows = next_of(marked, p.first, rest ? 0 : p.n, at + depth, deeper);
      OutputRows part{to.c + col, to.row};
      for (int64_t r = 0; r < parts; r++) {
        ask_for_part(slab, r, parts);
        ask_for_part(rows, r, parts);
        if (wanted.rows) wanted.ask();
        multiply_alone_by[divide_up(width, LANES)](m, r * TOGETHER, smaller(p.n, (r + 1) * TOGETHER), part, at == 0);
      }
    }
  }
}

// rows x cols of C: A's zeros left out.
void multiply_by_rows(const Marked& m, const Lines& a, const Lines& b, int64_t rows, int64_t cols, int64_t k, OutputRows to, Wanted& wanted) {
  wanted.share_among(divide_up(rows, TOGETHER) * divide_up(cols, SLAB_ROW) * divide_up(k, SLAB_DEPTH));
  for (int64_t row = 0; row < rows; row += CHUNK) {
    int64_t n = smaller(CHUNK, rows - row);
    multiply_piece(m, a, b, {row, n, 0, cols}, k, to, wanted);
    to.c += n * to.row;
  }
}

// The turned block, [columns of C][SLAB_ROW], into C.
void turn(const float* block, int64_t cols, int64_t rows, const OutputRows& to) {
  for (int64_t col = 0; col < cols; col += LANES)
    for (int64_t row = 0; row < rows; row += LANES) {
      Vec square[LANES];
#pragma GCC unroll 16
      for (int64_t j = 0; j < LANES; j++) square[j] = load(block + (col + j) * SLAB_ROW + row);
      swap_stage<1>(square);
      for (int64_t i = 0; i < smaller(LANES, rows - row); i++) store(to.c + (row + i) * to.row + col, square[i]);
    }
}

// The same: B's zeros left out.
void multiply_by_columns(const Marked& m, const Lines& a, const Lines& b, int64_t rows, int64_t cols, int64_t k, const OutputRows& to, Wanted& wanted) {
  wanted.share_among(divide_up(cols, TOGETHER) * divide_up(rows, SLAB_ROW) * divide_up(k, SLAB_DEPTH));
  for (int64_t row = 0; row < rows; row += SLAB_ROW)
    for (int64_t col = 0; col < cols; col += CHUNK) {
      int64_t height = smaller(SLAB_ROW, rows - row), n = smaller(CHUNK, cols - col);
      multiply_piece(m, b, a, {col, n, row, height}, k, {m.turned, SLAB_ROW}, wanted);
      turn(m.turned, n, height, {to.c + row * to.row + col, to.row});
    }
}

}  // namespace
}  // namespace ISA
