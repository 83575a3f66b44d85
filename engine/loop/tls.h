// tls.h -- certificates: who we are to a peer, and whom we take for the one it says.
//
// What a connection over TLS needs to begin. A side that connects checks whom it has
// reached, by the system's authorities or by `ca`, and by name; a side that listens
// asks for certificates of its peers if it has `ca`. TLS 1.2 at least. A file that has
// changed is used for connections made from then on; one that cannot be used is not,
// and the certificates from before stay.
//
// Owns     copies of its options; OpenSSL, which is loaded with the first of these.
// Threads  one at a time.
// Errors   EINVAL: message says which file, what is wrong with it, and what to do.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "engine/base/counter.h"

typedef struct weir_tls weir_tls;

// cert, key and ca are paths, or what such a file holds ("-----BEGIN ...").
typedef struct weir_tls_options {
  const char *cert;      // ours, then those who vouch for it; NULL: none
  const char *key;       // NULL: it stands in cert
  const char *password;  // of the key; may be NULL
  const char *ca;        // also a directory; NULL: the system's
  const char *name;      // whom a peer must be; NULL: the host that was asked for
  uint32_t listens;
  uint32_t accepts_any;  // whoever it is; then there is no telling who reads along
} weir_tls_options;

int weir_tls_new(weir_tls **out, const weir_tls_options *options, char *message,
                 size_t message_size);
void weir_tls_free(weir_tls *tls);  // NULL is a no-op

// Counts how often changed files were taken, and how often they could not be. Both are
// borrowed.
void weir_tls_count(weir_tls *tls, weir_counter *taken, weir_counter *refused);

// Days until our certificate expires; INT64_MAX without one.
int64_t weir_tls_days_left(const weir_tls *tls);
