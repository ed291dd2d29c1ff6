import { access } from 'node:fs/promises'
import { readDocument, writeDocument } from '../documents/reading.ts'
import type { Receipt } from '../documents/receipt.ts'
import { asTagproofError } from '../platform/errors.ts'
import type { Log } from '../platform/log.ts'
import type { PublishedRelease } from './receipt-entries.ts'

/** Where the receipt is kept while a publication goes on. */
export interface Journal {
  /** What an earlier run of the same release left. It is carried on, and decides nothing: the servers do. */
  earlier: Receipt | null
  keep(receipt: Receipt): Promise<void>
}

/**
 * `receipt.json` as journal: each call of `keep` replaces it whole. The receipt of another release is replaced, and so is
 * one that cannot be read; both are told.
 */
export async function fileJournal(file: string, { sha256 }: PublishedRelease, log: Log): Promise<Journal> {
  return {
    earlier: await earlierReceipt(file, sha256, log),
    keep: async (receipt) => {
      await writeDocument('receipt', file, receipt)
    }
  }
}

async function earlierReceipt(file: string, release: string, log: Log): Promise<Receipt | null> {
  const there = await access(file).then(
    () => true,
    () => false
  )
  if (!there) return null
  try {
    const { document } = await readDocument('receipt', file)
    if (document.release === release) return document
    log.info(`The receipt of another release (${document.tag}) is replaced.`)
  } catch (error) {
    log.warn(
      `The receipt of an earlier run cannot be read, and is replaced: ${asTagproofError(error).message}`
    )
  }
  return null
}

/** For folders of this machine that each run fills anew: nothing is to be remembered. */
export function noJournal(): Journal {
  return { earlier: null, keep: () => Promise.resolve() }
}
