// The units of a phase lie in lanes, one for each thread, with a share of each instruction in each of them. A thread claims the
// units of its own lane first, so that it finds in its caches what it left there a step ago, and then helps the others. The thread
// that finishes a phase's last unit publishes the next phase. There is no barrier that counts threads, so one that is late or
// descheduled holds up nobody unless it holds a unit. Who computes a unit never changes its value. Workers touch a program only
// while they hold one of its units.
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif
#include <algorithm>
#include <thread>
#include "program.h"

namespace {

constexpr double WORTH_THREADS = 15000;                  // nanoseconds of a step below which one thread does it all
constexpr double WORTH_WAKING = 8000;                    // ... and of a phase below which sleepers are left asleep
constexpr int SPINS = 2000;                              // tens of microseconds
constexpr uint64_t CALLER_ONLY = 1ull << 31, REMAINING = CALLER_ONLY - 1;
constexpr int MOST_LANES = 64;                           // more threads share them

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

struct Scratch {                                         // one per thread, grown on demand
  char* data = nullptr;
  int64_t size = 0;
  char* at_least(int64_t wanted) {
    if (wanted > size) {
      if (data) release(data, size);
      data = nullptr; size = 0;
      data = allocate(wanted);
      size = wanted;
    }
    return data;
  }
  ~Scratch() { if (data) release(data, size); }
};
thread_local Scratch scratch;

// Each lane has its share of the units of every item, in the order of the items: how many of one lie in the lanes before this one.
// What does not divide goes to the lanes in turn.
int64_t units_before(const Item& item, int64_t lane, int64_t lanes) {
  return (item.units * lane + lanes - 1 - item.passed % lanes) / lanes;
}

int64_t units_of_lane(const Phase& phase, int64_t lane, int64_t lanes) {
  int64_t units = 0;
  for (const Item& item : phase.items) units += units_before(item, lane + 1, lanes) - units_before(item, lane, lanes);
  return phase.items.empty() ? lane == 0 : units;         // Python's, or a look out for signals
}

void run_unit(const Scope& scope, const Phase& phase, int64_t lane, int64_t lanes, int64_t unit, int64_t scratch_bytes, Errors* errors) {
  size_t i = 0;
  for (int64_t first;; i++) {
    first = units_before(phase.items[i], lane, lanes);
    int64_t own = units_before(phase.items[i], lane + 1, lanes) - first;
    if (unit < own) { unit += first; break; }
    unit -= own;
  }
  const Item& item = phase.items[i];
  char* mine = scratch.at_least(scratch_bytes);
  char* const* bases = scope.bases.data();
  Prepared& first = *scope.list[item.first];
  if (first.alone) {
    for (int k = 0; k < item.count; k++) run_alone(*scope.list[item.first + k], bases, mine, errors);
    return;
  }
  if (first.turns) return first.turns->run(first, unit, bases, mine, errors);
  if (first.body) return run_piece(first, unit, 0, first.length, bases, mine, errors);
  Context context{bases, mine, errors};
  Besides besides;
  if (item.besides) {
    auto share = [&](int64_t u) { return item.before + item.n_besides * u / item.units; };
    besides = {item.besides, share(unit), share(unit + 1), mine + item.scratch};
    context.besides = &besides;
  }
  first.instr.kernel->run(first.instr, context, item.from + unit);
}

struct Lane {
  alignas(64) std::atomic<uint64_t> state{0};            // phase number << 32 | only for the caller << 31 | units not yet claimed
  int64_t units = 0;                                     // valid while the reader holds one of them
};

struct Pool {
  std::mutex busy;                                       // held by the caller during a run
  int n_workers = 0;
  std::atomic<int> active{0};                            // workers that may take part
  Lane lanes[MOST_LANES];
  alignas(64) std::atomic<uint32_t> number{0};           // of the phase that the lanes show
  alignas(64) std::atomic<int64_t> done{0};              // units finished in this phase, and the publisher's share
  alignas(64) std::atomic<uint32_t> epoch{0};            // what sleepers wait on
  std::atomic<int> sleepers{0}, n_lanes{1};
  std::atomic<bool> caller_sleeps{false}, over{true};
  // Valid while the reader holds a unit:
  Cursor* cursor = nullptr;
  const Phase* phase = nullptr;
  const Scope* scope = nullptr;
  int64_t scratch_bytes = 0;
  Errors* errors = nullptr;
  std::mutex failing;

  // By whoever finished the last phase, or the caller at the start. The first units may be done before the last lane shows its
  // own: so whoever publishes a phase has a share in it as well, and nobody publishes the next one meanwhile.
  void publish() {
    int64_t units;
    do units = publish_one();
    while (units && finish(units));
  }

