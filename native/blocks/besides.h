// What a product does besides: units of an instruction that waits for memory (`far_bytes` in engine.h), some at each of its pauses.
// What they read is asked for while the product multiplies up to that pause, so they find it in L2.
#pragma once
#include "panels.h"

namespace ISA {
namespace {

struct Soon {                                             // stretches of memory that will be read, asked for by calls of the micro-kernel
  Stretch list[2 * MAX_STRETCHES];
  int64_t n = 0, at = 0, bytes = 0, calls = 0;            // bytes not asked for yet, and the calls to ask for them

  // Gives the next call its share.
  void ask(Tile& t) {
    t.n_soon = 0;
    if (at == n) return;
    Stretch& now = list[at];
    t.soon = now.at;
    t.n_soon = smaller(t.k, divide_up(smaller(now.bytes, divide_up(bytes, larger(1, calls--))), STRETCH));
    int64_t asked = smaller(now.bytes, t.n_soon * STRETCH);
    now = {now.at + asked, now.bytes - asked};
    bytes -= asked;
    at += now.bytes == 0;
  }
};

struct Company {
  Context context;
  const Instruction* instr = nullptr;                     // nobody: nothing is done besides
  int64_t next = 0, until = 0, end = 0;                   // units; the first ones are done when `wait` pauses have passed
  int64_t pauses = 0, wait = 0;
  Soon soon;

  Company(const Instruction& host, const Context& own) : context{own.bases, nullptr, own.errors} {
    if (!own.besides) return;
    instr = own.besides->instr;
    context.scratch = own.besides->scratch;
    next = until = own.besides->first;
    end = own.besides->end;
    pauses = host.pauses;
  }

  // A pause will come after so many calls of the micro-kernel.
  void start(int64_t calls) {
    if (next < until || next == end) return;              // they were chosen already, or all are done
    wait = larger(1, pauses / (end - next));
    until = smaller(end, next + divide_up(end - next, larger(1, pauses)));
    soon.n = soon.at = soon.bytes = 0;
    soon.calls = wait * calls;
    for (int64_t unit = next; unit < until && soon.n <= MAX_STRETCHES; unit++) soon.n += instr->reads(*instr, context, unit, soon.list + soon.n);
    for (int64_t s = 0; s < soon.n; s++) soon.bytes += soon.list[s].bytes;
  }

  void pause() {
    pauses--;
    if (next < until && --wait == 0) run(until);
  }

  void run(int64_t last) {
    for (; next < last; next++) instr->kernel->run(*instr, context, next);
  }
};

}  // namespace
}  // namespace ISA
