import type { SeccompProfile } from '../worlds/seccomp.ts'

/** Allows what is not listed. */
export type BuilderProfile = Pick<SeccompProfile, 'syscalls'> & { defaultAction: 'SCMP_ACT_ALLOW' }

/**
 * System calls that no builder of images needs, as in container engines' own profiles: modules, other kernels, clocks,
 * swap, tracing, keys, and handles by number. A builder mounts and makes namespaces, so a list of what is allowed would
 * be nearly everything; what its steps run has the list of all worlds on top of this one.
 */
const refused = `
acct bpf clock_adjtime clock_adjtime64 clock_settime clock_settime64 create_module delete_module
finit_module get_kernel_syms get_mempolicy init_module io_uring_enter io_uring_register io_uring_setup ioperm iopl
kcmp kexec_file_load kexec_load lookup_dcookie mbind migrate_pages move_pages nfsservctl open_by_handle_at
perf_event_open process_vm_readv process_vm_writev query_module quotactl quotactl_fd reboot
set_mempolicy set_mempolicy_home_node settimeofday stime swapoff swapon syslog sysfs uselib userfaultfd ustat
vm86 vm86old
`

/** The runtime goes on without keys where there are none (ENOSYS), not where they are refused. */
const absent = ['add_key', 'keyctl', 'request_key']
const noSystemCall = 38

/** For the builder itself; in the form of the OCI runtime specification. */
export function builderProfile(): BuilderProfile {
  return {
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [
      { names: refused.trim().split(/\s+/), action: 'SCMP_ACT_ERRNO', errnoRet: 1 },
      { names: absent, action: 'SCMP_ACT_ERRNO', errnoRet: noSystemCall }
    ]
  }
}
