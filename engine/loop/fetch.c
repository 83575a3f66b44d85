// fetch.c -- requests over HTTP, many at the same time.
//
// A request is made on the caller's thread and handed over; from then on until it has
// arrived it is the fetcher's, but for the wish to cancel it.

#include "engine/loop/fetch.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/loop/curl.h"

enum { NS_PER_MS = 1000000, POLL_MS = 60000 };

struct request {
  weir_fetch base;
  struct request *next;
  struct request *previous;
  CURL *easy;
  struct curl_slist *headers;
  weir_landing *landing;
  uint64_t body_max;
  int32_t cancelled;  // under the lock
  int32_t is_too_long;
  char error[CURL_ERROR_SIZE];
};

struct weir_fetcher {
  CURLM *multi;
  pthread_t thread;
  pthread_mutex_t lock;  // of what follows, but for first
  struct request *fresh;
  int has_cancelled;  // some request is to be given up
  int ends;
  struct request *first;  // under way; the thread's own
};

static struct request *request_of(weir_fetch *fetch) { return (struct request *)fetch; }

// ---- what libcurl calls

static size_t take_head(char *bytes, size_t one, size_t size, void *context)
{
  struct request *request = context;
  weir_buf *head = &request->base.head;
  (void)one;  // is 1
  if (size >= 5 && memcmp(bytes, "HTTP/", 5) == 0)
    weir_buf_clear(head);  // of an interim answer
  else if (head->size + size <= WEIR_FETCH_HEAD_MAX)
    weir_buf_append(head, bytes, size);
  return size;
}

static size_t take_body(char *bytes, size_t one, size_t size, void *context)
{
  struct request *request = context;
  (void)one;
  request->is_too_long = request->base.body.size + size > request->body_max;
  if (request->is_too_long)
    return 0;
  weir_buf_append(&request->base.body, bytes, size);
  return size;
}

// ---- one request

static long ms_of(int64_t ns) { return (long)((ns + NS_PER_MS - 1) / NS_PER_MS); }

static void set_up(struct request *request, const weir_fetch_options *options)
{
  CURL *easy = request->easy;
  for (uint32_t i = 0; i < options->header_count; i++)
    request->headers = weir_curl.slist_append(request->headers, options->headers[i]);
  unsigned rc = weir_curl.easy_setopt(easy, CURLOPT_URL, options->url);
  if (options->body.bytes != NULL) {
    // It is sent at once, not after a nod.
    request->headers = weir_curl.slist_append(request->headers, "Expect:");
    rc |= weir_curl.easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                                (curl_off_t)options->body.size);
    rc |= weir_curl.easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, options->body.bytes);
  }
  rc |= weir_curl_trust(easy, options->tls);
  rc |= weir_curl.easy_setopt(easy, CURLOPT_PRIVATE, request);
  rc |= weir_curl.easy_setopt(easy, CURLOPT_HTTPHEADER, request->headers);
  rc |= weir_curl.easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  rc |= weir_curl.easy_setopt(easy, CURLOPT_TIMEOUT_MS, ms_of(options->timeout_ns));
  rc |= weir_curl.easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                              ms_of(options->connect_timeout_ns));
  rc |= weir_curl.easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  rc |= weir_curl.easy_setopt(easy, CURLOPT_ERRORBUFFER, request->error);
  rc |= weir_curl.easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_head);
  rc |= weir_curl.easy_setopt(easy, CURLOPT_HEADERDATA, request);
  rc |= weir_curl.easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
  rc |= weir_curl.easy_setopt(easy, CURLOPT_WRITEDATA, request);
  WEIR_ASSERT(rc == CURLE_OK);
}

static int code_of(const struct request *request, CURLcode rc)
{
  if (request->is_too_long)
    return -EMSGSIZE;
  if (rc == CURLE_OK)
    return WEIR_OK;
  if (rc == CURLE_OPERATION_TIMEDOUT)
    return -ETIMEDOUT;
  if (rc == CURLE_URL_MALFORMAT)
    return -EINVAL;
  long number = 0;
  if (rc == CURLE_COULDNT_CONNECT)
    weir_curl.easy_getinfo(request->easy, CURLINFO_OS_ERRNO, &number);
  return number > 0 ? -(int)number : -ECONNABORTED;
}

static void read_answer(struct request *request, CURLcode rc)
{
  weir_fetch *fetch = &request->base;
  rc = weir_curl_status(request->easy, rc, &fetch->status);
  fetch->code = code_of(request, rc);
  fetch->retry_after_ns = weir_curl_retry_after_ns(request->easy);
  snprintf(fetch->message, sizeof fetch->message, "%s%s",
           request->is_too_long        ? "the answer is longer than max_body"
           : request->error[0] != '\0' ? request->error
                                       : weir_curl.easy_strerror(rc),
           weir_curl_remedy(rc));
}

static void free_request(struct request *request)
{
  if (request->easy != NULL)
    weir_curl.easy_cleanup(request->easy);
  if (request->headers != NULL)
    weir_curl.slist_free_all(request->headers);
  weir_landing_unref(request->landing);
  weir_buf_fini(&request->base.head);
  weir_buf_fini(&request->base.body);
  weir_mem_free(request);
}

static void drop(weir_arrival *arrival) { free_request((struct request *)arrival); }

// ---- the thread

