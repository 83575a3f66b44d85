// openssl.c -- OpenSSL, loaded when TLS is asked for.
//
// What its headers declare and what the table says are compared as this is compiled.

#include "engine/loop/openssl.h"

#include <dlfcn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <string.h>

#define TAKE(name)                                                                     \
  {                                                                                    \
#name, offsetof(weir_openssl, name) +                                              \
               0 * sizeof(char[__builtin_types_compatible_p(                           \
                                   __typeof__(((weir_openssl *)0)->name),              \
                                   __typeof__(&(name)))                                \
                                   ? 1                                                 \
                                   : -1])                                              \
  }

static const struct function {
  const char *name;
  size_t at;
} functions[] = {
    TAKE(OPENSSL_init_ssl),
    TAKE(ERR_clear_error),
    TAKE(ERR_get_error),
    TAKE(ERR_reason_error_string),
    TAKE(BIO_meth_new),
    TAKE(BIO_meth_set_read),
    TAKE(BIO_meth_set_write),
    TAKE(BIO_meth_set_ctrl),
    TAKE(BIO_new),
    TAKE(BIO_new_mem_buf),
    TAKE(BIO_s_mem),
    TAKE(BIO_read),
    TAKE(BIO_free),
    TAKE(BIO_set_data),
    TAKE(BIO_get_data),
    TAKE(BIO_set_init),
    TAKE(BIO_set_flags),
    TAKE(BIO_clear_flags),
    TAKE(PEM_read_bio_X509),
    TAKE(PEM_read_bio_PrivateKey),
    TAKE(EVP_PKEY_free),
    TAKE(X509_free),
    TAKE(X509_check_private_key),
    TAKE(X509_get_subject_name),
    TAKE(X509_get_issuer_name),
    TAKE(X509_NAME_oneline),
    TAKE(X509_get0_notBefore),
    TAKE(X509_get0_notAfter),
    TAKE(X509_cmp_current_time),
    TAKE(ASN1_TIME_to_tm),
    TAKE(X509_get_ext_by_NID),
    TAKE(X509_get_ext),
    TAKE(X509V3_EXT_print),
    TAKE(X509_verify_cert_error_string),
    TAKE(X509_STORE_add_cert),
    TAKE(X509_STORE_CTX_get_error),
    TAKE(X509_STORE_CTX_get_current_cert),
    TAKE(X509_STORE_CTX_get_ex_data),
    TAKE(TLS_method),
    TAKE(SSL_CTX_new),
    TAKE(SSL_CTX_free),
    TAKE(SSL_CTX_ctrl),
    TAKE(SSL_CTX_set_options),
    TAKE(SSL_CTX_set_default_read_buffer_len),
    TAKE(SSL_CTX_set_num_tickets),
    TAKE(SSL_CTX_set_session_id_context),
    TAKE(SSL_CTX_use_certificate),
    TAKE(SSL_CTX_use_PrivateKey),
    TAKE(SSL_CTX_add_client_CA),
    TAKE(SSL_CTX_get_cert_store),
    TAKE(SSL_CTX_load_verify_dir),
    TAKE(SSL_CTX_set_default_verify_paths),
    TAKE(SSL_CTX_set_verify),
    TAKE(SSL_CTX_set_cert_cb),
    TAKE(SSL_new),
    TAKE(SSL_free),
    TAKE(SSL_set_bio),
    TAKE(SSL_set_accept_state),
    TAKE(SSL_set_connect_state),
    TAKE(SSL_ctrl),
    TAKE(SSL_set1_host),
    TAKE(SSL_set_ex_data),
    TAKE(SSL_get_ex_data),
    TAKE(SSL_get_ex_data_X509_STORE_CTX_idx),
    TAKE(SSL_set_msg_callback),
    TAKE(SSL_do_handshake),
    TAKE(SSL_version),
    TAKE(SSL_read_ex),
    TAKE(SSL_peek_ex),
    TAKE(SSL_write_ex),
    TAKE(SSL_has_pending),
    TAKE(SSL_shutdown),
    TAKE(SSL_get_error),
};

enum { COUNT = sizeof functions / sizeof functions[0] };

_Static_assert(COUNT * sizeof(void *) == sizeof(weir_openssl), "each has its line");

static weir_openssl table;
static int is_loaded;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
  // What libssl needs of libcrypto, it finds by itself; so does dlsym.
  void *library = dlopen("libssl.so.3", RTLD_NOW | RTLD_LOCAL);
  if (library == NULL)
    return;
  for (size_t i = 0; i < COUNT; i++) {
    void *found = dlsym(library, functions[i].name);
    if (found == NULL)
      return;
    memcpy((char *)&table + functions[i].at, &found, sizeof found);
  }
  // Threads may still be at work when the process leaves: nothing is torn down then.
  is_loaded = table.OPENSSL_init_ssl(OPENSSL_INIT_NO_ATEXIT, NULL) == 1;
}

const weir_openssl *weir_openssl_get(void)
{
  pthread_once(&once, load);
  return is_loaded ? &table : NULL;
}
