// matches.c -- which files there are now that a user's words mean.

#include "engine/io/matches.h"

#include <dirent.h>
#include <fnmatch.h>
#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/base/mem.h"

static char *joined(const char *directory, const char *name)
{
  weir_buf text;
  weir_buf_init(&text);
  size_t size = strlen(directory);
  weir_buf_text(&text, directory);
  if (size > 0 && directory[size - 1] != '/')
    weir_buf_byte(&text, '/');
  weir_buf_text(&text, name);
  char *out = weir_mem_copy(text.bytes, text.size);
  weir_buf_fini(&text);
  return out;
}

static char *directory_of(const char *path)
{
  const char *slash = strrchr(path, '/');
  if (slash == NULL)
    return weir_mem_text(".");
  return weir_mem_copy(path, slash == path ? 1 : (size_t)(slash - path));
}

void weir_matches_init(weir_matches *matches, const char *const *words, uint32_t count)
{
  *matches = (weir_matches){.word_count = count};
  matches->words = weir_mem_new(count * sizeof(char *) + 1);
  for (uint32_t i = 0; i < count; i++)
    matches->words[i] = weir_mem_text(words[i]);
  weir_buf_init(&matches->found);
  weir_buf_init(&matches->directories);
}

static void clear(weir_matches *matches)
{
  for (uint32_t i = 0; i < weir_matches_count(matches); i++)
    weir_mem_free(weir_matches_at(matches, i)->path);
  for (uint32_t i = 0; i < weir_matches_directory_count(matches); i++)
    weir_mem_free((char *)weir_matches_directory(matches, i));
  weir_buf_clear(&matches->found);
  weir_buf_clear(&matches->directories);
  matches->links = 0;
}

void weir_matches_fini(weir_matches *matches)
{
  clear(matches);
  for (uint32_t i = 0; i < matches->word_count; i++)
    weir_mem_free(matches->words[i]);
  weir_mem_free(matches->words);
  weir_buf_fini(&matches->found);
  weir_buf_fini(&matches->directories);
}

uint32_t weir_matches_count(const weir_matches *matches)
{
  return (uint32_t)(matches->found.size / sizeof(weir_matched));
}

const weir_matched *weir_matches_at(const weir_matches *matches, uint32_t index)
{
  return (const weir_matched *)matches->found.bytes + index;
}

uint32_t weir_matches_directory_count(const weir_matches *matches)
{
  return (uint32_t)(matches->directories.size / sizeof(char *));
}

const char *weir_matches_directory(const weir_matches *matches, uint32_t index)
{
  return ((char *const *)matches->directories.bytes)[index];
}

// Takes the text.
static void add_directory(weir_matches *matches, char *directory)
{
  for (uint32_t i = 0; i < weir_matches_directory_count(matches); i++) {
    if (strcmp(weir_matches_directory(matches, i), directory) == 0) {
      weir_mem_free(directory);
      return;
    }
  }
  weir_buf_append(&matches->directories, &directory, sizeof directory);
}

static weir_identity identity_of(const struct stat *found)
{
  return (weir_identity){.device = found->st_dev, .inode = found->st_ino};
}

static int is_known(const weir_matches *matches, const weir_identity *identity)
{
  for (uint32_t i = 0; i < weir_matches_count(matches); i++)
    if (weir_identity_same_inode(&weir_matches_at(matches, i)->identity, identity))
      return 1;
  return 0;
}

// Takes the path.
static void add_file(weir_matches *matches, char *path)
{
  struct stat found;
  weir_matched match = {.path = path};
  if (stat(path, &found) != 0 || !S_ISREG(found.st_mode)) {
    weir_mem_free(path);
    return;
  }
  match.identity = identity_of(&found);
  match.size = (uint64_t)found.st_size;
  if (is_known(matches, &match.identity)) {
    weir_mem_free(path);
    return;
  }
  weir_buf_append(&matches->found, &match, sizeof match);
  // Its bytes change where it is, not where a link to it is.
  struct stat link;
  char real[PATH_MAX];
  if (lstat(path, &link) == 0 && S_ISLNK(link.st_mode) &&
      realpath(path, real) != NULL) {
    add_directory(matches, directory_of(real));
    matches->links++;
  }
}

