// curl.h -- libcurl, for this room only: loaded when it is first asked for.
//
// Owns     the library; it stays for as long as the process does.
// Threads  load: any. Then as libcurl says.

#pragma once

#include <curl/curl.h>
#include <stdint.h>

#include "engine/loop/tls.h"

// What is used of it. A handle is of one request: up to 8.1 the next one with it may
// write to headers of the last, which are gone. The connections are the multi's.
struct weir_curl {
  CURLcode (*global_init)(long flags);
  CURL *(*easy_init)(void);
  void (*easy_cleanup)(CURL *easy);
  CURL *(*easy_duphandle)(CURL *easy);
  CURLcode (*easy_setopt)(CURL *easy, CURLoption option, ...);
  CURLcode (*easy_getinfo)(CURL *easy, CURLINFO info, ...);
  const char *(*easy_strerror)(CURLcode code);
  struct curl_slist *(*slist_append)(struct curl_slist *list, const char *text);
  void (*slist_free_all)(struct curl_slist *list);
  CURLM *(*multi_init)(void);
  CURLMcode (*multi_cleanup)(CURLM *multi);
  CURLMcode (*multi_add_handle)(CURLM *multi, CURL *easy);
  CURLMcode (*multi_remove_handle)(CURLM *multi, CURL *easy);
  CURLMcode (*multi_perform)(CURLM *multi, int *running);
  CURLMcode (*multi_poll)(CURLM *multi, struct curl_waitfd *more, unsigned more_count,
                          int timeout_ms, int *count);
  CURLMcode (*multi_wakeup)(CURLM *multi);
  CURLMsg *(*multi_info_read)(CURLM *multi, int *left);
};
extern struct weir_curl weir_curl;

extern const char weir_curl_missing[];  // what to say where it is not

int weir_curl_load(void);  // whether it is there

// Whom a client trusts and who it is; tls: NULL: the system's authorities, nobody. Then
// what to do about a failure, or "".
unsigned weir_curl_trust(CURL *easy, const weir_tls_options *tls);
const char *weir_curl_remedy(CURLcode code);

// The status of an answer, and what became of the request: a server whose status is no
// number of HTTP has given none, whatever libcurl makes of it; then it is 0.
CURLcode weir_curl_status(CURL *easy, CURLcode code, int32_t *status);

// How long the server wants to be left alone; -1: not said.
int64_t weir_curl_retry_after_ns(CURL *easy);