static void begin(weir_fetcher *fetcher, struct request *request)
{
  request->previous = NULL;
  request->next = fetcher->first;
  if (fetcher->first != NULL)
    fetcher->first->previous = request;
  fetcher->first = request;
  CURLMcode rc = weir_curl.multi_add_handle(fetcher->multi, request->easy);
  WEIR_ASSERT(rc == CURLM_OK);
}

static void end(weir_fetcher *fetcher, struct request *request)
{
  if (request->previous != NULL)
    request->previous->next = request->next;
  else
    fetcher->first = request->next;
  if (request->next != NULL)
    request->next->previous = request->previous;
  weir_curl.multi_remove_handle(fetcher->multi, request->easy);
  weir_curl.easy_cleanup(request->easy);
  request->easy = NULL;
  weir_landing *landing = request->landing;
  request->landing = NULL;
  weir_landing_put(landing, &request->base.arrival);
  weir_landing_unref(landing);
}

static void end_cancelled(weir_fetcher *fetcher)
{
  struct request *next;
  for (struct request *request = fetcher->first; request != NULL; request = next) {
    next = request->next;
    pthread_mutex_lock(&fetcher->lock);
    int cancelled = request->cancelled;
    pthread_mutex_unlock(&fetcher->lock);
    if (!cancelled)
      continue;
    request->base.code = WEIR_ESTOPPED;
    end(fetcher, request);
  }
}

static void end_answered(weir_fetcher *fetcher)
{
  int left;
  CURLMsg *message;
  while ((message = weir_curl.multi_info_read(fetcher->multi, &left)) != NULL) {
    struct request *request = NULL;
    CURLcode rc = message->data.result;
    weir_curl.easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &request);
    read_answer(request, rc);
    end(fetcher, request);
  }
}

// Begins what is new; whether it is to go on.
static int look(weir_fetcher *fetcher)
{
  pthread_mutex_lock(&fetcher->lock);
  struct request *fresh = fetcher->fresh;
  int has_cancelled = fetcher->has_cancelled;
  int ends = fetcher->ends;
  fetcher->fresh = NULL;
  fetcher->has_cancelled = 0;
  pthread_mutex_unlock(&fetcher->lock);
  while (fresh != NULL) {
    struct request *next = fresh->next;
    begin(fetcher, fresh);
    fresh = next;
  }
  if (has_cancelled)
    end_cancelled(fetcher);
  return !ends;
}

static void *live(void *argument)
{
  weir_fetcher *fetcher = argument;
  int running;
  while (look(fetcher)) {
    weir_curl.multi_perform(fetcher->multi, &running);
    end_answered(fetcher);
    weir_curl.multi_poll(fetcher->multi, NULL, 0, POLL_MS, NULL);
  }
  return NULL;
}

// ---- for others

int weir_fetcher_new(weir_fetcher **out, char *message, size_t message_size)
{
  if (!weir_curl_load()) {
    snprintf(message, message_size, "%s", weir_curl_missing);
    return WEIR_EINVAL;
  }
  weir_fetcher *fetcher = weir_mem_new(sizeof *fetcher);
  fetcher->multi = weir_curl.multi_init();
  pthread_mutex_init(&fetcher->lock, NULL);
  int rc = pthread_create(&fetcher->thread, NULL, live, fetcher);
  if (rc != 0) {
    snprintf(message, message_size, "http: no thread: %s", weir_err_text(-rc));
    weir_curl.multi_cleanup(fetcher->multi);
    pthread_mutex_destroy(&fetcher->lock);
    weir_mem_free(fetcher);
    return -rc;
  }
  *out = fetcher;
  return WEIR_OK;
}

static void wake(weir_fetcher *fetcher) { weir_curl.multi_wakeup(fetcher->multi); }

void weir_fetcher_free(weir_fetcher *fetcher)
{
  if (fetcher == NULL)
    return;
  pthread_mutex_lock(&fetcher->lock);
  fetcher->ends = 1;
  pthread_mutex_unlock(&fetcher->lock);
  wake(fetcher);
  pthread_join(fetcher->thread, NULL);
  while (fetcher->first != NULL) {
    struct request *request = fetcher->first;
    fetcher->first = request->next;
    weir_curl.multi_remove_handle(fetcher->multi, request->easy);
    free_request(request);
  }
  weir_curl.multi_cleanup(fetcher->multi);
  pthread_mutex_destroy(&fetcher->lock);
  weir_mem_free(fetcher);
}

weir_fetch *weir_fetch_start(weir_fetcher *fetcher, const weir_fetch_options *options,
                             weir_landing *landing, uint64_t ticket)
{
  struct request *request = weir_mem_new(sizeof *request);
  request->base.arrival = (weir_arrival){.ticket = ticket, .drop = drop};
  request->landing = weir_landing_ref(landing);
  request->body_max = options->body_max;
  request->easy = weir_curl.easy_init();
  WEIR_ASSERT(request->easy != NULL);
  set_up(request, options);
  pthread_mutex_lock(&fetcher->lock);
  request->next = fetcher->fresh;
  fetcher->fresh = request;
  pthread_mutex_unlock(&fetcher->lock);
  wake(fetcher);
  return &request->base;
}

void weir_fetch_cancel(weir_fetcher *fetcher, weir_fetch *fetch)
{
  pthread_mutex_lock(&fetcher->lock);
  request_of(fetch)->cancelled = 1;
  fetcher->has_cancelled = 1;
  pthread_mutex_unlock(&fetcher->lock);
  wake(fetcher);
}

void weir_fetch_free(weir_fetch *fetch) { free_request(request_of(fetch)); }
