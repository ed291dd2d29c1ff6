import path from 'node:path'
import { formatWithdrawal, type ManagePages } from '../evidence/withdrawal.ts'
import { serviceOf } from '../destinations/pypi/services.ts'
import {
  namesToReturn,
  runWithdrawal,
  type NameToReturn,
  type ReturnedName
} from '../destinations/withdrawal.ts'
import type { DestinationSettings } from '../documents/destination-settings.ts'
import { outLayout } from '../documents/layout.ts'
import { readDocument, writeDocument } from '../documents/reading.ts'
import type { Receipt } from '../documents/receipt.ts'
import type { Release } from '../documents/release.ts'
import { TagproofError } from '../platform/errors.ts'
import { openRepository } from '../source/repository.ts'
import { resolveTag } from '../source/tag.ts'
import { signalOf, type StageContext } from './context.ts'
import { destinationsOfTree } from './destinations-of-tree.ts'
import { openDestinations, type Credentials } from './publish-destinations.ts'
import { readUploads } from './uploads.ts'

export interface WithdrawOptions {
  /** Default: that of the output folder. `release.json`, `proof.json` and `uploads.json` lie beside it. */
  receipt?: string
  /** Tell, and do nothing. */
  dryRun: boolean
}

export interface Withdrawal {
  receipt: Receipt
  names: readonly (NameToReturn | ReturnedName)[]
  /** For people. */
  text: string
}

/**
 * Moves the names that a publication moved back to what they stood for before, by its receipt: tags of images, aliases,
 * suites, the release on GitHub. What never changes is not deleted; what is to be done by hand is told.
 *
 * @throws TagproofError `input-missing` without a receipt; `document-mismatch` for one of another release; what the
 *   destinations throw, once all of them were asked
 */
export async function withdraw(
  context: StageContext,
  options: WithdrawOptions,
  credentials: Credentials
): Promise<Withdrawal> {
  const file = options.receipt === undefined ? context.out.receipt : path.resolve(options.receipt)
  const beside: StageContext = { ...context, out: outLayout(path.dirname(file)) }
  const { document: receipt } = await readDocument('receipt', file)
  const { settings, files, commit } = await destinationsOf(context, receipt.tag)
  const pages = pagesOf(settings)
  const planned = namesToReturn(receipt)
  if (options.dryRun || planned.length === 0)
    return { receipt, names: planned, text: formatWithdrawal(receipt, planned, pages, true) }
  for (const { destination, name } of planned)
    context.log.info(`${destination.name}: ${name.name} goes back to ${name.before ?? 'nothing'}.`)
  const release = await releaseOf(beside, receipt, commit)
  const { document: proof } = await readDocument('proof', beside.out.proof)
  const { destinations, close } = await openDestinations(beside, {
    // Those of packages alone have no names that move, and are not asked.
    settings: settings.filter(({ kind }) => kind !== 'pypi' && kind !== 'directory'),
    release,
    uploads: await readUploads(beside, proof),
    credentials: { ...credentials, given: withoutIndexes(credentials) },
    files
  })
  try {
    const done = await runWithdrawal({
      receipt,
      destinations,
      keep: async (after) => {
        await writeDocument('receipt', file, after)
      },
      log: context.log,
      ...signalOf(context)
    })
    return { ...done, text: formatWithdrawal(done.receipt, done.names, pages, false) }
  } finally {
    await Promise.allSettled(destinations.map((destination) => destination.close()))
    close()
  }
}

/** The same credentials as for the publication may be there. */
function withoutIndexes({ given }: Credentials): Credentials['given'] {
  return new Map([...given].filter(([name]) => name !== 'pypi-token'))
}

async function destinationsOf(
  context: StageContext,
  tagName: string
): Promise<Awaited<ReturnType<typeof destinationsOfTree>> & { commit: string }> {
  const repository = await openRepository(context.repository)
  try {
    const { tree, commit } = await resolveTag(repository, tagName)
    return { ...(await destinationsOfTree(repository, tree)), commit }
  } finally {
    await repository.close()
  }
}

async function releaseOf(beside: StageContext, receipt: Receipt, commit: string): Promise<Release> {
  const { document: release, sha256 } = await readDocument('release', beside.out.release)
  if (sha256 === receipt.release && release.commit === commit) return release
  throw new TagproofError('document-mismatch', 'The receipt and release.json are of different releases.', {
    where: beside.out.release,
    found: sha256 === receipt.release ? `commit ${release.commit}` : sha256,
    expected: sha256 === receipt.release ? `commit ${commit} of ${receipt.tag}` : receipt.release,
    fix: 'Put the receipt, release.json, proof.json and uploads.json of one run into one folder.'
  })
}

/** Pages of the public indexes on which a release is yanked. */
function pagesOf(settings: readonly DestinationSettings[]): ManagePages {
  const pages = new Map<string, URL>()
  for (const setting of settings) {
    if (setting.kind !== 'pypi') continue
    const { jsonUrl } = serviceOf(setting.index)
    if (jsonUrl !== null) pages.set(setting.name, jsonUrl)
    const test = serviceOf('testpypi').jsonUrl
    if (setting.preReleases === 'testpypi' && test !== null) pages.set(`${setting.name}.testpypi`, test)
  }
  return pages
}
