// certificate.h -- certificates and keys out of PEM, and words about them.
//
// Owns     nothing.
// Threads  any.
// Errors   EINVAL with a message.

#pragma once

#include <stddef.h>

struct ssl_ctx_st;
struct x509_st;

enum { WEIR_CERTIFICATE_TEXT = 100 };

// A file, or the PEM itself, as a user gave it.
typedef struct weir_pem {
  const char *what;  // the name of the option
  const char *given;
  char *bytes;
  size_t size;
} weir_pem;

int weir_pem_is_text(const char *given);

// Reads it; message on failure.
int weir_pem_read(weir_pem *pem, const char *what, const char *given, char *message,
                  size_t message_size);
void weir_pem_fini(weir_pem *pem);

// Gives a context what is in them: ours with its chain, its key, authorities.
int weir_pem_use_certificates(const weir_pem *pem, struct ssl_ctx_st *context,
                              struct x509_st **own, char *message, size_t message_size);
int weir_pem_use_key(const weir_pem *pem, const char *password,
                     struct ssl_ctx_st *context, const struct x509_st *own,
                     char *message, size_t message_size);
int weir_pem_use_authorities(const weir_pem *pem, struct ssl_ctx_st *context,
                             int are_shown, char *message, size_t message_size);

// Each writes up to WEIR_CERTIFICATE_TEXT bytes.
void weir_certificate_subject(const struct x509_st *certificate, char *text);
void weir_certificate_issuer(const struct x509_st *certificate, char *text);
void weir_certificate_names(const struct x509_st *certificate, char *text);
void weir_certificate_day(const struct x509_st *certificate, int first, char *text);
