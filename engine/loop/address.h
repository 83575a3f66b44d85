// address.h -- where a socket is: "host:port", or the path of a Unix socket.
//
// A host is a name, an IPv4 address, or an IPv6 address in brackets; "" and "*" are
// every address of this machine. A Unix path that begins with "@" lives in the
// kernel's own name space and in no directory.
//
// Owns     nothing; an address is a value.
// Threads  any.
// Errors   EINVAL for a text that is no address; ENAME for a name without an address.

#pragma once

#include <stddef.h>
#include <stdint.h>

enum weir_transport {
  WEIR_TRANSPORT_TCP = 0,
  WEIR_TRANSPORT_UDP = 1,
  WEIR_TRANSPORT_UNIX = 2,
  WEIR_TRANSPORT_UNIX_DATAGRAM = 3,
};

enum {
  WEIR_ADDRESS_BYTES = 128,
  WEIR_ADDRESS_TEXT = 160,  // enough for every text of an address
  WEIR_ADDRESS_LIST = 8,    // so many addresses of a name are tried
};

typedef struct weir_address {
  uint64_t bytes[WEIR_ADDRESS_BYTES / 8];  // a struct sockaddr of some family
  uint32_t size;
  uint32_t transport;
} weir_address;

typedef struct weir_addresses {
  weir_address items[WEIR_ADDRESS_LIST];
  uint32_t count;
} weir_addresses;

// Cuts "host:port" in two, each of WEIR_ADDRESS_TEXT bytes. EINVAL.
int weir_address_split(const char *text, char *host, char *port);

// What a text means; a name is looked up, and that may take long. passive: to listen
// on.
int weir_address_find(weir_addresses *out, enum weir_transport transport,
                      const char *text, int passive);

// "10.0.0.7:51234", "[::1]:514", "/run/app.sock"; "" for a peer without a name.
void weir_address_text(const weir_address *address, char *text, size_t size);
