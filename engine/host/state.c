// state.c -- makes Lua states, and lets the main one loose.
//
// Everything that can raise runs inside lua_cpcall or lua_pcall: an error outside
// would be a panic.
//
// The allocator never gives NULL to a state at work: the LuaJIT of 2022 unwinds
// compiled code from a frame that is no longer there. Near the limit it takes the
// script's fuel, so that it ends at the next turn of a loop or call, which is a place
// to raise from. Near is as far as the largest block would go by doubling: tables and
// buffers do. What grows far above the limit in between is left for good, by longjmp.
// All this is for the state that grew since it was entered, and not for one that asks
// for a little while others hold much.

#include "engine/host/state.h"

#include <lauxlib.h>
#include <lua.h>
#include <luajit.h>
#include <lualib.h>
#include <math.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/host/embed.h"
#include "engine/host/next.h"
#include "engine/host/plain.h"
#include "engine/sched/run.h"

enum { PATH_MAX_BYTES = 512 };

struct weir_host {
  lua_State *state;
  lua_Alloc of_lua;  // Lua's own allocator, which no two states share, and its user
  void *of_lua_user;
  weir_host_opener lpeg;
  size_t memory_max;  // of its own, 0 for no limit
  int shares;         // the limit of the process
  _Atomic size_t memory;
  size_t noted;        // of memory, in the count of the process
  size_t entered;      // memory when the state was entered
  size_t largest;      // block, more or less
  lua_State *starver;  // holds the cell of fuel and its key, or NULL
  jmp_buf *way_out;    // of whoever has entered the state, or NULL
  weir_run *charged;   // with what is allocated, or NULL
  int abandoned;
};

enum {
  CELL = 1,
  KEY,
  NOTE_BYTES = 32 * 1024,  // what the count of the process may be wrong by
  ABOVE_SHARE = 10,        // of the limit: it may be passed by so much
  GROWN_SHARE = 32,        // of the limit: who grew less is not to blame
};

// Allocates nothing, and touches no thread that runs: the key is in the table already.
static void starve(lua_State *starver)
{
  lua_pushvalue(starver, KEY);
  lua_pushnumber(starver, -HUGE_VAL);
  lua_rawset(starver, CELL);
}

// For what it cannot be refused. Nothing may run in this state again.
static void *abandon(weir_host *host)
{
  if (host->way_out == NULL)
    return NULL;
  host->abandoned = 1;
  longjmp(*host->way_out, 1);
}

static void charge(void *charged, size_t bytes)
{
  weir_run *run = charged;
  weir_mark *mark = &run->marks[run->mark];
  __atomic_fetch_add(&mark->allocations, 1, __ATOMIC_RELAXED);
  __atomic_fetch_add(&mark->bytes, bytes, __ATOMIC_RELAXED);
}

// What a block takes of the heap, which is much for the small ones that Lua likes.
static size_t chunk_bytes(size_t size)
{
  return size > 0 ? (size + sizeof(size_t) + 15) & ~(size_t)15 : 0;
}

static void note(weir_host *host, size_t held)
{
  if (held >= host->noted)
    weir_mem_note(held - host->noted, 0);
  else
    weir_mem_note(0, host->noted - held);
  host->noted = held;
}

// Whether the state must be left before it gets what makes it hold `next`.
static int is_beyond(weir_host *host, size_t next)
{
  size_t limit = host->shares ? weir_mem_limit() : 0;
  size_t used = next;
  if (limit > 0)
    used = weir_mem_used() - host->noted + next;
  else
    limit = host->memory_max;
  if (limit == 0 || next < host->entered + limit / GROWN_SHARE)
    return 0;
  if (used + host->largest > limit && host->starver != NULL)
    starve(host->starver);
  return used > limit + limit / ABOVE_SHARE;
}

static void remember_size(weir_host *host, size_t old_size, size_t new_size)
{
  if (new_size > host->largest)
    host->largest = new_size;
  else if (old_size == host->largest)
    host->largest /= 2;
}

// Lua's own allocator does the work; it tells nobody what it holds.
static void *allocate(void *user, void *block, size_t old_size, size_t new_size)
{
  weir_host *host = user;
  size_t held = atomic_load_explicit(&host->memory, memory_order_relaxed);
  size_t old = block != NULL ? old_size : 0;
  size_t next = held - chunk_bytes(old) + chunk_bytes(new_size);
  void *fresh = NULL;

  // A block that shrinks may do so above the limit: Lua cannot be refused that.
  if (next > host->noted + NOTE_BYTES && next > held && is_beyond(host, next))
    return abandon(host);
  if (new_size == 0) {
    host->of_lua(host->of_lua_user, block, old_size, 0);
  } else {
    fresh = host->of_lua(host->of_lua_user, block, old_size, new_size);
    if (fresh == NULL)
      return abandon(host);
    if (host->charged != NULL && new_size > old)
      charge(host->charged, new_size - old);
  }
  remember_size(host, old, new_size);
  // Relaxed: a statistic that only this thread writes.
  atomic_store_explicit(&host->memory, next, memory_order_relaxed);
  if (next > host->noted + NOTE_BYTES || next + NOTE_BYTES < host->noted)
    note(host, next);
  return fresh;
}

