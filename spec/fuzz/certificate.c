// certificate.c -- whatever is given for certificates, keys and authorities, it is
// used, or refused in words that a terminal can show. The first byte says what for.

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/loop/tls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CERT = 1, KEY = 2, CA = 4, LISTENS = 8, MESSAGE = 512 };

static const char pem[] = "-----BEGIN ";

// What is given begins as PEM does, or it would be the path of a file.
static char *new_text(const uint8_t *data, size_t size)
{
  char *text = malloc(sizeof pem + size);
  memcpy(text, pem, sizeof pem - 1);
  memcpy(text + sizeof pem - 1, data, size);
  text[sizeof pem - 1 + size] = '\0';
  return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size < 1)
    return 0;
  char message[MESSAGE] = "";
  char *text = new_text(data + 1, size - 1);
  uint8_t how = data[0];
  weir_tls *tls = NULL;
  weir_tls_options options = {
      .cert = how & CERT ? text : NULL,
      .key = how & CERT && how & KEY ? text : NULL,
      .ca = how & CA ? text : NULL,
      // Else the system's authorities are read, again and again.
      .listens = how & LISTENS || !(how & CA),
  };
  int rc = weir_tls_new(&tls, &options, message, sizeof message);
  WEIR_ASSERT(rc == WEIR_OK || message[0] != '\0');
  WEIR_ASSERT(strnlen(message, sizeof message) < sizeof message);
  if (rc == WEIR_OK)
    weir_tls_days_left(tls);
  weir_tls_free(tls);
  free(text);
  return 0;
}
