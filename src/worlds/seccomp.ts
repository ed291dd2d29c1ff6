/** The system calls that builds need. What is not listed answers EPERM; what this kernel does not know, ENOSYS. */

const always = `
accept accept4 access alarm arch_prctl bind brk cachestat capget capset chdir chmod chown clock_getres
clock_gettime clock_nanosleep close close_range connect copy_file_range creat dup dup2 dup3 epoll_create
epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait eventfd eventfd2 execve execveat exit exit_group
faccessat faccessat2 fadvise64 fallocate fchdir fchmod fchmodat fchmodat2 fchown fchownat fcntl fdatasync
fgetxattr flistxattr flock fork fremovexattr fsetxattr fstat fstatfs fsync ftruncate futex futex_requeue
futex_wait futex_waitv futex_wake futimesat get_robust_list get_thread_area getcpu getcwd getdents getdents64
getegid geteuid getgid getgroups getitimer getpeername getpgid getpgrp getpid getppid getpriority getrandom
getresgid getresuid getrlimit getrusage getsid getsockname getsockopt gettid gettimeofday getuid getxattr
inotify_add_watch inotify_init inotify_init1 inotify_rm_watch ioprio_get ioprio_set kill landlock_add_rule
landlock_create_ruleset landlock_restrict_self lchown lgetxattr link linkat listen listxattr llistxattr
lremovexattr lseek lsetxattr lstat madvise map_shadow_stack membarrier memfd_create mincore mkdir mkdirat mknod
mknodat mlock mlock2 mlockall mmap mprotect mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedsend
mq_unlink mremap mseal msgctl msgget msgrcv msgsnd msync munlock munlockall munmap nanosleep newfstatat open
openat openat2 pause pidfd_open pidfd_send_signal pipe pipe2 poll ppoll prctl pread64 preadv preadv2 prlimit64
process_mrelease pselect6 pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv recvfrom recvmmsg
recvmsg remap_file_pages removexattr rename renameat renameat2 restart_syscall rmdir rseq rt_sigaction
rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo
sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr sched_getparam
sched_getscheduler sched_rr_get_interval sched_setaffinity sched_setattr sched_setparam sched_setscheduler
sched_yield select semctl semget semop semtimedop sendfile sendmmsg sendmsg sendto set_robust_list
set_thread_area set_tid_address setfsgid setfsuid setgid setgroups setitimer setpgid setpriority setregid
setresgid setresuid setreuid setrlimit setsid setsockopt setuid setxattr shmat shmctl shmdt shmget shutdown
sigaltstack signalfd signalfd4 splice stat statfs statx symlink symlinkat sync sync_file_range syncfs sysinfo
tee tgkill time timer_create timer_delete timer_getoverrun timer_gettime timer_settime timerfd_create
timerfd_gettime timerfd_settime times tkill truncate umask uname unlink unlinkat utime utimensat utimes vfork
vmsplice wait4 waitid waitpid write writev
`

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. */
const newNamespaces = 0x7e020000
const errnoNoSystemCall = 38

/** AF_UNIX, AF_INET, AF_INET6: with no interface but `lo`, what test suites and job servers use. */
const socketFamilies = { unix: 1, inet: 2, inet6: 10 }
const netlink = { family: 16, route: 0 }

/** Domains that setarch and old loaders ask for: Linux, 32-bit names, no address randomisation, and "which one". */
const personalities = [0x0, 0x8, 0x40000, 0x20000, 0x20008, 0xffffffff]

interface Condition {
  index: number
  value: number
  valueTwo?: number
  op: 'SCMP_CMP_EQ' | 'SCMP_CMP_NE' | 'SCMP_CMP_MASKED_EQ'
}

export interface SeccompRule {
  names: string[]
  action: 'SCMP_ACT_ALLOW' | 'SCMP_ACT_ERRNO'
  errnoRet?: number
  args?: Condition[]
}

export interface SeccompProfile {
  defaultAction: 'SCMP_ACT_ERRNO'
  defaultErrnoRet: number
  architectures?: string[]
  syscalls: SeccompRule[]
}

/**
 * An allow-list in the form of the OCI runtime specification (config-linux, "Seccomp"). Not on it, so refused:
 * mount and its newer family, new namespaces, ptrace and process_vm, bpf, keyrings, perf, userfaultfd, io_uring,
 * modules, kexec, handles by number, swap, clocks, and every socket family but unix, inet, inet6 and netlink's routes.
 * The native architecture alone: a 32-bit entry would be a second, untested door.
 */
export function seccompProfile(): SeccompProfile {
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: 1,
    syscalls: [
      allow(always.trim().split(/\s+/)),
      allow(['clone'], [{ index: 0, value: newNamespaces, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }]),
      // Its flags lie in memory, where a filter cannot look; glibc falls back to clone on ENOSYS.
      { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: errnoNoSystemCall },
      // Terminal input of others (TIOCSTI) is not for builds.
      allow(['ioctl'], [{ index: 1, value: 0x5412, op: 'SCMP_CMP_NE' }]),
      ...personalities.map((value) => allow(['personality'], [equal(0, value)])),
      ...Object.values(socketFamilies).map((family) => allow(['socket'], [equal(0, family)])),
      allow(['socket'], [equal(0, netlink.family), equal(2, netlink.route)]),
      allow(['socketpair'], [equal(0, socketFamilies.unix)])
    ]
  }
}

function allow(names: string[], args?: Condition[]): SeccompRule {
  return { names, action: 'SCMP_ACT_ALLOW', ...(args === undefined ? {} : { args }) }
}

function equal(index: number, value: number): Condition {
  return { index, value, op: 'SCMP_CMP_EQ' }
}
