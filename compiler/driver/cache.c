// An executable depends on nothing but what is in its key, so an entry never becomes wrong; it is
// only no longer asked for. A complete file is renamed into place, so that runs at the same time
// see all or nothing.
#include "cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

// ---- The key. FNV-1a: http://www.isthe.com/chongo/tech/comp/fnv/

typedef unsigned __int128 Hash;

static Hash hash_bytes(Hash hash, const void *bytes, size_t size) {
    const Hash prime = ((Hash)1 << 88) + 0x13b;
    for (size_t i = 0; i < size; i++) hash = (hash ^ ((const unsigned char *)bytes)[i]) * prime;
    return hash;
}

static Hash hash_start(void) {
    return ((Hash)0x6c62272e07bb0142 << 64) + 0x62b821756295c58d;
}

// With its size, so that the borders between parts count.
static Hash hash_part(Hash hash, const void *bytes, size_t size) {
    return hash_bytes(hash_bytes(hash, &size, sizeof size), bytes, size);
}

static Hash hash_text(Hash hash, const char *text) {
    return hash_part(hash, text, strlen(text));
}

// A file that is too large to be read each time: its size and time tell versions apart.
static Hash hash_file_identity(Hash hash, const char *path) {
    struct stat file = {0};
    if (stat(path, &file)) return hash_text(hash, "");
    int64_t numbers[] = {file.st_size, file.st_mtim.tv_sec, file.st_mtim.tv_nsec,
                         (int64_t)file.st_ino};
    return hash_part(hash, numbers, sizeof numbers);
}

static char *hash_digits(Arena *arena, Hash hash) {
    return arena_format(arena, "%016" PRIx64 "%016" PRIx64, (uint64_t)(hash >> 64), (uint64_t)hash);
}

char *cache_hash(Arena *arena, const void *bytes, size_t size) {
    return hash_digits(arena, hash_bytes(hash_start(), bytes, size));
}

// Paths are part of the program: it looks for its data beside its source.
static Hash hash_source(Hash hash, Arena *arena, const Source *source) {
    const char *absolute = arena_realpath(arena, source->path);
    hash = hash_text(hash_text(hash, source->path), absolute ? absolute : "");
    return hash_part(hash, source->text, source->size);
}

char *cache_key(Arena *arena, const Program *program, const CheckOptions *check,
                const GenOptions *options) {
    Hash hash = hash_start();
    for (int i = 0; i < sources_count(program->sources); i++)
        hash = hash_source(hash, arena, sources_get(program->sources, (uint32_t)i));
    for (int i = 0; i < check->definition_count; i++) {
        hash = hash_text(hash, check->definitions[i].name);
        hash = hash_text(hash, check->definitions[i].value);
    }
    if (check->model) hash = hash_text(hash, check->model);
    hash = hash_part(hash, &check->precision, sizeof check->precision);
    for (int i = 0; i < program->datasets.count; i++)
        hash = hash_text(hash, program->datasets.items[i]->info.fingerprint);
    hash = hash_text(hash, gen_fingerprint(arena, options));
    hash = hash_file_identity(hash, "/proc/self/exe");
    hash = hash_file_identity(hash, gen_runtime_library(arena));
    return hash_digits(arena, hash);
}

// ---- The folder.

static const char *home_folder(void) {
    const char *home = getenv("HOME");
    if (home && *home) return home;
    const struct passwd *user = getpwuid(getuid());
    return user ? user->pw_dir : NULL;
}

// Makes a folder and those above it. Returns an errno or 0.
static int make_folders(char *path) {
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        int failed = mkdir(path, 0777) && errno != EEXIST;
        *slash = '/';
        if (failed) return errno;
    }
    return mkdir(path, 0700) && errno != EEXIST ? errno : 0;
}

