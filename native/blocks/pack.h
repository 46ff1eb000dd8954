// pack: a matrix, or a batch of them, in panels as the micro-kernel reads them: [batch][ceil(N / NR)][K][NR].
#pragma once
#include "gemm.h"

namespace ISA {
namespace {

constexpr int64_t PACK_ROWS = 256;                        // at most, in a unit

const char* prepare_pack(Instruction& i) {
  if (i.n_in != 1 || i.n_out != 1) return "pack takes one matrix and one buffer";
  const Operand &b = i.in[0], &out = i.out[0];
  if (b.dtype != F32 || out.dtype != F32) return "pack is for float32";
  if (b.rank < 2 || out.rank != 1) return "pack takes a matrix (or a batch of them) to a flat buffer";
  int64_t batches = 1, k = b.shape[b.rank - 2], n = b.shape[b.rank - 1], size;
  for (int d = 0; d < b.rank - 2; d++) batches *= b.shape[d];
  if (__builtin_mul_overflow(batches * round_up(n, NR), k, &size) || out.shape[0] < size) return "pack's buffer is too small";
  if (size && out.shape[0] > 1 && out.strides[0] != 1) return "pack's buffer must be contiguous";
  i.plan[0] = divide_up(n, NR);
  i.plan[1] = larger(1, divide_up(k, PACK_ROWS));
  i.plan[2] = divide_up(k, i.plan[1]);
  i.units = k == 0 ? 0 : batches * i.plan[0] * i.plan[1];
  i.cost = 0.1 * (double)size;
  return nullptr;
}

void run_pack(const Instruction& i, const Context& context, int64_t unit) {
  const Operand& b = i.in[0];
  int64_t panels = i.plan[0], k_blocks = i.plan[1], rows = i.plan[2], k = b.shape[b.rank - 2], n = b.shape[b.rank - 1];
  // Rows go together: the thread that packs them is likely the one whose optimizer wrote them.
  int64_t first = unit / panels % k_blocks * rows, panel = unit % panels, batch = unit / k_blocks / panels;
  int64_t row = b.strides[b.rank - 2], col = b.strides[b.rank - 1];
  const float* from = (const float*)address(context, b) + batch_offset(b, b.shape, b.rank, 2, batch) + first * row + panel * NR * col;
  float* to = (float*)address(context, i.out[0]) + ((batch * panels + panel) * k + first) * NR;
  copy_panel(to, from, smaller(rows, k - first), smaller(NR, n - panel * NR), row, col);
}

}  // namespace
}  // namespace ISA
