// distrust.h -- why a handshake has failed, in words, and what to do about it.
//
// Owns     nothing.
// Threads  any.

#pragma once

#include <stddef.h>

struct x509_st;

enum { WEIR_DISTRUST_TEXT = 320 };

// What is wrong with a peer's certificate, by the code that OpenSSL has for it.
void weir_distrust_certificate(int code, const struct x509_st *certificate,
                               const char *host, char *text);

// What OpenSSL's error is: -EKEYREJECTED or -EPROTO.
int weir_distrust_handshake(unsigned long error, char *text);
