import { TagproofError } from '../../platform/errors.ts'
import type { PushedImage } from './image.ts'
import { lookAtTag } from './look.ts'
import { pushDocument, type PushContext } from './push-document.ts'
import { tagTaken } from './refusals.ts'

/**
 * Gives an image the tags of its version: each is looked at once more, and set where it is not there.
 *
 * @returns `there` if somebody has set all of them meanwhile
 * @throws TagproofError `destination-different` for a tag that somebody has given to another image; of {@link pushDocument}
 */
export async function commitImage(
  { image, tags }: PushedImage,
  context: PushContext & { documents: ReadonlyMap<string, Buffer> }
): Promise<'sent' | 'there'> {
  const { session, documents } = context
  const { digest, mediaType } = image.root
  const bytes = documents.get(digest)
  if (bytes === undefined) throw new TagproofError('internal', `The root of ${image.name} was not read.`)
  let outcome: 'sent' | 'there' = 'there'
  for (const tag of tags) {
    const found = await lookAtTag(session, tag)
    if (found !== null) {
      if (found.digest !== digest) throw tagTaken(session, tag, found.digest, digest)
      continue
    }
    const pushed = await pushDocument({ bytes, mediaType, digest, reference: tag }, null, context)
    if (pushed.outcome === 'raced') throw tagTaken(session, tag, pushed.found?.digest ?? 'nothing', digest)
    if (pushed.outcome === 'sent') outcome = 'sent'
  }
  return outcome
}
