// early.c -- a thread that loads what a worker needs, and ends.

#include "engine/host/early.h"

#include <lua.h>
#include <pthread.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/host/state.h"

struct weir_early {
  pthread_t thread;
  int at_work;
  weir_host *host;
};

static int require_worker(lua_State *state)
{
  lua_getglobal(state, "require");
  lua_pushliteral(state, "weir.run.worker");
  lua_call(state, 1, 0);
  return 0;
}

static int load(lua_State *state, void *context)
{
  return lua_cpcall(state, require_worker, context) == 0 ? WEIR_OK : WEIR_ELAMBDA;
}

static void *make(void *argument)
{
  weir_early *early = argument;
  if (weir_host_new(&early->host, 0, NULL) != WEIR_OK) {
    early->host = NULL;
  } else if (weir_host_enter(early->host, load, NULL) != WEIR_OK) {
    weir_host_free(early->host);
    early->host = NULL;
  }
  return NULL;
}

weir_early *weir_early_new(void)
{
  weir_early *early = weir_mem_new(sizeof *early);
  early->at_work = pthread_create(&early->thread, NULL, make, early) == 0;
  return early;
}

static void wait(weir_early *early)
{
  if (early->at_work)
    pthread_join(early->thread, NULL);
  early->at_work = 0;
}

size_t weir_early_memory(weir_early *early)
{
  wait(early);
  return early->host != NULL ? weir_host_memory(early->host) : 0;
}

weir_host *weir_early_take(weir_early *early)
{
  wait(early);
  weir_host *host = early->host;
  early->host = NULL;
  return host;
}

void weir_early_free(weir_early *early)
{
  if (early == NULL)
    return;
  weir_host_free(weir_early_take(early));
  weir_mem_free(early);
}
