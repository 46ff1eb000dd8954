// The module lamina._native: instructions as dicts in, one Program out. Nothing here computes.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>
#include <string.h>
#include <map>
#include <tuple>
#include "program.h"

namespace nb = nanobind;

namespace {

[[noreturn]] void fail(const std::string& what) { throw std::invalid_argument(what); }

DType to_dtype(const std::string& name) {
  for (int i = 0; i < N_DTYPES; i++)
    if (name == DTYPE_NAMES[i]) return (DType)i;
  fail("unknown dtype \"" + name + "\"");
}

nb::dlpack::dtype to_dlpack(DType t) {
  using C = nb::dlpack::dtype_code;
  auto code = t == F32 || t == F64 ? C::Float : t == I32 || t == I64 ? C::Int : t == BOOL ? C::Bool : C::UInt;
  return {(uint8_t)code, (uint8_t)(8 * dtype_size(t)), 1};
}

Operand to_operand(nb::handle h) {
  nb::tuple t = nb::cast<nb::tuple>(h);
  if (t.size() != 5) fail("an operand is (base, offset, dtype, shape, strides)");
  auto shape = nb::cast<std::vector<int64_t>>(t[3]), strides = nb::cast<std::vector<int64_t>>(t[4]);
  if (shape.size() != strides.size()) fail("an operand's shape and strides differ in length");
  if (shape.size() > MAX_RANK) fail("an operand has more than 8 dimensions");
  Operand o{};
  o.base = nb::cast<int>(t[0]);
  o.offset = nb::cast<int64_t>(t[1]);
  o.dtype = to_dtype(nb::cast<std::string>(t[2]));
  o.rank = (int)shape.size();
  std::copy(shape.begin(), shape.end(), o.shape);
  std::copy(strides.begin(), strides.end(), o.strides);
  return o;
}

SourceSpec to_source(nb::handle h) {
  SourceSpec s{};
  if (!nb::isinstance<nb::tuple>(h)) { s.index = nb::cast<int>(h); return s; }
  nb::tuple t = nb::cast<nb::tuple>(h);
  if (t.size() != 3) fail("a constant is (\"c\", value, dtype)");
  s.constant = true;
  s.dtype = to_dtype(nb::cast<std::string>(t[2]));
  if (s.dtype == F32 || s.dtype == F64) s.number = nb::cast<double>(nb::float_(t[1]));
  else s.integer = nb::cast<int64_t>(nb::int_(t[1]));
  return s;
}

std::unique_ptr<ChainSpec> to_chain(nb::handle h) {
  nb::dict d = nb::cast<nb::dict>(h);
  auto chain = std::make_unique<ChainSpec>();
  chain->shape = nb::cast<std::vector<int64_t>>(d["shape"]);
  chain->n_registers = nb::cast<int>(d["n_registers"]);
  if (d.contains("start")) std::tie(chain->start, chain->piece) = nb::cast<std::pair<int64_t, int64_t>>(d["start"]);
  if (d.contains("sums")) chain->sums = nb::cast<std::vector<int>>(d["sums"]);
  if (d.contains("rows")) chain->rows = nb::cast<std::vector<int>>(d["rows"]);
  for (nb::handle step : d["steps"]) {
    nb::tuple t = nb::cast<nb::tuple>(step);
    if (t.size() != 4) fail("a chain's step is (functor, dtype, sources, destination)");
    StepSpec s{nb::cast<std::string>(t[0]), to_dtype(nb::cast<std::string>(t[1])), {}, nb::cast<int>(t[3])};
    for (nb::handle source : t[2]) s.src.push_back(to_source(source));
    chain->steps.push_back(std::move(s));
  }
  return chain;
}

// A NumPy view of memory that the program owns or keeps alive.
nb::object view(char* data, const Operand& o) {
  size_t shape[MAX_RANK];
  int64_t strides[MAX_RANK];
  for (int d = 0; d < o.rank; d++) { shape[d] = (size_t)o.shape[d]; strides[d] = o.strides[d]; }
  return nb::cast(nb::ndarray<nb::numpy>(data, o.rank, shape, nb::handle(), strides, to_dlpack(o.dtype)), nb::rv_policy::reference);
}

typedef std::vector<nb::object> Calls;                   // Python functions, owned by the Program's wrapper

std::function<void(char* const*)> to_call(nb::object call, std::vector<Operand> in, std::vector<Operand> out, Calls& calls) {
  calls.push_back(call);
  return [function = call.ptr(), in = std::move(in), out = std::move(out)](char* const* bases) {
    nb::gil_scoped_acquire lock;
    nb::list ins, outs;
    for (auto& o : in) ins.append(view(bases[o.base] + o.offset, o));
    for (auto& o : out) outs.append(view(bases[o.base] + o.offset, o));
    nb::handle callable(function);
    callable(ins, outs);
  };
}

std::vector<InstructionSpec> to_instructions(nb::handle list, Calls& calls);

nb::object field(nb::dict d, const char* name) {
  return d.contains(name) ? nb::object(d[name]) : nb::none();
}

InstructionSpec to_instruction(nb::handle h, Calls& calls) {
  nb::dict d = nb::cast<nb::dict>(h);
  InstructionSpec s;
  s.kernel = nb::cast<std::string>(d["kernel"]);
  if (nb::object in = field(d, "in"); !in.is_none()) for (nb::handle o : in) s.in.push_back(to_operand(o));
  if (nb::object out = field(d, "out"); !out.is_none()) for (nb::handle o : out) s.out.push_back(to_operand(o));
  if (nb::object ints = field(d, "ints"); !ints.is_none()) s.ints = nb::cast<std::vector<int64_t>>(ints);
  if (nb::object floats = field(d, "floats"); !floats.is_none()) s.floats = nb::cast<std::vector<double>>(floats);
  if (nb::object chain = field(d, "chain"); !chain.is_none()) s.chain = to_chain(chain);
  if (nb::object body = field(d, "body"); !body.is_none()) s.body = to_instructions(body, calls);
  if (nb::object guard = field(d, "guard"); !guard.is_none()) s.guard = std::make_unique<Operand>(to_operand(guard));
  if (nb::object call = field(d, "call"); !call.is_none()) s.call = to_call(call, s.in, s.out, calls);
  return s;
}

std::vector<InstructionSpec> to_instructions(nb::handle list, Calls& calls) {
  std::vector<InstructionSpec> all;
  for (nb::handle h : list) {
    try {
      all.push_back(to_instruction(h, calls));
    } catch (const std::invalid_argument& e) {
      fail("instruction " + std::to_string(all.size()) + ": " + e.what());
    } catch (const nb::cast_error&) {
      fail("instruction " + std::to_string(all.size()) + ": a field has the wrong type");
    }
  }
  return all;
}

struct Buffer {                                          // what an object shows of its memory, if it does
  Py_buffer view{};
  bool open;
  Buffer(nb::handle x, int flags) : open(PyObject_GetBuffer(x.ptr(), &view, flags) == 0) { if (!open) PyErr_Clear(); }
  Buffer(const Buffer&) = delete;
  ~Buffer() { if (open) PyBuffer_Release(&view); }
  bool fits(DType dtype, const std::vector<int64_t>& shape) const {
    if (!open || !view.format || view.format[0] == 0 || view.format[1] != 0 || view.ndim != (int)shape.size()) return false;
    const char* codes[N_DTYPES] = {"f", "d", "i", "lq", "I", "B", "?"};
    if (!strchr(codes[dtype], view.format[0]) || view.itemsize != dtype_size(dtype)) return false;
    for (int d = 0; d < view.ndim; d++)
      if (view.shape[d] != shape[d]) return false;
    return true;
  }
};

struct Bound {                                           // a Program and the Python objects it keeps alive
  Calls calls;
  std::map<int, nb::object> arrays;
  std::atomic<uint64_t> stops{0};                        // how often somebody said stop: it may be between two slices
  Program program;