  // A unit, or the publisher's share. True if it was the last one.
  bool finish(int64_t units) { return done.fetch_add(1, std::memory_order_acq_rel) == units; }

  int64_t publish_one() {                                // gives the units of the phase, 0 at the end
    const Phase* next = cursor->next();
    int64_t units = next ? next->units : 0;
    bool worth = next && units > 1 && next->cost > WORTH_WAKING;
    uint32_t now = number.load(std::memory_order_relaxed) + 1;
    done.store(0, std::memory_order_relaxed);
    if (next) {
      phase = next;
      scope = &cursor->scope();
      int n = n_lanes.load(std::memory_order_relaxed);
      for (int lane = 0; lane < n; lane++) {
        lanes[lane].units = units_of_lane(*next, lane, n);
        lanes[lane].state.store((uint64_t)now << 32 | (next->python ? CALLER_ONLY : 0) | (uint64_t)lanes[lane].units);
      }
    }
    number.store(now);
    if (!next) over.store(true);                         // last: the caller may begin another run at once
    if (sleepers.load() && (worth || caller_sleeps.load())) {
      epoch.fetch_add(1);
      epoch.notify_all();
    }
    return units;
  }

  struct Claim { int lane; int64_t unit; };              // the place of a unit in its lane

  bool claim_from(int lane, bool caller, Claim& claimed) {
    uint64_t w = lanes[lane].state.load(std::memory_order_acquire);
    while ((w & REMAINING) && (caller || !(w & CALLER_ONLY)))
      if (lanes[lane].state.compare_exchange_weak(w, w - 1, std::memory_order_acq_rel)) {
        claimed = {lane, lanes[lane].units - (int64_t)(w & REMAINING)};
        return true;
      }
    return false;
  }

  bool claim(int own, Claim& claimed) {                  // thread 0 is the caller
    int n = n_lanes.load(std::memory_order_relaxed), lane = own % n;
    for (int k = 0; k < n; k++, lane = lane + 1 < n ? lane + 1 : 0)
      if (claim_from(lane, own == 0, claimed)) return true;
    return false;
  }

  void work(Claim claimed) {
    const Phase& mine = *phase;
    int64_t units = mine.units;
    try {
      if (mine.python) mine.python->call(scope->bases.data());
      else run_unit(*scope, mine, claimed.lane, n_lanes.load(std::memory_order_relaxed), claimed.unit, scratch_bytes, errors);
    } catch (...) {
      std::lock_guard<std::mutex> guard(failing);
      if (!cursor->failure) cursor->failure = std::current_exception();
    }
    if (finish(units)) publish();
  }

  void rest(bool caller, uint32_t seen) {                // until the next phase: spin, then sleep
    for (int i = 0; i < SPINS; i++) {
      if (number.load(std::memory_order_acquire) != seen) return;
      relax();
      if (i % 256 == 255) sched_yield();
    }
    if (caller) caller_sleeps.store(true);
    sleepers.fetch_add(1);
    uint32_t e = epoch.load();
    if (number.load() == seen && !(caller && over.load())) epoch.wait(e);
    sleepers.fetch_sub(1);
    if (caller) caller_sleeps.store(false);
  }

  void worker(int index) {
    for (Claim claimed;;) {
      uint32_t seen = number.load();
      if (index >= active.load()) {
        sleepers.fetch_add(1);
        uint32_t e = epoch.load();
        if (index >= active.load()) epoch.wait(e);
        sleepers.fetch_sub(1);
      } else if (claim(index + 1, claimed)) {
        work(claimed);
      } else {
        rest(false, seen);
      }
    }
  }

  void want_workers(int n) {
    sigset_t all, old;                                   // signals are for Python's main thread
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    for (; n_workers < n; n_workers++) std::thread([this, i = n_workers] { worker(i); }).detach();
    pthread_sigmask(SIG_SETMASK, &old, nullptr);
    active.store(n);
    n_lanes.store(std::min(n + 1, MOST_LANES));
  }