static int visible(const struct dirent *entry) { return entry->d_name[0] != '.'; }

static void find_in(weir_matches *matches, const char *directory)
{
  struct dirent **entries = NULL;
  int count = scandir(directory, &entries, visible, alphasort);
  for (int i = 0; i < count; i++) {
    add_file(matches, joined(directory, entries[i]->d_name));
    free(entries[i]);
  }
  free(entries);
  add_directory(matches, weir_mem_text(directory));
}

static int is_pattern(const char *word) { return strpbrk(word, "*?[") != NULL; }

static void find_directories(weir_matches *matches, const char *word)
{
  char *directory = directory_of(word);
  glob_t found;
  if (is_pattern(directory) && glob(directory, GLOB_ONLYDIR, NULL, &found) == 0) {
    for (size_t i = 0; i < found.gl_pathc; i++)
      add_directory(matches, weir_mem_text(found.gl_pathv[i]));
    globfree(&found);
  }
  while (is_pattern(directory)) {
    char *above = directory_of(directory);
    weir_mem_free(directory);
    directory = above;
  }
  add_directory(matches, directory);
}

static void find_word(weir_matches *matches, const char *word)
{
  struct stat found;
  if (stat(word, &found) == 0 && S_ISDIR(found.st_mode)) {
    find_in(matches, word);
    return;
  }
  find_directories(matches, word);
  glob_t globbed;
  if (!is_pattern(word)) {
    add_file(matches, weir_mem_text(word));
  } else if (glob(word, 0, NULL, &globbed) == 0) {
    for (size_t i = 0; i < globbed.gl_pathc; i++)
      add_file(matches, weir_mem_text(globbed.gl_pathv[i]));
    globfree(&globbed);
  }
}

void weir_matches_find(weir_matches *matches)
{
  clear(matches);
  for (uint32_t i = 0; i < matches->word_count; i++)
    find_word(matches, matches->words[i]);
}

char *weir_matches_none(const weir_matches *matches)
{
  weir_buf text;
  weir_buf_init(&text);
  weir_buf_text(&text, "nothing matches");
  for (uint32_t i = 0; i < matches->word_count; i++)
    weir_buf_format(&text, "%s \"%s\"", i > 0 ? " or" : "", matches->words[i]);
  weir_buf_text(&text, " yet");
  char *out = weir_mem_copy(text.bytes, text.size);
  weir_buf_fini(&text);
  return out;
}

int weir_matches_cover(const weir_matches *matches, const char *path)
{
  char *directory = directory_of(path);
  int covered = 0;
  for (uint32_t i = 0; i < matches->word_count && !covered; i++) {
    const char *word = matches->words[i];
    size_t size = strlen(word);
    while (size > 1 && word[size - 1] == '/')
      size--;
    covered = strcmp(word, path) == 0 ||
              fnmatch(word, path, FNM_PATHNAME | FNM_PERIOD) == 0 ||
              (strlen(directory) == size && memcmp(word, directory, size) == 0);
  }
  weir_mem_free(directory);
  return covered;
}

char *weir_matches_moved(const char *path, const weir_identity *identity)
{
  char *directory = directory_of(path);
  DIR *stream = opendir(directory);
  char *out = NULL;
  const struct dirent *entry;
  while (stream != NULL && out == NULL && (entry = readdir(stream)) != NULL) {
    // A listing knows inodes, so that one file is looked at and not all.
    struct stat found;
    if (entry->d_ino != identity->inode)
      continue;
    out = joined(directory, entry->d_name);
    weir_identity of_this = {0};
    if (stat(out, &found) == 0)
      of_this = identity_of(&found);
    if (!weir_identity_same_inode(&of_this, identity)) {
      weir_mem_free(out);
      out = NULL;
    }
  }
  if (stream != NULL)
    closedir(stream);
  weir_mem_free(directory);
  return out;
}
