// worker.c -- a Lua state that runs segments.
//
// `weir.run.worker` returns one function, enter(segment) -> reason; everything else
// passes through the weir_run structures, whose addresses Lua learned at the start.
//
// Garbage is collected between entries, in steps sized to what the entry allocated,
// so that a cycle keeps pace with the lambdas and never runs inside a batch unless
// one call alone outgrows the heap.
//
// What all states and the engine hold is compared with the limit then, too.

#include "engine/host/worker.h"

#include <lauxlib.h>
#include <lua.h>
#include <luajit.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/host/early.h"
#include "engine/host/lifted.h"
#include "engine/host/state.h"
#include "engine/sched/tap.h"

struct weir_worker {
  weir_host *host;
  weir_flow *flow;
  const weir_worker_options *options;  // during new only
  int enter;                           // reference of the function
  int memory_before;                   // KiB, as lua_gc counts
  size_t kept;                         // by all, after the last full collection
  int flushed;                         // all compiled code was given up for it
  int due;                             // where the heap is when the next cycle begins
  size_t due_native;
};

// Of the limit of the process: from where on it is asked what is kept, how much the
// heap grows before it is asked again, and where it is full. Just below its limit a
// state would collect more and more often for less and less.
enum {
  GC_STEP_FACTOR = 2,
  ASK_PERCENT = 75,
  GROW_PERCENT = 8,
  FULL_PERCENT = 92,
  GROW_FULL_PERCENT = 2,
  SHRINK_SHARE = 32,  // of what is kept: less is not worth another cycle
};
// What is native grows by so many bytes, and by so much of the heap, before a cycle
// looks for records that scripts have left: a large heap takes long to walk.
enum { NATIVE_GROWTH = 1 << 20, NATIVE_SHARE = 8 };

static int prepare(lua_State *state)
{
  weir_worker *worker = lua_touserdata(state, 1);
  lua_settop(state, 0);
  lua_getglobal(state, "require");
  lua_pushliteral(state, "weir.run.worker");
  lua_call(state, 1, 1);
  lua_getfield(state, -1, "prepare");
  lua_pushlightuserdata(state, worker->flow);
  lua_pushstring(state, worker->options->setup);
  lua_pushinteger(state, (lua_Integer)worker->options->number);
  lua_call(state, 3, 1);
  worker->enter = luaL_ref(state, LUA_REGISTRYINDEX);
  return 0;
}

static size_t percent_of_limit(size_t share) { return weir_mem_limit() / 100 * share; }

static int holds_more_than(size_t percent)
{
  return weir_mem_limit() > 0 && weir_mem_used() > percent_of_limit(percent);
}

// Records that a script holds lie outside of its heap, so that of all is looked at.
static int must_ask(const weir_worker *worker)
{
  if (!holds_more_than(ASK_PERCENT))
    return 0;
  int full = holds_more_than(FULL_PERCENT);
  size_t grow = percent_of_limit(full ? GROW_FULL_PERCENT : GROW_PERCENT);
  size_t used = weir_mem_used();
  return (full && !worker->flushed) || used > worker->kept + grow;
}

static int count_kept(lua_State *state)
{
  lua_gc(state, LUA_GCCOLLECT, 0);
  return lua_gc(state, LUA_GCCOUNT, 0);
}

static size_t native_held(const weir_worker *worker)
{
  size_t used = weir_mem_used();
  size_t own = weir_host_memory(worker->host);
  return used > own ? used - own : 0;
}

// A cycle begins when the heap has doubled, or records that scripts held may have left
// much: those lie outside of it. Once begun it goes on in step with what is made.
static void step(lua_State *state, weir_worker *worker, int now)
{
  int grown = now - worker->memory_before;
  if (grown <= 0 || (now < worker->due && native_held(worker) < worker->due_native))
    return;
  if (lua_gc(state, LUA_GCSTEP, grown * GC_STEP_FACTOR) == 0)
    return;
  worker->due = lua_gc(state, LUA_GCCOUNT, 0) * 2;
  worker->due_native = native_held(worker) + NATIVE_GROWTH +
                       weir_host_memory(worker->host) / NATIVE_SHARE;
}

// Lua halves its stack, its buffers and its table of strings once a cycle, no more.
static void collect_all(lua_State *state, int before)
{
  int now = count_kept(state);
  while (now < before - before / SHRINK_SHARE) {
    before = now;
    now = count_kept(state);
  }
}

// Runs in protected mode too: a finaliser may raise.
static int collect(lua_State *state)
{
  weir_worker *worker = lua_touserdata(state, 1);
  int now = lua_gc(state, LUA_GCCOUNT, 0);
  if (must_ask(worker)) {
    int kept = count_kept(state);
    worker->flushed = holds_more_than(FULL_PERCENT);
    if (worker->flushed) {
      // Compiled code keeps the closures that it was made for, and what those hold.
      luaJIT_setmode(state, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_FLUSH);
      collect_all(state, kept);
    }
    worker->kept = weir_mem_used();
  } else {
    step(state, worker, now);
  }
  worker->memory_before = lua_gc(state, LUA_GCCOUNT, 0);
  return 0;
}

static const char too_much_memory[] =
    "the script took more than max_memory in one go; raise --max-memory, or keep less";

static int fail(weir_run *run, int code, const char *message)
{
  run->code = code;
  snprintf(run->message, sizeof run->message, "%s", message != NULL ? message : "?");
  return WEIR_RUN_FAILED;
}