  void run(Cursor& c, int64_t bytes, Errors* e, int threads) {
    want_workers(threads - 1);
    cursor = &c; scratch_bytes = bytes; errors = e;
    over.store(false);
    publish();
    for (Claim claimed; !over.load(std::memory_order_acquire);) {
      uint32_t seen = number.load();
      if (claim(0, claimed)) work(claimed);
      else if (!over.load()) rest(true, seen);
    }
  }
};

Pool* pool = new Pool;                                   // never freed: workers sleep in it until the process ends
std::atomic<int> threads{0};                             // 0: not asked yet
std::atomic<int64_t> bytes_in_use{0};

void forget_workers() { pool = new Pool; }               // a forked child has none
const int at_fork = pthread_atfork(nullptr, nullptr, forget_workers);

int64_t first_number(const std::string& path, int64_t* second = nullptr) {
  FILE* file = fopen(path.c_str(), "r");
  if (!file) return -1;
  long long a = -1, b = -1;
  int n = fscanf(file, "%lld %lld", &a, &b);
  fclose(file);
  if (second && n == 2) *second = b;
  return n >= 1 ? a : -1;
}

int within_quota(int n, int64_t quota, int64_t period) {
  return quota > 0 && period > 0 ? (int)std::min<int64_t>(n, (quota + period - 1) / period) : n;
}

// The group of this process below `root` (version 2), "" if it is the root or unknown. In a container it is the root.
std::string own_group(const std::string& list) {
  FILE* file = fopen(list.c_str(), "r");
  if (!file) return "";
  char line[4096];
  std::string found;
  while (fgets(line, sizeof line, file))
    if (!strncmp(line, "0::/", 4)) found.assign(line + 3, strcspn(line + 3, "\n"));
  fclose(file);
  return found.find("/..") == std::string::npos ? found : "";
}

}  // namespace

int default_threads(const std::string& root, const std::string& list) {
  const char* asked = getenv("LAMINA_NUM_THREADS");
  if (asked && *asked) {
    char* end;
    long n = strtol(asked, &end, 10);
    if (*end || n < 1 || n > 1024) throw std::invalid_argument(std::string("LAMINA_NUM_THREADS is \"") + asked + "\", not a number from 1 to 1024");
    return (int)n;
  }
  int n = (int)std::thread::hardware_concurrency();
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) n = CPU_COUNT(&set);
  for (std::string group = own_group(list);; group.resize(group.rfind('/'))) {          // version 2: each group above counts too
    int64_t period = 0, quota = first_number(root + group + "/cpu.max", &period);
    n = within_quota(n, quota, period);
    if (group.find('/') == std::string::npos) break;
  }
  n = within_quota(n, first_number(root + "/cpu/cpu.cfs_quota_us"), first_number(root + "/cpu/cpu.cfs_period_us"));   // version 1
#endif
  return std::clamp(n, 1, 1024);
}

void set_threads(int n) {
  if (n < 1 || n > 1024) throw std::invalid_argument("the number of threads must be from 1 to 1024");
  threads = n;
}

int get_threads() {
  if (!threads) threads = default_threads("/sys/fs/cgroup", "/proc/self/cgroup");
  return threads;
}

void execute(Program&, Cursor& cursor, double cost, int64_t scratch_bytes, Errors* errors) {
  int n = get_threads();
  Pool& p = *pool;
  if (n > 1 && cost > WORTH_THREADS) {
    std::unique_lock<std::mutex> guard(p.busy, std::try_to_lock);   // another thread's run has the workers: do without
    if (guard) return p.run(cursor, scratch_bytes, errors, n);
  }
  while (const Phase* phase = cursor.next()) {
    try {
      if (phase->python) phase->python->call(cursor.bases());
      else for (int64_t u = 0; u < phase->units; u++) run_unit(cursor.scope(), *phase, 0, 1, u, scratch_bytes, errors);
    } catch (...) {
      cursor.failure = std::current_exception();
    }
  }
}

// Much memory is asked of the system, which gives it page by page, and zero, when it is touched. A step of a small network goes
// through all of it, and large pages save the processor its look-ups; the arena of a large one is never touched as a whole,
// and they made the first step of a residual network 130 ms slower.
constexpr int64_t LARGE_PAGES = 32 << 20;                // bytes at most

bool by_pages(int64_t bytes) {
#if defined(__linux__)
  return bytes >= 1 << 22;
#else
  return false;
#endif
}

char* allocate(int64_t bytes) {
  int64_t size = add(bytes, 127) / 64 * 64;
  void* p = nullptr;
#if defined(__linux__)
  if (by_pages(bytes)) {
    p = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) throw std::bad_alloc();
    if (bytes <= LARGE_PAGES) madvise(p, size, MADV_HUGEPAGE);
  }
#endif
  if (!p) {
    p = aligned_alloc(64, size);
    if (!p) throw std::bad_alloc();
    memset(p, 0, size);
  }
  bytes_in_use += bytes;
  return (char*)p;
}

void release(char* p, int64_t bytes) {
#if defined(__linux__)
  if (by_pages(bytes)) munmap(p, (bytes + 127) / 64 * 64);
  else
#endif
    free(p);
  bytes_in_use -= bytes;
}

int64_t memory_in_use() { return bytes_in_use; }
