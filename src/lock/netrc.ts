import { readFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'

/** User names and passwords by host, from `NETRC` or `~/.netrc`, as curl and pip read it. */
export type Netrc = ReadonlyMap<string, { login: string; password: string }>

export function netrcFile(environment: Readonly<Record<string, string | undefined>>): string {
  return environment.NETRC ?? path.join(environment.HOME ?? os.homedir(), '.netrc')
}

export async function readNetrc(environment: Readonly<Record<string, string | undefined>>): Promise<Netrc> {
  return parseNetrc(await readFile(netrcFile(environment), 'utf8').catch(() => ''))
}

export function parseNetrc(text: string): Netrc {
  const entries = new Map<string, { login: string; password: string }>()
  // A macro runs to the next empty line, and may hold any word.
  const tokens = text
    .replace(/^\s*#.*$/gm, '')
    .replace(/\bmacdef\b[\s\S]*?(\n\s*\n|$)/g, '\n')
    .split(/\s+/)
  let current: { login: string; password: string } | null = null
  for (let at = 0; at < tokens.length; at += 1) {
    const next = tokens[at + 1] ?? ''
    if (tokens[at] === 'machine') {
      current = { login: '', password: '' }
      if (!entries.has(next)) entries.set(next, current)
      at += 1
    } else if (tokens[at] === 'default') current = null
    else if (tokens[at] === 'login' && current !== null) current.login = tokens[++at] ?? ''
    else if (tokens[at] === 'password' && current !== null) current.password = tokens[++at] ?? ''
  }
  return entries
}

/** Adds the credentials of netrc to a URL that has none of its own. */
export function withNetrc(url: string, netrc: Netrc): string {
  const parsed = new URL(url)
  const entry = netrc.get(parsed.hostname)
  if (entry === undefined || parsed.username !== '') return url
  parsed.username = encodeURIComponent(entry.login)
  parsed.password = encodeURIComponent(entry.password)
  return parsed.href
}
