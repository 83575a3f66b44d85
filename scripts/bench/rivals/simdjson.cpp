// simdjson.cpp -- the tasks by hand in C++, on simdjson's On-Demand API.
//
//     simdjson TASK FILE
//
// What an experienced programmer writes when speed is all that counts: one pass, a
// document a line, fields asked for in the order they stand in, values that only pass
// through copied as they are, no allocation per record.

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <map>
#include <memory>
#include <simdjson.h>
#include <string>
#include <string_view>
#include <unistd.h>
#include <unordered_map>

using namespace simdjson;
using std::string_view;

namespace
{

class Output
{
public:
  Output &operator<<(string_view text)
  {
    if (size + text.size() > sizeof room)
      flush();
    memcpy(room + size, text.data(), text.size());
    size += text.size();
    return *this;
  }
  template <class Number> Output &number(Number value)
  {
    char digits[32];
    auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    return *this << string_view(digits, size_t(end - digits));
  }
  void flush()
  {
    for (size_t at = 0; at < size;) {
      ssize_t count = write(STDOUT_FILENO, room + at, size - at);
      if (count < 0)
        throw std::runtime_error("write failed");
      at += size_t(count);
    }
    size = 0;
  }

private:
  char room[256 << 10];
  size_t size = 0;
} out;

// The text of a value, without what stands behind it.
string_view token(simdjson_result<ondemand::value> value)
{
  string_view text = value.raw_json_token();
  while (!text.empty() && text.back() <= ' ')
    text.remove_suffix(1);
  return text;
}

string_view prefix(string_view path) { return path.substr(0, path.rfind('/')); }

struct Pass {
  void record(ondemand::document &document, string_view line)
  {
    ondemand::object object = document.get_object();
    object.raw_json().value();  // walks to the end of it
    out << line << "\n";
  }
  void end() {}
};

void write_failed(string_view ts, string_view host, string_view path, int64_t status)
{
  out << "{\"ts\":" << ts << ",\"host\":" << host << ",\"path\":" << path
      << ",\"status\":";
  out.number(status) << "}\n";
}

struct Filter {
  void record(ondemand::document &document, string_view)
  {
    string_view ts = token(document["ts"]);
    string_view host = token(document["host"]);
    string_view path = token(document["path"]);
    int64_t status = document["status"];
    if (status >= 500)
      write_failed(ts, host, path, status);
  }
  void end() {}
};

struct FilterNested {
  void record(ondemand::document &document, string_view)
  {
    string_view ts = token(document["ts"]);
    string_view host = token(document["host"]["name"]);
    ondemand::object http = document["http"];
    string_view path = token(http["path"]);
    int64_t status = http["status"];
    if (status >= 500)
      write_failed(ts, host, path, status);
  }
  void end() {}
};

struct Change {
  void record(ondemand::document &document, string_view line)
  {
    string_view path = document["path"];
    double latency = document["latency_ms"];
    out << line.substr(0, line.size() - 1) << ",\"bucket\":\""
        << (latency < 10    ? "fast"
            : latency < 100 ? "ok"
                            : "slow")
        << "\",\"prefix\":\"" << prefix(path) << "\"}\n";
  }
  void end() {}
};

class Group
{
public:
  void record(ondemand::document &document, string_view)
  {
    int64_t window = int64_t(document["ts"]) / 10000;
    string_view path = document["path"];
    double latency = document["latency_ms"];
    // The window goes into the key as bytes of falling weight, which sort as it does.
    for (size_t i = 0; i < sizeof window; i++)
      key[i] = char(window >> (56 - 8 * i));
    key.replace(sizeof window, std::string::npos, prefix(path));
    Sum &sum = sums[key];
    sum.window = window;
    sum.count++;
    sum.total += latency;
  }
  void end()
  {
    for (auto &[key, sum] : std::map(sums.begin(), sums.end())) {
      out << "{\"w\":";
      out.number(sum.window) << ",\"prefix\":\"" << string_view(key).substr(8)
                             << "\",\"count\":";
      out.number(sum.count) << ",\"average\":";
      out.number(sum.total / double(sum.count)) << "}\n";
    }
  }

private:
  struct Sum {
    int64_t window = 0;
    int64_t count = 0;
    double total = 0;
  };
  std::unordered_map<std::string, Sum> sums;
  std::string key = std::string(8, '\0');
};

template <class Task> void run(int fd)
{
  constexpr size_t block = 1 << 20;
  std::unique_ptr<char[]> room(new char[2 * block + SIMDJSON_PADDING]);
  ondemand::parser parser;
  Task task;
  size_t have = 0;
  for (ssize_t got; (got = read(fd, room.get() + have, block)) > 0;) {
    have += size_t(got);
    const char *line = room.get();
    const char *end = line + have;
    while (auto stop =
               static_cast<const char *>(memchr(line, '\n', size_t(end - line)))) {
      size_t size = size_t(stop - line);
      ondemand::document document =
          parser.iterate(padded_string_view(line, size, size + SIMDJSON_PADDING));
      task.record(document, string_view(line, size));
      line = stop + 1;
    }
    have = size_t(end - line);
    memmove(room.get(), line, have);
  }
  task.end();
  out.flush();
}

}  // namespace

int main(int argc, char **argv)
{
  const std::map<string_view, void (*)(int)> tasks = {
      {"T1", run<Pass>},  {"T2", run<Filter>},       {"T3", run<Change>},
      {"T4", run<Group>}, {"T7", run<FilterNested>},
  };
  int fd = argc == 3 ? open(argv[2], O_RDONLY) : -1;
  if (fd < 0 || tasks.count(argv[1]) == 0) {
    fputs("usage: simdjson TASK FILE\n", stderr);
    return 2;
  }
  tasks.at(argv[1])(fd);
}
