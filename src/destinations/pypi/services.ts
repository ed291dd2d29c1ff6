import { TagproofError } from '../../platform/errors.ts'
import { parseUrl, showUrl, splitCredentials, isSecure } from '../../platform/http-rules.ts'

/** A package index: where files are sent, and where it says what it has. */
export interface IndexService {
  name: string
  kind: 'pypi' | 'testpypi' | 'other'
  /** Legacy upload API: `POST`, one file each. */
  uploadUrl: URL
  /** Simple index (PEP 503, PEP 691). May carry a login, which goes to its own origin alone. */
  simpleUrl: URL
  /** Base of `/pypi/NAME/VERSION/json` and `/integrity/…`; null where there is no such thing. */
  jsonUrl: URL | null
}

/** The public addresses. They stand nowhere else. */
export const knownServices: Readonly<Record<'pypi' | 'testpypi', IndexService>> = {
  pypi: {
    name: 'PyPI',
    kind: 'pypi',
    uploadUrl: new URL('https://upload.pypi.org/legacy/'),
    simpleUrl: new URL('https://pypi.org/simple/'),
    jsonUrl: new URL('https://pypi.org/')
  },
  testpypi: {
    name: 'TestPyPI',
    kind: 'testpypi',
    uploadUrl: new URL('https://test.pypi.org/legacy/'),
    simpleUrl: new URL('https://test.pypi.org/simple/'),
    jsonUrl: new URL('https://test.pypi.org/')
  }
}

export type IndexSetting = 'pypi' | 'testpypi' | { upload: string; simple: string }

/**
 * The index that a setting names.
 *
 * @throws TagproofError `config-invalid` for what is no address, holds a login for uploads, or is not secure
 */
export function serviceOf(setting: IndexSetting): IndexService {
  if (typeof setting === 'string') return knownServices[setting]
  const uploadUrl = addressOf(setting.upload, 'upload')
  if (uploadUrl.username !== '' || uploadUrl.password !== '')
    throw new TagproofError('config-invalid', 'The address for uploads holds a login.', {
      found: showUrl(uploadUrl),
      fix: 'Take it out of the address, and hand the token over as the input pypi-token.'
    })
  const simpleUrl = addressOf(setting.simple, 'simple')
  return { name: uploadUrl.host, kind: 'other', uploadUrl, simpleUrl, jsonUrl: null }
}

function addressOf(text: string, what: string): URL {
  const url = parseUrl(text)
  if (url === null)
    throw new TagproofError('config-invalid', `The ${what} address of the index is no URL.`, {
      found: showUrl(text),
      expected: 'an https address'
    })
  requireSecure(url)
  return url
}

/** @throws TagproofError `config-invalid` */
export function requireSecure(url: URL): void {
  if (isSecure(url)) return
  throw new TagproofError('config-invalid', `${showUrl(url)} is not secure.`, {
    expected: 'https; plain http for this machine alone',
    fix: 'Name the https address of the index.'
  })
}

/** The same address without a login, for people. */
export function shownAddress(service: IndexService): string {
  return showUrl(splitCredentials(service.simpleUrl).url)
}
