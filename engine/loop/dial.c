// dial.c -- an outgoing connection.
//
// A look-up cannot be stopped once it runs. So what it writes to is a block of its
// own, which a dial that is given up leaves behind for the end of the look-up to free.

#include "engine/loop/dial.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <uv.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/loop/distrust.h"
#include "engine/loop/lookup.h"
#include "engine/loop/socket.h"

// So long it is waited for a peer to say what it thinks of our certificate.
enum { VERDICT_NS = 1000000000 };

struct search {
  uv_getaddrinfo_t request;
  weir_dial *dial;  // NULL: nobody waits for it any more
};

struct weir_dial {
  weir_net *net;
  char *text;
  weir_socket_options options;
  int64_t timeout_ns;
  weir_addresses addresses;
  enum weir_transport transport;
  uint32_t next;  // of the addresses
  struct search *search;
  weir_socket *socket;
  int64_t until_ns;  // of the address that is being tried
  int64_t
      verdict_ns;  // the handshake is over, and its word is waited for; 0: it is not
  int code;        // of the last failure
  int searched;
  int connected;
  weir_tls *tls;
  char host[WEIR_ADDRESS_TEXT];
  char message[WEIR_DISTRUST_TEXT];
};

weir_dial *weir_dial_new(weir_net *net, enum weir_transport transport, const char *text,
                         const weir_socket_options *options, weir_tls *tls,
                         int64_t timeout_ns)
{
  weir_dial *dial = weir_mem_new(sizeof *dial);
  dial->net = net;
  dial->transport = transport;
  dial->text = weir_mem_text(text);
  dial->options = *options;
  dial->tls = tls;
  dial->timeout_ns = timeout_ns;
  return dial;
}

void weir_dial_free(weir_dial *dial)
{
  if (dial == NULL)
    return;
  if (dial->search != NULL) {
    dial->search->dial = NULL;
    uv_cancel((uv_req_t *)&dial->search->request);
  }
  weir_socket_close(dial->socket);
  weir_mem_free(dial->text);
  weir_mem_free(dial);
}

static void found(uv_getaddrinfo_t *request, int status, struct addrinfo *list)
{
  struct search *search = request->data;
  weir_dial *dial = search->dial;
  if (dial != NULL) {
    if (status == 0)
      weir_lookup_take(&dial->addresses, dial->transport, list);
    else
      snprintf(dial->message, sizeof dial->message, "no address is found for %s: %s",
               dial->host, uv_strerror(status));
    dial->code = WEIR_ENAME;
    dial->searched = 1;
    dial->search = NULL;
    weir_net_stir(dial->net);
  }
  uv_freeaddrinfo(list);
  weir_mem_free(search);
}

static int begin_search(weir_dial *dial)
{
  if (dial->transport == WEIR_TRANSPORT_UNIX ||
      dial->transport == WEIR_TRANSPORT_UNIX_DATAGRAM) {
    dial->searched = 1;
    return weir_address_find(&dial->addresses, dial->transport, dial->text, 0);
  }
  char *host = dial->host;
  char port[WEIR_ADDRESS_TEXT];
  int rc = weir_address_split(dial->text, host, port);
  if (rc != WEIR_OK)
    return rc;
  struct addrinfo hints;
  weir_lookup_hints(&hints, dial->transport, 0);
  struct search *search = weir_mem_new(sizeof *search);
  search->dial = dial;
  search->request.data = search;
  rc = uv_getaddrinfo(weir_net_uv(dial->net), &search->request, found,
                      host[0] != '\0' ? host : NULL, port, &hints);
  if (rc != 0) {
    weir_mem_free(search);
    return rc;
  }
  dial->search = search;
  return WEIR_OK;
}

static int greet(weir_dial *dial, int64_t now_ns)
{
  int rc = weir_socket_greet(dial->socket);
  if (rc != WEIR_EEMPTY) {
    snprintf(dial->message, sizeof dial->message, "%s",
             weir_socket_message(dial->socket));
    return rc;
  }
  if (weir_socket_has_greeted(dial->socket) && dial->verdict_ns == 0) {
    dial->verdict_ns = now_ns + VERDICT_NS;
    if (dial->until_ns > dial->verdict_ns)
      dial->until_ns = dial->verdict_ns;
  }
  if (now_ns < dial->until_ns)
    return rc;
  if (dial->verdict_ns != 0)
    return WEIR_OK;
  snprintf(dial->message, sizeof dial->message,
           "no answer to the handshake; does TLS listen there?");
  return -ETIMEDOUT;
}

static int has_arrived(weir_dial *dial, int64_t now_ns)
{
  if (dial->connected)
    return greet(dial, now_ns);
  // Both a peer that has answered and one that has refused make it ready to write.
  if (!weir_socket_is_writable(dial->socket))
    return now_ns >= dial->until_ns ? -ETIMEDOUT : WEIR_EEMPTY;
  int rc = weir_socket_connected(dial->socket);
  if (rc != WEIR_OK || dial->tls == NULL)
    return rc;
  dial->connected = 1;
  weir_socket_secure(dial->socket, dial->tls,
                     dial->host[0] != '\0' ? dial->host : "localhost");
  weir_socket_watch(dial->socket, WEIR_SOCKET_READ | WEIR_SOCKET_WRITE);
  return greet(dial, now_ns);
}

int weir_dial_step(weir_dial *dial, int64_t now_ns, int64_t *until_ns,
                   weir_socket **out)
{
  if (!dial->searched && dial->search == NULL) {
    int rc = begin_search(dial);
    if (rc != WEIR_OK)
      return rc;
  }
  *until_ns = INT64_MAX;
  while (dial->searched) {
    if (dial->socket != NULL) {
      int rc = has_arrived(dial, now_ns);
      if (rc == WEIR_OK) {
        *out = dial->socket;
        dial->socket = NULL;
        return rc;
      }
      *until_ns = dial->until_ns;
      if (rc == WEIR_EEMPTY)
        return rc;
      dial->code = rc;
      weir_socket_close(dial->socket);
      dial->socket = NULL;
    }
    if (dial->next == dial->addresses.count)
      return dial->code;
    dial->until_ns = now_ns + dial->timeout_ns;
    dial->verdict_ns = 0;
    dial->connected = 0;
    dial->message[0] = '\0';
    int rc = weir_socket_connect(dial->net, &dial->addresses.items[dial->next++],
                                 &dial->options, &dial->socket);
    if (rc != WEIR_OK)
      dial->code = rc;
  }
  return WEIR_EEMPTY;
}

const char *weir_dial_message(const weir_dial *dial) { return dial->message; }
