// Convolution backward to its kernel by Winograd's products: cells of the image and of dy at 36 points, multiplied and summed
// over tiles point by point; what comes of it is a kernel at the points, and is turned back once. A unit does some channels by
// some filters for a split of the tiles; splits are made by shape, and added in order by who finishes last.
#pragma once
#include "winograd_strided.h"

namespace ISA {
namespace {

constexpr int64_t PART_ROWS = 128, PART_COLUMNS = 64, GRAD_TILES_LEAST = 32, GRAD_TILES_MOST = 64, GRAD_TILE_ROOM = 256 << 10, SPLITS = 16, SPLIT_ROOM = 4 << 20;

struct WinogradGradPlan {
  Tiling t;
  int64_t channels, filters, k, n;                        // k and n of a group
  int64_t rows, row_parts, panels, panel_parts, all_panels;         // of a part: channels and panels; all_panels: of a group
  int64_t tiles, block, splits;                           // tiles in all and in a block
  int64_t ld, v_apart, w_apart, d_apart, sums;            // floats between tiles and points; of a part's dk
  int64_t at_dy, at_products, at_zeros;                   // scratch, in bytes
};
static_assert(sizeof(WinogradGradPlan) <= sizeof(Instruction::plan), "plan");

const char* check_winograd_grad(const Instruction& i, WinogradGradPlan& p) {
  const Operand &x = i.in[0], &dy = i.in[1], &dk = i.out[0];
  if (!is_plane(x, p.t.in) || !is_plane(dy, p.t.out)) return "an image does not fit the window, or is not contiguous float32";
  if (x.shape[0] != dy.shape[0]) return "the images differ in number";
  if (dk.dtype != F32 || !row_major(dk) || dk.rank != 4) return "the result must be contiguous float32";
  if (dk.shape[0] != p.t.window || dk.shape[1] != p.t.window) return "the result's window differs";
  p.channels = x.shape[3];
  p.filters = dy.shape[3];
  if (p.channels != dk.shape[2] * p.t.groups || p.filters != dk.shape[3] || p.filters % p.t.groups) return "the channels do not fit";
  p.k = p.channels / p.t.groups;
  p.n = p.filters / p.t.groups;
  return nullptr;
}

const char* prepare_winograd_kernel_grad(Instruction& i) {
  if (i.n_in != 2 || i.n_out != 1) return "takes an image and the gradient of its convolution";
  WinogradGradPlan& p = *(WinogradGradPlan*)i.plan;
  if (const char* complaint = read_tiling(i, p.t)) return complaint;
  if (p.t.form == SPREAD) return "there is no such form";
  if (const char* complaint = check_winograd_grad(i, p)) return complaint;
  if (p.channels * p.filters == 0) { i.units = 0; return nullptr; }
  p.all_panels = divide_up(p.n, NR);
  p.row_parts = larger(1, (p.k + PART_ROWS / 2) / PART_ROWS);
  p.rows = divide_up(p.k, p.row_parts);
  p.row_parts = divide_up(p.k, p.rows);
  p.panel_parts = larger(1, p.all_panels / (larger(PART_COLUMNS, NR) / NR));
  p.panels = divide_up(p.all_panels, p.panel_parts);
  p.panel_parts = divide_up(p.all_panels, p.panels);
  p.tiles = i.in[0].shape[0] * p.t.count[0] * p.t.count[1];
  p.ld = round_up(p.rows, LANES);
  p.block = larger(GRAD_TILES_LEAST, smaller(GRAD_TILES_MOST, GRAD_TILE_ROOM / (4 * PASS_POINTS * (p.ld + p.panels * NR))));
  p.block = larger(1, smaller(p.block, p.tiles));
  int64_t parts = p.t.groups * p.row_parts * p.panel_parts, blocks = larger(1, divide_up(p.tiles, p.block));
  p.sums = p.t.window * p.t.window * p.rows * p.panels * NR;
  p.splits = smaller(smaller(divide_up(SPLITS, parts), divide_up(blocks, 4)), larger(1, SPLIT_ROOM / (4 * p.sums * parts)));
  i.units = parts * p.splits;
  i.n_counters = parts;
  i.workspace_bytes = 4 * p.splits * parts * p.sums;
  p.v_apart = p.block * p.ld + 16;
  p.w_apart = p.block * p.panels * NR + 16;
  p.d_apart = p.rows * p.panels * NR + 16;
  p.at_dy = round_up(4 * PASS_POINTS * p.v_apart, 64);
  p.at_products = p.at_dy + round_up(4 * PASS_POINTS * p.w_apart, 64);
  p.at_zeros = p.at_products + round_up(4 * PASSES * PASS_POINTS * p.d_apart, 64);
  i.scratch_bytes = p.at_zeros + 4 * (larger(p.rows, p.panels * NR) + LANES);
  i.cost = (double)(p.tiles * (p.t.form == PLAIN ? PASSES * PASS_POINTS : ROWS * ROWS)) * (double)(p.t.groups * p.k + 16) * (double)round_up(p.n, LANES) / (3 * LANES);
  return nullptr;
}

struct GradPart {                                         // what a unit does
  int64_t group, row, rows, panel, panels, filters;       // of the group: channels, panels and filters
};

INLINE GradPart part_of(const WinogradGradPlan& p, int64_t part) {
  GradPart g;
  g.panel = part % p.panel_parts * p.panels;
  g.panels = smaller(p.panels, p.all_panels - g.panel);
  g.filters = smaller(g.panels * NR, p.n - g.panel * NR);
  part /= p.panel_parts;
  g.row = part % p.row_parts * p.rows;
  g.rows = smaller(p.rows, p.k - g.row);
  g.group = part / p.row_parts;
  return g;
}

// One tile of dy at the points of a pass, as rows of panels `panel` floats apart.
template <int PASS, int M> void transform_gradient(const float* const* cell, int64_t filters, float* to, int64_t apart, int64_t panel) {
  for (int64_t f = 0; f < filters; f += LANES) {
    float* at = to + f / NR * panel + f % NR;
    Vec rows[2][M];
#pragma GCC unroll 4
    for (int j = 0; j < M; j++) {
      Vec w[M], v[2];
#pragma GCC unroll 4
      for (int i = 0; i < M; i++) w[i] = PASS == 0 && i > 0 && i < M - 1 ? Vec{} : load_cell(cell[i * M + j] + f, filters - f);
      evaluate_pair<PASS, M, false>(w, v);
      rows[0][j] = v[0];
      rows[1][j] = v[1];
    }
#pragma GCC unroll 2
    for (int r = 0; r < 2; r++) {
      Vec v[POINTS];
      evaluate<M, false>(rows[r], v);
#pragma GCC unroll 6
      for (int j = 0; j < POINTS; j++) store(at + (r * POINTS + j) * apart, v[j]);
    }
  }
}

struct GradRoom { float *v, *w, *d, *zeros; };

// What is particular to a form: cells and outputs of a tile along an axis; a pass is some rows of points.
template <int M> struct PlainGrad {
  static constexpr int CELLS = POINTS, SIZE = M;
  template <int PASS> static void input(const WinogradGradPlan& p, const float* const* cell, int64_t channels, float* to) { transform_input<PASS>(cell, channels, to, p.v_apart); }
  template <int PASS> static void gradient(const WinogradGradPlan& p, const float* const* cell, int64_t filters, float* to) {
    transform_gradient<PASS, M>(cell, filters, to, p.w_apart, p.block * NR);
  }
};

struct StridedGrad {
  static constexpr int CELLS = ROWS, SIZE = 4;
  template <int PASS> static void input(const WinogradGradPlan& p, const float* const* cell, int64_t channels, float* to) {
    const int64_t none[2] = {0, 0};
    transform_strided<PASS, ROWS>(cell, none, channels, to, p.v_apart);
  }
  template <int PASS> static void gradient(const WinogradGradPlan& p, const float* const* cell, int64_t filters, float* to) {
    transform_strided_gradient<PASS>(cell, filters, to, p.w_apart, p.block * NR);
  }
};

// Tiles first .. first + count - 1 at the points of a pass.
template <class F, int PASS> void transform_tiles(const Instruction& i, const Context& context, const WinogradGradPlan& p, const GradPart& g, const GradRoom& room,
                                                  int64_t first, int64_t count) {
  const float* x = (const float*)address(context, i.in[0]) + g.group * p.k + g.row;
  const float* dy = (const float*)address(context, i.in[1]) + g.group * p.n + g.panel * NR;
  Plane from{x, room.zeros, p.t.in[0], p.t.in[1], p.channels}, to{dy, room.zeros, p.t.out[0], p.t.out[1], p.filters};
  int64_t inside_x[F::CELLS * F::CELLS], inside_dy[F::SIZE * F::SIZE];
  offsets_inside<F::CELLS>(from, inside_x);
  offsets_inside<F::SIZE>(to, inside_dy);
  for (int64_t tile = 0; tile < count; tile++) {
    int64_t col = (first + tile) % p.t.count[1] * F::SIZE, line = (first + tile) / p.t.count[1];
    int64_t row = line % p.t.count[0] * F::SIZE, image = line / p.t.count[0];
    const float* cell[F::CELLS * F::CELLS];
    from.data = x + image * from.height * from.width * from.pixel;
    point_at_cells<F::CELLS>(from, first_cell(p.t, 0, row), first_cell(p.t, 1, col), inside_x, cell);
    F::template input<PASS>(p, cell, g.rows, room.v + tile * p.ld);
    to.data = dy + image * to.height * to.width * to.pixel;
    point_at_cells<F::SIZE>(to, row, col, inside_dy, cell);
    F::template gradient<PASS>(p, cell, g.filters, room.w + tile * NR);
  }
}

// Products of `sums` points from `point` on, summed over `count` tiles into one matrix of a kernel at the points.
INLINE void multiply_tiles(const WinogradGradPlan& p, const GradPart& g, const GradRoom& room, int64_t point, int64_t sums, int64_t matrix, int64_t count, bool add) {
  const int64_t a_tap[4] = {0, p.v_apart, 2 * p.v_apart, 3 * p.v_apart}, b_tap[4] = {0, p.w_apart, 2 * p.w_apart, 3 * p.w_apart};
  for (int64_t panel = 0; panel < g.panels; panel++) {
    Tile t;
    t.k = count;
    t.taps = sums;
    t.a_tap = a_tap;
    t.b_tap = b_tap;
    t.a = room.v + point * p.v_apart;
    t.a_row = 1;
    t.a_third = 3;
    t.a_col = p.ld;
    t.b = room.w + point * p.w_apart + panel * p.block * NR;
    t.b_row = NR;
    t.c = room.d + matrix * p.d_apart + panel * p.rows * NR;
    t.c_row = NR;
    t.add = add;
    multiply_evenly(t, g.rows, (int)divide_up(smaller(NR, g.filters - panel * NR), LANES));
  }
}

template <int M, int PASS> void plain_grad_passes(const Instruction& i, const Context& context, const WinogradGradPlan& p, const GradPart& g, const GradRoom& room,
                                                  int64_t first, int64_t count, bool add) {
  transform_tiles<PlainGrad<M>, PASS>(i, context, p, g, room, first, count);
  for (int64_t point = 0; point < PASS_POINTS; point++) multiply_tiles(p, g, room, point, 1, PASS * PASS_POINTS + point, count, add);
  if constexpr (PASS + 1 < PASSES) plain_grad_passes<M, PASS + 1>(i, context, p, g, room, first, count, add);
}

template <int PASS> void strided_grad_passes(const Instruction& i, const Context& context, const WinogradGradPlan& p, const GradPart& g, const GradRoom& room,
                                             int64_t first, int64_t count, bool add) {
  transform_tiles<StridedGrad, PASS>(i, context, p, g, room, first, count);
  constexpr int64_t ROW = PASS < ENDS ? PASS : ENDS;
  for (int64_t point = 0; point <= ENDS; point++)
    multiply_tiles(p, g, room, point, point < ENDS ? 1 : ROWS - ENDS, ROW * POINTS + point, count, add || PASS > ENDS);
  if constexpr (PASS + 1 < ROWS) strided_grad_passes<PASS + 1>(i, context, p, g, room, first, count, add);
}

// From the points to the window: [R * R][panel][rows][NR].
template <int R, bool APART> INLINE void window_from_points(const Vec* v, Vec* w) {
  if constexpr (APART) combine_strided(v, w);
  else combine<R, true>(v, w);
}

template <int R, bool APART> void kernel_from_points(const WinogradGradPlan& p, const GradPart& g, const float* d, float* sums) {
  int64_t tap = p.panels * p.rows * NR;
  for (int64_t panel = 0; panel < g.panels; panel++)
    for (int64_t at = panel * p.rows * NR; at < (panel * p.rows + g.rows) * NR; at += LANES) {
      if (at % NR >= g.filters - panel * NR) continue;
      Vec rows[R][POINTS];
#pragma GCC unroll 6
      for (int i = 0; i < POINTS; i++) {
        Vec v[POINTS], w[R];
#pragma GCC unroll 6
        for (int j = 0; j < POINTS; j++) v[j] = load(d + (i * POINTS + j) * p.d_apart + at);
        window_from_points<R, APART>(v, w);
#pragma GCC unroll 5
        for (int j = 0; j < R; j++) rows[j][i] = w[j];
      }
#pragma GCC unroll 5
      for (int j = 0; j < R; j++) {
        Vec w[R];
        window_from_points<R, APART>(rows[j], w);
#pragma GCC unroll 5
        for (int i = 0; i < R; i++) store(sums + (i * R + j) * tap + at, w[i]);
      }
    }
}

// dk's rows and columns of a part: the sums of all splits, in order.
void finish_grad_part(const Instruction& i, const Context& context, const WinogradGradPlan& p, const GradPart& g, const float* sums, int64_t apart) {
  float* dk = (float*)address(context, i.out[0]) + g.row * p.filters + g.group * p.n + g.panel * NR;
  int64_t taps = p.t.window * p.t.window;
  for (int64_t tap = 0; tap < taps; tap++)
    for (int64_t r = 0; r < g.rows; r++)
      for (int64_t f = 0; f < g.filters; f += LANES) {
        const float* from = sums + ((tap * p.panels + f / NR) * p.rows + r) * NR + f % NR;
        Vec sum = load(from);
        for (int64_t s = 1; s < p.splits; s++) sum += load(from + s * apart);
        float* to = dk + (tap * p.k + r) * p.filters + f;
        if (g.filters - f >= LANES) store(to, sum);
        else store_some(to, sum, g.filters - f);
      }
}

void run_winograd_kernel_grad(const Instruction& i, const Context& context, int64_t unit) {
  const WinogradGradPlan& p = *(const WinogradGradPlan*)i.plan;
  int64_t parts = i.units / p.splits, split = unit / parts, part = unit % parts;
  GradPart g = part_of(p, part);
  GradRoom room{(float*)context.scratch, (float*)(context.scratch + p.at_dy), (float*)(context.scratch + p.at_products), (float*)(context.scratch + p.at_zeros)};
  memset(room.zeros, 0, 4 * (larger(p.rows, p.panels * NR) + LANES));
  int64_t blocks = divide_up(p.tiles, p.block), start = split * blocks / p.splits, end = (split + 1) * blocks / p.splits;
  for (int64_t b = start; b < larger(end, start + (p.tiles == 0)); b++) {
    int64_t first = b * p.block, count = smaller(p.block, p.tiles - first);
    if (p.t.form == STRIDED) strided_grad_passes<0>(i, context, p, g, room, first, count, b > start);
    else if (p.t.window == 3) plain_grad_passes<4, 0>(i, context, p, g, room, first, count, b > start);
    else plain_grad_passes<2, 0>(i, context, p, g, room, first, count, b > start);
  }
  float* sums = (float*)i.workspace + part * p.sums;
  int64_t apart = parts * p.sums;
  float* own = sums + split * apart;
  if (p.t.form == STRIDED) kernel_from_points<3, true>(p, g, room.d, own);
  else if (p.t.window == 3) kernel_from_points<3, false>(p, g, room.d, own);
  else kernel_from_points<5, false>(p, g, room.d, own);
  if (last_piece(i, part, p.splits)) finish_grad_part(i, context, p, g, sums, apart);
}

}  // namespace
}  // namespace ISA
