import { TagproofError } from '../../../../src/platform/errors.ts'
import type { Seen } from './looks.ts'
import { readers } from './readers.ts'
import type { Bench, Ended } from './rig.ts'
import type { Servers } from './servers.ts'

export type Kind = keyof typeof readers
export type View = Record<Kind, Seen>
export type Tell = (what: string) => void

/** Kinds that show a release whole or not at all; the others have no transaction. */
const atOnce: readonly Kind[] = ['github']
const kinds = Object.keys(readers) as Kind[]

/** What everybody sees now; what nobody should see is told. */
export async function viewOf(servers: Servers, bench: Bench, tell: Tell): Promise<View> {
  const found: Partial<View> = {}
  for (const kind of kinds)
    found[kind] = await readers[kind](servers, bench.release, bench.before).catch((error: unknown): Seen => {
      tell(`${kind}: users see what nobody published: ${String(error)}`)
      return { files: 'none', name: null }
    })
  return found as View
}

export function isWhole(view: View): boolean {
  return kinds.every((kind) => view[kind].files === 'all' && view[kind].name !== 'before')
}

/** Nothing stands for the release as long as a part of it is missing anywhere. */
export function judgeOrder(view: View, tell: Tell): void {
  for (const kind of atOnce) if (view[kind].files === 'some') tell(`${kind}: a part of the release is seen`)
  const [published, immutable] = [view.github.files !== 'none', kinds.filter((kind) => kind !== 'github')]
  const lacking = immutable.filter((kind) => view[kind].files !== 'all')
  for (const kind of kinds)
    if (view[kind].name === 'this' && lacking.length > 0)
      tell(`${kind}: a name was moved, and ${lacking.join(', ')} is not whole`)
  const behind = immutable.filter((kind) => view[kind].name === 'before')
  if (published && behind.length > 0) tell(`the release was published before ${behind.join(', ')} was moved`)
}

/** Either all is there, or a message says what is to be done; and no other host was told anything. */
export function judgeEnd({ publication, error, elsewhere }: Ended, view: View, tell: Tell): void {
  if (publication !== null && (!isWhole(view) || !publication.receipt.complete))
    tell('called complete, and is not')
  if (publication === null && !(error instanceof TagproofError)) tell(`no message: ${String(error)}`)
  if (error instanceof TagproofError && (error.code === 'internal' || error.detail.fix === undefined))
    tell(`a message without a remedy: ${error.code} ${error.message}`)
  for (const { line, authorization, bytes } of elsewhere)
    if (authorization || bytes > 0) tell(`another host was sent ${line}`)
}

/** By the servers' own records: nothing was stored twice. */
export async function judgeRecord(servers: Servers, tell: Tell): Promise<void> {
  const once = (await servers.writes()).filter((line) => /^(file|blob|manifest|asset|object) /.test(line))
  const counts = new Map<string, number>()
  for (const line of once) counts.set(line, (counts.get(line) ?? 0) + 1)
  for (const [line, count] of counts) if (count > 1) tell(`stored ${count} times: ${line}`)
}
