/* Preloaded into programs under test: moves their wall clock by the seconds that a file holds (8 bytes), which
 * may change while they run. AIEMP_TESTS_CLOCK names the file; without it, it is SHIFT_FILE.
 *
 * The kernel has no namespace for CLOCK_REALTIME, so nobody can set the clock of one container. Programs ask
 * for the time through the C library, though, and this answers for it. Absolute timers on the wall clock
 * (timerfd, which is how systemd's timers wait) are moved back by as much, so that they ring at the right
 * moment, and a file that is touched (like the stamp of a timer) gets this clock's time. What stays true time:
 * the stamp that the kernel puts on a file that is written, and the clock of static programs. And nobody is
 * told of a change (timerfd_create(2), TFD_TIMER_CANCEL_ON_SET): who waits for a timer on the wall clock has to
 * be made to set it again.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static const int64_t no_shift = 0;

/* Mapped once: after that a look at the clock costs no system call more. */
static int64_t shift_s(void) {
    static const volatile int64_t *shift = NULL;
    if (!shift) {
        const char *path = getenv("AIEMP_TESTS_CLOCK");
        int fd = open(path ? path : SHIFT_FILE, O_RDONLY | O_CLOEXEC);
        void *map = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof no_shift, PROT_READ, MAP_SHARED, fd, 0);
        if (fd >= 0)
            close(fd);
        shift = map == MAP_FAILED ? &no_shift : map;
    }
    return *shift;
}

__attribute__((constructor)) static void map_the_shift(void) {
    shift_s();
}

static int is_wall_clock(int clock) {
    return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_REALTIME_ALARM ||
           clock == CLOCK_TAI;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int result = (int)syscall(SYS_clock_gettime, clock, now);
    if (result == 0 && is_wall_clock(clock))
        now->tv_sec += shift_s();
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    (void)zone;
    struct timespec precise;
    int result = clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return result;
}

time_t time(time_t *now) {
    struct timespec precise;
    clock_gettime(CLOCK_REALTIME_COARSE, &precise);
    if (now)
        *now = precise.tv_sec;
    return precise.tv_sec;
}

int timespec_get(struct timespec *now, int base) {
    return clock_gettime(CLOCK_REALTIME, now) == 0 ? base : 0;
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *until, struct timespec *rest) {
    struct timespec moved = *until;
    if ((flags & TIMER_ABSTIME) && is_wall_clock(clock))
        moved.tv_sec -= shift_s();
    return syscall(SYS_clock_nanosleep, clock, flags, &moved, rest) == 0 ? 0 : errno;
}

/* A timerfd does not say which clock it is on, except in /proc (a table kept here would not survive exec). */
static int timer_is_on_wall_clock(int fd) {
    char path[64], line[128];
    int clock = -1;
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
    FILE *info = fopen(path, "re");
    if (!info)
        return 0;
    while (fgets(line, sizeof line, info))
        if (sscanf(line, "clockid: %d", &clock) == 1)
            break;
    fclose(info);
    return is_wall_clock(clock);
}

int timerfd_settime(int fd, int flags, const struct itimerspec *wanted, struct itimerspec *before) {
    struct itimerspec moved = *wanted;
    /* Zero disarms, and systemd asks for the end of time to be told of clock changes: both stay. */
    int is_moment = moved.it_value.tv_sec > 0 && moved.it_value.tv_sec < ((time_t)1 << 40);
    if ((flags & TFD_TIMER_ABSTIME) && is_moment && timer_is_on_wall_clock(fd)) {
        moved.it_value.tv_sec -= shift_s();
        if (moved.it_value.tv_sec <= 0)
            moved.it_value.tv_sec = 1;
    }
    return (int)syscall(SYS_timerfd_settime, fd, flags, &moved, before);
}

/* The kernel would stamp messages with the true time, and journald believe it rather than its own clock. */
int setsockopt(int fd, int level, int option, const void *value, socklen_t size) {
    if (level == SOL_SOCKET && (option == SO_TIMESTAMP || option == SO_TIMESTAMPNS))
        return 0;
    return (int)syscall(SYS_setsockopt, fd, level, option, value, size);
}

/* Touching a file: the kernel would put its own "now" on it. */
static const struct timespec *with_this_now(const struct timespec given[2], struct timespec moved[2]) {
    for (int i = 0; i < 2; i++) {
        if (given && given[i].tv_nsec != UTIME_NOW)
            moved[i] = given[i];
        else
            clock_gettime(CLOCK_REALTIME, &moved[i]);
    }
    return moved;
}

int utimensat(int folder, const char *path, const struct timespec given[2], int flags) {
    struct timespec moved[2];
    return (int)syscall(SYS_utimensat, folder, path, with_this_now(given, moved), flags);
}

int futimens(int fd, const struct timespec given[2]) {
    struct timespec moved[2];
    return (int)syscall(SYS_utimensat, fd, (char *)0, with_this_now(given, moved), 0);
}