static const weir_embedded *find_module(const char *name)
{
  char path[PATH_MAX_BYTES];
  size_t size = strlen(name);
  if (size + sizeof "lua//init.lua" > sizeof path)
    return NULL;
  snprintf(path, sizeof path, "lua/%s.lua", name);
  for (char *at = path + 4; at < path + 4 + size; at++) {
    if (*at == '.')
      *at = '/';
  }
  const weir_embedded *file = weir_embedded_find(path);
  if (file != NULL)
    return file;
  memcpy(path + 4 + size, "/init.lua", sizeof "/init.lua");
  return weir_embedded_find(path);
}

// A member of package.loaders.
static int search(lua_State *state)
{
  const char *name = luaL_checkstring(state, 1);
  const weir_embedded *file = find_module(name);
  if (file == NULL) {
    lua_pushfstring(state, "\n\tno module '%s' in weir", name);
    return 1;
  }
  char chunk[PATH_MAX_BYTES];
  snprintf(chunk, sizeof chunk, "@%s", file->path);
  if (luaL_loadbuffer(state, file->bytes, file->size, chunk) != 0)
    return lua_error(state);
  return 1;
}

// require("weir.embedded").find(path): the file's bytes, or nil.
static int find(lua_State *state)
{
  const weir_embedded *file = weir_embedded_find(luaL_checkstring(state, 1));
  if (file == NULL)
    return 0;
  lua_pushlstring(state, file->bytes, file->size);
  return 1;
}

// require("weir.embedded").list(prefix): the paths that start so, in order.
static int list(lua_State *state)
{
  size_t size;
  const char *prefix = luaL_checklstring(state, 1, &size);
  lua_newtable(state);
  int count = 0;
  for (size_t i = 0; i < weir_embedded_count; i++) {
    if (strncmp(weir_embedded_files[i].path, prefix, size) == 0) {
      lua_pushstring(state, weir_embedded_files[i].path);
      lua_rawseti(state, -2, ++count);
    }
  }
  return 1;
}

static int open_embedded(lua_State *state)
{
  static const luaL_Reg functions[] = {{"find", find}, {"list", list}, {NULL, NULL}};
  lua_newtable(state);
  luaL_register(state, NULL, functions);
  return 1;
}

// require("weir.starve")(cell, limit): sets cell.left to -inf whenever memory is above
// its limit, which stays as it is without `limit`, in bytes.
static int set_starver(lua_State *state)
{
  weir_host *host = lua_touserdata(state, lua_upvalueindex(1));
  luaL_checktype(state, 1, LUA_TTABLE);
  host->memory_max = (size_t)luaL_optnumber(state, 2, (lua_Number)host->memory_max);
  if (host->starver != NULL)
    return 0;
  lua_settop(state, 1);
  lua_pushliteral(state, "left");
  lua_State *starver = lua_newthread(state);
  lua_setfield(state, LUA_REGISTRYINDEX, "weir.starve");
  lua_xmove(state, starver, KEY);
  host->starver = starver;
  return 0;
}

static int open_starve(lua_State *state)
{
  lua_pushvalue(state, lua_upvalueindex(1));
  lua_pushcclosure(state, set_starver, 1);
  return 1;
}

// Puts our searcher second: after package.preload, before the disk.
static void add_searcher(lua_State *state)
{
  lua_getglobal(state, "package");
  lua_getfield(state, -1, "loaders");
  for (int i = (int)lua_objlen(state, -1); i >= 2; i--) {
    lua_rawgeti(state, -1, i);
    lua_rawseti(state, -2, i + 1);
  }
  lua_pushcfunction(state, search);
  lua_rawseti(state, -2, 2);
  lua_pop(state, 2);
}

static void preload_for(lua_State *state, const char *name, lua_CFunction opener,
                        weir_host *host)
{
  luaL_findtable(state, LUA_GLOBALSINDEX, "package.preload", 1);
  lua_pushlightuserdata(state, host);
  lua_pushcclosure(state, opener, 1);
  lua_setfield(state, -2, name);
  lua_pop(state, 1);
}

static void preload(lua_State *state, const char *name, lua_CFunction opener)
{
  preload_for(state, name, opener, NULL);
}

