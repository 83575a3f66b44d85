// caller.c -- the one peer that a sink goes to.

#include "engine/io/caller.h"

#include <stdio.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/loop/dial.h"

int weir_caller_init(weir_caller *caller, const char *address,
                     enum weir_transport transport, const weir_retries *retries,
                     weir_clock clock)
{
  *caller = (weir_caller){.clock = clock, .transport = transport};
  int rc = weir_net_new(&caller->net);
  if (rc != WEIR_OK)
    return rc;
  caller->address = weir_mem_text(address);
  weir_backoff_init(&caller->backoff, retries, (uint64_t)weir_caller_now_ns(caller));
  return rc;
}

void weir_caller_fini(weir_caller *caller)
{
  weir_net_free(caller->net);
  weir_plight_fini(&caller->plight);
  weir_mem_free(caller->address);
}

int64_t weir_caller_now_ns(const weir_caller *caller)
{
  return caller->clock.monotonic_ns(caller->clock.context);
}

void weir_caller_wait_until(weir_caller *caller, int64_t until_ns)
{
  int64_t left_ns = until_ns - weir_caller_now_ns(caller);
  weir_net_wait(caller->net, until_ns == INT64_MAX ? -1 : left_ns > 0 ? left_ns : 0);
  while (weir_net_take(caller->net) != NULL) {
    // There is one socket at most, and who waits for it looks.
  }
}

int weir_caller_dial(weir_caller *caller, const weir_socket_options *options,
                     weir_tls *tls, int64_t timeout_ns)
{
  weir_dial *dialled = weir_dial_new(caller->net, caller->transport, caller->address,
                                     options, tls, timeout_ns);
  int rc;
  for (;;) {
    int64_t until_ns;
    rc =
        weir_dial_step(dialled, weir_caller_now_ns(caller), &until_ns, &caller->socket);
    if (rc == WEIR_EEMPTY && weir_caller_is_cancelled(caller))
      rc = WEIR_ESTOPPED;
    if (rc != WEIR_EEMPTY)
      break;
    weir_caller_wait_until(caller, until_ns);
  }
  snprintf(caller->problem, sizeof caller->problem, "%s", weir_dial_message(dialled));
  weir_dial_free(dialled);
  return rc;
}

void weir_caller_hang_up(weir_caller *caller)
{
  weir_socket_close(caller->socket);
  caller->socket = NULL;
}

// Relaxed, as with a cancel: the net orders it.
static int is_in_haste(const weir_caller *caller)
{
  return __atomic_load_n(&caller->in_haste, __ATOMIC_RELAXED);
}

int weir_caller_wait_to_retry(weir_caller *caller)
{
  int64_t wait_ns = weir_backoff_next(&caller->backoff);
  if (wait_ns < 0)
    return WEIR_EEND;
  int in_haste = is_in_haste(caller);
  if (in_haste && wait_ns > WEIR_CALLER_HASTE_NS)
    wait_ns = WEIR_CALLER_HASTE_NS;
  int64_t until_ns = weir_caller_now_ns(caller) + wait_ns;
  while (weir_caller_now_ns(caller) < until_ns && in_haste == is_in_haste(caller) &&
         !weir_caller_is_cancelled(caller))
    weir_caller_wait_until(caller, until_ns);
  return WEIR_OK;
}

void weir_caller_hasten(weir_caller *caller)
{
  __atomic_store_n(&caller->in_haste, 1, __ATOMIC_RELAXED);
  weir_net_wake(caller->net);
}

const char *weir_caller_plight(weir_caller *caller, int code, const char *name)
{
  enum { NAME_MAX = 300 };
  char what[NAME_MAX];
  snprintf(what, sizeof what, "%s cannot be reached", name);
  const char *words =
      caller->problem[0] != '\0' ? caller->problem : weir_err_text(code);
  return weir_plight_text(&caller->plight, code, what, words);
}

void weir_caller_cancel(weir_caller *caller)
{
  // Relaxed: the net orders it.
  __atomic_store_n(&caller->cancelled, 1, __ATOMIC_RELAXED);
  weir_net_wake(caller->net);
}

int weir_caller_is_cancelled(const weir_caller *caller)
{
  return __atomic_load_n(&caller->cancelled, __ATOMIC_RELAXED);
}
