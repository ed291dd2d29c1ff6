import { printable } from '../platform/printable.ts'
import { areas, type Check, type CheckState } from './check.ts'

const marks: Readonly<Record<CheckState, string>> = { ok: '✓', warn: '⚠', fail: '✗' }
const colors: Readonly<Record<CheckState, string>> = { ok: '32', warn: '33', fail: '31' }
const titles: Readonly<Record<Check['area'], string>> = {
  tools: 'Tools',
  machine: 'Machine',
  sandbox: 'Sandbox',
  project: 'Lock and build files',
  workflow: 'Workflow',
  repository: 'Repository',
  destinations: 'Destinations'
}

/** The checks for people: by area, each with why and fix where something is to be done, and how many there are. Pure. */
export function formatChecks(checks: readonly Check[], color = false): string {
  const blocks = areas.flatMap((area) => {
    const own = checks.filter((check) => check.area === area)
    return own.length === 0
      ? []
      : [[titles[area], ...own.flatMap((check) => linesOf(check, color))].join('\n')]
  })
  return [...blocks, verdict(checks)].join('\n\n')
}

function linesOf(check: Check, color: boolean): string[] {
  const mark = color ? `\u001b[${colors[check.state]}m${marks[check.state]}\u001b[0m` : marks[check.state]
  const place = check.where === undefined ? '' : `${printable(check.where)}: `
  return [
    `  ${mark} ${place}${printable(check.what)}`,
    ...(check.why === undefined ? [] : [`      why  ${printable(check.why)}`]),
    ...(check.fix === undefined ? [] : [`      fix  ${printable(check.fix)}`])
  ]
}

function verdict(checks: readonly Check[]): string {
  const count = (state: CheckState): number => checks.filter((check) => check.state === state).length
  const failed = count('fail')
  const warned = count('warn')
  const told = `${count('ok')} in order, ${warned} to think about, ${failed} to mend`
  return failed > 0 ? `${told}: not ready for a release` : told
}
