// explore.h -- every way in which a few threads can meet.
//
// A program of threads is run again and again. Where a thread rests, any other may go
// on; where it says `explore_choose`, any answer may come. A run is made for every such
// way, but not twice from a state that was met before, so that waiting in a circle ends
// and what does not matter is not told apart.
//
//     struct explore_world world = {begin, hash, end};
//     explore(&world);
//
// Threads are coroutines of one thread, and a run must depend on the choices alone.

#pragma once

#include <stdint.h>

enum { EXPLORE_THREADS_MAX = 4 };

struct explore_world {
  void (*begin)(void);     // makes the world anew and spawns its threads
  uint64_t (*hash)(void);  // of all that the rest of a run can depend on
  void (*end)(void);       // every thread has ended; may be NULL
};

struct explore_sum {
  uint64_t runs;
  uint64_t states;
};

// Some run must come to its end.
struct explore_sum explore(const struct explore_world *world);

// Worlds that are alike, each explored for itself.
struct explore_plans {
  const char *what;
  const char *(*choose)(int number);  // from 0, the plan from now on; its name, or NULL
  void (*leave)(void);                // it has been explored
};

// The program: explores those whose name has argv[1] in it, or all, and prints sums.
int explore_plans(int argc, char **argv, const struct explore_plans *plans,
                  const struct explore_world *world);

// From `begin`, or from a thread. Its number, from 0.
int explore_spawn(void (*body)(int number));

int explore_choose(int count);  // from 0
int explore_self(void);         // the thread that runs, or -1

// Lets others go on. `where` and `what` say where the thread stands; asleep: it goes on
// only after a wake.
void explore_rest(int where, int what);
void explore_sleep(void);
void explore_wake(int number);

// Where the threads stand, as part of a state.
uint64_t explore_places(void);

uint64_t explore_mix(uint64_t hash, uint64_t word);
uint64_t explore_bytes(uint64_t hash, const void *bytes, uint64_t size);

// Ends the program unless `condition` holds, and tells how it came to this.
void explore_expect(int condition, const char *what);
