// redial.c -- the one peer that a gate goes to.

#include "engine/io/redial.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>

#include "engine/base/err.h"

void weir_redial_init(weir_redial *redial, enum weir_transport transport,
                      const char *address, int64_t timeout_ns,
                      const weir_retries *retries, int64_t now_ns)
{
  *redial = (weir_redial){.transport = transport,
                          .address = address,
                          .timeout_ns = timeout_ns,
                          .next_ns = now_ns};
  weir_backoff_init(&redial->backoff, retries, (uint64_t)now_ns);
}

void weir_redial_fini(weir_redial *redial)
{
  weir_redial_stop(redial);
  weir_plight_fini(&redial->plight);
}

void weir_redial_stop(weir_redial *redial)
{
  weir_dial_free(redial->dial);
  redial->dial = NULL;
}

int weir_redial_step(weir_redial *redial, weir_net *net,
                     const weir_socket_options *options, weir_tls *tls, int64_t now_ns,
                     weir_socket **out)
{
  if (redial->dial == NULL && now_ns < redial->next_ns)
    return WEIR_EEMPTY;
  if (redial->dial == NULL)
    redial->dial = weir_dial_new(net, redial->transport, redial->address, options, tls,
                                 redial->timeout_ns);
  int rc = weir_dial_step(redial->dial, now_ns, &redial->next_ns, out);
  if (rc == WEIR_EEMPTY)
    return rc;
  snprintf(redial->problem, sizeof redial->problem, "%s",
           weir_dial_message(redial->dial));
  weir_redial_stop(redial);
  redial->has_worked |= rc == WEIR_OK;
  return rc;
}

// What no time mends.
static int is_mistake(int code) { return code == -EKEYREJECTED || code == -EPROTO; }

int weir_redial_again(weir_redial *redial, int code, int64_t now_ns)
{
  int has_ended = code == WEIR_EEND || code == -ETIME;
  int64_t wait_ns = weir_backoff_next(&redial->backoff);
  if (wait_ns >= 0 && (redial->has_worked || !is_mistake(code))) {
    redial->next_ns = now_ns + wait_ns;
    return WEIR_OK;
  }
  if (!has_ended)
    return code;
  return redial->backoff.retries.max == 0 ? WEIR_EEND : -ECONNRESET;
}

const char *weir_redial_plight(weir_redial *redial, int code, const char *name)
{
  const char *words = weir_err_text(code);
  if (code == WEIR_EEND)
    words = "connecting again";
  else if (redial->problem[0] != '\0')
    words = redial->problem;
  return weir_plight_text(&redial->plight, code, name, words);
}
