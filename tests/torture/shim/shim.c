/* Writes down, in order, what a process does to the files below a directory, and makes the storage fail on demand.
 *
 * LD_PRELOAD it with
 *     TORTURE_ROOT    the directory, absolute and without links
 *     TORTURE_LOG     the file that the log is appended to; several processes may share it
 *     TORTURE_FAULTS  a file of `struct faults`, shared with whoever makes the storage fail
 *
 * An entry of the log is `struct entry`, the path below the root, and the data. It is written when the call has
 * succeeded and before it returns, under one lock: in the log nothing stands after what it caused, also in another
 * process that heard of it. What goes to standard output is a mark: the program has told somebody.
 *
 * SQLite's -shm files are left out of the log: after a loss of power they are made anew.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { CREATE = 'c', WRITE = 'w', TRUNCATE = 't', RENAME = 'r', UNLINK = 'u', SYNC = 's', SYNC_FAILED = 'f', MARK = 'm' };

struct entry {
    uint8_t what;
    uint8_t reserved;
    uint16_t path_bytes;
    uint32_t data_bytes;
    uint64_t offset; /* of a write; the size of a truncation */
};

struct faults {
    int64_t space;       /* bytes by which files may still grow; negative: no limit */
    int32_t failing;     /* so many of the next syncs fail with EIO */
    int32_t read_only;   /* not zero: every change fails with EROFS */
    uint64_t no_space;   /* how often each of them was felt */
    uint64_t failed;
    uint64_t refused;
};

#define MOST_FILES 4096
#define LONGEST 1024

static char root[LONGEST];
static int log_file = -1;
static struct faults none = {.space = -1}, *faults = &none;
static char *paths[MOST_FILES]; /* of descriptors below the root, relative to it */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;


