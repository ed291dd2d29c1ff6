import type { Variation } from '../documents/fields.ts'
import { clockVariable } from '../worlds/clock.ts'
import { formatCpuList } from '../worlds/facts.ts'
import { seccompProfile, type SeccompProfile } from '../worlds/seccomp.ts'
import type { Conditions } from '../worlds/variations.ts'
import type { StepRecord } from './builder.ts'

/** Where the enclosure of a builder shows what is ours. */
export const ownFolder = '/tagproof'
/** Folder of the enclosure whose one file the builder must tell. */
export const canaryFolder = `${ownFolder}/canary`
/** Where the enclosure shows the named folders and the images of a request. */
export const folderPlace = (at: number): string => `${ownFolder}/folder/${at}`
export const imagePlace = (at: number): string => `${ownFolder}/image/${at}`

/**
 * What a step may be: the owner of its image. Not among them, though builders give them: raw sockets, device nodes and
 * the audit log, which mean nothing in a user namespace without a network.
 */
const capabilities = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_NET_BIND_SERVICE',
  'CAP_SETFCAP',
  'CAP_SETGID',
  'CAP_SETPCAP',
  'CAP_SETUID',
  'CAP_SYS_CHROOT'
]

/** What runtime.py reads. */
export interface RuntimeSettings {
  runtime: string
  /** File that receives one line for each step. */
  steps: string
  hostname: string
  /** By variation: variables that are set where the image sets none of them. */
  environment: Record<string, Record<string, string>>
  /** The locale that must be in the image; null where none is asked for. */
  locale: string | null
  threads: Record<string, string>
  pathTail: readonly string[]
  clock: { library: string; variable: string; seconds: string } | null
  hosts: string
  system: string
  rlimits: { type: string; hard: number; soft: number }[]
  capabilities: string[]
  seccomp: SeccompProfile
  maskedPaths: string[]
  readonlyPaths: string[]
}

export function runtimeSettings(conditions: Conditions, runtime: string): RuntimeSettings {
  const {
    TZ = 'UTC',
    PYTHONHASHSEED = '0',
    LANG = 'C.UTF-8',
    LC_ALL = LANG,
    LANGUAGE,
    LD_PRELOAD,
    [clockVariable]: seconds = '0',
    ...others
  } = conditions.environment
  const threads = Object.fromEntries(Object.entries(others).filter(([name]) => name !== 'PATH'))
  const locale = { LANG, LC_ALL, ...(LANGUAGE === undefined ? {} : { LANGUAGE }) }
  return {
    runtime,
    steps: '/out/steps',
    hostname: conditions.hostName,
    environment: { timezone: { TZ }, locale, 'hash-seed': { PYTHONHASHSEED } },
    locale: LANG === 'C.UTF-8' ? null : LANG,
    threads,
    pathTail: conditions.pathTail,
    clock:
      LD_PRELOAD === undefined
        ? null
        : { library: `${ownFolder}/clock.so`, variable: clockVariable, seconds },
    hosts: `${ownFolder}/hosts`,
    system: `${ownFolder}/sys`,
    rlimits: [
      { type: 'RLIMIT_CORE', hard: 0, soft: 0 },
      { type: 'RLIMIT_NOFILE', hard: 4096, soft: 1024 }
    ],
    capabilities,
    seccomp: stepProfile(),
    maskedPaths: ['/proc/acpi', '/proc/interrupts', '/proc/sched_debug'],
    readonlyPaths: []
  }
}

const netlink = 16
const errno = { protocolNotSupported: 93 } as const

/** As in all worlds, and what installing packages needs besides: other roots, and an answer that there is no audit log. */
function stepProfile(): SeccompProfile {
  const profile = seccompProfile()
  const others = [9]
  return {
    ...profile,
    syscalls: [
      ...profile.syscalls,
      { names: ['chroot', 'sethostname', 'setdomainname'], action: 'SCMP_ACT_ALLOW' },
      ...others.map((protocol) => ({
        names: ['socket'],
        action: 'SCMP_ACT_ERRNO' as const,
        errnoRet: errno.protocolNotSupported,
        args: [
          { index: 0, value: netlink, op: 'SCMP_CMP_EQ' as const },
          { index: 2, value: protocol, op: 'SCMP_CMP_EQ' as const }
        ]
      }))
    ]
  }
}

/** Files below {@link ownFolder}, by their path in the enclosure's root. */
export function settingFiles(
  conditions: Conditions,
  settings: RuntimeSettings,
  program: string
): Map<string, string> {
  const cpus = `${formatCpuList(conditions.cpus.map((_, at) => at))}\n`
  const own = ownFolder.slice(1)
  const hosts = `127.0.0.1\tlocalhost ${conditions.hostName}\n::1\tlocalhost ip6-localhost\n`
  return new Map([
    [`${own}/settings.json`, JSON.stringify(settings)],
    [`${own}/runtime.py`, program],
    [`${own}/hosts`, hosts],
    [`${own}/sys/devices/system/cpu/online`, cpus],
    [`${own}/sys/devices/system/cpu/possible`, cpus],
    [`${own}/sys/devices/system/cpu/present`, cpus],
    ['etc/passwd', 'root:x:0:0:root:/root:/bin/sh\n'],
    ['etc/group', 'root:x:0:\n'],
    ['etc/hosts', hosts],
    ['etc/resolv.conf', '']
  ])
}

/** What cannot vary in the steps of an image, and why. */
const fixed: Readonly<Partial<Record<Variation['name'], string>>> = {
  home: 'HOME follows from the user that the image names',
  'user-id': 'the users of an image are part of it',
  umask: 'builders of images fix it: the modes of what a step makes go into the image'
}

/**
 * What was in force in the steps of one build; one that was not in some step does not count as applied.
 *
 * @param steps null where the builder told nothing of them
 */
export function stepVariations(
  records: readonly Variation[],
  steps: readonly StepRecord[] | null
): Variation[] {
  return records.map((variation) => {
    const { name } = variation
    if (fixed[name] !== undefined) return { name, value: '', applied: false, reason: fixed[name] }
    if (name === 'build-path') return { ...variation, value: `context in ${variation.value}` }
    if (steps === null || !variation.applied || name === 'directory-order' || name === 'scrambled-files')
      return variation
    if (steps.length === 0)
      return { ...variation, applied: false, reason: 'no step of the Dockerfile runs a program' }
    const reasons = steps.flatMap(({ variations }) => variations[name] ?? [])
    const first = reasons.find((reason) => reason !== '')
    if (first === undefined) return variation
    const missed = reasons.filter((reason) => reason !== '').length
    return { ...variation, applied: false, reason: `${first} (${missed} of ${steps.length} steps)` }
  })
}
