// curl.c -- libcurl, loaded when it is first asked for.

#include "engine/loop/curl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/loop/certificate.h"

enum { NS_PER_S = 1000000000, CA_KEPT_S = 60 };

struct weir_curl weir_curl;

const char weir_curl_missing[] =
    "http needs libcurl, which is not here: apt-get install libcurl4";

static int is_loaded;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static int find(void *library, const char *name, void *function)
{
  void *found = dlsym(library, name);
  memcpy(function, &found, sizeof found);
  return found != NULL;
}

static void load(void)
{
  void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
  if (library == NULL)
    library = dlopen("libcurl-gnutls.so.4", RTLD_NOW | RTLD_LOCAL);
  if (library == NULL)
    return;
  const struct {
    const char *name;
    void *function;
  } wanted[] = {
      {"curl_global_init", &weir_curl.global_init},
      {"curl_easy_init", &weir_curl.easy_init},
      {"curl_easy_cleanup", &weir_curl.easy_cleanup},
      {"curl_easy_duphandle", &weir_curl.easy_duphandle},
      {"curl_easy_setopt", &weir_curl.easy_setopt},
      {"curl_easy_getinfo", &weir_curl.easy_getinfo},
      {"curl_easy_strerror", &weir_curl.easy_strerror},
      {"curl_slist_append", &weir_curl.slist_append},
      {"curl_slist_free_all", &weir_curl.slist_free_all},
      {"curl_multi_init", &weir_curl.multi_init},
      {"curl_multi_cleanup", &weir_curl.multi_cleanup},
      {"curl_multi_add_handle", &weir_curl.multi_add_handle},
      {"curl_multi_remove_handle", &weir_curl.multi_remove_handle},
      {"curl_multi_perform", &weir_curl.multi_perform},
      {"curl_multi_poll", &weir_curl.multi_poll},
      {"curl_multi_wakeup", &weir_curl.multi_wakeup},
      {"curl_multi_info_read", &weir_curl.multi_info_read},
  };
  for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
    if (!find(library, wanted[i].name, wanted[i].function))
      return;
  is_loaded = weir_curl.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

int weir_curl_load(void)
{
  pthread_once(&once, load);
  return is_loaded;
}

CURLcode weir_curl_status(CURL *easy, CURLcode code, int32_t *status)
{
  enum { LEAST = 100, MOST = 999 };
  long number = 0;
  weir_curl.easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &number);
  int is_status = number >= LEAST && number <= MOST;
  *status = is_status ? (int32_t)number : 0;
  return code == CURLE_OK && !is_status ? CURLE_WEIRD_SERVER_REPLY : code;
}

int64_t weir_curl_retry_after_ns(CURL *easy)
{
  curl_off_t after_s = 0;
  weir_curl.easy_getinfo(easy, CURLINFO_RETRY_AFTER, &after_s);
  if (after_s <= 0)
    return -1;
  // A server may say any number.
  return after_s < INT64_MAX / NS_PER_S ? after_s * NS_PER_S : INT64_MAX;
}

// A file, or the PEM itself. libcurl copies both.
static unsigned set_pem(CURL *easy, CURLoption path, CURLoption blob, const char *given)
{
  if (given == NULL)
    return CURLE_OK;
  if (!weir_pem_is_text(given))
    return weir_curl.easy_setopt(easy, path, given);
  struct curl_blob text = {(void *)given, strlen(given), CURL_BLOB_COPY};
  return weir_curl.easy_setopt(easy, blob, &text);
}

static int is_folder(const char *path)
{
  struct stat found;
  return stat(path, &found) == 0 && S_ISDIR(found.st_mode);
}

unsigned weir_curl_trust(CURL *easy, const weir_tls_options *tls)
{
  unsigned rc =
      weir_curl.easy_setopt(easy, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
  // An authority that has changed is soon another one; most libraries cannot keep any.
  weir_curl.easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, (long)CA_KEPT_S);
  if (tls == NULL)
    return rc;
  rc |= set_pem(easy, CURLOPT_SSLCERT, CURLOPT_SSLCERT_BLOB, tls->cert);
  rc |= set_pem(easy, CURLOPT_SSLKEY, CURLOPT_SSLKEY_BLOB,
                tls->key != NULL ? tls->key : tls->cert);
  if (tls->password != NULL)
    rc |= weir_curl.easy_setopt(easy, CURLOPT_KEYPASSWD, tls->password);
  if (tls->ca != NULL && is_folder(tls->ca))
    rc |= weir_curl.easy_setopt(easy, CURLOPT_CAPATH, tls->ca);
  else
    rc |= set_pem(easy, CURLOPT_CAINFO, CURLOPT_CAINFO_BLOB, tls->ca);
  if (tls->accepts_any) {
    rc |= weir_curl.easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    rc |= weir_curl.easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
  }
  return rc;
}

const char *weir_curl_remedy(CURLcode code)
{
  if (code == CURLE_PEER_FAILED_VERIFICATION)
    return "; tls = { ca = \"authority.pem\" } says whom to trust";
  return code == CURLE_WEIRD_SERVER_REPLY || code == CURLE_UNSUPPORTED_PROTOCOL
             ? "; url must be that of an HTTP server"
             : "";
}
