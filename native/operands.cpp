// Arithmetic on operands with every overflow noticed: sizes come from users' shapes.
#include "program.h"

const char* const DTYPE_NAMES[N_DTYPES] = {"float32", "float64", "int32", "int64", "uint32", "uint8", "bool"};

int64_t multiply(int64_t a, int64_t b) {
  int64_t r;
  if (__builtin_mul_overflow(a, b, &r)) throw std::invalid_argument("a size does not fit 64 bits");
  return r;
}

int64_t add(int64_t a, int64_t b) {
  int64_t r;
  if (__builtin_add_overflow(a, b, &r)) throw std::invalid_argument("a size does not fit 64 bits");
  return r;
}

// Bytes [low, high) that an operand touches, relative to its base; empty operands touch nothing.
Range range_of(const Operand& o, bool write) {
  int64_t low = 0, high = 0, count = 1;
  for (int d = 0; d < o.rank; d++) {
    if (o.shape[d] < 0) throw std::invalid_argument("a dimension is negative");
    count = multiply(count, o.shape[d]);
    if (o.shape[d] == 0) continue;
    int64_t reach = multiply(o.shape[d] - 1, o.strides[d]);
    (reach < 0 ? low : high) = add(reach < 0 ? low : high, reach);
  }
  if (count == 0) return {o.base, 0, 0, write};
  int64_t size = dtype_size(o.dtype);
  if (o.offset % size) throw std::invalid_argument("an operand's offset is not a multiple of its element size");
  return {o.base, add(o.offset, multiply(low, size)), add(o.offset, multiply(add(high, 1), size)), write};
}
