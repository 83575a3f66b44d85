// session.c -- TLS over one socket.
//
// A call of OpenSSL that cannot go on says what it wants of the descriptor, and that
// may be to write where one wanted to read: in the handshake each side has to do both.
// So `read_wants` and `write_wants` stand for what reading and writing now wait for.
//
// The last word of a handshake in TLS 1.3 is that of whoever connects, with its
// certificate in it if it was asked for one. What it then writes would be lost, with no
// error, at a peer that does not like the certificate. So it waits for a word of the
// peer first: a ticket, which most servers send, an alert, or data.

#include "engine/loop/session.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/loop/distrust.h"
#include "engine/loop/net.h"
#include "engine/loop/openssl.h"

enum { READ_AHEAD = 64 << 10, SSL_DATA = 0, HANDSHAKE_RECORD = 22 };

struct weir_session {
  const weir_openssl *ssl;
  SSL *own;
  int fd;
  int listens;
  int greeted;     // the handshake is over
  int asked;       // the peer wants our certificate
  int heard;       // it has said something since
  int raw_ended;   // of the descriptor
  int raw_code;    // likewise
  int code;        // of everything from now on, if not OK
  int more;        // to be read at once
  int ended;       // we have said that this is all
  uint32_t wants;  // of the call before
  uint32_t read_wants;
  uint32_t write_wants;
  char host[WEIR_DISTRUST_TEXT];
  char message[WEIR_DISTRUST_TEXT];
};

// ---- the descriptor, as OpenSSL sees it

static int answer(weir_session *session, BIO *bio, ssize_t count, int flag)
{
  if (count >= 0)
    return (int)count;
  if (errno == EAGAIN)
    session->ssl->BIO_set_flags(bio, flag | BIO_FLAGS_SHOULD_RETRY);
  else
    session->raw_code = -errno;
  return -1;
}

static int receive(BIO *bio, char *room, int size)
{
  const weir_openssl *ssl = weir_openssl_get();
  weir_session *session = ssl->BIO_get_data(bio);
  ssize_t count;
  ssl->BIO_clear_flags(bio, BIO_FLAGS_RWS | BIO_FLAGS_SHOULD_RETRY);
  do
    count = recv(session->fd, room, (size_t)size, 0);
  while (count < 0 && errno == EINTR);
  session->raw_ended |= count == 0;
  return answer(session, bio, count, BIO_FLAGS_READ);
}

static int transmit(BIO *bio, const char *bytes, int size)
{
  const weir_openssl *ssl = weir_openssl_get();
  weir_session *session = ssl->BIO_get_data(bio);
  ssize_t count;
  ssl->BIO_clear_flags(bio, BIO_FLAGS_RWS | BIO_FLAGS_SHOULD_RETRY);
  do
    count = send(session->fd, bytes, (size_t)size, MSG_NOSIGNAL);
  while (count < 0 && errno == EINTR);
  return answer(session, bio, count, BIO_FLAGS_WRITE);
}

static long control(BIO *bio, int what, long number, void *more)
{
  const weir_session *session = weir_openssl_get()->BIO_get_data(bio);
  (void)number;
  (void)more;
  if (what == BIO_CTRL_EOF)
    return session->raw_ended;
  return what == BIO_CTRL_FLUSH;
}

static BIO_METHOD *method;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_method(void)
{
  const weir_openssl *ssl = weir_openssl_get();
  method = ssl->BIO_meth_new(BIO_TYPE_SOURCE_SINK, "weir socket");
  ssl->BIO_meth_set_read(method, receive);
  ssl->BIO_meth_set_write(method, transmit);
  ssl->BIO_meth_set_ctrl(method, control);
}

// ---- what OpenSSL asks and tells

static int verify(int is_good, X509_STORE_CTX *store)
{
  const weir_openssl *ssl = weir_openssl_get();
  SSL *own =
      ssl->X509_STORE_CTX_get_ex_data(store, ssl->SSL_get_ex_data_X509_STORE_CTX_idx());
  weir_session *session = ssl->SSL_get_ex_data(own, SSL_DATA);
  const X509 *certificate = ssl->X509_STORE_CTX_get_current_cert(store);
  if (!is_good && certificate != NULL)
    weir_distrust_certificate(ssl->X509_STORE_CTX_get_error(store), certificate,
                              session->host, session->message);
  return is_good;
}