  Bound(nb::list instructions, int64_t arena_bytes, int num_bases, nb::object prologue, const std::string& isa)
      : program(to_instructions(instructions, calls), arena_bytes, num_bases,
                prologue.is_none() ? std::vector<InstructionSpec>{} : to_instructions(prologue, calls), isa) {
    program.set_look_out([] {
      nb::gil_scoped_acquire lock;
      if (PyErr_CheckSignals()) throw nb::python_error();
    });
  }

  void bind(int index, nb::ndarray<nb::device::cpu> array) {
    bind_view(index, array, true);
  }
  void bind_read_only(int index, nb::ndarray<nb::ro, nb::device::cpu> array) { bind_view(index, array, false); }
  template <class A> void bind_view(int index, A& array, bool writable) {
    int64_t expected = 1;
    for (size_t d = array.ndim(); d-- > 0;) {
      if (array.shape(d) > 1 && array.stride(d) != expected && array.size()) fail("base " + std::to_string(index) + ": the array must be C-contiguous");
      expected *= (int64_t)array.shape(d);
    }
    {
      nb::gil_scoped_release unlocked;                     // bind waits for a run in progress, which may want the lock
      program.bind(index, (char*)const_cast<void*>((const void*)array.data()), (int64_t)array.nbytes(), writable);
    }
    arrays[index] = nb::cast(array, nb::rv_policy::reference);
  }