static int furnish(lua_State *state)
{
  weir_host *host = lua_touserdata(state, 1);
  luaL_openlibs(state);
  // Loading makes little garbage, and loops too little to be compiled; weir.run.script
  // starts the collector, weir.run.worker the compiler.
  lua_gc(state, LUA_GCSTOP, 0);
  luaJIT_setmode(state, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
  weir_host_replace_next(state);
  // In the library that specs load nothing is carried: the tree is read instead.
  if (weir_embedded_count > 0) {
    add_searcher(state);
    preload(state, "weir.embedded", open_embedded);
  }
  preload(state, "weir.plain", weir_plain_open);
  preload_for(state, "weir.starve", open_starve, host);
  if (host->lpeg != NULL)
    preload(state, "lpeg", host->lpeg);
  return 0;
}

static void take_over(weir_host *host)
{
  enum { KIB = 1024 };
  host->of_lua = lua_getallocf(host->state, &host->of_lua_user);
  atomic_init(&host->memory, (size_t)lua_gc(host->state, LUA_GCCOUNT, 0) * KIB);
  lua_setallocf(host->state, allocate, host);
}

int weir_host_new(weir_host **out, size_t memory_max, weir_host_opener lpeg)
{
  weir_host *host = weir_mem_new(sizeof *host);
  *host = (weir_host){.memory_max = memory_max, .lpeg = lpeg};
  atomic_init(&host->memory, 0);
  host->state = luaL_newstate();
  if (host->state != NULL)
    take_over(host);
  if (host->state == NULL || lua_cpcall(host->state, furnish, host) != 0) {
    weir_host_free(host);
    return WEIR_ENOMEM;
  }
  *out = host;
  return WEIR_OK;
}

void weir_host_free(weir_host *host)
{
  if (host == NULL)
    return;
  if (host->state != NULL) {
    // Finalisers get what they need, and Lua knows that all it holds goes at once.
    lua_setallocf(host->state, host->of_lua, host->of_lua_user);
    lua_close(host->state);
  }
  note(host, 0);
  weir_mem_free(host);
}

size_t weir_host_memory(const weir_host *host)
{
  return atomic_load_explicit(&host->memory, memory_order_relaxed);
}

int weir_host_enter(weir_host *host, weir_host_body body, void *context)
{
  jmp_buf way_out;
  if (host->abandoned)
    return WEIR_EMEMORY;
  if (setjmp(way_out) != 0) {
    host->way_out = NULL;
    return WEIR_EMEMORY;
  }
  host->way_out = &way_out;
  host->entered = weir_host_memory(host);
  int rc = body(host->state, context);
  host->way_out = NULL;
  return rc;
}

struct lua_State *weir_host_state(weir_host *host) { return host->state; }

void weir_host_charge(weir_host *host, weir_run *run)
{
  host->charged = run;
  weir_mem_watch(run != NULL ? charge : NULL, run);
}

void weir_host_limit(weir_host *host, size_t memory_max)
{
  host->memory_max = memory_max;
}

void weir_host_share(weir_host *host) { host->shares = 1; }

struct arguments {
  int count;
  char **texts;
  int exit_code;
};

static int trace(lua_State *state)
{
  const char *message = lua_tostring(state, 1);
  luaL_traceback(state, state, message != NULL ? message : "an error without text", 1);
  return 1;
}

static int call_main(lua_State *state)
{
  struct arguments *arguments = lua_touserdata(state, 1);
  lua_pushcfunction(state, trace);
  lua_getglobal(state, "require");
  lua_pushliteral(state, "weir.cli.main");
  if (lua_pcall(state, 1, 1, 2) != 0)
    return lua_error(state);
  lua_getfield(state, -1, "main");
  lua_createtable(state, arguments->count, 0);
  for (int i = 0; i < arguments->count; i++) {
    lua_pushstring(state, arguments->texts[i]);
    lua_rawseti(state, -2, i);  // 0 is the program itself
  }
  if (lua_pcall(state, 1, 1, 2) != 0)
    return lua_error(state);
  arguments->exit_code = (int)lua_tointeger(state, -1);
  return 0;
}

static int run_main(lua_State *state, void *arguments)
{
  if (lua_cpcall(state, call_main, arguments) != 0) {
    fprintf(stderr, "weir: %s\n", lua_tostring(state, -1));
    lua_pop(state, 1);
  }
  return WEIR_OK;
}

int weir_host_main(weir_host *host, int argc, char **argv)
{
  struct arguments arguments = {argc, argv, 1};
  // This state reads a script once; what runs a million times runs in the workers'.
  luaJIT_setmode(host->state, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
  int rc = weir_host_enter(host, run_main, &arguments);
  if (rc != WEIR_OK)
    fprintf(stderr, "weir: %s\n", weir_err_text(rc));
  return arguments.exit_code;
}