static int asked_for_certificate(SSL *own, void *argument)
{
  weir_session *session = weir_openssl_get()->SSL_get_ex_data(own, SSL_DATA);
  (void)argument;
  session->asked = 1;
  return 1;
}

// NOLINTNEXTLINE(readability-function-size): it is called so
static void hear(int is_written, int version, int type, const void *bytes, size_t size,
                 SSL *own, void *argument)
{
  weir_session *session = weir_openssl_get()->SSL_get_ex_data(own, SSL_DATA);
  (void)version;
  (void)bytes;
  (void)size;
  (void)argument;
  if (!is_written && session->greeted && type == HANDSHAKE_RECORD)
    session->heard = 1;
}

void weir_session_prepare(struct ssl_ctx_st *context, int checks)
{
  const weir_openssl *ssl = weir_openssl_get();
  pthread_once(&once, make_method);
  ssl->SSL_CTX_set_verify(context,
                          checks ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
                                 : SSL_VERIFY_NONE,
                          checks ? verify : NULL);
  ssl->SSL_CTX_set_cert_cb(context, asked_for_certificate, NULL);
}

// ---- a session

static int is_address(const char *host)
{
  return strchr(host, ':') != NULL || strspn(host, "0123456789.") == strlen(host);
}

static void name_peer(weir_session *session, const char *host, int checks)
{
  snprintf(session->host, sizeof session->host, "%s", host);
  // An address is no name that a server could choose its certificate by.
  if (!is_address(session->host))
    session->ssl->SSL_ctrl(session->own, SSL_CTRL_SET_TLSEXT_HOSTNAME,
                           TLSEXT_NAMETYPE_host_name, session->host);
  if (checks)
    session->ssl->SSL_set1_host(session->own, session->host);
}

weir_session *weir_session_new(weir_tls *tls, int fd, const char *host)
{
  const weir_openssl *ssl = weir_openssl_get();
  const weir_tls_options *options = weir_tls_options_of(tls);
  weir_session *session = weir_mem_new(sizeof *session);
  session->ssl = ssl;
  session->fd = fd;
  session->listens = (int)options->listens;
  session->read_wants = WEIR_SOCKET_READ;
  session->write_wants = WEIR_SOCKET_WRITE;
  session->own = ssl->SSL_new(weir_tls_context(tls));
  ssl->SSL_set_ex_data(session->own, SSL_DATA, session);
  ssl->SSL_set_msg_callback(session->own, hear);
  BIO *bio = ssl->BIO_new(method);
  ssl->BIO_set_data(bio, session);
  ssl->BIO_set_init(bio, 1);
  ssl->SSL_set_bio(session->own, bio, bio);
  if (options->listens)
    ssl->SSL_set_accept_state(session->own);
  else
    ssl->SSL_set_connect_state(session->own);
  const char *name = options->name != NULL ? options->name : host;
  if (!options->listens && name != NULL && name[0] != '\0')
    name_peer(session, name, !options->accepts_any);
  return session;
}

static int fail(weir_session *session, int code, const char *words)
{
  if (words != NULL)
    snprintf(session->message, sizeof session->message, "%s", words);
  return session->code = code;
}

static int fail_in_words(weir_session *session)
{
  if (session->raw_code != 0)
    return fail(session, session->raw_code, weir_err_text(session->raw_code));
  // It was put into words when the certificate was looked at.
  if (!session->greeted && session->message[0] != '\0')
    return fail(session, -EKEYREJECTED, NULL);
  if (session->raw_ended && session->greeted)
    return fail(session, WEIR_ETRUNCATED,
                "the peer is gone, and has not said that this was all (close_notify)");
  if (session->raw_ended)
    return fail(session, -ECONNRESET, "the peer hung up in the handshake");
  return session->code =
             weir_distrust_handshake(session->ssl->ERR_get_error(), session->message);
}

// What a call of OpenSSL came to.
static int settle(weir_session *session, int result)
{
  session->wants = 0;
  if (result > 0)
    return WEIR_OK;
  switch (session->ssl->SSL_get_error(session->own, result)) {
  case SSL_ERROR_WANT_READ:
    session->wants = WEIR_SOCKET_READ;
    return WEIR_EEMPTY;
  case SSL_ERROR_WANT_WRITE:
    session->wants = WEIR_SOCKET_WRITE;
    return WEIR_EEMPTY;
  case SSL_ERROR_ZERO_RETURN:
    return session->code = WEIR_EEND;
  default:
    return fail_in_words(session);
  }
}