  // In slices, between which Python sees to its signals: Ctrl-C ends even a run of a million steps.
  int64_t run(int64_t steps, bool prologue) {
    uint64_t before = stops;
    int64_t done = 0;
    for (;;) {
      int64_t some;
      {
        nb::gil_scoped_release unlocked;
        some = program.run(steps - done, prologue);
      }
      done += some;
      prologue = false;
      if (done >= steps || some == 0 || stops != before) return done;
      if (PyErr_CheckSignals()) throw nb::python_error();
    }
  }

  void stop() {
    stops++;
    program.stop();
  }

  // ---- one array in, one out, as fast as can be ----

  struct Fast { Program::Call call; DType in, out; std::vector<int64_t> in_shape, out_shape; };
  std::optional<Fast> fast;

  void prepare_call(int input, int cursor, const std::string& dtype, std::vector<int64_t> shape, nb::tuple result) {
    Operand o = to_operand(result);
    int64_t bytes = dtype_size(to_dtype(dtype));
    for (int64_t n : shape) bytes = multiply(bytes, n);
    fast = Fast{program.prepare_call(input, cursor, o, bytes), to_dtype(dtype), o.dtype, shape, {o.shape, o.shape + o.rank}};
  }

  // False, and nothing done, for whatever is not a contiguous array of just that dtype and shape.
  bool call(nb::handle x, nb::handle y) {
    if (!fast) return false;
    Buffer in(x, PyBUF_ND | PyBUF_FORMAT), out(y, PyBUF_ND | PyBUF_FORMAT | PyBUF_WRITABLE);
    if (!in.fits(fast->in, fast->in_shape) || !out.fits(fast->out, fast->out_shape)) return false;
    const char* from = (const char*)in.view.buf;
    char* to = (char*)out.view.buf;
    if (program.cost() < 15000) return program.call(fast->call, from, to);      // too short to let others run meanwhile
    nb::gil_scoped_release unlocked;
    return program.call(fast->call, from, to);
  }

  nb::object read(int base, int64_t offset, const std::string& dtype, nb::tuple shape, nb::tuple strides) {
    Operand o = to_operand(nb::make_tuple(base, offset, dtype, shape, strides));
    return view(program.address_of(o), o).attr("copy")();
  }
};

// The garbage collector sees through a Program to the functions it calls: they may well refer to it.
int traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  if (!nb::inst_ready(self)) return 0;
  for (auto& call : nb::inst_ptr<Bound>(self)->calls) Py_VISIT(call.ptr());
  for (auto& [index, array] : nb::inst_ptr<Bound>(self)->arrays) Py_VISIT(array.ptr());
  return 0;
}
int clear(PyObject* self) {
  if (!nb::inst_ready(self)) return 0;
  Calls calls = std::move(nb::inst_ptr<Bound>(self)->calls);         // nobody can run it any more
  return 0;
}
PyType_Slot slots[] = {{Py_tp_traverse, (void*)traverse}, {Py_tp_clear, (void*)clear}, {0, nullptr}};

