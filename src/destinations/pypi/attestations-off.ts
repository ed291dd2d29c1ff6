/** What decides whether files are attested. */
export interface AttestationCase {
  index: 'pypi' | 'testpypi' | 'other'
  credentials: 'token' | 'trusted'
  /** `attestations` of the destination. */
  setting: boolean
}

/**
 * Why the files of a destination are not attested, as a sentence for the log; null where they are. An index takes
 * attestations from trusted publishers alone, and refuses an upload by token that has some.
 */
export function attestationsOff({ index, credentials, setting }: AttestationCase): string | null {
  if (!setting) return 'No attestations: attestations: false in the configuration of the destination.'
  if (index === 'other') return 'No attestations: only the two official indexes take them.'
  if (credentials === 'token')
    return 'No attestations: an index refuses them from a token. Publish as a trusted publisher to have them.'
  return null
}
