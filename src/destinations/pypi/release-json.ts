import { TagproofError } from '../../platform/errors.ts'
import { parseUrl, showUrl } from '../../platform/http-rules.ts'
import type { OfferedFile } from '../../lock/simple-index.ts'

/**
 * The files of one release as `/pypi/NAME/VERSION/json` lists them (`urls`).
 *
 * @throws TagproofError `index-answer` for what is no such document
 */
export function parseReleaseJson(text: string, base: URL): OfferedFile[] {
  let urls: unknown
  try {
    urls = (JSON.parse(text) as { urls?: unknown } | null)?.urls
  } catch (cause) {
    throw badDocument(base, 'text that is no JSON', cause)
  }
  if (!Array.isArray(urls)) throw badDocument(base, 'JSON without a list of urls')
  return urls.map((entry: unknown) => {
    const fields = (entry ?? {}) as Record<string, unknown>
    const { filename, url, digests, size } = fields
    const time = fields.upload_time_iso_8601
    const target = typeof url === 'string' ? parseUrl(url, base) : null
    if (typeof filename !== 'string' || target === null || !/^https?:$/.test(target.protocol))
      throw badDocument(base, 'a file without name or address')
    const hash = (digests as { sha256?: unknown } | null | undefined)?.sha256
    return {
      file: filename,
      url: target.href,
      sha256: typeof hash === 'string' ? hash.toLowerCase() : null,
      size: typeof size === 'number' && Number.isSafeInteger(size) && size >= 0 ? size : null,
      ...(typeof time === 'string' ? { uploadTime: time } : {})
    }
  })
}

function badDocument(url: URL, found: string, cause?: unknown): TagproofError {
  return new TagproofError('index-answer', `${showUrl(url)} is no description of a release.`, {
    found,
    expected: 'the JSON document of a release, with its urls',
    fix: 'Try again later; nothing is sent while it cannot be known what is there.',
    ...(cause === undefined ? {} : { cause })
  })
}
