import { TagproofError } from '../../platform/errors.ts'
import type { ApiAnswer } from './api.ts'

/** What can be wrong with a release on GitHub, each with what to do. */

export function mayNotWrite({ words }: ApiAnswer): TagproofError {
  return new TagproofError('permission-missing', 'The token may not write releases of this repository.', {
    found: words,
    expected: 'contents: write',
    fix: 'Give the publish job permissions: contents: write, and its step github-token: ${{ github.token }}.'
  })
}

export function alreadyDifferent(name: string, found: string, expected: string): TagproofError {
  return new TagproofError('destination-different', `Another ${name} is in the release on GitHub.`, {
    found,
    expected,
    fix: 'Find out who uploaded it. A file that was given out never changes: release a new version. In a draft that nobody needs it can be deleted on the page of the release.'
  })
}

/** Nothing can be added to a published release where releases are immutable. */
export function lacksForEver(tag: string, missing: readonly string[]): TagproofError {
  return new TagproofError('upload-refused', `The release ${tag} on GitHub is immutable, and not whole.`, {
    found: `published without ${missing.join(', ')}`,
    expected: 'all files in it before it is published',
    fix: 'Release a new version. Find out what published this one: another workflow, or somebody on the page of the release.'
  })
}

export function tagBurned(tag: string, { words }: ApiAnswer): TagproofError {
  return new TagproofError('upload-refused', `GitHub takes no release for the tag ${tag} any more.`, {
    found: words,
    fix: 'An immutable release of this name was deleted, and its tag is used up for ever: release a new version.'
  })
}

export function refused(what: string, answer: ApiAnswer): TagproofError {
  const { status, words } = answer
  if (status === 403) return mayNotWrite(answer)
  return new TagproofError('upload-refused', `GitHub does not take ${what}.`, {
    found: words,
    fix:
      status === 404
        ? 'The token sees no such release: it needs contents: write; one that is not of the workflow also needs workflows: write where the tag changes workflow files.'
        : 'Do what the server says. What was sent before stays; the same job sends only the rest.'
  })
}

export function notStored(name: string, words: string, attempts: number): TagproofError {
  return new TagproofError('upload-refused', `GitHub did not store ${name}, after ${attempts} attempts.`, {
    found: words,
    fix: 'Run the same job again later: it sends only what is missing.'
  })
}