static int shake_hands(weir_session *session)
{
  if (session->greeted || session->code != WEIR_OK)
    return session->code;
  session->ssl->ERR_clear_error();
  int rc = settle(session, session->ssl->SSL_do_handshake(session->own));
  session->greeted = rc == WEIR_OK;
  session->read_wants = session->greeted ? WEIR_SOCKET_READ : session->wants;
  session->write_wants = session->greeted ? WEIR_SOCKET_WRITE : session->wants;
  if (session->greeted)
    session->message[0] = '\0';
  return rc;
}

int weir_session_greet(weir_session *session)
{
  int rc = shake_hands(session);
  if (rc != WEIR_OK || session->listens || !session->asked || session->heard ||
      session->ssl->SSL_version(session->own) < TLS1_3_VERSION)
    return rc;
  char byte;
  size_t size;
  session->ssl->ERR_clear_error();
  rc = settle(session, session->ssl->SSL_peek_ex(session->own, &byte, 1, &size));
  session->write_wants = WEIR_SOCKET_READ;
  if (rc == WEIR_EEMPTY && !session->heard)
    return rc;
  session->write_wants = WEIR_SOCKET_WRITE;
  return rc == WEIR_EEMPTY || rc == WEIR_EEND ? WEIR_OK : rc;
}

int weir_session_has_greeted(const weir_session *session) { return session->greeted; }

int weir_session_read(weir_session *session, char *room, size_t size, size_t *got)
{
  int rc = shake_hands(session);
  *got = 0;
  session->more = 0;
  while (rc == WEIR_OK && *got < size) {
    size_t part = 0;
    session->ssl->ERR_clear_error();
    rc = settle(session, session->ssl->SSL_read_ex(session->own, room + *got,
                                                   size - *got, &part));
    *got += part;
  }
  if (session->greeted)
    session->read_wants = rc == WEIR_EEMPTY ? session->wants : WEIR_SOCKET_READ;
  // The end, or what broke, is told the next time.
  session->more = *got > 0 && rc != WEIR_EEMPTY;
  return *got > 0 ? WEIR_OK : rc;
}

int weir_session_write(weir_session *session, const char *bytes, size_t size,
                       size_t *put)
{
  int rc = shake_hands(session);
  // A peer that has said all may still read.
  if (rc == WEIR_EEND)
    rc = WEIR_OK;
  *put = 0;
  while (rc == WEIR_OK && *put < size) {
    size_t part = 0;
    session->ssl->ERR_clear_error();
    rc = settle(session, session->ssl->SSL_write_ex(session->own, bytes + *put,
                                                    size - *put, &part));
    *put += part;
  }
  if (session->greeted)
    session->write_wants = rc == WEIR_EEMPTY ? session->wants : WEIR_SOCKET_WRITE;
  return *put > 0 ? WEIR_OK : rc;
}

int weir_session_end(weir_session *session)
{
  if (session->ended || !session->greeted ||
      (session->code != WEIR_OK && session->code != WEIR_EEND))
    return WEIR_OK;
  session->ssl->ERR_clear_error();
  int result = session->ssl->SSL_shutdown(session->own);
  // 0: said, and not yet answered, which nobody waits for.
  if (result < 0 && settle(session, result) == WEIR_EEMPTY)
    return WEIR_EEMPTY;
  session->ended = 1;
  return WEIR_OK;
}

void weir_session_free(weir_session *session)
{
  if (session == NULL)
    return;
  session->ssl->SSL_free(session->own);
  weir_mem_free(session);
}

int weir_session_has_ended(weir_session *session)
{
  char byte;
  size_t size;
  if (session->code != WEIR_OK || !session->greeted)
    return session->code == WEIR_EEND;
  session->ssl->ERR_clear_error();
  return settle(session, session->ssl->SSL_peek_ex(session->own, &byte, 1, &size)) ==
         WEIR_EEND;
}

size_t weir_session_waiting(const weir_session *session)
{
  return session->ssl->SSL_has_pending(session->own) ? READ_AHEAD : 0;
}

int weir_session_has_more(const weir_session *session) { return session->more; }

uint32_t weir_session_read_wants(const weir_session *session)
{
  return session->read_wants;
}

uint32_t weir_session_write_wants(const weir_session *session)
{
  return session->write_wants;
}

const char *weir_session_message(const weir_session *session)
{
  return session->message;
}
