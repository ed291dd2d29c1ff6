import { TagproofError } from '../../platform/errors.ts'
import type { HttpClient } from '../../platform/http.ts'
import type { RegistrySession } from '../../platform/registry/session.ts'
import { mayPass } from './answer.ts'
import { tryWrite, write } from './exchange.ts'
import { isTag, tagName, type PushedImage } from './image.ts'
import { loginRefused, notStored, pushRefused } from './refusals.ts'
import { grantedActions } from './token-access.ts'
import { uploadsOf } from './upload-blob.ts'
import { placeOf } from './upload-place.ts'

/**
 * Refuses names that cannot be, or that two images would share. Pure.
 *
 * @throws TagproofError `config-invalid`
 */
export function requireNames(images: readonly PushedImage[]): void {
  const taken = new Map<string, string>()
  for (const one of images) {
    const tags = [...one.tags, ...one.moving.map(({ tag }) => tag)]
    if (one.tags.length === 0)
      throw new TagproofError('config-invalid', `${one.image.name} gets no tag that stays.`, {
        expected: 'at least one template under tags'
      })
    for (const tag of tags) {
      if (!isTag(tag) || /^sha256-[0-9a-f]{64}/.test(tag))
        throw new TagproofError(
          'config-invalid',
          `${JSON.stringify(tag)} can be no tag of ${one.image.name}.`,
          {
            expected: 'at most 128 letters, digits, dots, dashes and underscores, no dash or dot first',
            fix: 'Correct the template under tags or moving; a version with + in it needs one without {version}.'
          }
        )
      const name = tagName(one, tag)
      const other = taken.get(name)
      if (other !== undefined)
        throw new TagproofError('config-invalid', `The tag ${name} would be given twice.`, {
          found:
            other === one.image.name
              ? `as one that stays and as one that moves, or twice, to ${other}`
              : `to ${other} and to ${one.image.name}`,
          fix: 'Tell them apart in the templates, such as {version}-{target}; {series} is the same as a {version} of two numbers.'
        })
      taken.set(name, one.image.name)
    }
  }
}

export interface LoginContext {
  session: RegistrySession
  http: Pick<HttpClient, 'attempts' | 'pause'>
  signal?: AbortSignal
}

/**
 * Whether the login may push. A token that says what it is good for is believed where it says no; where none says so, an
 * upload is begun and ended at once: it is seen by nobody, holds no byte, and is all that a registry can be asked.
 *
 * @throws TagproofError `login-refused`, `upload-refused` for a repository that takes nothing, `network`
 */
export async function proveLogin({ session, http, signal }: LoginContext): Promise<void> {
  const granted = grantedActions(session.headers().authorization, session.repository)
  if (granted !== null) {
    if (granted.includes('push') || granted.includes('*')) return
    throw loginRefused(session, `a token for ${granted.join(', ') || 'nothing'}`)
  }
  for (let attempt = 1; ; attempt += 1) {
    const answer = await tryWrite(session, { url: uploadsOf(session), method: 'POST' })
    if (!('fault' in answer) && answer.status === 202) {
      await write(session, { url: placeOf(answer).url, method: 'DELETE' }).catch(() => undefined)
      return
    }
    if (!('fault' in answer) && !mayPass(answer)) {
      if (answer.status === 403 || answer.codes.includes('DENIED')) throw loginRefused(session, answer.words)
      throw pushRefused(session, 'an upload', answer)
    }
    if (attempt >= http.attempts)
      throw 'fault' in answer ? answer.fault : notStored(session, 'an upload', answer.words, attempt)
    await http.pause(attempt, 'fault' in answer ? undefined : answer.headers['retry-after'], signal)
  }
}
