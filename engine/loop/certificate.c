// certificate.c -- certificates and keys out of PEM, and words about them.

#include "engine/loop/certificate.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/loop/openssl.h"

enum { PEM_MAX = 4 << 20, CHAIN_MAX = 10 };

int weir_pem_is_text(const char *given)
{
  return strncmp(given, "-----BEGIN ", 11) == 0;
}

// ---- files

static int refuse(const weir_pem *pem, char *message, size_t size, const char *words)
{
  const char *given = weir_pem_is_text(pem->given) ? "given as text" : pem->given;
  snprintf(message, size, "%s \"%s\": %s", pem->what, given, words);
  return WEIR_EINVAL;
}

static int refuse_unread(const weir_pem *pem, char *message, size_t size, int code)
{
  char words[256];
  const char *remedy =
      code == -ENOENT
          ? "; the path begins where weir is started, unless it begins with /"
      : code == -EACCES ? "; the user that weir runs as must be allowed to read it"
                        : "";
  snprintf(words, sizeof words, "%s%s", weir_err_text(code), remedy);
  return refuse(pem, message, size, words);
}

static int read_file(weir_pem *pem)
{
  int fd = open(pem->given, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return -errno;
  int rc = WEIR_OK;
  pem->bytes = weir_mem_new(PEM_MAX);
  while (rc == WEIR_OK && pem->size < PEM_MAX) {
    ssize_t got = read(fd, pem->bytes + pem->size, PEM_MAX - pem->size);
    if (got == 0)
      break;
    if (got > 0)
      pem->size += (size_t)got;
    else if (errno != EINTR)
      rc = -errno;
  }
  close(fd);
  return rc == WEIR_OK && pem->size == PEM_MAX ? -EFBIG : rc;
}

int weir_pem_read(weir_pem *pem, const char *what, const char *given, char *message,
                  size_t message_size)
{
  *pem = (weir_pem){.what = what, .given = given};
  if (weir_pem_is_text(given)) {
    pem->bytes = weir_mem_text(given);
    pem->size = strlen(given);
    return WEIR_OK;
  }
  int rc = read_file(pem);
  if (rc == WEIR_OK)
    return rc;
  weir_pem_fini(pem);
  return refuse_unread(pem, message, message_size, rc);
}

void weir_pem_fini(weir_pem *pem)
{
  // It may have been a key.
  if (pem->bytes != NULL)
    explicit_bzero(pem->bytes, pem->size);
  weir_mem_free(pem->bytes);
  pem->bytes = NULL;
  pem->size = 0;
}

// ---- what is in them

static int refuse_foreign(const weir_pem *pem, char *message, size_t size)
{
  return refuse(
      pem, message, size,
      "no certificate in it that begins -----BEGIN CERTIFICATE-----; out of DER"
      " it is made by `openssl x509 -inform der`");
}

static int refuse_time(const weir_pem *pem, const X509 *certificate, int is_late,
                       char *message, size_t size)
{
  char subject[WEIR_CERTIFICATE_TEXT];
  char day[WEIR_CERTIFICATE_TEXT];
  char words[3 * WEIR_CERTIFICATE_TEXT];
  weir_certificate_subject(certificate, subject);
  weir_certificate_day(certificate, !is_late, day);
  snprintf(words, sizeof words,
           is_late
               ? "the certificate of %s expired on %s; put a new one in its place"
               : "the certificate of %s is not valid before %s; is the clock right?",
           subject, day);
  return refuse(pem, message, size, words);
}

// 0, or -1 before its time, 1 after it.
static int is_out_of_time(const X509 *certificate)
{
  const weir_openssl *ssl = weir_openssl_get();
  if (ssl->X509_cmp_current_time(ssl->X509_get0_notBefore(certificate)) > 0)
    return -1;
  return ssl->X509_cmp_current_time(ssl->X509_get0_notAfter(certificate)) < 0;
}

int weir_pem_use_certificates(const weir_pem *pem, SSL_CTX *context, X509 **own,
                              char *message, size_t message_size)
{
  const weir_openssl *ssl = weir_openssl_get();
  BIO *bio = ssl->BIO_new_mem_buf(pem->bytes, (int)pem->size);
  X509 *first = ssl->PEM_read_bio_X509(bio, NULL, NULL, NULL);
  X509 *more = NULL;
  int rc = first == NULL ? refuse_foreign(pem, message, message_size) : WEIR_OK;
  int out = rc == WEIR_OK ? is_out_of_time(first) : 0;
  if (out != 0)
    rc = refuse_time(pem, first, out > 0, message, message_size);
  if (rc == WEIR_OK && ssl->SSL_CTX_use_certificate(context, first) != 1)
    rc = refuse(
        pem, message, message_size,
        "OpenSSL refuses it, as its key is too short or its digest too old; make a"
        " new one, of RSA with 2048 bits or of P-256");
  for (int i = 0; rc == WEIR_OK && i < CHAIN_MAX; i++) {
    more = ssl->PEM_read_bio_X509(bio, NULL, NULL, NULL);
    if (more == NULL)
      break;
    // The context takes it.
    ssl->SSL_CTX_ctrl(context, SSL_CTRL_EXTRA_CHAIN_CERT, 0, more);
  }
  ssl->BIO_free(bio);
  ssl->ERR_clear_error();  // of the end of the file
  if (rc != WEIR_OK)
    ssl->X509_free(first);
  else
    *own = first;
  return rc;
}

// Without a password nobody is asked at a terminal either.
static int give_password(char *room, int size, int is_writing, void *context)
{
  const char *password = context;
  (void)is_writing;
  if (password == NULL)
    return -1;
  int length = (int)strnlen(password, (size_t)size);
  memcpy(room, password, (size_t)length);
  return length;
}

int weir_pem_use_key(const weir_pem *pem, const char *password, SSL_CTX *context,
                     const X509 *own, char *message, size_t message_size)
{
  const weir_openssl *ssl = weir_openssl_get();
  BIO *bio = ssl->BIO_new_mem_buf(pem->bytes, (int)pem->size);
  EVP_PKEY *key =
      ssl->PEM_read_bio_PrivateKey(bio, NULL, give_password, (void *)password);
  int rc = WEIR_OK;
  if (key == NULL && memmem(pem->bytes, pem->size, "ENCRYPTED", 9) != NULL)
    rc =
        refuse(pem, message, message_size,
               password == NULL ? "it is encrypted; say password = weir.secret \"...\""
                                : "it is encrypted, and the password does not open it");
  else if (key == NULL)
    rc =
        refuse(pem, message, message_size,
               "no key in it that begins -----BEGIN PRIVATE KEY-----; say key = \"...\""
               " where it is in a file of its own");
  else if (ssl->X509_check_private_key(own, key) != 1)
    rc =
        refuse(pem, message, message_size,
               "it does not belong to the certificate of cert; is that the first one in"
               " its file, and are both of the same request?");
  else if (ssl->SSL_CTX_use_PrivateKey(context, key) != 1)
    rc = refuse(pem, message, message_size, "OpenSSL refuses this key");
  ssl->EVP_PKEY_free(key);
  ssl->BIO_free(bio);
  ssl->ERR_clear_error();
  return rc;
}

int weir_pem_use_authorities(const weir_pem *pem, SSL_CTX *context, int are_shown,
                             char *message, size_t message_size)
{
  const weir_openssl *ssl = weir_openssl_get();
  BIO *bio = ssl->BIO_new_mem_buf(pem->bytes, (int)pem->size);
  X509_STORE *store = ssl->SSL_CTX_get_cert_store(context);
  int count = 0;
  X509 *each;
  while ((each = ssl->PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
    count += ssl->X509_STORE_add_cert(store, each);
    if (are_shown)
      ssl->SSL_CTX_add_client_CA(context, each);
    ssl->X509_free(each);
  }
  ssl->BIO_free(bio);
  ssl->ERR_clear_error();
  return count > 0 ? WEIR_OK : refuse_foreign(pem, message, message_size);
}

// ---- words

static void put_name(const X509_NAME *name, char *text)
{
  // What is no ASCII comes out as \x.., so that it is fit for a terminal.
  if (weir_openssl_get()->X509_NAME_oneline(name, text, WEIR_CERTIFICATE_TEXT) ==
          NULL ||
      text[0] == '\0')
    snprintf(text, WEIR_CERTIFICATE_TEXT, "nobody");
}

void weir_certificate_subject(const X509 *certificate, char *text)
{
  put_name(weir_openssl_get()->X509_get_subject_name(certificate), text);
}

void weir_certificate_issuer(const X509 *certificate, char *text)
{
  put_name(weir_openssl_get()->X509_get_issuer_name(certificate), text);
}

void weir_certificate_names(const X509 *certificate, char *text)
{
  const weir_openssl *ssl = weir_openssl_get();
  int at = ssl->X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1);
  BIO *bio = ssl->BIO_new(ssl->BIO_s_mem());
  int size = 0;
  if (at >= 0 &&
      ssl->X509V3_EXT_print(bio, ssl->X509_get_ext(certificate, at), 0, 0) == 1)
    size = ssl->BIO_read(bio, text, WEIR_CERTIFICATE_TEXT - 1);
  ssl->BIO_free(bio);
  text[size > 0 ? size : 0] = '\0';
  for (char *c = text; *c != '\0'; c++)
    if (*c < ' ' || *c > '~')
      *c = '?';
  if (text[0] == '\0')
    weir_certificate_subject(certificate, text);
}

void weir_certificate_day(const X509 *certificate, int first, char *text)
{
  const weir_openssl *ssl = weir_openssl_get();
  struct tm day;
  text[0] = '\0';
  if (ssl->ASN1_TIME_to_tm(first ? ssl->X509_get0_notBefore(certificate)
                                 : ssl->X509_get0_notAfter(certificate),
                           &day) == 1)
    strftime(text, WEIR_CERTIFICATE_TEXT, "%Y-%m-%d", &day);
}