std::map<std::string, std::vector<std::string>> kernels(const std::string& isa) {
  std::map<std::string, std::vector<std::string>> all;
  for (auto& [name, signatures] : list_kernels(isa)) {
    size_t at = 0;
    while (at < signatures.size()) {
      size_t end = std::min(signatures.find(' ', at), signatures.size());
      all[name].push_back(signatures.substr(at, end - at));
      at = end + 1;
    }
  }
  return all;
}

nb::ndarray<nb::numpy, int64_t> numbers_by_chance(int64_t size, uint32_t seed, uint32_t step, uint32_t stream) {
  auto rows = std::make_unique<int64_t[]>(size < 0 ? 0 : size);
  {
    nb::gil_scoped_release free;
    permutation(rows.get(), size, seed, step, stream);
  }
  nb::capsule owner(rows.get(), [](void* p) noexcept { delete[] (int64_t*)p; });
  return nb::ndarray<nb::numpy, int64_t>(rows.release(), {(size_t)size}, owner);
}

}  // namespace

NB_MODULE(_native, m) {
  nb::set_leak_warnings(false);                          // at exit an interpreter may well hold on to programs
  nb::register_exception_translator([](const std::exception_ptr& p, void*) {
    try { std::rethrow_exception(p); } catch (const BadIndex& e) { PyErr_SetString(PyExc_IndexError, e.what()); }
  });
  m.def("isas", possible_isas, "Instruction sets that this machine can run, best first.");
  m.def("isa", [] { return chosen_isa(""); }, "The instruction set programs use: LAMINA_ISA, or the best one.");
  m.def("kernels", kernels, nb::arg("isa"), "Name -> supported dtypes or signatures, for one instruction set.");
  m.def("packed_size", [](int64_t k, int64_t n, const std::string& isa) { return packed_bytes(k, n, chosen_isa(isa)); },
        nb::arg("k"), nb::arg("n"), nb::arg("isa") = "", "Bytes of a [k, n] matrix packed into panels.");
  m.def("place", place, nb::arg("sizes"), nb::arg("first"), nb::arg("last"),
        "Offsets of values that are alive from step first to step last, in the order given, and behind them the bytes in all.");
  m.def("permutation", numbers_by_chance, nb::arg("size"), nb::arg("seed"), nb::arg("step"), nb::arg("stream"),
        "The numbers 0 to size-1, sorted by the random words of a stream at a step.");
  m.def("set_num_threads", set_threads, nb::arg("n"));
  m.def("get_num_threads", get_threads);
  m.def("default_num_threads", default_threads, nb::arg("root") = "/sys/fs/cgroup", nb::arg("list") = "/proc/self/cgroup",
        "LAMINA_NUM_THREADS, else what affinity and the quota of this process's control groups, told in `root`, allow.");
  m.def("memory_in_use", memory_in_use, "Bytes of arenas and scratch buffers.");
  nb::class_<Bound>(m, "Program", nb::type_slots(slots))
      .def("__init__",
           [](Bound* self, nb::list instructions, int64_t arena_bytes, int num_bases, nb::object prologue, std::optional<std::string> isa) {
             new (self) Bound(instructions, arena_bytes, num_bases, prologue, isa.value_or(""));
           },
           nb::arg("instructions"), nb::arg("arena_bytes"), nb::arg("num_bases"), nb::arg("prologue") = nb::none(), nb::arg("isa") = nb::none())
      .def("bind", &Bound::bind, nb::arg("index"), nb::arg("array").noconvert())
      .def("bind", &Bound::bind_read_only, nb::arg("index"), nb::arg("array").noconvert())
      .def("run", &Bound::run, nb::arg("steps") = 1, nb::arg("prologue") = true)
      .def("prepare_call", &Bound::prepare_call, nb::arg("input"), nb::arg("cursor"), nb::arg("dtype"), nb::arg("shape"), nb::arg("result"))
      .def("call", &Bound::call, nb::arg("x"), nb::arg("out"))
      .def("stop", &Bound::stop)
      .def("read", &Bound::read, nb::arg("base"), nb::arg("offset"), nb::arg("dtype"), nb::arg("shape"), nb::arg("strides"))
      .def("describe", [](Bound& self) { return self.program.describe(); })
      .def_prop_ro("isa", [](Bound& self) { return self.program.isa(); });
}
