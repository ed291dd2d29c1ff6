import type { ExitStatus } from '../platform/errors.ts'

/** Good, to be thought about, to be mended. */
export type CheckState = 'ok' | 'warn' | 'fail'

/** What a line is about, in the order of the report. */
export const areas = [
  'tools',
  'machine',
  'sandbox',
  'project',
  'workflow',
  'repository',
  'destinations'
] as const
export type Area = (typeof areas)[number]

/** One line of the doctor. */
export interface Check {
  area: Area
  /** Stable name, explained in docs/doctor.md. */
  name: string
  state: CheckState
  what: string
  /** File and line, where there is one. */
  where?: string
  /** What follows from it. */
  why?: string
  /** What to do; always there unless all is well. */
  fix?: string
}

type More = Pick<Check, 'where'> & Required<Pick<Check, 'why' | 'fix'>>

export function ok(area: Area, name: string, what: string): Check {
  return { area, name, state: 'ok', what }
}

export function warn(area: Area, name: string, what: string, more: More): Check {
  return { area, name, state: 'warn', what, ...more }
}

export function fail(area: Area, name: string, what: string, more: More): Check {
  return { area, name, state: 'fail', what, ...more }
}

/** Of what this machine lacks, not of what the project says. */
const ofTheMachine: readonly Area[] = ['tools', 'machine', 'sandbox']

/** 0 where nothing is to be mended, 3 where the machine lacks something, else 2. */
export function statusOfChecks(checks: readonly Check[]): ExitStatus {
  const failed = checks.filter(({ state }) => state === 'fail')
  if (failed.length === 0) return 0
  return failed.some(({ area }) => ofTheMachine.includes(area)) ? 3 : 2
}
