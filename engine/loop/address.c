// address.c -- where a socket is.

#include "engine/loop/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "engine/base/err.h"
#include "engine/loop/lookup.h"

_Static_assert(sizeof(struct sockaddr_storage) <= WEIR_ADDRESS_BYTES, "room for all");
_Static_assert(sizeof(struct sockaddr_un) <= WEIR_ADDRESS_BYTES, "room for a path");

static int copy(char *room, const char *from, size_t size)
{
  if (size >= WEIR_ADDRESS_TEXT)
    return WEIR_EINVAL;
  memcpy(room, from, size);
  room[size] = '\0';
  return WEIR_OK;
}

static int is_port(const char *text)
{
  unsigned value = 0;
  size_t digits = strspn(text, "0123456789");
  if (digits == 0 || digits > 5 || text[digits] != '\0')
    return 0;
  for (size_t i = 0; i < digits; i++)
    value = value * 10 + (unsigned)(text[i] - '0');
  return value <= UINT16_MAX;
}

int weir_address_split(const char *text, char *host, char *port)
{
  const char *colon = strrchr(text, ':');
  if (colon == NULL || !is_port(colon + 1))
    return WEIR_EINVAL;
  const char *end = colon;
  if (text[0] == '[') {
    if (end - text < 2 || end[-1] != ']')
      return WEIR_EINVAL;
    text++, end--;
  } else if (memchr(text, ':', (size_t)(end - text)) != NULL) {
    return WEIR_EINVAL;  // IPv6 without brackets: where does the port begin?
  }
  int rc = copy(host, text, (size_t)(end - text));
  if (rc == WEIR_OK && strcmp(host, "*") == 0)
    host[0] = '\0';
  return rc == WEIR_OK ? copy(port, colon + 1, strlen(colon + 1)) : rc;
}

static int find_path(weir_addresses *out, enum weir_transport transport,
                     const char *path)
{
  size_t size = strlen(path);
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  if (size == 0 || size >= sizeof name.sun_path)
    return WEIR_EINVAL;
  memcpy(name.sun_path, path, size);
  if (path[0] == '@')
    name.sun_path[0] = '\0';
  weir_address *address = &out->items[0];
  *address = (weir_address){.transport = transport};
  memcpy(address->bytes, &name, sizeof name);
  // In the kernel's name space every byte counts, a NUL at the end too.
  address->size =
      (uint32_t)(offsetof(struct sockaddr_un, sun_path) + size + (path[0] != '@'));
  out->count = 1;
  return WEIR_OK;
}

void weir_lookup_hints(struct addrinfo *hints, enum weir_transport transport,
                       int passive)
{
  *hints = (struct addrinfo){
      .ai_family = AF_UNSPEC,
      .ai_socktype = transport == WEIR_TRANSPORT_UDP ? SOCK_DGRAM : SOCK_STREAM,
      .ai_flags = AI_NUMERICSERV | (passive ? AI_PASSIVE : AI_ADDRCONFIG),
  };
}

void weir_lookup_take(weir_addresses *out, enum weir_transport transport,
                      const struct addrinfo *found)
{
  out->count = 0;
  for (; found != NULL && out->count < WEIR_ADDRESS_LIST; found = found->ai_next) {
    weir_address *address = &out->items[out->count++];
    *address = (weir_address){.size = found->ai_addrlen, .transport = transport};
    memcpy(address->bytes, found->ai_addr, found->ai_addrlen);
  }
}

// Every address of this machine is one of IPv6, which takes in IPv4, where there is
// IPv6.
static void prefer_both(weir_addresses *found)
{
  for (uint32_t i = 1; i < found->count; i++) {
    const struct sockaddr *name = (const struct sockaddr *)found->items[i].bytes;
    if (name->sa_family == AF_INET6) {
      weir_address both = found->items[i];
      found->items[i] = found->items[0];
      found->items[0] = both;
      return;
    }
  }
}

int weir_address_find(weir_addresses *out, enum weir_transport transport,
                      const char *text, int passive)
{
  char host[WEIR_ADDRESS_TEXT];
  char port[WEIR_ADDRESS_TEXT];
  if (transport == WEIR_TRANSPORT_UNIX || transport == WEIR_TRANSPORT_UNIX_DATAGRAM)
    return find_path(out, transport, text);
  int rc = weir_address_split(text, host, port);
  if (rc != WEIR_OK)
    return rc;
  struct addrinfo hints;
  struct addrinfo *found = NULL;
  weir_lookup_hints(&hints, transport, passive);
  rc = getaddrinfo(host[0] != '\0' ? host : NULL, port, &hints, &found);
  if (rc != 0)
    return rc == EAI_SYSTEM ? -errno : WEIR_ENAME;
  weir_lookup_take(out, transport, found);
  freeaddrinfo(found);
  if (passive && host[0] == '\0')
    prefer_both(out);
  return WEIR_OK;
}

static void path_text(const weir_address *address, char *text, size_t size)
{
  struct sockaddr_un name = {0};
  size_t start = offsetof(struct sockaddr_un, sun_path);
  memcpy(&name, address->bytes, sizeof name);
  text[0] = '\0';
  if (address->size <= start)
    return;
  size_t path_size = address->size - start;
  if (name.sun_path[0] == '\0')
    name.sun_path[0] = '@';
  snprintf(text, size, "%.*s", (int)path_size, name.sun_path);
}

void weir_address_text(const weir_address *address, char *text, size_t size)
{
  struct sockaddr_storage name = {0};
  memcpy(&name, address->bytes, sizeof name);
  char host[INET6_ADDRSTRLEN] = "";
  if (name.ss_family == AF_INET) {
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&name;
    inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
    snprintf(text, size, "%s:%u", host, ntohs(v4->sin_port));
  } else if (name.ss_family == AF_INET6) {
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&name;
    // A socket for both families shows its IPv4 peers like this.
    if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
      inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], host, sizeof host);
      snprintf(text, size, "%s:%u", host, ntohs(v6->sin6_port));
      return;
    }
    inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
    snprintf(text, size, "[%s]:%u", host, ntohs(v6->sin6_port));
  } else {
    path_text(address, text, size);
  }
}
