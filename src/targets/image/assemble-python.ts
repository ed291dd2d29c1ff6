import type { PythonLock } from '../../documents/lock.ts'
import { platformName, type Platform } from '../../formats/oci/descriptor.ts'
import { parseWheelName } from '../../formats/wheel.ts'
import { TagproofError } from '../../platform/errors.ts'
import path from 'node:path'
import type { Base } from './assemble-base.ts'

export interface Interpreter {
  /** Absolute, as links of the environment name it: `/usr/bin/python3`. */
  path: string
  /** `3.11` */
  minor: string
}

/**
 * Finds Python in a base, and compares it with the one that the dependencies were locked for.
 *
 * @throws TagproofError `lock-incomplete` where there is none, or another
 */
export async function interpreterOf(base: Base, locked: PythonLock | null): Promise<Interpreter> {
  for (const place of ['usr/local/bin/python3', 'usr/bin/python3']) {
    const minor = /^python(\d+\.\d+)$/.exec(path.posix.basename((await base.find(place))?.path ?? ''))?.[1]
    if (minor === undefined) continue
    const wanted = /^\d+\.\d+/.exec(locked?.interpreter ?? minor)?.[0]
    if (wanted === minor) return { path: `/${place}`, minor }
    throw new TagproofError('lock-incomplete', `The base ${base.name} has another Python than the lock.`, {
      found: `Python ${minor}`,
      expected: `Python ${wanted ?? minor}, which the dependencies were locked for`,
      fix: 'Take a base with the Python of the root, or set the root of the target to a suite that has it; then run tagproof lock.'
    })
  }
  throw new TagproofError('lock-incomplete', `The base ${base.name} has no Python.`, {
    expected: '/usr/local/bin/python3 or /usr/bin/python3 as a link to python3.N',
    fix: 'Add python3 to the packages of the root, or take a base image with Python; then run tagproof lock.'
  })
}

/** Names of processors in wheels, by those of images (platform compatibility tags). */
const processors: Readonly<Record<string, readonly string[]>> = {
  amd64: ['x86_64'],
  arm64: ['aarch64'],
  'arm/v7': ['armv7l'],
  386: ['i686'],
  ppc64le: ['ppc64le'],
  riscv64: ['riscv64'],
  s390x: ['s390x']
}

/**
 * Checks that a wheel can be imported on the platform.
 *
 * @param file its file name, which its path in the store does not show
 * @throws TagproofError `lock-incomplete`
 */
export function checkWheelFits(file: string, { minor }: Interpreter, platform: Platform): void {
  const name = parseWheelName(file)
  const version = `cp${minor.replace('.', '')}`
  const compiled = name.abi.split('.').filter((abi) => /^cp\d+/.test(abi))
  const fitsPython = compiled.length === 0 || compiled.includes(version)
  const { architecture, variant } = platform
  const known = processors[variant === '' ? architecture : `${architecture}/${variant}`] ?? []
  const fitsMachine = name.platform
    .split('.')
    .some((tag) => tag === 'any' || known.some((processor) => tag.endsWith(`_${processor}`)))
  if (fitsPython && fitsMachine) return
  throw new TagproofError('lock-incomplete', `A wheel does not run on ${platformName(platform)}.`, {
    found: file,
    expected: `a wheel for Python ${minor} and ${known[0] ?? architecture}, or for any`,
    fix: 'Build the image on a machine of this platform, with a lock made for it.'
  })
}
