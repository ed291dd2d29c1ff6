import { compare, valid } from '@renovatebot/pep440'
import { versionOfTag } from '../../source/version.ts'
import type { NameState } from '../destination.ts'
import type { GithubApi } from './api.ts'
import { readAnswer, releaseField, type GithubRelease } from './documents.ts'

/** What `latest` stands for; null where no release is published that could be it. */
export async function latestRelease(api: GithubApi): Promise<GithubRelease | null> {
  const { status, body, url } = await api.call({ path: '/releases/latest' }, [404])
  return status === 404 ? null : readAnswer(releaseField, body, url)
}

/**
 * Whether `latest` is to stand for this release: only ever forwards, so a backport leaves it where it is. A tag that shows
 * no version is no newer one. Pure.
 *
 * @param current tag of the release that is the latest; null where there is none
 */
export function latestState(
  current: string | null,
  { tag, version }: { tag: string; version: string }
): NameState['state'] {
  if (current === tag) return 'current'
  const there = current === null ? null : versionIn(current)
  return there !== null && valid(version) !== null && compare(there, version) > 0 ? 'ahead' : 'behind'
}

function versionIn(tag: string): string | null {
  try {
    return valid(versionOfTag(tag))
  } catch {
    return null
  }
}
