// address.c -- any text is an address or is none; one that is has a host and a port,
// and what is told of it is one again. The first byte says of which kind.

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/loop/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void find_path(const char *text)
{
  char told[WEIR_ADDRESS_TEXT];
  weir_addresses found;
  if (weir_address_find(&found, WEIR_TRANSPORT_UNIX, text, 1) != WEIR_OK)
    return;
  WEIR_ASSERT(found.count == 1);
  weir_address_text(&found.items[0], told, sizeof told);
  WEIR_ASSERT(strcmp(told, text) == 0);
}

// Names are not looked up here: that asks the network.
static int is_number(const char *host)
{
  return strspn(host, "0123456789.") == strlen(host) || strchr(host, ':') != NULL;
}

static void find_host(const char *text)
{
  char host[WEIR_ADDRESS_TEXT];
  char port[WEIR_ADDRESS_TEXT];
  char told[WEIR_ADDRESS_TEXT];
  weir_addresses found;
  weir_addresses again;
  int rc = weir_address_split(text, host, port);
  WEIR_ASSERT(rc == WEIR_OK || rc == WEIR_EINVAL);
  if (rc != WEIR_OK || strchr(host, '%') != NULL || !is_number(host) ||
      weir_address_find(&found, WEIR_TRANSPORT_TCP, text, 1) != WEIR_OK)
    return;
  WEIR_ASSERT(found.count > 0 && found.count <= WEIR_ADDRESS_LIST);
  weir_address_text(&found.items[0], told, sizeof told);
  WEIR_ASSERT(weir_address_find(&again, WEIR_TRANSPORT_TCP, told, 1) == WEIR_OK);
  weir_address_text(&again.items[0], host, sizeof host);
  WEIR_ASSERT(strcmp(host, told) == 0);
}

// As the kernel may give one of a peer: of any size, without a NUL.
static void tell(const uint8_t *data, size_t size)
{
  char told[WEIR_ADDRESS_TEXT];
  weir_address address = {0};
  address.size = (uint32_t)(size < WEIR_ADDRESS_BYTES ? size : WEIR_ADDRESS_BYTES);
  memcpy(address.bytes, data, address.size);
  weir_address_text(&address, told, sizeof told);
  WEIR_ASSERT(strnlen(told, sizeof told) < sizeof told);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size < 1)
    return 0;
  char *text = malloc(size);
  memcpy(text, data + 1, size - 1);
  text[size - 1] = '\0';
  if (data[0] % 3 == 0)
    find_path(text);
  else if (data[0] % 3 == 1)
    find_host(text);
  else
    tell(data + 1, size - 1);
  free(text);
  return 0;
}
