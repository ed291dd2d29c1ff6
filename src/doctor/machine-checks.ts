import { sizeText } from '../evidence/table.ts'
import { fail, ok, warn, type Check } from './check.ts'
import type { ClockFacts, DiskFacts, MachineState } from './machine.ts'

const gibibyte = 1024 ** 3
/** A root takes about 1 GiB while it is made; sources, inputs and packages come on top. */
const leastDisk = 1 * gibibyte
const goodDisk = 5 * gibibyte
const leastFiles = 20_000
const leastMemory = 2 * gibibyte
/** Tokens and signatures of others allow for a few minutes. */
const mostSkew = 5 * 60_000
const goodSkew = 60_000

/** Disk, memory and clock. Pure. */
export function machineChecks(state: MachineState): Check[] {
  return [...state.disks.map(diskCheck), memoryCheck(state), ...clockChecks(state.clock)]
}

function diskCheck({ purpose, folder, freeBytes, freeFiles }: DiskFacts): Check {
  const free = sizeText(freeBytes)
  const fix = `Free space, or choose another folder (${purpose === 'cache' ? 'TAGPROOF_CACHE' : purpose === 'output' ? '--out' : 'TMPDIR'}).`
  if (freeFiles !== null && freeFiles < leastFiles)
    return fail('machine', 'disk', `${folder} (${purpose}) has room for ${freeFiles} files only`, {
      why: 'A root alone has about 15,000 files.',
      fix
    })
  if (freeBytes < leastDisk)
    return fail('machine', 'disk', `${folder} (${purpose}) has ${free} left`, {
      why: 'A root takes about 1 GiB while it is made.',
      fix
    })
  if (freeBytes < goodDisk)
    return warn('machine', 'disk', `${folder} (${purpose}) has ${free} left`, {
      why: 'Roots, inputs, sources and packages of one release often take a few GiB.',
      fix
    })
  return ok('machine', 'disk', `${folder} (${purpose}) has ${free} left`)
}

function memoryCheck({ memoryBytes, wantedBytes, cpus }: MachineState): Check {
  const has = `${sizeText(memoryBytes)} of memory, ${cpus} CPU${cpus === 1 ? '' : 's'}`
  const fix =
    'Use a machine with more memory, or lower limits.memory-mib and limits.disk-mib in the configuration.'
  if (memoryBytes < leastMemory)
    return fail('machine', 'memory', has, {
      why: 'What a build writes lies in memory, beside what it uses.',
      fix
    })
  if (memoryBytes < wantedBytes)
    return warn('machine', 'memory', has, {
      why: `A build may use ${sizeText(wantedBytes)} (limits); here it gets less, and the worlds are built one after the other.`,
      fix
    })
  return ok('machine', 'memory', has)
}

function clockChecks({ here, server, head }: ClockFacts): Check[] {
  const fix = 'Set the clock (timedatectl set-ntp true).'
  const checks: Check[] = []
  if (head !== null && head * 1000 > here + goodSkew)
    checks.push(
      fail(
        'machine',
        'clock',
        `The clock says ${text(here)}, and the commit at HEAD is of ${text(head * 1000)}`,
        {
          why: 'A commit from the future is refused.',
          fix: `${fix} If the clock is right, the commit has a wrong date.`
        }
      )
    )
  if ('unread' in server)
    return [
      ...checks,
      warn('machine', 'clock', `The clock was not compared: ${server.unread}`, {
        why: 'Certificates, tokens and signatures fail where it is wrong.',
        fix: 'Run it where the package index can be reached, or compare the clock yourself.'
      })
    ]
  const skew = Math.abs(here - server.at)
  const says = `The clock is ${Math.round(skew / 1000)} s ${here > server.at ? 'ahead of' : 'behind'} that of the package index`
  const why = 'Certificates, tokens and signatures fail where it is wrong.'
  if (skew > mostSkew) return [...checks, fail('machine', 'clock', says, { why, fix })]
  if (skew > goodSkew) return [...checks, warn('machine', 'clock', says, { why, fix })]
  return [...checks, ok('machine', 'clock', 'The clock agrees with that of the package index')]
}

function text(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, 'Z')
}
