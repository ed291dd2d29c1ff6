import type { Upload } from '../../documents/uploads.ts'
import { TagproofError } from '../../platform/errors.ts'
import { showUrl } from '../../platform/http-rules.ts'
import type { IndexService } from './services.ts'

/** What an index can refuse, each with what to do. `words` are the server's own. */

export function loginRefused(service: IndexService, words: string): TagproofError {
  return new TagproofError('login-refused', `${service.name} does not take this login.`, {
    found: words,
    fix: loginFix(words)
  })
}

function loginFix(words: string): string {
  if (/read-only|temporarily disabled/i.test(words))
    return 'The index takes no uploads at this time; run the job again later. Nothing was lost.'
  if (/isn't allowed to upload|not allowed/i.test(words))
    return 'Use a token of this project, made by somebody who may upload to it; an archived project takes no files.'
  if (/verified|two-factor/i.test(words))
    return 'The owner of the token does what the index asks for, then the job is run again.'
  return (
    'Make a new token for just this project and store it in the environment of the job, or register a trusted ' +
    'publisher; a token of the test index is none of the real one.'
  )
}

export function moved(service: IndexService, what: string, location: string | undefined): TagproofError {
  return new TagproofError('upload-refused', `${showUrl(service.uploadUrl)} sends ${what} elsewhere.`, {
    found: `redirect to ${location ?? 'nowhere'}`,
    expected: 'the address that takes uploads itself',
    fix: 'Name the final address of the index, with every slash, as the upload address of the destination.'
  })
}

const remedies: readonly (readonly [RegExp, string])[] = [
  [
    /previously used/i,
    'The name was used by a file that was deleted, and cannot be used again. Release a new version.'
  ],
  [
    /older than \d+ days/i,
    'A release takes no new file after 14 days. Release a new version; yank the incomplete one.'
  ],
  [
    /already exist/i,
    'The index has these bytes under another name, or holds this name back. Release a new version.'
  ],
  [
    /too large|entity too large/i,
    'Ask the index for a higher limit, or make the package smaller; see its page on limits.'
  ],
  [
    /cannot create new projects/i,
    'The pending publisher and the package name different projects: correct one of them.'
  ],
  [
    /too similar|conflicts with an existing project|the name '[^']*' isn't allowed/i,
    'The index makes no project of this name. Choose another one that looks like no other; nothing was made.'
  ],
  [/attestation/i, 'Set attestations: false for this destination, or follow what the index says of them.']
]

export function uploadRefused(service: IndexService, name: string, words: string): TagproofError {
  return new TagproofError('upload-refused', `${service.name} does not take ${name}.`, {
    found: words,
    fix:
      remedies.find(([pattern]) => pattern.test(words))?.[1] ??
      'Do what the server says. What was sent before stays; the same job sends only the rest.'
  })
}

export function notTaken(
  service: IndexService,
  name: string,
  words: string,
  attempts: number
): TagproofError {
  return new TagproofError(
    'upload-refused',
    `${service.name} did not store ${name}, after ${attempts} attempts.`,
    {
      found: words,
      fix: 'Run the same job again later: it sends only what is missing.'
    }
  )
}

export function alreadyDifferent(service: IndexService, upload: Upload, found: string): TagproofError {
  return new TagproofError('destination-different', `Another ${upload.name} is on ${service.name}.`, {
    found,
    expected: upload.sha256,
    fix: 'Find out who uploaded it. A file that was given out never changes: release a new version.'
  })
}

/** Something else than what was sent came back. */
export function mismatch(
  service: IndexService,
  upload: Upload,
  what: string,
  found: string,
  expected: string
): TagproofError {
  return new TagproofError('hash-mismatch', `${what} on ${service.name}.`, {
    found,
    expected,
    fix:
      `Tell users not to install ${upload.project} ${upload.version}, yank it, and find out who stands between you and ` +
      'the index, or who changed the file.'
  })
}
