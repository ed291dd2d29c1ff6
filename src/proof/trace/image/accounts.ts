import type { Generator, TraceContext, TracedMember } from '../generator.ts'
import { installedPlace } from '../installed.ts'
import { memberLines } from '../metadata/member-text.ts'
import { anyStatedImage } from './stated-image.ts'

const files = /^etc\/(passwd|group|shadow|gshadow|subuid|subgid)$/

/**
 * Accounts that a RUN adds to those of the base: each new line is of a user or group that the Dockerfile names, never of
 * root, and has no password.
 */
export const accounts: Generator = {
  name: 'accounts',
  reason: 'useradd and groupadd add a line for each account that the Dockerfile names.',
  matches: ({ path, kind }, { artifact }) =>
    kind === 'file' &&
    artifact.kind === 'image' &&
    files.test(installedPlace(path, artifact.kind)?.path ?? ''),
  async derive(member, context) {
    const lines = await memberLines(member, context)
    const image = await anyStatedImage(context)
    const name = member.path.slice(member.path.lastIndexOf('/') + 1)
    const base = baseLines(member, context)
    if (lines === undefined || image === undefined || base === undefined) return undefined
    const said = new Set(
      image.all.flatMap(({ keyword, text }) => (keyword === 'RUN' ? text.split(/[\s"';&|():=]+/) : []))
    )
    const added = lines.filter((line) => !base.has(line))
    const right = added.every((line) => {
      const [account = '', ...fields] = line.split(':')
      return said.has(account) && account !== 'root' && isPlain(name, fields)
    })
    return right ? { traced: true, from: [image.path] } : undefined
  }
}

/** No password, no number of root. */
function isPlain(file: string, fields: readonly string[]): boolean {
  const [first = '', second = ''] = fields
  if (file === 'passwd' || file === 'group') return first === 'x' && Number(second) > 0
  if (file === 'shadow' || file === 'gshadow') return /^[!*]+$/.test(first)
  return Number(first) > 0
}

function baseLines(member: TracedMember, { evidence, artifact }: TraceContext): Set<string> | undefined {
  const path = installedPlace(member.path, artifact.kind)?.path ?? ''
  const text = evidence?.roots.map(({ texts }) => texts.get(path)).find((each) => each !== undefined)
  return text === undefined ? undefined : new Set(text.split('\n').map((line) => line.trim()))
}
