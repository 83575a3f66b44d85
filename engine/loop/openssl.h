// openssl.h -- OpenSSL, loaded when TLS is asked for: who speaks none does not pay.
//
// A table of what is used of it, under its own names. Headers are wanted to build,
// the library only to run.
//
// Owns     the library, for as long as the process lives.
// Threads  any.
// Errors   NULL: it is not on this machine.

#pragma once

#include <stddef.h>
#include <stdint.h>

struct asn1_string_st;
struct bio_method_st;
struct bio_st;
struct crypto_ex_data_st;
struct evp_pkey_st;
struct ossl_init_settings_st;
struct ssl_ctx_st;
struct ssl_method_st;
struct ssl_st;
struct tm;
struct X509_extension_st;
struct X509_name_st;
struct x509_st;
struct x509_store_ctx_st;
struct x509_store_st;

// NOLINTBEGIN(readability-identifier-naming): each is named as what it points to.
typedef struct weir_openssl {
  int (*OPENSSL_init_ssl)(uint64_t what, const struct ossl_init_settings_st *settings);
  void (*ERR_clear_error)(void);
  unsigned long (*ERR_get_error)(void);
  const char *(*ERR_reason_error_string)(unsigned long code);

  struct bio_method_st *(*BIO_meth_new)(int type, const char *name);
  int (*BIO_meth_set_read)(struct bio_method_st *method,
                           int (*receive)(struct bio_st *, char *, int));
  int (*BIO_meth_set_write)(struct bio_method_st *method,
                            int (*transmit)(struct bio_st *, const char *, int));
  int (*BIO_meth_set_ctrl)(struct bio_method_st *method,
                           long (*control)(struct bio_st *, int, long, void *));
  struct bio_st *(*BIO_new)(const struct bio_method_st *method);
  struct bio_st *(*BIO_new_mem_buf)(const void *bytes, int size);
  const struct bio_method_st *(*BIO_s_mem)(void);
  int (*BIO_read)(struct bio_st *bio, void *room, int size);
  int (*BIO_free)(struct bio_st *bio);
  void (*BIO_set_data)(struct bio_st *bio, void *data);
  void *(*BIO_get_data)(struct bio_st *bio);
  void (*BIO_set_init)(struct bio_st *bio, int is_ready);
  void (*BIO_set_flags)(struct bio_st *bio, int flags);
  void (*BIO_clear_flags)(struct bio_st *bio, int flags);

  struct x509_st *(*PEM_read_bio_X509)(struct bio_st *bio, struct x509_st **out,
                                       int (*ask)(char *, int, int, void *),
                                       void *context);
  struct evp_pkey_st *(*PEM_read_bio_PrivateKey)(struct bio_st *bio,
                                                 struct evp_pkey_st **out,
                                                 int (*ask)(char *, int, int, void *),
                                                 void *context);
  void (*EVP_PKEY_free)(struct evp_pkey_st *key);
  void (*X509_free)(struct x509_st *certificate);
  int (*X509_check_private_key)(const struct x509_st *certificate,
                                const struct evp_pkey_st *key);
  struct X509_name_st *(*X509_get_subject_name)(const struct x509_st *certificate);
  struct X509_name_st *(*X509_get_issuer_name)(const struct x509_st *certificate);
  char *(*X509_NAME_oneline)(const struct X509_name_st *name, char *room, int size);
  const struct asn1_string_st *(*X509_get0_notBefore)(const struct x509_st *);
  const struct asn1_string_st *(*X509_get0_notAfter)(const struct x509_st *);
  int (*X509_cmp_current_time)(const struct asn1_string_st *time);
  int (*ASN1_TIME_to_tm)(const struct asn1_string_st *time, struct tm *out);
  int (*X509_get_ext_by_NID)(const struct x509_st *certificate, int kind, int after);
  struct X509_extension_st *(*X509_get_ext)(const struct x509_st *certificate, int at);
  int (*X509V3_EXT_print)(struct bio_st *out, struct X509_extension_st *extension,
                          unsigned long flags, int indent);
  const char *(*X509_verify_cert_error_string)(long code);
  int (*X509_STORE_add_cert)(struct x509_store_st *store, struct x509_st *certificate);
  int (*X509_STORE_CTX_get_error)(const struct x509_store_ctx_st *context);
  struct x509_st *(*X509_STORE_CTX_get_current_cert)(const struct x509_store_ctx_st *);
  void *(*X509_STORE_CTX_get_ex_data)(const struct x509_store_ctx_st *context, int at);

  const struct ssl_method_st *(*TLS_method)(void);
  struct ssl_ctx_st *(*SSL_CTX_new)(const struct ssl_method_st *method);
  void (*SSL_CTX_free)(struct ssl_ctx_st *context);
  long (*SSL_CTX_ctrl)(struct ssl_ctx_st *context, int what, long number, void *more);
  uint64_t (*SSL_CTX_set_options)(struct ssl_ctx_st *context, uint64_t options);
  void (*SSL_CTX_set_default_read_buffer_len)(struct ssl_ctx_st *context, size_t size);
  int (*SSL_CTX_set_num_tickets)(struct ssl_ctx_st *context, size_t count);
  int (*SSL_CTX_set_session_id_context)(struct ssl_ctx_st *context,
                                        const unsigned char *bytes, unsigned size);
  int (*SSL_CTX_use_certificate)(struct ssl_ctx_st *context, struct x509_st *);
  int (*SSL_CTX_use_PrivateKey)(struct ssl_ctx_st *context, struct evp_pkey_st *key);
  int (*SSL_CTX_add_client_CA)(struct ssl_ctx_st *context, struct x509_st *authority);
  struct x509_store_st *(*SSL_CTX_get_cert_store)(const struct ssl_ctx_st *context);
  int (*SSL_CTX_load_verify_dir)(struct ssl_ctx_st *context, const char *path);
  int (*SSL_CTX_set_default_verify_paths)(struct ssl_ctx_st *context);
  void (*SSL_CTX_set_verify)(struct ssl_ctx_st *context, int mode,
                             int (*verify)(int, struct x509_store_ctx_st *));
  void (*SSL_CTX_set_cert_cb)(struct ssl_ctx_st *context,
                              int (*asked)(struct ssl_st *, void *), void *argument);

  struct ssl_st *(*SSL_new)(struct ssl_ctx_st *context);
  void (*SSL_free)(struct ssl_st *ssl);
  void (*SSL_set_bio)(struct ssl_st *ssl, struct bio_st *in, struct bio_st *out);
  void (*SSL_set_accept_state)(struct ssl_st *ssl);
  void (*SSL_set_connect_state)(struct ssl_st *ssl);
  long (*SSL_ctrl)(struct ssl_st *ssl, int what, long number, void *more);
  int (*SSL_set1_host)(struct ssl_st *ssl, const char *name);
  int (*SSL_set_ex_data)(struct ssl_st *ssl, int at, void *data);
  void *(*SSL_get_ex_data)(const struct ssl_st *ssl, int at);
  int (*SSL_get_ex_data_X509_STORE_CTX_idx)(void);
  void (*SSL_set_msg_callback)(struct ssl_st *ssl,
                               void (*seen)(int, int, int, const void *, size_t,
                                            struct ssl_st *, void *));
  int (*SSL_do_handshake)(struct ssl_st *ssl);
  int (*SSL_version)(const struct ssl_st *ssl);
  int (*SSL_read_ex)(struct ssl_st *ssl, void *room, size_t size, size_t *got);
  int (*SSL_peek_ex)(struct ssl_st *ssl, void *room, size_t size, size_t *got);
  int (*SSL_write_ex)(struct ssl_st *ssl, const void *bytes, size_t size, size_t *put);
  int (*SSL_has_pending)(const struct ssl_st *ssl);
  int (*SSL_shutdown)(struct ssl_st *ssl);
  int (*SSL_get_error)(const struct ssl_st *ssl, int result);
} weir_openssl;
// NOLINTEND(readability-identifier-naming)

const weir_openssl *weir_openssl_get(void);
