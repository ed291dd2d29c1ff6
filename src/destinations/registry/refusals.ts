import { TagproofError } from '../../platform/errors.ts'
import type { RegistrySession } from '../../platform/registry/session.ts'
import type { RegistryAnswer } from './answer.ts'

/** What a registry can refuse, each with what to do. `words` are the registry's own. */

export function loginRefused(
  { address, base }: Pick<RegistrySession, 'address' | 'base'>,
  words: string,
  cause?: unknown
): TagproofError {
  return new TagproofError('login-refused', `This login may not push to ${address}.`, {
    found: words,
    expected: 'a login with the right to pull from and push to the repository',
    fix:
      `Log in to ${base.host} with the registry's own login action before the publish step, or give registry-username and ` +
      'registry-password; on GitHub the job needs packages: write. Check that the name of the repository is right.',
    ...(cause === undefined ? {} : { cause })
  })
}

/** By code of the specification, or by what registries say instead; the first that fits. */
const remedies: readonly (readonly [RegExp, string])[] = [
  [
    /immutab|ImageTagAlreadyExists|tag already exists|cannot be overwritten|TAG_INVALID/i,
    'The registry keeps its tags as they are. Let it exempt the tags under moving: from that rule, or leave moving: out.'
  ],
  [
    /NAME_UNKNOWN|RepositoryNotFound|repository .*not found/i,
    'Make the repository first: this registry makes none by itself. Check its name.'
  ],
  [/NAME_INVALID/, 'Correct the name of the repository under image: the registry takes no such one.'],
  [/QUOTA|storage limit|insufficient storage/i, 'Make room in the registry, or have its quota raised.'],
  [
    /\b413\b|too large|SIZE_INVALID/i,
    'The registry, or a proxy before it, takes no request of this size. Have its limit raised, or make the layer smaller.'
  ],
  [
    /DIGEST_INVALID/,
    'Bytes were changed on the way. Run the job again; if it stays, find out what stands between you and the registry.'
  ],
  [
    /MANIFEST_BLOB_UNKNOWN|BLOB_UNKNOWN/,
    'The registry has lost a blob since it was sent. Run the same job again: it sends what is missing.'
  ],
  [
    /MANIFEST_INVALID|UNSUPPORTED|\b415\b/,
    'The registry does not know this kind of document: it needs one that speaks OCI 1.0 or newer.'
  ],
  [/TOOMANYREQUESTS|\b429\b/, 'The registry limits how much is asked. Run the same job again later.'],
  [/DENIED|\b403\b/, 'Give this login the right to push to the repository.']
]

export function pushRefused(
  { address }: Pick<RegistrySession, 'address'>,
  what: string,
  { words }: Pick<RegistryAnswer, 'words'>
): TagproofError {
  return new TagproofError('upload-refused', `${address} does not take ${what}.`, {
    found: words,
    fix:
      remedyOf(words) ??
      'Do what the registry says. What was sent before stays; the same job sends only the rest.'
  })
}

function remedyOf(words: string): string | undefined {
  return remedies.find(([pattern]) => pattern.test(words))?.[1]
}

/** Several attempts, none of which the registry has kept. */
export function notStored(
  { address }: Pick<RegistrySession, 'address'>,
  what: string,
  words: string,
  attempts: number
): TagproofError {
  return new TagproofError(
    'upload-refused',
    `${address} did not store ${what}, after ${attempts} attempts.`,
    {
      found: words,
      fix: remedyOf(words) ?? 'Run the same job again later: it sends only what is missing.'
    }
  )
}

export function tagTaken(
  { address }: Pick<RegistrySession, 'address'>,
  tag: string,
  found: string,
  expected: string
): TagproofError {
  return new TagproofError('destination-different', `${address}:${tag} is another image.`, {
    found,
    expected,
    fix: 'Find out who pushed it. A version that was given out never changes: release a new one.'
  })
}

/** The registry gave out, or took, something else than its digest names. */
export function lied(
  { address }: Pick<RegistrySession, 'address'>,
  what: string,
  found: string,
  expected: string
): TagproofError {
  return new TagproofError('hash-mismatch', `${address} has other bytes for ${what}.`, {
    found,
    expected,
    fix: 'Tell users not to pull it, and find out who stands between you and the registry, or who changed its storage.'
  })
}
