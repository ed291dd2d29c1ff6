import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Sha256 } from '../documents/identifiers.ts'
import type { Lock } from '../documents/lock.ts'
import type { Plan } from '../documents/plan.ts'
import { fetchInputs, type Inputs } from '../lock/inputs.ts'
import { parseLock } from '../lock/lock-file.ts'
import { TagproofError } from '../platform/errors.ts'
import { sha256OfBytes } from '../platform/files.ts'
import type { StageContext } from './context.ts'

export interface FetchOptions {
  /** Touch no network: everything must be there. */
  offline?: boolean
  /**
   * Git inputs too. Builds have them in their exports; the machine of world b is not given the originals.
   */
  git?: boolean
}

/** Fetches exactly what the lock of the plan names, hash-checked, into the cache. Complete inputs need no network. */
export async function fetch(
  context: StageContext,
  plan: Plan,
  options: FetchOptions = {}
): Promise<{ lock: Lock; inputs: Inputs }> {
  const lock = await readPlannedLock(context, plan)
  const wanted = options.git === true ? lock : { ...lock, git: {} }
  const inputs = await fetchInputs(wanted, {
    store: path.join(context.cache, 'inputs'),
    sources: plan.sources,
    offline: options.offline ?? false,
    log: context.log
  })
  return { lock, inputs }
}

/** The lock that was read last: the stages of a run read the same one, and a long one takes a while. */
let last: { sha256: Sha256; lock: Lock } | undefined

/** The lock beside `plan.json`, which must be the one that was planned. */
export async function readPlannedLock(context: StageContext, plan: Plan): Promise<Lock> {
  const text = await readFile(context.out.lock, 'utf8').catch((error: unknown) => {
    throw new TagproofError('input-missing', 'There is no tagproof.lock beside plan.json.', {
      fix: 'Run tagproof plan first.',
      cause: error
    })
  })
  const found = sha256OfBytes(text)
  if (found !== plan.lock.sha256)
    throw new TagproofError('document-mismatch', 'The lock is not the one that was planned.', {
      where: 'tagproof.lock',
      found,
      expected: plan.lock.sha256,
      fix: 'Run tagproof plan again.'
    })
  if (last?.sha256 !== found) last = { sha256: found, lock: parseLock(text, 'tagproof.lock') }
  return structuredClone(last.lock)
}
