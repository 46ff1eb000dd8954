// A scan whose rows are cut into pieces, each run by one thread through all times: no piece may touch what another one writes.
#include <stdlib.h>
#include <algorithm>
#include "program.h"

namespace {

struct Place { const BodyBase* base; Range range; };     // range: of bytes from the base, which moves

// Where both bases move alike, a piece owns a slot `piece` bytes wide out of every `stride`. True if both ranges lie in it.
bool same_slot(const Place& a, const Place& b, int64_t pieces) {
  int64_t width = std::abs(a.base->piece), period = std::abs(a.base->stride), distance = b.base->offset - a.base->offset;
  if (std::abs(b.base->piece) != width || std::abs(b.base->stride) != period || (a.base->piece < 0) != (b.base->piece < 0)) return false;
  if (period ? distance % period || multiply(width, pieces) > period : distance) return false;
  return std::min(a.range.low, b.range.low) >= 0 && std::max(a.range.high, b.range.high) <= width;
}

bool enters_python(const Scope& body) {
  return std::any_of(body.list.begin(), body.list.end(), [](auto& inner) { return inner->call || (inner->body && enters_python(*inner->body)); });
}

constexpr int64_t MOST_AHEAD = 128 << 10;                // bytes that move: a small part of a core's L2
constexpr double LEAST_TURN = 20000;                     // nanoseconds of the shortest turn of a piece

}  // namespace

// What a time step touches on each base that moves with time, if that is not too much to be asked for a step ahead.
std::vector<Range> moving_ranges(const Scope& body) {
  std::vector<Range> moving;
  int64_t bytes = 0;
  for (size_t k = 0; k < body.mapping.size(); k++) {
    Range all{(int)k + 1, INT64_MAX, INT64_MIN, false};
    for (auto& inner : body.list)
      for (const Range& r : inner->ranges)
        if (r.base == all.base && r.low != r.high) all = {r.base, std::min(all.low, r.low), std::max(all.high, r.high), false};
    if (!body.mapping[k].stride || all.low > all.high) continue;
    moving.push_back(all);
    bytes += all.high - all.low;
  }
  return bytes <= MOST_AHEAD ? moving : std::vector<Range>{};
}

void check_pieces(const Prepared& scan) {
  std::vector<Place> places;
  const Scope& body = *scan.body;
  const BodyBase arena{0, 0, 0, 0};
  if (scan.guard) throw std::invalid_argument("a scan in pieces has no guard");
  if (enters_python(body)) throw std::invalid_argument("a scan in pieces cannot enter Python");
  for (auto& inner : body.list)
    for (const Range& r : inner->ranges)
      if (r.low != r.high) places.push_back({r.base ? &body.mapping[r.base - 1] : &arena, r});
  for (const Place& written : places) {
    if (!written.range.write) continue;
    Range w = body.in_parent(written.range, true);
    for (const Place& other : places) {
      Range r = body.in_parent(other.range, true);
      if (w.base != r.base || w.low >= r.high || r.low >= w.high || scan.pieces == 1) continue;
      if (!same_slot(written, other, scan.pieces)) throw std::invalid_argument("a piece of a scan writes what another piece touches");
    }
  }
}

// One piece of a scan's rows through some times, by the calling thread.
void run_piece(Prepared& scan, int64_t piece, int64_t begin, int64_t end, char* const* bases, char* scratch, Errors* errors) {
  std::vector<char*> mine(scan.body->bases.size());
  std::vector<Stretch> next(scan.moving.size());
  for (int64_t t = begin; t < end && scan.goes_on(bases); t++) {
    scan.body->set_bases(mine.data(), bases, t, piece);
    std::vector<Stretch>::iterator last = next.begin();
    for (const Range& r : scan.moving)
      if (t + 1 < scan.length) *last++ = {mine[r.base] + scan.body->mapping[r.base - 1].stride + r.low, r.high - r.low};
    Ahead ahead{next.data(), next.data() + (last - next.begin())};
    for (auto& inner : scan.body->list) run_alone(*inner, mine.data(), scratch, errors, piece, &ahead);
  }
}

// The first turn is half of the times, the next half of what is left, and so on: the last ones are short.
std::vector<int64_t> turn_ends(const Scope& body) {
  std::vector<int64_t> ends;
  int64_t left = body.length;
  for (; body.pieces > 1 && left > body.length / 16 && body.cost * (double)(left / 2) >= LEAST_TURN; left /= 2) ends.push_back(body.length - left / 2);
  ends.push_back(body.length);
  return ends;
}

void Turns::restart() {
  std::fill(done.begin(), done.end(), 0);
  std::fill(taken.begin(), taken.end(), false);
  owed = 0;
}

// Of those that are equally far the first from `from` on: so a thread has mostly those pieces that it had in the last loop.
int64_t Turns::take(int64_t from) {
  int64_t found = -1, pieces = (int64_t)done.size();
  for (int64_t k = 0; k < pieces; k++) {
    int64_t piece = (from + k) % pieces;
    if (!taken[piece] && done[piece] < ends.size() && (found < 0 || done[piece] < done[found])) found = piece;
  }
  if (found < 0) owed++;
  else taken[found] = true;
  return found;
}

int64_t Turns::give_back(int64_t piece) {
  std::lock_guard<std::mutex> guard(lock);
  taken[piece] = false;
  done[piece]++;
  if (!owed) return -1;
  owed--;
  return take(piece);
}

void Turns::run(Prepared& scan, int64_t unit, char* const* bases, char* scratch, Errors* errors) {
  int64_t piece;
  {
    std::lock_guard<std::mutex> guard(lock);
    piece = take(unit / (int64_t)ends.size());           // units of a lane lie side by side
  }
  while (piece >= 0) {
    size_t turn = done[piece];                           // nobody else's while it is taken
    run_piece(scan, piece, turn ? ends[turn - 1] : 0, ends[turn], bases, scratch, errors);
    piece = give_back(piece);
  }
}
