// tls.c -- certificates: who we are to a peer, and whom we take for the one it says.
//
// Files are read and put into a context, which connections share; when one of them is
// another than it was, a new context is made for those to come, and the old one goes
// with the last connection that has it.

#include "engine/loop/tls.h"

#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/loop/certificate.h"
#include "engine/loop/openssl.h"
#include "engine/loop/session.h"

enum { FILES = 3, READ_AHEAD = 64 << 10, DAY_S = 86400 };

// A file is taken for the same one as long as these are.
struct stamp {
  dev_t device;
  ino_t inode;
  off_t size;
  struct timespec changed;
};

struct weir_tls {
  weir_tls_options options;
  SSL_CTX *context;
  X509 *own;
  struct stamp stamps[FILES];
  weir_counter *taken;
  weir_counter *refused;
};

static const char *file_of(const weir_tls *tls, int at)
{
  const char *given = at == 0   ? tls->options.cert
                      : at == 1 ? tls->options.key
                                : tls->options.ca;
  return given != NULL && !weir_pem_is_text(given) ? given : NULL;
}

static void look(const weir_tls *tls, struct stamp *stamps)
{
  memset(stamps, 0, FILES * sizeof *stamps);
  for (int i = 0; i < FILES; i++) {
    struct stat found;
    const char *path = file_of(tls, i);
    if (path == NULL || stat(path, &found) != 0)
      continue;
    stamps[i].device = found.st_dev;
    stamps[i].inode = found.st_ino;
    stamps[i].size = found.st_size;
    stamps[i].changed = found.st_mtim;
  }
}

// ---- a context

static int use_own(const weir_tls_options *options, SSL_CTX *context, X509 **own,
                   char *message, size_t size)
{
  weir_pem pem;
  int rc = weir_pem_read(&pem, "cert", options->cert, message, size);
  if (rc != WEIR_OK)
    return rc;
  rc = weir_pem_use_certificates(&pem, context, own, message, size);
  weir_pem_fini(&pem);
  if (rc != WEIR_OK)
    return rc;
  const char *given = options->key != NULL ? options->key : options->cert;
  rc = weir_pem_read(&pem, options->key != NULL ? "key" : "cert", given, message, size);
  if (rc != WEIR_OK)
    return rc;
  rc = weir_pem_use_key(&pem, options->password, context, *own, message, size);
  weir_pem_fini(&pem);
  return rc;
}

static int use_authorities(const weir_tls_options *options, SSL_CTX *context,
                           char *message, size_t size)
{
  const weir_openssl *ssl = weir_openssl_get();
  struct stat found;
  if (options->ca == NULL) {
    if (!options->listens)
      ssl->SSL_CTX_set_default_verify_paths(context);
    return WEIR_OK;
  }
  if (!weir_pem_is_text(options->ca) && stat(options->ca, &found) == 0 &&
      S_ISDIR(found.st_mode)) {
    ssl->SSL_CTX_load_verify_dir(context, options->ca);
    return WEIR_OK;
  }
  weir_pem pem;
  int rc = weir_pem_read(&pem, "ca", options->ca, message, size);
  if (rc != WEIR_OK)
    return rc;
  rc = weir_pem_use_authorities(&pem, context, (int)options->listens, message, size);
  weir_pem_fini(&pem);
  return rc;
}

// What an administrator asks for in openssl.cnf may be more than this, and holds.
static void set_version(SSL_CTX *context)
{
  const weir_openssl *ssl = weir_openssl_get();
  if (ssl->SSL_CTX_ctrl(context, SSL_CTRL_GET_MIN_PROTO_VERSION, 0, NULL) <
      TLS1_2_VERSION)
    ssl->SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_2_VERSION, NULL);
}

static void set_manners(SSL_CTX *context, const weir_tls_options *options)
{
  const weir_openssl *ssl = weir_openssl_get();
  set_version(context);
  ssl->SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                        SSL_OP_CIPHER_SERVER_PREFERENCE);
  ssl->SSL_CTX_ctrl(context, SSL_CTRL_MODE,
                    SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_RELEASE_BUFFERS |
                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER,
                    NULL);
  ssl->SSL_CTX_ctrl(context, SSL_CTRL_SET_READ_AHEAD, 1, NULL);
  ssl->SSL_CTX_set_default_read_buffer_len(context, READ_AHEAD);
  ssl->SSL_CTX_ctrl(context, SSL_CTRL_SET_SESS_CACHE_MODE, SSL_SESS_CACHE_OFF, NULL);
  // A ticket says that a peer's certificate has been found good, which it waits for. A
  // peer of whom none is asked may hang up without reading; what it has sent would be
  // lost over a ticket that it does not take.
  int asks = options->listens && options->ca != NULL;
  ssl->SSL_CTX_set_num_tickets(context, asks ? 1 : 0);
  if (!asks)
    ssl->SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
  ssl->SSL_CTX_set_session_id_context(context, (const unsigned char *)"weir", 4);
  int checks = options->listens ? options->ca != NULL : !options->accepts_any;
  weir_session_prepare(context, checks);
}

