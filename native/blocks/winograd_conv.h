// Convolution by Winograd's products, forward and, with the kernel turned, to the input. A block of tiles goes through three
// passes of twelve points each (with strides nine of nine): its cells are transformed, multiplied by a panel of the kernel
// point by point, and added into the block's pixels. So at most a third of the transformed tiles is ever in scratch.
#pragma once
#include "winograd_strided.h"

namespace ISA {
namespace {

constexpr int64_t TILE_ROOM = 400 << 10, TILES_LEAST = 32, TILES_MOST = 96, WINOGRAD_K = 1024, WINOGRAD_COLUMNS = 512;

struct WinogradPlan {
  Tiling t;
  int64_t channels, k, n, panels, filters;                // k and n of a group
  int64_t lines, line_blocks, cols, col_blocks;           // a line is a row of tiles of one image; a block: lines x cols tiles
  int64_t per_split, splits;                              // panels of a unit; units of a block
  int64_t ld, v_apart, m_apart;                           // floats between tiles and between points
  int64_t at_products, at_pixels, at_zeros, at_chain;     // scratch, in bytes
};
static_assert(sizeof(WinogradPlan) <= sizeof(Instruction::plan), "plan");

const char* check_winograd(const Instruction& i, WinogradPlan& p) {
  int64_t rank, size, pixels;
  const int64_t* shape = gemm_shape(i, rank);
  const Operand &x = i.in[0], &kernel = i.in[1];
  if (!is_plane(x, p.t.in)) return "the image does not fit the window, or is not contiguous float32";
  if (kernel.dtype != F32 || kernel.rank != 1 || !row_major(kernel)) return "the kernel must be packed";
  if (rank != 2 || (!i.chain && i.out[0].dtype != F32)) return "the result must be a float32 matrix: pixels by channels";
  if (__builtin_mul_overflow(x.shape[0] * p.t.out[0], p.t.out[1], &pixels) || shape[0] != pixels) return "the result has another number of pixels";
  p.channels = x.shape[3];
  p.filters = shape[1];
  if (p.channels % p.t.groups || p.filters % p.t.groups) return "channels must be multiples of groups";
  p.k = p.channels / p.t.groups;
  p.n = p.filters / p.t.groups;
  p.panels = divide_up(p.n, NR);
  if (__builtin_mul_overflow(p.t.groups * p.panels * NR * PASSES * PASS_POINTS, p.k, &size) || kernel.shape[0] < size) return "the kernel is too small";
  return nullptr;
}

// Rows of tiles are put together to blocks whose transformed tiles fit TILE_ROOM; where blocks are few, units share one.
void plan_winograd_units(Instruction& i, WinogradPlan& p) {
  int64_t lines = i.in[0].shape[0] * p.t.count[0], all_panels = p.t.groups * p.panels;
  int64_t points = p.t.form == PLAIN ? PASS_POINTS : ROWS;
  p.ld = round_up(p.k, LANES) + (p.k % 128 == 0 ? 16 : 0);          // else tiles meet in few cache sets
  int64_t tiles = larger(TILES_LEAST, smaller(TILES_MOST, TILE_ROOM / (4 * points * p.ld)));
  p.col_blocks = p.t.count[1] <= 2 * tiles ? 1 : divide_up(p.t.count[1], tiles);
  p.cols = divide_up(p.t.count[1], p.col_blocks);
  p.line_blocks = p.col_blocks > 1 ? lines : divide_up(lines, larger(1, smaller(lines, tiles / p.cols)));
  p.lines = divide_up(lines, p.line_blocks);
  p.line_blocks = divide_up(lines, p.lines);
  int64_t blocks = p.line_blocks * p.col_blocks, most = larger(1, WINOGRAD_COLUMNS / NR);
  p.per_split = smaller(most, blocks >= 8 ? all_panels : larger(2, all_panels * blocks / 8));
  p.splits = divide_up(all_panels, p.per_split);
  p.per_split = divide_up(all_panels, p.splits);
  p.splits = divide_up(all_panels, p.per_split);
  i.units = blocks * p.splits;
  int64_t in_block = p.lines * p.cols, at = 0;
  auto take = [&at](int64_t floats) { int64_t start = at; at += round_up(4 * floats, 64); return start; };
  p.v_apart = in_block * p.ld + 16;
  p.m_apart = in_block * NR + 16;
  take(points * p.v_apart);
  p.at_products = take(points * p.m_apart);
  bool direct = !i.chain && i.out[0].strides[1] == 1;
  p.at_pixels = take(direct ? 0 : in_block * p.t.size * p.t.size * smaller(p.filters, p.per_split * NR) + LANES);
  p.at_zeros = take(p.k + LANES);
  p.at_chain = at;
  i.scratch_bytes = at + (i.chain ? i.chain->scratch_bytes : 0);
  double products = (double)(lines * p.t.count[1] * (p.t.form == PLAIN ? PASSES * PASS_POINTS : ROWS * ROWS)) * (double)(p.t.groups * round_up(p.n, LANES));
  i.cost = products * (double)(p.k + 16) / (3 * LANES) + (double)(i.in[0].shape[0] * p.t.out[0] * p.t.out[1] * p.filters) * (i.chain ? i.chain->cost : 0.1);
}

const char* prepare_winograd(Instruction& i) {
  if (i.n_in < 2 || (!i.chain && (i.n_in != 2 || i.n_out != 1))) return "takes an image and a kernel, and gives one image";
  WinogradPlan& p = *(WinogradPlan*)i.plan;
  if (const char* complaint = read_tiling(i, p.t)) return complaint;
  if (const char* complaint = check_winograd(i, p)) return complaint;
  if (i.in[0].shape[0] * p.t.out[0] * p.t.out[1] * p.filters == 0) { i.units = 0; return nullptr; }
  plan_winograd_units(i, p);
  return nullptr;
}

struct TileBlock {                                        // the tiles of a unit, and where its pixels go
  int64_t line, lines, col, cols;
  int64_t col_first, width;                               // columns of the result
  float* pixels;
  int64_t pixel, row;                                     // floats between pixels and between rows of pixels
};

// f(number of the tile, image, row and column of its first output) for all tiles of a block.
template <class F> INLINE void each_tile(const WinogradPlan& p, const TileBlock& b, F f) {
  for (int64_t l = 0; l < b.lines; l++) {
    int64_t image = (b.line + l) / p.t.count[0], row = (b.line + l) % p.t.count[0] * p.t.size;
    for (int64_t c = 0; c < b.cols; c++) f(l * b.cols + c, image, row, (b.col + c) * p.t.size);
  }
}

// What the products of a pass give to the M x M outputs of a tile, of which rows x cols exist; pass 1 is the first.
template <int PASS, int M> INLINE void add_outputs(const float* m, int64_t apart, float* to, int64_t pixel, int64_t row, int64_t rows, int64_t cols, int64_t lanes) {
  Vec part[2][M], sum[M];
#pragma GCC unroll 2
  for (int r = 0; r < 2; r++) {
    Vec v[POINTS];
#pragma GCC unroll 6
    for (int j = 0; j < POINTS; j++) v[j] = load(m + (r * POINTS + j) * apart);
    combine<M, false>(v, part[r]);
  }
  bool whole = lanes >= LANES;
#pragma GCC unroll 4
  for (int j = 0; j < M; j++) {
    if (j >= cols) break;
    float* at = to + j * pixel;
    Vec pair[2] = {part[0][j], part[1][j]};
#pragma GCC unroll 4
    for (int i = 0; i < M; i++) {
      bool wanted = PASS == 0 ? i == 0 || i == M - 1 : PASS == 2;
      if (wanted && i < rows) sum[i] = whole ? load(at + i * row) : load_some(at + i * row, lanes);
      else sum[i] = Vec{};
    }
    combine_pair<PASS, M, false>(pair, sum, PASS == 1);
#pragma GCC unroll 4
    for (int i = 0; i < M; i++) {
      if ((PASS == 0 && i > 0 && i < M - 1) || i >= rows) continue;
      if (whole) store(at + i * row, sum[i]);
      else store_some(at + i * row, sum[i], lanes);
    }
  }
}

// What is particular to a form: cells of a tile along an axis, passes, points of a pass, the kernel's matrix of each.
template <int M> struct Plain {
  static constexpr int CELLS = POINTS, POINTS_OF = PASS_POINTS;
  static int64_t matrix(int pass, int point) { return pass * PASS_POINTS + point; }
  template <int PASS> static void transform(const WinogradPlan& p, const float* const* cell, float* to) { transform_input<PASS>(cell, p.k, to, p.v_apart); }
  template <int PASS> static void add(const WinogradPlan& p, const float* m, const Target& t) {
    if (t.rows == M && t.cols == M && t.lanes >= LANES) add_outputs<PASS, M>(m, p.m_apart, t.to, t.pixel, t.row, M, M, LANES);
    else add_outputs<PASS, M>(m, p.m_apart, t.to, t.pixel, t.row, t.rows, t.cols, t.lanes);
  }
};

INLINE int64_t strided_matrix(int pass, int point) { return smaller(pass, ENDS) * POINTS + smaller(point, ENDS); }

struct Strided {
  static constexpr int CELLS = ROWS, POINTS_OF = ROWS;
  static int64_t matrix(int pass, int point) { return strided_matrix(pass, point); }
  template <int PASS> static void transform(const WinogradPlan& p, const float* const* cell, float* to) {
    const int64_t none[2] = {0, 0};
    transform_strided<PASS, ROWS>(cell, none, p.k, to, p.v_apart);
  }
  template <int PASS> static void add(const WinogradPlan& p, const float* m, const Target& t) {
    if (t.rows == 4 && t.cols == 4 && t.lanes >= LANES) add_strided<PASS>(m, p.m_apart, Target{t.to, t.pixel, t.row, 4, 4, LANES});
    else add_strided<PASS>(m, p.m_apart, t);
  }
};

struct Spreading {
  static constexpr int CELLS = ENDS, POINTS_OF = ROWS;
  static int64_t matrix(int pass, int point) { return strided_matrix(pass, point); }
  template <int PASS> static void transform(const WinogradPlan& p, const float* const* cell, float* to) {
    const int64_t shift[2] = {1 - p.t.low[0] % 2, 1 - p.t.low[1] % 2};
    transform_strided<PASS, ENDS>(cell, shift, p.k, to, p.v_apart);
  }
  template <int PASS> static void add(const WinogradPlan& p, const float* m, const Target& t) {
    const int64_t even[2] = {p.t.low[0] % 2, p.t.low[1] % 2};
    if (t.rows == 8 && t.cols == 8 && t.lanes >= LANES) add_spread<PASS>(m, p.m_apart, Target{t.to, t.pixel, t.row, 8, 8, LANES}, even);
    else add_spread<PASS>(m, p.m_apart, t, even);
  }
};

template <class F, int PASS> void transform_block(const WinogradPlan& p, const TileBlock& b, const float* x, const float* zeros, float* to) {
  Plane plane{x, zeros, p.t.in[0], p.t.in[1], p.channels};
  int64_t inside[F::CELLS * F::CELLS], size = plane.height * plane.width * plane.pixel;
  offsets_inside<F::CELLS>(plane, inside);
  each_tile(p, b, [&](int64_t tile, int64_t image, int64_t row, int64_t col) {
    const float* cell[F::CELLS * F::CELLS];
    plane.data = x + image * size;
    point_at_cells<F::CELLS>(plane, first_cell(p.t, 0, row), first_cell(p.t, 1, col), inside, cell);
    F::template transform<PASS>(p, cell, to + tile * p.ld);
  });
}

template <class F, int PASS> void multiply_points(const WinogradPlan& p, int64_t tiles, const float* v, const float* kernel, float* m, int vectors) {
  for (int point = 0; point < F::POINTS_OF; point++) {
    int64_t matrix = F::matrix(PASS, point);
    Tile t;
    t.a = v + point * p.v_apart;
    t.a_row = p.ld;
    t.a_third = 3 * p.ld;
    t.a_col = 1;
    t.b = kernel + (matrix / PASS_POINTS * p.panels * PASS_POINTS + matrix % PASS_POINTS) * p.k * NR;
    t.b_row = NR;
    t.c = m + point * p.m_apart;
    t.c_row = vectors * LANES;
    for (int64_t k = 0; k < p.k || k == 0; k += WINOGRAD_K) {
      Tile chunk = t;
      chunk.k = smaller(WINOGRAD_K, p.k - k);
      chunk.a += k;
      chunk.b += k * NR;
      chunk.add = k > 0;
      multiply_evenly(chunk, tiles, vectors);
    }
  }
}

template <class F, int PASS> void add_block(const WinogradPlan& p, const TileBlock& b, const float* m, int64_t col, int64_t cols) {
  int64_t wide = round_up(cols, LANES), size = p.t.size, first_row = b.line % p.t.count[0] * size;
  each_tile(p, b, [&](int64_t tile, int64_t image, int64_t row, int64_t at) {
    int64_t below = (image - b.line / p.t.count[0]) * p.t.out[0] + row - first_row;
    Target t{b.pixels + below * b.row + (at - b.col * size) * b.pixel + col - b.col_first, b.pixel, b.row,
             smaller(size, p.t.out[0] - row), smaller(size, p.t.out[1] - at), cols};
    for (int64_t v = 0; v < wide; v += LANES, t.to += LANES, t.lanes -= LANES) F::template add<PASS>(p, m + tile * wide + v, t);
  });
}

template <class F, int PASS> void winograd_pass(const Instruction& i, const Context& context, const WinogradPlan& p, const TileBlock& b, int64_t first, int64_t end) {
  const float *x = (const float*)address(context, i.in[0]), *kernel = (const float*)address(context, i.in[1]);
  float *v = (float*)context.scratch, *m = (float*)(context.scratch + p.at_products), *zeros = (float*)(context.scratch + p.at_zeros);
  int64_t group = -1;
  for (int64_t number = first; number < end; number++) {
    int64_t panel = number % p.panels * NR, cols = smaller(NR, p.n - panel);
    if (number / p.panels != group) {
      group = number / p.panels;
      transform_block<F, PASS>(p, b, x + group * p.k, zeros, v);
    }
    const float* own = kernel + (group * PASSES * p.panels + number % p.panels) * PASS_POINTS * p.k * NR;
    multiply_points<F, PASS>(p, b.lines * b.cols, v, own, m, (int)divide_up(cols, LANES));
    add_block<F, PASS>(p, b, m, group * p.n + panel, cols);
  }
}

template <class F> void plain_passes(const Instruction& i, const Context& context, const WinogradPlan& p, const TileBlock& b, int64_t first, int64_t end) {
  winograd_pass<F, 1>(i, context, p, b, first, end);
  winograd_pass<F, 2>(i, context, p, b, first, end);
  winograd_pass<F, 0>(i, context, p, b, first, end);
}

template <class F, int PASS> void strided_passes(const Instruction& i, const Context& context, const WinogradPlan& p, const TileBlock& b, int64_t first, int64_t end) {
  winograd_pass<F, PASS>(i, context, p, b, first, end);
  if constexpr (PASS + 1 < ROWS) strided_passes<F, PASS + 1>(i, context, p, b, first, end);
}

// The finished pixels of a block: one run of them, or where a row of tiles is cut, a run for each row.
INLINE void finish_tiles(const Instruction& i, const Context& context, const WinogradPlan& p, ChainRun& run, const TileBlock& b) {
  int64_t line_end = b.line + b.lines, size = p.t.size, height = p.t.out[0], width = p.t.out[1];
  auto row_of = [&](int64_t line) { return line / p.t.count[0] * height + line % p.t.count[0] * size; };
  int64_t first = row_of(b.line), rows = row_of(line_end) - first, cols = smaller(b.cols * size, width - b.col * size);
  if (p.col_blocks == 1) return finish_block(i, context, run, b.pixels, b.width, Block{0, first * width, b.col_first, rows * width, b.width});
  for (int64_t r = 0; r < rows; r++)
    finish_block(i, context, run, b.pixels + r * b.row, b.width, Block{0, (first + r) * width + b.col * size, b.col_first, cols, b.width});
}

void run_winograd(const Instruction& i, const Context& context, int64_t unit) {
  const WinogradPlan& p = *(const WinogradPlan*)i.plan;
  ChainRun run;
  start_chain(run, i.chain, &context, context.scratch + p.at_chain);
  int64_t block = unit / p.splits, first = unit % p.splits * p.per_split, end = smaller(p.t.groups * p.panels, first + p.per_split);
  auto col_of = [&](int64_t number) { return number / p.panels * p.n + number % p.panels * NR; };   // a group's last panel may be narrow
  TileBlock b;
  b.line = block / p.col_blocks * p.lines;
  b.lines = smaller(p.lines, i.in[0].shape[0] * p.t.count[0] - b.line);
  b.col = block % p.col_blocks * p.cols;
  b.cols = smaller(p.cols, p.t.count[1] - b.col);
  b.col_first = col_of(first);
  b.width = col_of(end) - b.col_first;
  bool direct = !i.chain && i.out[0].strides[1] == 1;
  b.pixel = direct ? i.out[0].strides[0] : b.width;
  b.row = b.pixel * (direct || p.col_blocks == 1 ? p.t.out[1] : b.cols * p.t.size);
  b.pixels = (float*)(context.scratch + p.at_pixels);
  int64_t first_row = b.line / p.t.count[0] * p.t.out[0] + b.line % p.t.count[0] * p.t.size;
  if (direct) b.pixels = (float*)address(context, i.out[0]) + first_row * b.row + b.col * p.t.size * b.pixel + b.col_first;
  memset(context.scratch + p.at_zeros, 0, 4 * (p.k + LANES));
  if (p.t.form == STRIDED) strided_passes<Strided, 0>(i, context, p, b, first, end);
  else if (p.t.form == SPREAD) strided_passes<Spreading, 0>(i, context, p, b, first, end);
  else if (p.t.window == 3) plain_passes<Plain<4>>(i, context, p, b, first, end);
  else plain_passes<Plain<2>>(i, context, p, b, first, end);
  if (!direct) finish_tiles(i, context, p, run, b);
}

}  // namespace
}  // namespace ISA
