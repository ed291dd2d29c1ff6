import type { Try } from '../documents/try.ts'
import { printable } from '../platform/printable.ts'

/** What was installed and started, one line each, and below it what did not work. */
export function formatTried({ tried, findings }: Try): string {
  const lines = tried.map(({ artifact, place, commands }) => {
    const ran = commands.length === 0 ? '' : `; ${commands.map(({ argv }) => argv.join(' ')).join(', ')}`
    return `${printable(artifact)}: installed in ${printable(place)}${printable(ran)}`
  })
  const failed = findings.map(
    ({ code, artifact, message }) => `✗ try: ${code}  ${artifact ?? ''}\n    ${printable(message)}`
  )
  return [...lines, ...failed].join('\n') || 'Nothing was proven, so nothing was tried.'
}
