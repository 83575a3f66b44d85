// paths.c -- what a user wrote as input, as the list of files that it means.

#include "engine/io/paths.h"

#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "engine/base/err.h"
#include "engine/base/mem.h"

enum { CAPACITY_FIRST = 8, MAGIC_PROC = 0x9fa0, MAGIC_SYS = 0x62656572 };

void weir_paths_init(weir_paths *paths) { *paths = (weir_paths){0}; }

void weir_paths_fini(weir_paths *paths)
{
  for (uint32_t i = 0; i < paths->count; i++)
    weir_mem_free(paths->items[i]);
  weir_mem_free(paths->items);
  weir_paths_init(paths);
}

__attribute__((format(printf, 3, 4))) static int fail(weir_paths *paths, int code,
                                                      const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(paths->message, sizeof paths->message, format, arguments);
  va_end(arguments);
  return code;
}

static int keep(weir_paths *paths, const char *path, const struct stat *stat)
{
  if (paths->count == WEIR_PATHS_MAX)
    return fail(paths, -E2BIG, "%s: more than %d input files; read them in parts", path,
                WEIR_PATHS_MAX);
  if (paths->count == paths->capacity) {
    uint32_t capacity = paths->capacity > 0 ? paths->capacity * 2 : CAPACITY_FIRST;
    char **items = weir_mem_resize(paths->items, capacity * sizeof *items);
    if (items == NULL)
      return WEIR_ENOMEM;
    paths->items = items;
    paths->capacity = capacity;
  }
  paths->items[paths->count++] = weir_mem_text(path);
  if (S_ISREG(stat->st_mode))
    paths->bytes_total += (uint64_t)stat->st_size;
  else
    paths->special = 1;
  return WEIR_OK;
}

static int visible(const struct dirent *entry) { return entry->d_name[0] != '.'; }

static int by_byte(const struct dirent **left, const struct dirent **right)
{
  return strcmp((*left)->d_name, (*right)->d_name);
}

// Of /proc and /sys: the files in it are switches and endless streams, not data.
static int is_kernels(const char *directory)
{
  struct statfs found;
  return statfs(directory, &found) == 0 &&
         (found.f_type == MAGIC_PROC || found.f_type == MAGIC_SYS);
}

static int add_directory(weir_paths *paths, const char *directory)
{
  if (is_kernels(directory))
    return fail(paths, -EISDIR,
                "%s: is a directory of the kernel, whose files may never end; name the "
                "ones you want",
                directory);
  struct dirent **entries = NULL;
  int count = scandir(directory, &entries, visible, by_byte);
  if (count < 0)
    return fail(paths, -errno, "%s: the directory cannot be listed: %s", directory,
                strerror(errno));
  uint32_t before = paths->count;
  size_t size = strlen(directory);
  const char *slash = size > 0 && directory[size - 1] == '/' ? "" : "/";
  int rc = WEIR_OK;
  for (int i = 0; i < count; i++) {
    char *path = NULL;
    struct stat found;
    if (rc == WEIR_OK &&
        asprintf(&path, "%s%s%s", directory, slash, entries[i]->d_name) >= 0) {
      if (stat(path, &found) == 0 && S_ISREG(found.st_mode))
        rc = keep(paths, path, &found);
      free(path);
    }
    free(entries[i]);
  }
  free(entries);
  if (rc == WEIR_OK && paths->count == before)
    return fail(paths, -ENOENT,
                "%s: the directory holds no files (hidden ones do not count)",
                directory);
  return rc;
}

static int add_match(weir_paths *paths, const char *pattern, const char *path)
{
  struct stat found;
  if (stat(path, &found) != 0)
    return fail(paths, -errno, "%s: matches \"%s\" but cannot be read: %s", path,
                pattern, strerror(errno));
  if (S_ISDIR(found.st_mode))
    return fail(paths, -EISDIR,
                "%s: is a directory that \"%s\" matches; name its files too, as in "
                "\"%s/*\", or a pattern that leaves it out",
                path, pattern, path);
  return keep(paths, path, &found);
}

static int by_text(const void *left, const void *right)
{
  return strcmp(*(char *const *)left, *(char *const *)right);
}

static int add_glob(weir_paths *paths, const char *pattern)
{
  glob_t matches;
  int rc = glob(pattern, GLOB_NOSORT, NULL, &matches);
  if (rc == GLOB_NOMATCH)
    return fail(paths, -ENOENT, "%s: no file matches; is it right from %s?", pattern,
                pattern[0] == '/' ? "the root" : "the directory you are in");
  if (rc != 0)
    return fail(paths, -EIO, "%s: the directory cannot be listed", pattern);
  // By byte in every locale, which glob's own order is not.
  qsort(matches.gl_pathv, matches.gl_pathc, sizeof matches.gl_pathv[0], by_text);
  for (size_t i = 0; i < matches.gl_pathc && rc == WEIR_OK; i++)
    rc = add_match(paths, pattern, matches.gl_pathv[i]);
  globfree(&matches);
  return rc;
}

int weir_paths_add(weir_paths *paths, const char *written)
{
  struct stat found;
  if (strcmp(written, "-") == 0) {
    if (fstat(STDIN_FILENO, &found) != 0)
      return fail(paths, -errno, "there is no standard input; name a file instead");
    return keep(paths, written, &found);
  }
  if (stat(written, &found) == 0)
    return S_ISDIR(found.st_mode) ? add_directory(paths, written)
                                  : keep(paths, written, &found);
  if (strpbrk(written, "*?[") != NULL)
    return add_glob(paths, written);
  int code = errno;
  if (lstat(written, &found) == 0)
    return fail(paths, -code, "%s: is a link to something that cannot be reached: %s",
                written, strerror(code));
  return fail(paths, -code, "%s: %s; check the name, and where you are", written,
              strerror(code));
}
