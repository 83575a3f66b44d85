// session.h -- TLS over one socket, for those of this room who have it.
//
// Bytes are read and written as over the socket itself; the handshake comes with the
// first of them. OpenSSL reads and writes the descriptor through functions given to
// it here, so that nothing waits in between but what it holds of one record.
//
// Owns     its OpenSSL session; the descriptor is borrowed.
// Threads  one at a time.
// Errors   EEMPTY: ready when what `wants` says is; EEND: the peer has said that this
//          is all; ETRUNCATED: it is gone and has not; -EKEYREJECTED: a certificate is
//          not good enough; -EPROTO: no TLS, or none in common. message says it in
//          words.
// Limits   about 100 KiB while bytes are on their way, 30 KiB while it is silent, which
//          OpenSSL takes and nobody counts.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/loop/tls.h"

struct ssl_ctx_st;

typedef struct weir_session weir_session;

// host: whom the peer must be, if it is asked; NULL: nobody in particular.
weir_session *weir_session_new(weir_tls *tls, int fd, const char *host);
// Without a goodbye, so that the peer does not take for all what was not. NULL is a
// no-op.
void weir_session_free(weir_session *session);

// OK when both sides know all that they want to know. A peer that has asked for our
// certificate may still refuse it after the handshake: until it has said a word this
// is EEMPTY, and has_greeted 1.
int weir_session_greet(weir_session *session);
int weir_session_has_greeted(const weir_session *session);

int weir_session_read(weir_session *session, char *room, size_t size, size_t *got);
int weir_session_write(weir_session *session, const char *bytes, size_t size,
                       size_t *put);
int weir_session_end(weir_session *session);  // OK, or EEMPTY: not all said yet
int weir_session_has_ended(weir_session *session);

// What has been taken from the descriptor and not read: at most so many bytes.
size_t weir_session_waiting(const weir_session *session);
// Whether there is more to be read that the descriptor says nothing of.
int weir_session_has_more(const weir_session *session);

// What the descriptor has to be ready for to go on: WEIR_SOCKET_READ or _WRITE.
uint32_t weir_session_read_wants(const weir_session *session);
uint32_t weir_session_write_wants(const weir_session *session);

const char *weir_session_message(const weir_session *session);

// What each session of a context needs of it; for tls.c.
void weir_session_prepare(struct ssl_ctx_st *context, int checks);

// What tls.c has for sessions.
struct ssl_ctx_st *weir_tls_context(weir_tls *tls);
const weir_tls_options *weir_tls_options_of(const weir_tls *tls);
