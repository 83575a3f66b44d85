// early.c -- a thread that loads what a worker needs, and ends.

#include "engine/host/early.h"

#include <lua.h>
#include <pthread.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/host/state.h"

struct weir_early {
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  int at_work;
  weir_host *host;
};

// A worker has the others loaded where it meets a lambda, which most pipelines have.
static int require_all(lua_State *state)
{
  static const char *const modules[] = {"weir.run.worker", "weir.expr.purity",
                                        "weir.expr.lift.frame"};
  for (size_t i = 0; i < sizeof modules / sizeof modules[0]; i++) {
    lua_getglobal(state, "require");
    lua_pushstring(state, modules[i]);
    lua_call(state, 1, 0);
  }
  return 0;
}

static int load(lua_State *state, void *context)
{
  return lua_cpcall(state, require_all, context) == 0 ? WEIR_OK : WEIR_ELAMBDA;
}

static weir_host *new_host(void)
{
  weir_host *host;
  if (weir_host_new(&host, 0, NULL) != WEIR_OK)
    return NULL;
  if (weir_host_enter(host, load, NULL) == WEIR_OK)
    return host;
  weir_host_free(host);
  return NULL;
}

static void *work(void *argument)
{
  weir_early *early = argument;
  weir_host *host = new_host();
  pthread_mutex_lock(&early->mutex);
  early->host = host;
  early->at_work = 0;
  pthread_cond_signal(&early->changed);
  pthread_mutex_unlock(&early->mutex);
  return NULL;
}

weir_early *weir_early_new(void)
{
  weir_early *early = weir_mem_new(sizeof *early);
  pthread_mutex_init(&early->mutex, NULL);
  pthread_cond_init(&early->changed, NULL);
  early->at_work = 1;
  pthread_t thread;
  if (pthread_create(&thread, NULL, work, early) == 0)
    pthread_detach(thread);  // nobody need wait for it, not even who ends the process
  else
    early->at_work = 0;
  return early;
}

static void wait(weir_early *early)
{
  pthread_mutex_lock(&early->mutex);
  while (early->at_work)
    pthread_cond_wait(&early->changed, &early->mutex);
  pthread_mutex_unlock(&early->mutex);
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
  pthread_cond_destroy(&early->changed);
  pthread_mutex_destroy(&early->mutex);
  weir_mem_free(early);
}
