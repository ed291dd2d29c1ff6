/** Where a root keeps the library, and the variable that tells it how far to shift. */
export const clockLibraryPath = '/usr/lib/tagproof/clock.so'
export const clockVariable = 'TAGPROOF_CLOCK_OFFSET'

/**
 * A later clock for dynamically linked programs: what tells the date is shifted, and deadlines that were computed
 * from it are shifted back. File times and the monotonic clock stay real.
 *
 * libfaketime 0.9.10 cannot do this: with a false monotonic clock the time-outs of Python's threads never come
 * (libfaketime #390), and with a true one its clock_nanosleep answers EINVAL, so that time.sleep raises. Made in
 * the root, by the root's compiler.
 */
export const clockSource = String.raw`
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <mqueue.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static time_t offset;
static int (*real_clock_gettime)(clockid_t, struct timespec *);

__attribute__((constructor)) static void begin(void) {
  const char *text = getenv("${clockVariable}");
  offset = text ? atol(text) : 0;
  real_clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");
}

static int real(clockid_t clock, struct timespec *now) {
  if (real_clock_gettime) return real_clock_gettime(clock, now);
  return syscall(SYS_clock_gettime, clock, now);
}

static int tells_date(clockid_t clock) {
  return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  int result = real(clock, now);
  if (result == 0 && tells_date(clock)) now->tv_sec += offset;
  return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  struct timespec exact;
  (void)zone;
  if (real(CLOCK_REALTIME, &exact)) return -1;
  now->tv_sec = exact.tv_sec + offset;
  now->tv_usec = exact.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *result) {
  struct timespec now;
  real(CLOCK_REALTIME_COARSE, &now);
  if (result) *result = now.tv_sec + offset;
  return now.tv_sec + offset;
}

int timespec_get(struct timespec *now, int base) {
  if (base != TIME_UTC || real(CLOCK_REALTIME, now)) return 0;
  now->tv_sec += offset;
  return base;
}

/* A deadline more than half the offset ahead was computed from the shifted clock; one of the monotonic never is. */
static const struct timespec *unshifted(const struct timespec *deadline, struct timespec *copy) {
  struct timespec now;
  if (!deadline || offset <= 0 || real(CLOCK_REALTIME, &now)) return deadline;
  if (deadline->tv_sec - now.tv_sec < offset / 2) return deadline;
  *copy = *deadline;
  copy->tv_sec -= offset;
  return copy;
}

#define NEXT(name) \
  static __typeof__(&name) next; \
  if (!next) next = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

#define TIMED(name, parameters, ...) \
  int name parameters { \
    struct timespec copy; \
    NEXT(name); \
    return next(__VA_ARGS__); \
  }
#define DEADLINE unshifted(deadline, &copy)

TIMED(pthread_cond_timedwait,
      (pthread_cond_t *restrict a, pthread_mutex_t *restrict b, const struct timespec *restrict deadline), a, b, DEADLINE)
TIMED(pthread_cond_clockwait,
      (pthread_cond_t *a, pthread_mutex_t *b, clockid_t c, const struct timespec *deadline), a, b, c, DEADLINE)
TIMED(pthread_mutex_timedlock, (pthread_mutex_t *restrict a, const struct timespec *restrict deadline), a, DEADLINE)
TIMED(pthread_mutex_clocklock, (pthread_mutex_t *a, clockid_t c, const struct timespec *deadline), a, c, DEADLINE)
TIMED(pthread_rwlock_timedrdlock,
      (pthread_rwlock_t *restrict a, const struct timespec *restrict deadline), a, DEADLINE)
TIMED(pthread_rwlock_timedwrlock,
      (pthread_rwlock_t *restrict a, const struct timespec *restrict deadline), a, DEADLINE)
TIMED(sem_timedwait, (sem_t *restrict a, const struct timespec *restrict deadline), a, DEADLINE)
TIMED(sem_clockwait, (sem_t *a, clockid_t c, const struct timespec *deadline), a, c, DEADLINE)
TIMED(pthread_timedjoin_np, (pthread_t a, void **b, const struct timespec *deadline), a, b, DEADLINE)
TIMED(mq_timedsend, (mqd_t a, const char *b, size_t c, unsigned d, const struct timespec *deadline), a, b, c, d, DEADLINE)

ssize_t mq_timedreceive(mqd_t a, char *restrict b, size_t c, unsigned *restrict d, const struct timespec *restrict deadline) {
  struct timespec copy;
  NEXT(mq_timedreceive);
  return next(a, b, c, d, DEADLINE);
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *deadline, struct timespec *rest) {
  struct timespec copy;
  NEXT(clock_nanosleep);
  return next(clock, flags, flags & TIMER_ABSTIME ? DEADLINE : deadline, rest);
}

int timer_settime(timer_t timer, int flags, const struct itimerspec *restrict wanted, struct itimerspec *restrict old) {
  struct itimerspec copy = *wanted;
  NEXT(timer_settime);
  if (flags & TIMER_ABSTIME) copy.it_value = *unshifted(&wanted->it_value, &copy.it_value);
  return next(timer, flags, &copy, old);
}

int timerfd_settime(int timer, int flags, const struct itimerspec *wanted, struct itimerspec *old) {
  struct itimerspec copy = *wanted;
  NEXT(timerfd_settime);
  if (flags & TFD_TIMER_ABSTIME) copy.it_value = *unshifted(&wanted->it_value, &copy.it_value);
  return next(timer, flags, &copy, old);
}
`
