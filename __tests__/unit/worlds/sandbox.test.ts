import { describe, expect, it } from '@jest/globals'
import { sandboxConfig, type RuntimeConfig, type SandboxRequest } from '../../../src/worlds/sandbox.ts'
import { variationsFor } from '../../../src/worlds/variations.ts'

const mebibyte = 2 ** 20
const machine = { cpus: [0, 1], memoryBytes: 16 * 2 ** 30, hasSwap: false }
const root = { clockLibrary: null, estonian: true, timeZones: true }

function config(change: Partial<SandboxRequest> = {}, world: 'a' | 'b' = 'b'): RuntimeConfig {
  return sandboxConfig({
    id: 'b-1',
    conditions: variationsFor(world, machine, root, { off: [], exported: true }),
    machine,
    limits: { minutes: 5, 'memory-mib': 512, 'disk-mib': 256, processes: 64 },
    mountPoint: '/run/tagproof/world',
    command: ['python3', '-c', 'print("x y")'],
    environment: { SOURCE_DATE_EPOCH: '1000' },
    directory: '/build/tree',
    network: 'none',
    binds: [{ source: '/cache/environment', destination: '/opt/build-environment' }],
    terminal: false,
    ...change
  })
}

describe('sandbox configuration', () => {
  it('gives no capability, no new privileges, and an ordinary user', () => {
    const { process } = config()
    expect(Object.values(process.capabilities).flat()).toEqual([])
    expect(Object.keys(process.capabilities)).toHaveLength(5)
    expect(process.noNewPrivileges).toBe(true)
    expect(process.user).toEqual({ uid: 2002, gid: 2002, umask: 0o077, additionalGids: [] })
  })

  it.each(['a', 'b'] as const)('maps no user of world %s to one of the host', (world) => {
    const { linux } = config({}, world)
    for (const mapping of [...linux.uidMappings, ...linux.gidMappings]) {
      expect(mapping.containerID).toBe(0)
      expect(mapping.hostID).toBeGreaterThan(1_879_048_191)
      expect(mapping.hostID + mapping.size).toBeLessThan(2 ** 31)
    }
  })

  it('keeps the ids of the two worlds apart', () => {
    const [a, b] = (['a', 'b'] as const).map((world) => config({}, world).linux.uidMappings[0])
    expect((a?.hostID ?? 0) + (a?.size ?? 0)).toBeLessThanOrEqual(b?.hostID ?? 0)
  })

  it('has own namespaces of every kind', () => {
    expect(
      config()
        .linux.namespaces.map((entry) => entry.type)
        .sort()
    ).toEqual(['cgroup', 'ipc', 'mount', 'network', 'pid', 'user', 'uts'].sort())
  })

  it('shares the network alone where the resolver asks for it', () => {
    const types = config({ network: 'host' }).linux.namespaces.map((entry) => entry.type)
    expect(types.sort()).toEqual(['cgroup', 'ipc', 'mount', 'pid', 'user', 'uts'])
    expect(config({ network: 'host' }).process.capabilities).toEqual(config().process.capabilities)
  })

  it('mounts the root and every bind read-only, and nothing set-id', () => {
    const { root: top, mounts } = config()
    expect(top).toEqual({ path: '/run/tagproof/world/rootfs', readonly: true })
    const bind = mounts.find((mount) => mount.destination === '/opt/build-environment')
    expect(bind).toMatchObject({ source: '/cache/environment', options: ['bind', 'ro', 'nosuid', 'nodev'] })
    for (const mount of mounts) expect(mount.options).toContain('nosuid')
  })

  it('lets the build write to its declared places alone', () => {
    const writable = config().mounts.filter((mount) => mount.options.includes('rw'))
    expect(writable.map((mount) => mount.destination).sort()).toEqual(
      ['/srv/somewhere-else/deeper.b', '/out', '/var/people/maker', '/tmp', '/var/tmp', '/dev/shm'].sort()
    )
    for (const mount of writable) expect(mount.source).toMatch(/^\/run\/tagproof\/world\/scratch\//)
  })

  it('shows neither /sys nor the control groups', () => {
    const seen = config().mounts.map((mount) => mount.destination)
    expect(seen.filter((destination) => destination.startsWith('/sys'))).toEqual([])
  })

  it.each<[string, Partial<SandboxRequest>, { limit: number; swap?: number }]>([
    ['both limits together, for what is written lies in memory', {}, { limit: 768 * mebibyte }],
    [
      'what the machine has, less what it needs itself',
      { machine: { ...machine, memoryBytes: 512 * mebibyte } },
      { limit: 256 * mebibyte }
    ],
    [
      'no swap where there is any',
      { machine: { ...machine, hasSwap: true } },
      { limit: 768 * mebibyte, swap: 768 * mebibyte }
    ]
  ])('limits memory: %s', (_, change, memory) => {
    expect(config(change).linux.resources.memory).toEqual(memory)
  })

  it('limits processes, devices and CPUs', () => {
    const { pids, devices, cpu } = config().linux.resources
    expect({ pids, devices, cpu }).toEqual({
      pids: { limit: 64 },
      devices: [{ allow: false, access: 'rwm' }],
      cpu: { cpus: '0' }
    })
    expect(config({}, 'a').linux.resources.cpu).toEqual({ cpus: '0,1' })
  })

  it('has an environment of its own, whatever ours is', () => {
    process.env.GITHUB_TOKEN_OF_TEST = 'secret'
    const names = config().process.env.map((entry) => entry.split('=')[0] ?? '')
    delete process.env.GITHUB_TOKEN_OF_TEST
    expect(names.filter((name) => /^CI$|GITHUB|TOKEN|RUNNER|SUDO/.test(name))).toEqual([])
    expect(new Set(names).size).toBe(names.length)
    expect(config().process.env).toEqual(
      expect.arrayContaining([
        'BUILD_DIR=/srv/somewhere-else/deeper.b/tree',
        'OUT_DIR=/out',
        'HOME=/var/people/maker',
        'TMPDIR=/tmp',
        'SOURCE_DATE_EPOCH=1000',
        'TZ=Pacific/Kiritimati'
      ])
    )
  })

  it('lets a caller choose PATH, keeps the tail of the world, and no other variable of the world', () => {
    const { env } = config({
      environment: { PATH: '/opt/x/bin:/usr/bin', TZ: 'Asia/Tokyo', HOME: '/' }
    }).process
    expect(env).toContain('PATH=/opt/x/bin:/usr/bin:/opt/tagproof-tail/bin:/usr/games')
    expect(env).toContain('TZ=Pacific/Kiritimati')
    expect(env).toContain('HOME=/var/people/maker')
  })

  it('hands the command on word by word', () => {
    expect(config().process.args.slice(-3)).toEqual(['python3', '-c', 'print("x y")'])
  })

  it('names one control group per run', () => {
    expect(config().linux.cgroupsPath).toBe('/tagproof/b-1')
  })
})

describe('system calls', () => {
  const { seccomp } = config().linux
  const listed = new Set(seccomp.syscalls.flatMap((rule) => (rule.args === undefined ? rule.names : [])))
  const guarded = new Set(seccomp.syscalls.flatMap((rule) => (rule.args === undefined ? [] : rule.names)))

  it.each([
    ...[
      'mount',
      'umount2',
      'pivot_root',
      'chroot',
      'move_mount',
      'open_tree',
      'fsopen',
      'fsmount',
      'mount_setattr'
    ],
    ...['ptrace', 'process_vm_readv', 'process_vm_writev', 'kcmp', 'pidfd_getfd', 'bpf', 'keyctl', 'add_key'],
    ...[
      'request_key',
      'perf_event_open',
      'unshare',
      'setns',
      'userfaultfd',
      'io_uring_setup',
      'io_uring_enter'
    ],
    ...[
      'init_module',
      'finit_module',
      'kexec_load',
      'open_by_handle_at',
      'name_to_handle_at',
      'swapon',
      'reboot'
    ],
    ...[
      'settimeofday',
      'clock_settime',
      'adjtimex',
      'syslog',
      'acct',
      'quotactl',
      'iopl',
      'ioperm',
      'modify_ldt'
    ],
    ...['fanotify_init', 'lookup_dcookie', 'vhangup', 'sethostname', 'setdomainname', 'nfsservctl']
  ])('refuse %s', (name) => {
    expect(seccomp.defaultAction).toBe('SCMP_ACT_ERRNO')
    expect(listed.has(name) || guarded.has(name)).toBe(false)
  })

  it.each(['clone', 'socket', 'socketpair', 'personality', 'ioctl'])(
    'allow %s by its arguments alone',
    (name) => {
      expect(listed.has(name)).toBe(false)
      expect(guarded.has(name)).toBe(true)
    }
  )

  it('answer clone3 as a kernel that does not know it, so that the C library falls back', () => {
    expect(seccomp.syscalls.find((rule) => rule.names.includes('clone3'))).toEqual({
      names: ['clone3'],
      action: 'SCMP_ACT_ERRNO',
      errnoRet: 38
    })
  })

  it('allow sockets of three families, and of netlink the routes', () => {
    const rules = seccomp.syscalls.filter((rule) => rule.names.includes('socket'))
    expect(rules.map((rule) => rule.args?.map((argument) => argument.value))).toEqual([
      [1],
      [2],
      [10],
      [16, 0]
    ])
  })
})
