// generate.c -- writes the input of the benchmark; the same bytes for the same seed.
//
//     generate web|heavy|csv|log COUNT SEED
//
// web     a request as a flat JSON object of ten fields
// heavy   a request as a nested one of about 1 KB, with escapes and all of Unicode
// csv     the web records as a table with a header
// log     the web records as an Apache server logs them (combined)
//
// The first records of a longer input are those of a shorter one. The order in which
// numbers are drawn is part of the format: do not sort these lines.

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// Blackman and Vigna's xoroshiro128+.
static uint64_t state[2];

static uint64_t turn(uint64_t bits, int by)
{
  return (bits << by) | (bits >> (64 - by));
}

static uint64_t draw(void)
{
  uint64_t low = state[0];
  uint64_t high = state[1];
  uint64_t sum = low + high;
  high ^= low;
  state[0] = turn(low, 24) ^ high ^ (high << 16);
  state[1] = turn(high, 37);
  return sum;
}

static uint32_t below(uint32_t limit)
{
  return (uint32_t)((draw() >> 32) * limit >> 32);
}

static double share(void) { return (double)(draw() >> 11) * 0x1p-53; }

static void seed(uint64_t number)
{
  state[0] = number * 0x9E3779B97F4A7C15 + 1;
  state[1] = number ^ 0xD1B54A32D192ED03;
  for (int i = 0; i < 16; i++)
    draw();
}

#define PICK(list) list[below(sizeof list / sizeof *list)]

static const char *const methods[] = {"GET", "GET",  "GET",  "GET", "GET",
                                      "GET", "POST", "POST", "PUT", "DELETE"};
static const char *const areas[] = {"/api/v1/users", "/api/v1/orders", "/api/v2/items",
                                    "/static/css",   "/static/js",     "/img",
                                    "/login",        "/search",        "/checkout",
                                    "/health",       "/admin",         "/blog"};
static const char *const agents[] = {"curl/7.88.1",        "Mozilla/5.0 (X11)",
                                     "Go-http-client/2.0", "python-requests/2.31",
                                     "okhttp/4.9.3",       "kube-probe/1.27"};
static const char *const levels[] = {"info", "info", "info", "info", "warn", "debug"};

static int pick_status(void)
{
  static const struct {
    uint32_t below;  // of a thousand requests
    int status;
  } shares[] = {{800, 200}, {850, 304}, {880, 301}, {930, 404}, {945, 400},
                {960, 403}, {980, 500}, {992, 502}, {1000, 503}};
  uint32_t at = below(1000);
  int i = 0;
  while (at >= shares[i].below)
    i++;
  return shares[i].status;
}

// What every kind of record has.
struct request {
  int64_t ts;  // ms
  int status;
  const char *method;
  const char *area;
  uint32_t bytes;
  double latency_ms;
  uint32_t user;
  const char *level;
};

static struct request next_request(int64_t ts)
{
  struct request it = {.ts = ts};
  it.status = pick_status();
  it.method = PICK(methods);
  it.area = PICK(areas);
  it.bytes = below(4) ? below(20000) : below(2000000);
  it.latency_ms = share() * share() * share() * 900.0 + 0.2;
  it.user = below(500000);
  it.level = it.status >= 500 ? "error" : PICK(levels);
  return it;
}

struct tail {
  const char *agent;
  uint32_t page;
  uint32_t host;
};

static struct tail next_tail(void)
{
  struct tail it = {.agent = PICK(agents)};
  it.page = below(100000);
  it.host = below(48);
  return it;
}

static void write_web(struct request it)
{
  struct tail tail = next_tail();
  printf("{\"ts\":%" PRId64 ",\"host\":\"web-%02u.eu\",\"method\":\"%s\","
         "\"path\":\"%s/%u\",\"status\":%d,\"bytes\":%u,\"latency_ms\":%.3f,"
         "\"user_id\":\"u%06u\",\"ua\":\"%s\",\"level\":\"%s\"}\n",
         it.ts, tail.host, it.method, it.area, tail.page, it.status, it.bytes,
         it.latency_ms, it.user, tail.agent, it.level);
}

static void write_csv(struct request it)
{
  struct tail tail = next_tail();
  printf("%" PRId64 ",web-%02u.eu,%s,%s/%u,%d,%u,%.3f,u%06u,%s,%s\n", it.ts, tail.host,
         it.method, it.area, tail.page, it.status, it.bytes, it.latency_ms, it.user,
         tail.agent, it.level);
}

// A few values are missing, as they are in real logs: those who only read are not
// logged in, "not modified" has no body, and debuggers come from nowhere.
static void write_log(struct request it)
{
  struct tail tail = next_tail();
  time_t seconds = it.ts / 1000;
  struct tm utc;
  char when[32];
  strftime(when, sizeof when, "%d/%b/%Y:%H:%M:%S +0000", gmtime_r(&seconds, &utc));
  printf("10.%u.%u.%u - ", it.user >> 16, it.user >> 8 & 255, it.user & 255);
  if (strcmp(it.method, "GET") == 0)
    printf("-");
  else
    printf("u%06u", it.user);
  printf(" [%s] \"%s %s/%u HTTP/1.1\" %d ", when, it.method, it.area, tail.page,
         it.status);
  if (it.status == 304)
    printf("-");
  else
    printf("%u", it.bytes);
  if (strcmp(it.level, "debug") == 0)
    printf(" \"-\"");
  else
    printf(" \"https://web-%02u.eu%s\"", tail.host, it.area);
  printf(" \"%s\"\n", tail.agent);
}

