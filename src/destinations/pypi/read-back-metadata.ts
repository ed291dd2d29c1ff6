import type { ReadBack } from '../../documents/receipt.ts'
import type { Upload } from '../../documents/uploads.ts'
import { hashOfAddress } from './bytes.ts'
import { mismatch } from './refusals.ts'
import type { IndexService } from './services.ts'
import type { StateContext } from './state.ts'

type Check = ReadBack['checks'][number]

/** Other indexes need not give out metadata beside a wheel (PEP 658). */
export function isSilent({ kind }: IndexService): boolean {
  return kind === 'other'
}

const largestMetadata = 64 * 2 ** 20

/** PEP 658: the METADATA of a wheel beside it, which installers read first. */
export async function lookAtMetadata(
  url: string,
  upload: Upload,
  expected: string,
  context: StateContext
): Promise<Check> {
  const beside = new URL(url)
  beside.pathname += '.metadata'
  const found = await hashOfAddress(beside.href, largestMetadata, context)
  if (found === null)
    return isSilent(context.reader.service)
      ? { what: 'metadata', result: 'none', note: 'the index gives out no metadata beside its wheels' }
      : { what: 'metadata', result: 'late', note: 'the index does not give out the metadata yet' }
  if (found.sha256 !== expected)
    throw mismatch(
      context.reader.service,
      upload,
      `The metadata beside ${upload.name} are not its own`,
      found.sha256,
      expected
    )
  return { what: 'metadata', result: 'agrees', note: 'METADATA of the wheel, by hash' }
}
