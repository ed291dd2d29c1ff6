import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { outLayout, type OutLayout } from '../documents/layout.ts'
import { TagproofError } from '../platform/errors.ts'
import { makeFolder } from '../platform/files.ts'
import type { Log } from '../platform/log.ts'

/** What every stage is given besides its documents. */
export interface StageContext {
  /** Folder of the repository: only a place to find git objects. */
  repository: string
  out: OutLayout
  /** Folder for inputs and roots, kept between runs. */
  cache: string
  log: Log
  signal?: AbortSignal
}

export interface StageOptions {
  repository?: string
  out?: string
  cache?: string
  log: Log
  signal?: AbortSignal
}

/** Fills in the defaults: current folder, `tagproof-out/`, and the user's cache folder. */
export function stageContext(
  options: StageOptions,
  environment: NodeJS.ProcessEnv = process.env
): StageContext {
  return {
    repository: path.resolve(options.repository ?? '.'),
    out: outLayout(options.out ?? 'tagproof-out'),
    cache: path.resolve(options.cache ?? cacheFolder(environment)),
    log: options.log,
    ...signalOf(options)
  }
}

/**
 * What each stage leaves below `--out`, in the order of the flow. `build-<world>` is cleared by the build of that world;
 * the receipt stays: it says what was written elsewhere, and of which release.
 */
const leavings = {
  plan: (out: OutLayout) => [
    out.plan,
    out.planSummary,
    out.exports,
    out.environments,
    out.build('a'),
    out.build('b'),
    out.complete
  ],
  build: () => [],
  prove: (out: OutLayout) => [
    out.brief,
    out.proof,
    out.uploads,
    out.origins,
    out.packages,
    `${out.packages}.part`
  ],
  try: (out: OutLayout) => [out.try],
  record: (out: OutLayout) => [out.release, out.sums, out.summary],
  publish: (out: OutLayout) => [out.local, out.publishSummary]
} as const

/**
 * Removes what a stage and those after it left in an earlier run: it would look like a result of this one.
 * Makes the folder where there is none.
 */
export async function clearFrom(out: OutLayout, stage: keyof typeof leavings): Promise<void> {
  await requireOwnFolder(out)
  const names = Object.keys(leavings) as (keyof typeof leavings)[]
  for (const name of names.slice(names.indexOf(stage)))
    for (const place of leavings[name](out)) await rm(place, { recursive: true, force: true })
}

/** In a folder of ours from the first stage on; an empty one becomes ours. */
const marker = '.tagproof-out'

/**
 * What lies in a folder that is not ours must not be removed, whatever its name is.
 *
 * @throws TagproofError `usage` for a folder that holds other things
 */
async function requireOwnFolder(out: OutLayout): Promise<void> {
  await makeFolder(out.folder)
  const names = await readdir(out.folder)
  const ours = names.includes(marker) || (await holdsDocuments(out))
  if (!ours && names.length > 0)
    throw new TagproofError('usage', `The folder ${out.folder} is not empty, and was not made by Tagproof.`, {
      found: names.slice(0, 5).join(', '),
      fix: 'Name an empty or a new folder with --out: what an earlier run left in it is removed.'
    })
  if (!names.includes(marker)) await writeFile(path.join(out.folder, marker), '')
}

/** A folder that was handed over may hold documents of ours and no marker. */
async function holdsDocuments(out: OutLayout): Promise<boolean> {
  const texts = [out.plan, out.proof, out.release].map((file) => readFile(file, 'utf8').catch(() => ''))
  return (await Promise.all(texts)).some((text) => text.slice(0, 200).includes('"schema": "tagproof/'))
}

/** The signal of a context as an optional property, for handing on. */
export function signalOf(context: Pick<StageContext, 'signal'>): { signal?: AbortSignal } {
  return context.signal === undefined ? {} : { signal: context.signal }
}

function cacheFolder(environment: NodeJS.ProcessEnv): string {
  const own = environment.TAGPROOF_CACHE
  if (own !== undefined && own !== '') return own
  const base = environment.XDG_CACHE_HOME
  return path.join(base !== undefined && base !== '' ? base : path.join(os.homedir(), '.cache'), 'tagproof')
}