char *cache_folder(Arena *arena, DiagSink *sink) {
    const char *cache = getenv("XDG_CACHE_HOME"), *home = home_folder();
    char *folder = NULL;
    int error = ENOENT;
    if (cache && *cache == '/') // a relative one is to be ignored, says the XDG specification
        folder = arena_format(arena, "%s/nnc/programs", cache);
    else if (home)
        folder = arena_format(arena, "%s/.cache/nnc/programs", home);
    if (folder) error = make_folders(folder);
    if (!error && access(folder, W_OK | X_OK)) error = errno;
    if (!error) return folder;
    Diag *diag = diag_report(sink, DIAG_E0902, SPAN_NONE, "cannot write the cache folder `%s`: %s",
                             folder ? folder : "~/.cache/nnc/programs", strerror(error));
    diag_help(diag, "set XDG_CACHE_HOME to a folder that can be written, or use `nnc build`");
    return NULL;
}

// ---- Entries. Behind the executable stand a mark and a hash of all that is before the hash: a
// file that was cut or damaged is made again.

static const char seal_mark[8] = "nnc-seal";

// The hash of the first `size` bytes; false: they cannot be read.
static bool hash_content(int file, int64_t size, Hash *hash) {
    static unsigned char bytes[1 << 16];
    *hash = hash_start();
    for (int64_t at = 0; at < size;) {
        size_t part = size - at < (int64_t)sizeof bytes ? (size_t)(size - at) : sizeof bytes;
        ssize_t got = pread(file, bytes, part, at);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        *hash = hash_bytes(*hash, bytes, (size_t)got);
        at += got;
    }
    return true;
}

static bool is_whole(const char *path) {
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status;
    char mark[sizeof seal_mark];
    Hash hash, wanted;
    const int64_t tail = sizeof mark + sizeof hash;
    bool whole =
        file >= 0 && !fstat(file, &status) && S_ISREG(status.st_mode) && status.st_size >= tail &&
        pread(file, mark, sizeof mark, status.st_size - tail) == sizeof mark &&
        !memcmp(mark, seal_mark, sizeof mark) &&
        pread(file, &wanted, sizeof wanted, status.st_size - (int64_t)sizeof wanted) ==
            sizeof wanted &&
        hash_content(file, status.st_size - (int64_t)sizeof wanted, &hash) && hash == wanted;
    if (file >= 0) close(file);
    return whole;
}

static bool append(int file, const void *bytes, size_t size) {
    errno = ENOSPC; // where less is written
    return write(file, bytes, size) == (ssize_t)size;
}

static int seal(const char *path) {
    int file = open(path, O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
    struct stat status;
    Hash hash;
    bool ok = file >= 0 && append(file, seal_mark, sizeof seal_mark) && !fstat(file, &status) &&
              hash_content(file, status.st_size, &hash) && append(file, &hash, sizeof hash);
    int error = ok ? 0 : errno;
    if (file >= 0 && close(file) && !error) error = errno;
    return error;
}

bool cache_store(const char *made, const char *path, DiagSink *sink) {
    int error = seal(made);
    if (!error && rename(made, path)) error = errno;
    if (error)
        diag_report(sink, DIAG_E0902, SPAN_NONE, "cannot write `%s`: %s", path, strerror(error));
    return !error;
}

char *cache_entry(Arena *arena, const char *folder, const char *stem, const char *key,
                  bool *found) {
    char *path = arena_format(arena, "%s/%.100s-%s", folder, stem, key);
    *found = !access(path, X_OK) && is_whole(path);
    if (*found) utimensat(AT_FDCWD, path, NULL, 0); // used now
    return path;
}

void cache_prune(Arena *arena, const char *folder, int64_t oldest) {
    DIR *handle = opendir(folder);
    for (struct dirent *entry; handle && (entry = readdir(handle));) {
        char *path = arena_format(arena, "%s/%s", folder, entry->d_name);
        struct stat file;
        if (lstat(path, &file) || !S_ISREG(file.st_mode) || file.st_mtim.tv_sec >= oldest) continue;
        unlink(path);
    }
    if (handle) closedir(handle);
}
