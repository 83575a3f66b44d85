// certificate.c -- whatever is given for certificates, keys and authorities, it is
// used, or refused, and a peer's is told of, in words that a terminal can show. The
// first byte says what for, and whether the rest is PEM or, as a peer sends it, DER.

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/loop/certificate.h"
#include "engine/loop/openssl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CERT = 1, CA = 4, SHOWN = 8, DER = 16, MESSAGE = 512 };

static const char begin[] = "-----BEGIN ";
static const char label[] = "CERTIFICATE-----\n";
static const char end[] = "-----END CERTIFICATE-----\n";

static char *put(char *to, const char *text)
{
  size_t size = strlen(text);
  memcpy(to, text, size + 1);
  return to + size;
}

// A line of base64.
static char *put_line(char *to, const uint8_t *bytes, size_t size)
{
  static const char digits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < size; i += 3) {
    size_t left = size - i;
    uint32_t bits = (uint32_t)bytes[i] << 16;
    bits |= left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0;
    bits |= left > 2 ? bytes[i + 2] : 0;
    *to++ = digits[bits >> 18];
    *to++ = digits[bits >> 12 & 63];
    *to++ = left > 1 ? digits[bits >> 6 & 63] : '=';
    *to++ = left > 2 ? digits[bits & 63] : '=';
  }
  return put(to, "\n");
}

static char *new_text(const uint8_t *data, size_t size, int der)
{
  enum { LINE = 48 };
  char *text = malloc(sizeof begin + sizeof label + sizeof end + 2 * size + 8);
  char *to = put(text, begin);
  if (!der) {
    memcpy(to, data, size);
    to[size] = '\0';
    return text;
  }
  to = put(to, label);
  for (size_t i = 0; i < size; i += LINE)
    to = put_line(to, data + i, size - i < LINE ? size - i : LINE);
  put(to, end);
  return text;
}

static void expect_words(const char *text, size_t size)
{
  WEIR_ASSERT(strnlen(text, size) < size);
  for (; *text != '\0'; text++)
    WEIR_ASSERT(*text >= ' ' && *text <= '~');
}

// Making one takes longer than all else here. What it has been given is nothing to who
// comes next.
static struct ssl_ctx_st *context(void)
{
  enum { RUNS = 1024 };
  static struct ssl_ctx_st *made;
  static unsigned runs;
  const weir_openssl *ssl = weir_openssl_get();
  if (runs++ % RUNS == 0) {
    ssl->SSL_CTX_free(made);
    made = ssl->SSL_CTX_new(ssl->TLS_method());
  }
  return made;
}

static void use(const weir_pem *pem, int how)
{
  const weir_openssl *ssl = weir_openssl_get();
  struct x509_st *own = NULL;
  char message[MESSAGE] = "";
  int rc = WEIR_OK;
  if (how & CERT)
    rc = weir_pem_use_certificates(pem, context(), &own, message, sizeof message);
  if (rc == WEIR_OK && how & CERT)
    rc = weir_pem_use_key(pem, NULL, context(), own, message, sizeof message);
  if (rc == WEIR_OK && how & CA)
    rc = weir_pem_use_authorities(pem, context(), how & SHOWN, message, sizeof message);
  WEIR_ASSERT(rc == WEIR_OK || message[0] != '\0');
  expect_words(message, sizeof message);
  ssl->X509_free(own);
}

static void tell(const weir_pem *pem)
{
  static void (*const words[])(const struct x509_st *, char *) = {
      weir_certificate_subject, weir_certificate_issuer, weir_certificate_names};
  const weir_openssl *ssl = weir_openssl_get();
  struct bio_st *bio = ssl->BIO_new_mem_buf(pem->bytes, (int)pem->size);
  struct x509_st *peer = ssl->PEM_read_bio_X509(bio, NULL, NULL, NULL);
  char text[WEIR_CERTIFICATE_TEXT];
  for (size_t i = 0; peer != NULL && i < sizeof words / sizeof words[0]; i++) {
    words[i](peer, text);
    expect_words(text, sizeof text);
    WEIR_ASSERT(text[0] != '\0');
  }
  for (int first = 0; peer != NULL && first < 2; first++) {
    weir_certificate_day(peer, first, text);
    expect_words(text, sizeof text);
  }
  ssl->X509_free(peer);
  ssl->BIO_free(bio);
  ssl->ERR_clear_error();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size < 1)
    return 0;
  char *text = new_text(data + 1, size - 1, data[0] & DER);
  char message[MESSAGE] = "";
  weir_pem pem;
  WEIR_ASSERT(weir_pem_read(&pem, "cert", text, message, sizeof message) == WEIR_OK);
  use(&pem, data[0]);
  tell(&pem);
  weir_pem_fini(&pem);
  free(text);
  return 0;
}