static void write_heavy_host(struct request it)
{
  uint32_t pod_low = below(1 << 20);
  uint32_t pod_high = (uint32_t)draw();
  char zone = (char)('a' + below(3));
  uint32_t ip[3];
  for (int i = 2; i >= 0; i--)
    ip[i] = below(256);
  printf("{\"ts\":%" PRId64
         ",\"host\":{\"name\":\"web-%02u.eu\",\"ip\":\"10.%u.%u.%u\","
         "\"labels\":{\"az\":\"eu-west-1%c\",\"pod\":\"web-%08x-%05x\","
         "\"team\":\"caf\\u00e9\"}},",
         it.ts, below(48), ip[0], ip[1], ip[2], zone, pod_high, pod_low);
}

static void write_heavy_http(struct request it)
{
  uint64_t session = draw();
  uint64_t trace_low = draw();
  uint64_t trace_high = draw();
  uint32_t query = below(1000);
  printf("\"http\":{\"method\":\"%s\",\"path\":\"%s/%u\","
         "\"query\":\"q=%u&sort=\\\"asc\\\"&p=C:\\\\tmp\\\\x\",\"status\":%d,"
         "\"headers\":[{\"k\":\"accept\","
         "\"v\":\"text/html,application/xhtml+xml;q=0.9,*/*;q=0.8\"},"
         "{\"k\":\"x-trace\",\"v\":\"%016" PRIx64 "%016" PRIx64 "\"},"
         "{\"k\":\"cookie\",\"v\":\"sid=%016" PRIx64 "; lang=日本語\"}]},",
         it.method, it.area, below(100000), query, it.status, trace_high, trace_low,
         session);
}

static void write_heavy_user(struct request it)
{
  const char *active = below(2) ? "true" : "false";
  double longitude = share() * 360 - 180;
  double latitude = share() * 180 - 90;
  printf("\"bytes\":%u,\"latency_ms\":%.3f,\"user\":{\"id\":\"u%06u\","
         "\"name\":\"José \\u4f60\\u597d \\uD83D\\uDE00 %u\","
         "\"roles\":[\"admin\",\"dev\",\"ops\"],\"geo\":[%.5f,%.5f],\"active\":%s,"
         "\"manager\":null},",
         it.bytes, it.latency_ms, it.user, below(1000), latitude, longitude, active);
}

static void write_heavy_rest(struct request it)
{
  uint32_t line[2];
  for (int i = 1; i >= 0; i--)
    line[i] = below(1000);
  uint32_t padding = below(1000000);
  const char *agent = PICK(agents);
  double timings[6];
  for (int i = 5; i >= 0; i--)
    timings[i] = share() * (i == 5 ? 100 : 10);
  printf(
      "\"timings\":[%.3f,%.3f,%.3f,%.3f,%.3f,%.3f],\"ua\":\"%s\","
      "\"msg\":\"line one\\nline two\\ttabbed \\\"quoted\\\" text with some padding so "
      "that the record is long enough %u\\n\\tat com.example.Foo.bar(Foo.java:%u)"
      "\\n\\tat com.example.Baz.qux(Baz.java:%u)\",\"level\":\"%s\"}\n",
      timings[0], timings[1], timings[2], timings[3], timings[4], timings[5], agent,
      padding, line[0], line[1], it.level);
}

static void write_heavy(struct request it)
{
  write_heavy_host(it);
  write_heavy_http(it);
  write_heavy_user(it);
  write_heavy_rest(it);
}

static const struct kind {
  const char *name;
  const char *header;
  void (*write)(struct request it);
} kinds[] = {
    {"web", "", write_web},
    {"heavy", "", write_heavy},
    {"csv", "ts,host,method,path,status,bytes,latency_ms,user_id,ua,level\n",
     write_csv},
    {"log", "", write_log},
};

int main(int argc, char **argv)
{
  const struct kind *kind = NULL;
  for (size_t i = 0; argc == 4 && i < sizeof kinds / sizeof *kinds; i++) {
    if (strcmp(argv[1], kinds[i].name) == 0)
      kind = &kinds[i];
  }
  if (kind == NULL) {
    fputs("usage: generate web|heavy|csv|log COUNT SEED\n", stderr);
    return 2;
  }
  long count = atol(argv[2]);
  seed(strtoull(argv[3], NULL, 10));
  fputs(kind->header, stdout);
  // About 2,600 requests a second of event time.
  int64_t ts = 1700000000000;
  for (long i = 0; i < count; i++) {
    ts += below(3) == 0;
    if (below(10) == 0)
      ts += below(2);
    kind->write(next_request(ts));
  }
  return fclose(stdout) == 0 ? 0 : 1;
}
