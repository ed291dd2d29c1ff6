/** The two formats in which apt reads its sources (sources.list(5)), as data. */

export interface AptSource {
  /** Base URLs or `mirror+file:` names, as written, without a final slash. */
  uris: string[]
  suites: string[]
  components: string[]
  /** Path of a keyring, or an armoured key itself (deb822 only). */
  signedBy: string | null
}

/** One-line format: `deb [signed-by=/k.gpg arch=amd64] URI suite component…`; lines of other types are left out. */
export function parseOneLineSources(text: string): AptSource[] {
  const sources: AptSource[] = []
  for (const line of text.split('\n')) {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line)
    if (match === null) continue
    const [, options = '', uri = '', suite = '', components = ''] = match
    sources.push({
      uris: [trimSlash(uri)],
      suites: [suite],
      components: words(components),
      signedBy: /(?:^|\s)signed-by=(\S+)/i.exec(options)?.[1] ?? null
    })
  }
  return sources
}

/** deb822 format: stanzas with `Types`, `URIs`, `Suites`, `Components`, `Signed-By`, `Enabled`. */
export function parseDeb822Sources(text: string): AptSource[] {
  const sources: AptSource[] = []
  for (const fields of parseStanzas(text)) {
    if (!words(fields.get('types') ?? '').includes('deb')) continue
    if (/^(no|false|without|off|disable|0)$/i.test(fields.get('enabled') ?? 'yes')) continue
    const signedBy = (fields.get('signed-by') ?? '').trim()
    sources.push({
      uris: words(fields.get('uris') ?? '').map(trimSlash),
      suites: words(fields.get('suites') ?? ''),
      components: words(fields.get('components') ?? ''),
      signedBy: signedBy === '' ? null : signedBy
    })
  }
  return sources
}

/** Stanzas of a deb822 text: field names in lower case, continuation lines kept without their indent. */
export function parseStanzas(text: string): Map<string, string>[] {
  const stanzas: Map<string, string>[] = []
  let current = new Map<string, string>()
  let last: string | null = null
  const end = (): void => {
    if (current.size > 0) stanzas.push(current)
    current = new Map()
    last = null
  }
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('#')) continue
    if (line.trim() === '') end()
    else if (/^[ \t]/.test(line)) {
      // A line with a single dot stands for an empty one.
      if (last !== null) current.set(last, `${current.get(last) ?? ''}\n${line.trim().replace(/^\.$/, '')}`)
    } else {
      const colon = line.indexOf(':')
      if (colon < 1) continue
      last = line.slice(0, colon).trim().toLowerCase()
      current.set(last, line.slice(colon + 1).trim())
    }
  }
  end()
  return stanzas
}

/**
 * The sources of one distribution release: `suite` itself and its `-updates` and `-security` pockets.
 * Others of the machine (backports, proposed, foreign repositories) have no part in a root.
 */
export function sourcesOfSuite(sources: readonly AptSource[], suite: string): AptSource[] {
  const pockets = [suite, `${suite}-updates`, `${suite}-security`]
  const wanted = (found: string): boolean => pockets.includes(found) || found === `${suite}/updates`
  return sources
    .map((source) => ({ ...source, suites: source.suites.filter(wanted) }))
    .filter((source) => source.suites.length > 0 && source.components.length > 0)
}

/** Content of a `mirror+file:` list: one URL a line, with `priority:N` behind it (apt-transport-mirror(1)). */
export function parseMirrorList(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line, index) => {
      const [url = '', ...rest] = line.split(/\s+/)
      const priority = /priority:(\d+)/.exec(rest.join(' '))?.[1]
      return { url: trimSlash(url), priority: priority === undefined ? Infinity : Number(priority), index }
    })
    .sort((left, right) => left.priority - right.priority || left.index - right.index)
    .map((entry) => entry.url)
}

/** Where some distributions keep security updates: in a folder beside the archive. None beside a whole host. */
export function securitySibling(base: string): string[] {
  return /^https?:\/\/[^/]+\/.*[^/]$/.test(base) ? [`${base}-security`] : []
}

/** Our own deb822 file. A source can say what is signed by whom, and nothing that weakens the check. */
export function formatAptSources(sources: readonly AptSource[], architecture: string): string {
  return sources
    .map((source) =>
      [
        'Types: deb',
        `URIs: ${source.uris.join(' ')}`,
        `Suites: ${source.suites.join(' ')}`,
        `Components: ${source.components.join(' ')}`,
        `Architectures: ${architecture}`,
        ...(source.signedBy === null ? [] : [`Signed-By: ${formatSignedBy(source.signedBy)}`]),
        ''
      ].join('\n')
    )
    .join('\n')
}

function formatSignedBy(value: string): string {
  if (!value.includes('\n')) return value
  return value
    .split('\n')
    .map((line, index) => (index === 0 ? line : ` ${line === '' ? '.' : line}`))
    .join('\n')
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '')
}

function trimSlash(text: string): string {
  return text.replace(/\/+$/, '')
}