static int make_context(const weir_tls *tls, SSL_CTX **out, X509 **own, char *message,
                        size_t size)
{
  const weir_openssl *ssl = weir_openssl_get();
  const weir_tls_options *options = &tls->options;
  SSL_CTX *context = ssl->SSL_CTX_new(ssl->TLS_method());
  int rc = WEIR_OK;
  *own = NULL;
  set_manners(context, options);
  if (options->cert != NULL)
    rc = use_own(options, context, own, message, size);
  if (rc == WEIR_OK)
    rc = use_authorities(options, context, message, size);
  if (rc != WEIR_OK) {
    ssl->X509_free(*own);
    ssl->SSL_CTX_free(context);
    return rc;
  }
  *out = context;
  return rc;
}

static void take_options(weir_tls *tls, const weir_tls_options *options)
{
  const char **texts[] = {&tls->options.cert, &tls->options.key, &tls->options.password,
                          &tls->options.ca, &tls->options.name};
  tls->options = *options;
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
    if (*texts[i] != NULL)
      *texts[i] = weir_mem_text(*texts[i]);
}

int weir_tls_new(weir_tls **out, const weir_tls_options *options, char *message,
                 size_t message_size)
{
  if (weir_openssl_get() == NULL) {
    snprintf(message, message_size,
             "tls needs OpenSSL 3, which is not here: apt-get install libssl3");
    return WEIR_EINVAL;
  }
  weir_tls *tls = weir_mem_new(sizeof *tls);
  take_options(tls, options);
  look(tls, tls->stamps);
  int rc = make_context(tls, &tls->context, &tls->own, message, message_size);
  if (rc != WEIR_OK)
    weir_tls_free(tls);
  else
    *out = tls;
  return rc;
}

void weir_tls_free(weir_tls *tls)
{
  if (tls == NULL)
    return;
  const weir_openssl *ssl = weir_openssl_get();
  ssl->X509_free(tls->own);
  ssl->SSL_CTX_free(tls->context);
  if (tls->options.password != NULL)
    explicit_bzero((char *)tls->options.password, strlen(tls->options.password));
  weir_mem_free((char *)tls->options.cert);
  weir_mem_free((char *)tls->options.key);
  weir_mem_free((char *)tls->options.password);
  weir_mem_free((char *)tls->options.ca);
  weir_mem_free((char *)tls->options.name);
  weir_mem_free(tls);
}

// ---- as time goes by

void weir_tls_count(weir_tls *tls, weir_counter *taken, weir_counter *refused)
{
  tls->taken = taken;
  tls->refused = refused;
}

// Files are looked at when a connection is made. What could not be used is not read
// again until it changes; so of two that belong together the second one has it done.
static void refresh(weir_tls *tls)
{
  struct stamp now[FILES];
  look(tls, now);
  if (memcmp(now, tls->stamps, sizeof now) == 0)
    return;
  memcpy(tls->stamps, now, sizeof now);
  const weir_openssl *ssl = weir_openssl_get();
  SSL_CTX *context;
  X509 *own;
  char message[512];
  int rc = make_context(tls, &context, &own, message, sizeof message);
  if (rc == WEIR_OK) {
    ssl->SSL_CTX_free(tls->context);
    ssl->X509_free(tls->own);
    tls->context = context;
    tls->own = own;
  }
  weir_counter *counter = rc == WEIR_OK ? tls->taken : tls->refused;
  if (counter != NULL)
    weir_counter_add(counter, 1);
}

struct ssl_ctx_st *weir_tls_context(weir_tls *tls)
{
  refresh(tls);
  return tls->context;
}

const weir_tls_options *weir_tls_options_of(const weir_tls *tls)
{
  return &tls->options;
}

int64_t weir_tls_days_left(const weir_tls *tls)
{
  const weir_openssl *ssl = weir_openssl_get();
  struct tm day;
  if (tls->own == NULL ||
      ssl->ASN1_TIME_to_tm(ssl->X509_get0_notAfter(tls->own), &day) != 1)
    return INT64_MAX;
  return (timegm(&day) - time(NULL)) / DAY_S;
}