__attribute__((constructor)) static void begin(void) {
    const char *directory = getenv("TORTURE_ROOT"), *log = getenv("TORTURE_LOG"), *control = getenv("TORTURE_FAULTS");
    if (!directory || !log || !control) return;
    snprintf(root, sizeof root, "%s/", directory);
    int file = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    log_file = fcntl(file, F_DUPFD_CLOEXEC, 900);
    syscall(SYS_close, file);
    file = syscall(SYS_openat, AT_FDCWD, control, O_RDWR | O_CLOEXEC);
    void *shared = mmap(NULL, sizeof *faults, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (shared != MAP_FAILED) faults = shared;
    syscall(SYS_close, file);
}

/* The part of a path below the root, or NULL. */
static const char *below(const char *path) {
    static __thread char whole[2 * LONGEST];
    if (log_file < 0 || !path) return NULL;
    if (path[0] == '/') {
        snprintf(whole, sizeof whole, "%s", path);
    } else {
        if (!getcwd(whole, LONGEST)) return NULL;
        snprintf(whole + strlen(whole), LONGEST, "/%s", path);
    }
    size_t length = strlen(root);
    if (strncmp(whole, root, length) == 0) return whole + length;
    if (strncmp(whole, root, length - 1) == 0 && !whole[length - 1]) return "";
    return NULL;
}

static int is_shm(const char *path) {
    size_t length = strlen(path);
    return length >= 4 && strcmp(path + length - 4, "-shm") == 0;
}

static const char *path_of(int file) { return file >= 0 && file < MOST_FILES ? paths[file] : NULL; }

static void note(int what, const char *path, uint64_t offset, const struct iovec *data, int count, size_t bytes) {
    if (log_file < 0 || is_shm(path)) return;
    struct entry entry = {what, 0, strlen(path), bytes, offset};
    struct iovec parts[66] = {{&entry, sizeof entry}, {(void *)path, entry.path_bytes}};
    int used = 2;
    for (int i = 0; i < count && bytes; i++) {
        size_t part = data[i].iov_len < bytes ? data[i].iov_len : bytes;
        parts[used++] = (struct iovec){data[i].iov_base, part};
        bytes -= part;
    }
    if (syscall(SYS_writev, log_file, parts, used) < 0) abort();
}

static int read_only(void) {
    if (!faults->read_only) return 0;
    faults->refused++;
    errno = EROFS;
    return 1;
}

/* Opening */

static int opened(int (*call)(int, const char *, int, mode_t), int folder, const char *name, int flags, mode_t mode) {
    const char *path = folder == AT_FDCWD || (name && name[0] == '/') ? below(name) : NULL;
    if (!path) return call(folder, name, flags, mode);
    char kept[LONGEST];
    snprintf(kept, sizeof kept, "%s", path);
    pthread_mutex_lock(&lock);
    int file = -1, new = (flags & O_CREAT) && syscall(SYS_faccessat, AT_FDCWD, name, F_OK, 0) != 0;
    if (((flags & O_ACCMODE) == O_RDONLY && !new) || !read_only()) file = call(folder, name, flags, mode);
    if (file >= 0 && file < MOST_FILES) {
        free(paths[file]);
        paths[file] = strdup(kept);
        if (new) note(CREATE, kept, 0, NULL, 0, 0);
        if (!new && (flags & O_TRUNC)) note(TRUNCATE, kept, 0, NULL, 0, 0);
    }
    pthread_mutex_unlock(&lock);
    return file;
}

static int raw_open(int folder, const char *name, int flags, mode_t mode) {
    return syscall(SYS_openat, folder, name, flags, mode);
}

#define MODE(flags)                                                                                                    \
    mode_t mode = 0;                                                                                                   \
    if ((flags) & (O_CREAT | __O_TMPFILE)) {                                                                           \
        va_list rest;                                                                                                  \
        va_start(rest, flags);                                                                                         \
        mode = va_arg(rest, mode_t);                                                                                   \
        va_end(rest);                                                                                                  \
    }

int open(const char *name, int flags, ...) { MODE(flags) return opened(raw_open, AT_FDCWD, name, flags, mode); }
int open64(const char *name, int flags, ...) { MODE(flags) return opened(raw_open, AT_FDCWD, name, flags, mode); }
int openat(int at, const char *name, int flags, ...) { MODE(flags) return opened(raw_open, at, name, flags, mode); }
int openat64(int at, const char *name, int flags, ...) { MODE(flags) return opened(raw_open, at, name, flags, mode); }
int creat(const char *name, mode_t mode) {
    return opened(raw_open, AT_FDCWD, name, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

int close(int file) {
    if (path_of(file)) {
        pthread_mutex_lock(&lock);
        free(paths[file]);
        paths[file] = NULL;
        pthread_mutex_unlock(&lock);
    }
    return syscall(SYS_close, file);
}

/* Writing */

static ssize_t written(int file, const struct iovec *data, int count, off_t offset, int positioned) {
    const char *path = path_of(file);
    if (!path && (file != STDOUT_FILENO || log_file < 0))
        return positioned ? syscall(SYS_pwritev, file, data, count, offset, 0) : syscall(SYS_writev, file, data, count);
    size_t bytes = 0;
    for (int i = 0; i < count; i++) bytes += data[i].iov_len;
    pthread_mutex_lock(&lock);
    ssize_t done = -1;
    if (!path) {
        done = syscall(SYS_writev, file, data, count);
        if (done > 0) note(MARK, "", 0, data, count, done);
    } else if (!read_only()) {
        struct stat status;
        syscall(SYS_fstat, file, &status);
        if (!positioned)
            offset = (fcntl(file, F_GETFL) & O_APPEND) ? status.st_size : syscall(SYS_lseek, file, 0, SEEK_CUR);
        int64_t growth = (int64_t)offset + (int64_t)bytes - (status.st_size > offset ? status.st_size : offset);
        if (growth > 0 && faults->space >= 0 && growth > faults->space) {
            faults->no_space++;
            errno = ENOSPC;
        } else {
            if (growth > 0 && faults->space >= 0) faults->space -= growth;
            done = positioned ? syscall(SYS_pwritev, file, data, count, offset, 0)
                              : syscall(SYS_writev, file, data, count);
            if (done > 0) note(WRITE, path, offset, data, count, done);
        }
    }
    int error = errno;
    pthread_mutex_unlock(&lock);
    errno = error;
    return done;
}

static ssize_t written_one(int file, const void *data, size_t bytes, off_t offset, int positioned) {
    struct iovec part = {(void *)data, bytes};
    return written(file, &part, 1, offset, positioned);
}

ssize_t write(int file, const void *data, size_t bytes) { return written_one(file, data, bytes, 0, 0); }
ssize_t pwrite(int file, const void *data, size_t bytes, off_t at) { return written_one(file, data, bytes, at, 1); }
ssize_t pwrite64(int file, const void *data, size_t bytes, off64_t at) { return written_one(file, data, bytes, at, 1); }
ssize_t writev(int file, const struct iovec *data, int count) { return written(file, data, count, 0, 0); }
ssize_t pwritev(int file, const struct iovec *data, int count, off_t at) { return written(file, data, count, at, 1); }
ssize_t pwritev64(int file, const struct iovec *data, int count, off64_t at) { return written(file, data, count, at, 1); }

static int truncated(int file, off_t size) {
    const char *path = path_of(file);
    if (!path) return syscall(SYS_ftruncate, file, size);
    pthread_mutex_lock(&lock);
    int result = read_only() ? -1 : syscall(SYS_ftruncate, file, size);
    if (result == 0) note(TRUNCATE, path, size, NULL, 0, 0);
    int error = errno;
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

int ftruncate(int file, off_t size) { return truncated(file, size); }
int ftruncate64(int file, off64_t size) { return truncated(file, size); }

/* Making durable */

static int synced(int file, long call) {
    const char *path = path_of(file);
    if (!path) return syscall(call, file);
    pthread_mutex_lock(&lock);
    int result = -1;
    if (faults->failing > 0) { /* what was to be made durable may be or may not be, and no later call makes up for it */
        faults->failing--;
        faults->failed++;
        errno = EIO;
        note(SYNC_FAILED, path, 0, NULL, 0, 0);
    } else if (!read_only()) {
        result = syscall(call, file);
        if (result == 0) note(SYNC, path, 0, NULL, 0, 0);
    }
    int error = errno;
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

int fsync(int file) { return synced(file, SYS_fsync); }
int fdatasync(int file) { return synced(file, SYS_fdatasync); }

/* Names */

static int unlinked(int folder, const char *name, int flags) {
    const char *path = folder == AT_FDCWD || name[0] == '/' ? below(name) : NULL;
    if (!path) return syscall(SYS_unlinkat, folder, name, flags);
    pthread_mutex_lock(&lock);
    int result = read_only() ? -1 : syscall(SYS_unlinkat, folder, name, flags);
    if (result == 0) note(UNLINK, path, 0, NULL, 0, 0);
    int error = errno;
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

int unlink(const char *name) { return unlinked(AT_FDCWD, name, 0); }
int unlinkat(int folder, const char *name, int flags) { return unlinked(folder, name, flags); }
int remove(const char *name) { return unlinked(AT_FDCWD, name, 0); }

static int renamed(int from_folder, const char *from, int to_folder, const char *to) {
    char old[LONGEST] = "", new[LONGEST] = "";
    const char *path = below(from);
    if (path) snprintf(old, sizeof old, "%s", path);
    int tracked = path != NULL && (path = below(to)) != NULL;
    if (tracked) snprintf(new, sizeof new, "%s", path);
    if (!tracked) return syscall(SYS_renameat, from_folder, from, to_folder, to);
    pthread_mutex_lock(&lock);
    int result = read_only() ? -1 : syscall(SYS_renameat, from_folder, from, to_folder, to);
    if (result == 0) {
        struct iovec data = {new, strlen(new)};
        note(RENAME, old, 0, &data, 1, data.iov_len);
        for (int file = 0; file < MOST_FILES; file++)
            if (paths[file] && strcmp(paths[file], old) == 0) {
                free(paths[file]);
                paths[file] = strdup(new);
            }
    }
    int error = errno;
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

int rename(const char *from, const char *to) { return renamed(AT_FDCWD, from, AT_FDCWD, to); }
int renameat(int at, const char *from, int to_at, const char *to) { return renamed(at, from, to_at, to); }