// What the state keeps is the script's; the rest is records and what stages hold.
static int fail_full(const weir_worker *worker, uint32_t segment, weir_run *run)
{
  enum { MIB = 1 << 20 };
  char message[WEIR_RUN_MESSAGE];
  size_t used = weir_mem_used();
  size_t limit = weir_mem_limit();
  if (weir_host_memory(worker->host) > used / 2) {
    snprintf(message, sizeof message,
             "what the script keeps fills max_memory (%zu of %zu MiB); raise "
             "--max-memory, or keep less",
             weir_host_memory(worker->host) / MIB, limit / MIB);
    return fail(run, WEIR_EMEMORY, message);
  }
  snprintf(
      message, sizeof message,
      "%s: max_memory is reached (%zu of %zu MiB held, %zu by the script); raise "
      "--max-memory, take fewer --workers, or keep less: top instead of sort, fewer "
      "keys, shorter records",
      weir_flow_path(worker->flow, segment, 0), used / MIB, limit / MIB,
      weir_host_memory(worker->host) / MIB);
  return fail(run, WEIR_ENOMEM, message);
}

struct entry {
  weir_worker *worker;
  weir_run *run;
  uint32_t segment;
  int reason;
};

static int enter_state(lua_State *state, void *context)
{
  struct entry *entry = context;
  lua_rawgeti(state, LUA_REGISTRYINDEX, entry->worker->enter);
  lua_pushinteger(state, (lua_Integer)entry->segment);
  int rc = lua_pcall(state, 1, 1, 0);
  entry->reason = rc == 0 ? (int)lua_tointeger(state, -1)
                          : fail(entry->run, WEIR_ELAMBDA, lua_tostring(state, -1));
  lua_settop(state, 0);
  __atomic_store_n(&entry->run->mark, entry->run->stage_count + WEIR_MARK_COLLECT,
                   __ATOMIC_RELAXED);
  if (lua_cpcall(state, collect, entry->worker) != 0)
    lua_settop(state, 0);
  return WEIR_OK;
}

static int is_looked_into(const weir_run *run)
{
  weir_tap **taps = __atomic_load_n(&run->taps, __ATOMIC_ACQUIRE);
  if (run->weighs)
    return 1;
  return taps != NULL && weir_tap_wanting(taps, run->stage_count, 0) >= 0;
}

// Whether all that the entry is to do was done without the state. That is left out
// where memory runs short, since only the state knows what is garbage, and where
// somebody looks at what a stage lets go, or weighs it.
static int enter_lifted(struct entry *entry)
{
  weir_run *run = entry->run;
  if (run->lifted == NULL || run->finishing || is_looked_into(run) ||
      must_ask(entry->worker))
    return 0;
  int stop = weir_lifted_walk(run->lifted, run);
  entry->reason = stop == WEIR_STRIP_FULL            ? WEIR_RUN_FULL
                  : run->row < run->batch->row_count ? WEIR_RUN_MORE
                                                     : WEIR_RUN_DONE;
  return stop == WEIR_STRIP_FULL || stop == WEIR_STRIP_END;
}

static int enter(void *context, uint32_t segment, weir_run *run)
{
  weir_worker *worker = context;
  struct entry entry = {.worker = worker, .run = run, .segment = segment};
  weir_host_charge(worker->host, run->marks != NULL ? run : NULL);
  int rc = WEIR_OK;
  if (!enter_lifted(&entry))
    rc = weir_host_enter(worker->host, enter_state, &entry);
  weir_host_charge(worker->host, NULL);
  if (rc != WEIR_OK)
    return fail(run, rc, too_much_memory);
  return holds_more_than(FULL_PERCENT) ? fail_full(worker, segment, run) : entry.reason;
}

struct birth {
  weir_worker *worker;
  char *message;
  size_t message_size;
};

static int prepare_state(lua_State *state, void *context)
{
  struct birth *birth = context;
  if (lua_cpcall(state, prepare, birth->worker) != 0) {
    const char *text = lua_tostring(state, -1);
    snprintf(birth->message, birth->message_size, "%s",
             text != NULL ? text : "the script failed");
    return WEIR_ELAMBDA;
  }
  birth->worker->memory_before = lua_gc(state, LUA_GCCOUNT, 0);
  return WEIR_OK;
}

static int get_state(weir_worker *worker, const weir_worker_options *options)
{
  worker->host = options->early != NULL ? weir_early_take(options->early) : NULL;
  if (worker->host == NULL)
    return weir_host_new(&worker->host, options->memory_max, options->lpeg);
  weir_host_limit(worker->host, options->memory_max);
  return WEIR_OK;
}

int weir_worker_new(weir_worker **out, weir_flow *flow,
                    const weir_worker_options *options, char *message,
                    size_t message_size)
{
  weir_worker *worker = weir_mem_new(sizeof *worker);
  worker->flow = flow;
  worker->options = options;
  int rc = get_state(worker, options);
  if (rc != WEIR_OK) {
    snprintf(message, message_size, "%s", weir_err_text(rc));
    goto free_worker;
  }
  struct birth birth = {worker, message, message_size};
  rc = weir_host_enter(worker->host, prepare_state, &birth);
  if (rc == WEIR_EMEMORY)
    snprintf(message, message_size, "%s", too_much_memory);
  if (rc != WEIR_OK)
    goto free_host;
  worker->options = NULL;
  weir_host_share(worker->host);
  *out = worker;
  return WEIR_OK;

free_host:
  weir_host_free(worker->host);
free_worker:
  weir_mem_free(worker);
  return rc;
}

void weir_worker_free(weir_worker *worker)
{
  if (worker == NULL)
    return;
  weir_host_free(worker->host);
  weir_mem_free(worker);
}

weir_runner weir_worker_runner(weir_worker *worker)
{
  return (weir_runner){.enter = enter, .context = worker};
}

size_t weir_worker_memory(const weir_worker *worker)
{
  return weir_host_memory(worker->host);
}
