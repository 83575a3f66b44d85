// http.c -- whatever a server answers, a request ends, and what it tells of the answer
// is fit to be told: to one that is waited for, and to one of many.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/base/check.h"
#include "engine/base/err.h"
#include "engine/loop/fetch.h"
#include "engine/loop/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BODY_MAX = 100, URL = 64, REQUEST = 4096 };

static const int64_t timeout_ns = 5000000000;

static int listener;
static char url[URL];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static weir_slice answer;  // to the next request; under the lock
static sem_t arrived;

// Reads a request, says what it has to, and leaves.
static void *serve(void *unused)
{
  char request[REQUEST];
  for (;;) {
    int client = accept(listener, NULL, NULL);
    WEIR_ASSERT(client >= 0);
    size_t size = 0;
    ssize_t got;
    do {
      got = read(client, request + size, sizeof request - size);
      size += got > 0 ? (size_t)got : 0;
    } while (got > 0 && memmem(request, size, "\r\n\r\n", 4) == NULL);
    pthread_mutex_lock(&lock);
    send(client, answer.bytes, answer.size, MSG_NOSIGNAL);
    pthread_mutex_unlock(&lock);
    close(client);
  }
  return unused;
}

static void set_answer(weir_slice bytes)
{
  pthread_mutex_lock(&lock);
  answer = bytes;
  pthread_mutex_unlock(&lock);
}

static void wake(void *unused)
{
  (void)unused;
  sem_post(&arrived);
}

static void begin(void)
{
  struct sockaddr_in name = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof name;
  pthread_t thread;
  listener = socket(AF_INET, SOCK_STREAM, 0);
  WEIR_ASSERT(bind(listener, (struct sockaddr *)&name, size) == 0);
  WEIR_ASSERT(listen(listener, 8) == 0);
  WEIR_ASSERT(getsockname(listener, (struct sockaddr *)&name, &size) == 0);
  snprintf(url, sizeof url, "http://127.0.0.1:%u/", ntohs(name.sin_port));
  WEIR_ASSERT(pthread_create(&thread, NULL, serve, NULL) == 0);
}

// What people and files are shown.
static void check_text(const char *text, size_t room)
{
  size_t size = strnlen(text, room);
  WEIR_ASSERT(size < room);
  for (size_t i = 0; i < size; i++)
    WEIR_ASSERT(text[i] >= ' ' && text[i] <= '~');
}

static void send_one(void)
{
  char message[256];
  weir_http *http = NULL;
  weir_http_answer told;
  int fd = memfd_create("fuzz", MFD_CLOEXEC);
  weir_http_options options = {
      .url = url,
      .method = "GET",
      .answer_max = BODY_MAX,
      .timeout_ns = timeout_ns,
      .connect_timeout_ns = timeout_ns,
  };
  WEIR_ASSERT(weir_http_new(&http, &options, message, sizeof message) == WEIR_OK);
  int rc = weir_http_send(http, (weir_slice){NULL, 0}, fd, &told);
  WEIR_ASSERT(rc == WEIR_OK || weir_http_message(http)[0] != '\0');
  WEIR_ASSERT(told.retry_after_ns >= -1);
  WEIR_ASSERT(rc != WEIR_OK || (told.status >= 100 && told.status < 1000));
  WEIR_ASSERT(lseek(fd, 0, SEEK_END) <= BODY_MAX);
  check_text(told.text, sizeof told.text);
  weir_http_free(http);
  close(fd);
}

static void send_many(weir_fetcher *fetcher, weir_landing *landing)
{
  weir_fetch_options options = {
      .url = url,
      .body_max = BODY_MAX,
      .timeout_ns = timeout_ns,
      .connect_timeout_ns = timeout_ns,
  };
  weir_fetch_start(fetcher, &options, landing, 1);
  while (sem_wait(&arrived) != 0)
    continue;
  weir_fetch *fetch = (weir_fetch *)weir_landing_take(landing);
  WEIR_ASSERT(fetch != NULL);
  WEIR_ASSERT(fetch->body.size <= BODY_MAX);
  WEIR_ASSERT(fetch->head.size <= WEIR_FETCH_HEAD_MAX);
  WEIR_ASSERT(fetch->retry_after_ns >= -1);
  WEIR_ASSERT(fetch->code != WEIR_OK || (fetch->status >= 100 && fetch->status < 1000));
  WEIR_ASSERT(strnlen(fetch->message, sizeof fetch->message) < sizeof fetch->message);
  weir_fetch_free(fetch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static weir_fetcher *fetcher;
  static weir_landing *landing;
  if (fetcher == NULL) {
    char message[256];
    sem_init(&arrived, 0, 0);
    begin();
    landing = weir_landing_new(wake, NULL);
    WEIR_ASSERT(weir_fetcher_new(&fetcher, message, sizeof message) == WEIR_OK);
  }
  set_answer((weir_slice){(const char *)data, size});
  send_one();
  send_many(fetcher, landing);
  set_answer((weir_slice){NULL, 0});
  return 0;
}
