// http.c -- requests over HTTP, by libcurl.

#include "engine/loop/http.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/loop/curl.h"

enum { NS_PER_MS = 1000000, POLL_MS = 1000 };

struct weir_http {
  CURLM *multi;
  CURL *easy;  // what every request is made from
  struct curl_slist *headers;
  weir_http_answer *answer;  // of the request under way
  size_t text_size;
  int fd;
  uint64_t answer_max;
  uint64_t answer_size;
  _Atomic int cancelled;
  char error[CURL_ERROR_SIZE];
  char message[CURL_ERROR_SIZE + 64];
};

// ---- what it calls

// Its first line, of what a terminal can show.
static void keep(weir_http *http, const char *bytes, size_t size)
{
  for (size_t i = 0; i < size && http->text_size < WEIR_HTTP_KEEP; i++) {
    unsigned char byte = (unsigned char)bytes[i];
    if (byte == '\n' && http->text_size > 0)
      http->text_size = WEIR_HTTP_KEEP;
    else if (byte >= ' ' && byte < 0x7f)
      http->answer->text[http->text_size++] = (char)byte;
  }
}

static size_t take(char *bytes, size_t one, size_t size, void *context)
{
  weir_http *http = context;
  size_t taken = 0;
  (void)one;  // is 1
  keep(http, bytes, size);
  http->answer_size += size;
  if (http->fd >= 0 && http->answer_size > http->answer_max)
    return 0;
  while (http->fd >= 0 && taken < size) {
    ssize_t put = write(http->fd, bytes + taken, size - taken);
    if (put < 0 && errno != EINTR)
      return 0;
    taken += put > 0 ? (size_t)put : 0;
  }
  return size;
}

// ---- requests

static int refuse(weir_http *http, char *message, size_t size, const char *words)
{
  snprintf(message, size, "%s", words);
  weir_http_free(http);
  return WEIR_EINVAL;
}

static unsigned set_up(weir_http *http, const weir_http_options *options)
{
  CURL *easy = http->easy;
  for (uint32_t i = 0; i < options->header_count; i++)
    http->headers = weir_curl.slist_append(http->headers, options->headers[i]);
  // A body is sent at once, not after a nod.
  http->headers = weir_curl.slist_append(http->headers, "Expect:");
  unsigned rc = weir_curl.easy_setopt(easy, CURLOPT_URL, options->url);
  rc |= weir_curl.easy_setopt(easy, CURLOPT_CUSTOMREQUEST, options->method);
  rc |= weir_curl.easy_setopt(easy, CURLOPT_HTTPHEADER, http->headers);
  rc |= weir_curl.easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  rc |= weir_curl.easy_setopt(easy, CURLOPT_TIMEOUT_MS,
                              (long)(options->timeout_ns / NS_PER_MS));
  rc |= weir_curl.easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                              (long)(options->connect_timeout_ns / NS_PER_MS));
  rc |= weir_curl.easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  rc |= weir_curl.easy_setopt(easy, CURLOPT_ERRORBUFFER, http->error);
  rc |= weir_curl.easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
  rc |= weir_curl.easy_setopt(easy, CURLOPT_WRITEDATA, http);
  return rc | weir_curl_trust(easy, options->tls);
}

int weir_http_new(weir_http **out, const weir_http_options *options, char *message,
                  size_t message_size)
{
  weir_http *http = weir_mem_new(sizeof *http);
  if (!weir_curl_load())
    return refuse(http, message, message_size, weir_curl_missing);
  http->multi = weir_curl.multi_init();
  http->easy = weir_curl.easy_init();
  if (http->multi == NULL || http->easy == NULL || set_up(http, options) != CURLE_OK)
    return refuse(http, message, message_size, "http: libcurl refuses these options");
  http->answer_max = options->answer_max;
  *out = http;
  return WEIR_OK;
}

void weir_http_free(weir_http *http)
{
  if (http == NULL)
    return;
  if (http->easy != NULL)
    weir_curl.easy_cleanup(http->easy);
  if (http->multi != NULL)
    weir_curl.multi_cleanup(http->multi);
  if (http->headers != NULL)
    weir_curl.slist_free_all(http->headers);
  weir_mem_free(http);
}

static int is_cancelled(const weir_http *http)
{
  return atomic_load_explicit(&http->cancelled, memory_order_relaxed);
}

static CURLcode perform(weir_http *http, CURL *easy)
{
  int left = 1;
  CURLMcode rc = weir_curl.multi_add_handle(http->multi, easy);
  WEIR_ASSERT(rc == CURLM_OK);
  while (!is_cancelled(http)) {
    weir_curl.multi_perform(http->multi, &left);
    if (left == 0)
      break;
    weir_curl.multi_poll(http->multi, NULL, 0, POLL_MS, NULL);
  }
  const CURLMsg *message = weir_curl.multi_info_read(http->multi, &left);
  CURLcode code = message != NULL ? message->data.result : CURLE_ABORTED_BY_CALLBACK;
  weir_curl.multi_remove_handle(http->multi, easy);
  return code;
}

static int read_answer(weir_http *http, CURL *easy, CURLcode rc)
{
  if (rc == CURLE_ABORTED_BY_CALLBACK)
    return WEIR_ESTOPPED;
  if (http->fd >= 0 && http->answer_size > http->answer_max) {
    snprintf(http->message, sizeof http->message, "the answer is longer than max_body");
    return -EMSGSIZE;
  }
  rc = weir_curl_status(easy, rc, &http->answer->status);
  if (rc != CURLE_OK) {
    snprintf(http->message, sizeof http->message, "%s%s",
             http->error[0] != '\0' ? http->error : weir_curl.easy_strerror(rc),
             weir_curl_remedy(rc));
    return -ECONNABORTED;
  }
  http->answer->retry_after_ns = weir_curl_retry_after_ns(easy);
  return WEIR_OK;
}

int weir_http_send(weir_http *http, weir_slice body, int fd, weir_http_answer *answer)
{
  *answer = (weir_http_answer){.retry_after_ns = -1};
  http->answer = answer;
  http->text_size = 0;
  http->fd = fd;
  http->answer_size = 0;
  http->error[0] = '\0';
  CURL *easy = weir_curl.easy_duphandle(http->easy);
  WEIR_ASSERT(easy != NULL);
  if (body.bytes != NULL) {
    weir_curl.easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.size);
    weir_curl.easy_setopt(easy, CURLOPT_POSTFIELDS, body.bytes);
  }
  int rc = read_answer(http, easy, perform(http, easy));
  weir_curl.easy_cleanup(easy);
  return rc;
}

void weir_http_cancel(weir_http *http)
{
  // Relaxed: waking orders it.
  atomic_store_explicit(&http->cancelled, 1, memory_order_relaxed);
  weir_curl.multi_wakeup(http->multi);
}

const char *weir_http_message(const weir_http *http) { return http->message; }
