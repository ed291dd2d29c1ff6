import { settleEach } from '../../platform/concurrency.ts'
import type { Log } from '../../platform/log.ts'
import type { RegistrySession } from '../../platform/registry/session.ts'
import type { ArtifactState } from '../destination.ts'
import type { PushedImage } from './image.ts'
import { isThere, lookAtTag } from './look.ts'

const atOnce = 4

/**
 * The state of an image: `different` if any of its version tags is another image; `identical` if all of them are this one
 * and the registry has each of its parts; else `absent`, which sends what is missing.
 *
 * @throws TagproofError `login-refused`, `index-answer`, `network`
 */
export async function stateOf(
  { image, tags }: PushedImage,
  session: RegistrySession,
  log: Log
): Promise<ArtifactState> {
  const { name, root, blobs } = image
  let missing = false
  for (const tag of tags) {
    const found = await lookAtTag(session, tag)
    if (found === null) missing = true
    else if (found.digest !== root.digest) return different(name, tag, found.digest, session, log)
  }
  if (missing) return { name, state: 'absent' }
  // A registry may have lost a part of what its tags still name.
  const whole = await settleEach(blobs, atOnce, (blob) => isThere(session, blob))
  return { name, state: whole.every((there) => there) ? 'identical' : 'absent' }
}

function different(
  name: string,
  tag: string,
  digest: string,
  { address }: RegistrySession,
  log: Log
): ArtifactState {
  log.warn(`${address}:${tag} is another image already: ${digest}`)
  return { name, state: 'different', found: digest.slice('sha256:'.length) }
}
