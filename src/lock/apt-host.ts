import { access, readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { plainEnvironment, run } from '../platform/process.ts'
import {
  parseDeb822Sources,
  parseMirrorList,
  parseOneLineSources,
  parseStanzas,
  type AptSource
} from './apt-sources.ts'

/** What this machine knows about package archives: its own sources, keyrings and apt settings. */
export interface AptHost {
  /** `VERSION_CODENAME` of os-release. */
  codename: string | null
  sources: AptSource[]
  /** The distribution's archive keyring, for sources that name none. */
  keyring: string | null
  /** All archive keyrings that the administrator has installed. */
  archiveKeyrings: string[]
  /** Proxy, certificate, retry and validity settings, as lines of an apt configuration. */
  acquire: string[]
}

/** Settings that say how to reach a server and what the administrator knows of its dates; never what to trust. */
const handedOver =
  /^Acquire::((http|https|ftp)::.*|Retries|ForceIPv[46]|Check-Valid-Until|Check-Date|Max-FutureTime) /

/** Reads the machine; `folder` is its `/` (tests give another). */
export async function readAptHost(folder = '/'): Promise<AptHost> {
  const release = await readText(path.join(folder, 'etc/os-release'))
  const variables = new Map(
    [...release.matchAll(/^([A-Z_]+)="?([^"\n]*)"?$/gm)].map((match) => [match[1] ?? '', match[2] ?? ''])
  )
  const archiveKeyrings = await archiveKeyringsIn(path.join(folder, 'usr/share/keyrings'))
  const own = `${variables.get('ID') ?? ''}-archive-keyring.gpg`
  return {
    codename: variables.get('VERSION_CODENAME') ?? null,
    sources: await readSources(path.join(folder, 'etc/apt')),
    keyring: archiveKeyrings.find((file) => path.basename(file) === own) ?? null,
    archiveKeyrings,
    acquire: folder === '/' ? await readAcquire() : []
  }
}

async function readSources(folder: string): Promise<AptSource[]> {
  const parts = path.join(folder, 'sources.list.d')
  const names = (await readdir(parts).catch(() => [])).sort()
  const sources = parseOneLineSources(await readText(path.join(folder, 'sources.list')))
  for (const name of names) {
    const text = await readText(path.join(parts, name))
    if (name.endsWith('.list')) sources.push(...parseOneLineSources(text))
    else if (name.endsWith('.sources')) sources.push(...parseDeb822Sources(text))
  }
  return Promise.all(sources.map(async (source) => ({ ...source, uris: await expandMirrors(source.uris) })))
}

/** `mirror+file:/path` names a list of mirrors on this machine (hosted runners have it). */
async function expandMirrors(uris: readonly string[]): Promise<string[]> {
  const expanded = await Promise.all(
    uris.map(async (uri) => {
      const file = /^mirror\+file:(?:\/\/)?(\/.*)$/.exec(uri)?.[1]
      return file === undefined ? [uri] : parseMirrorList(await readText(file)).slice(0, 1)
    })
  )
  return expanded.flat()
}

async function archiveKeyringsIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => [])
  const files = names.filter((name) => /-archive-keyring\.(gpg|pgp)$/.test(name)).sort()
  const readable = await Promise.all(
    files.map((name) =>
      access(path.join(folder, name)).then(
        () => path.join(folder, name),
        () => null
      )
    )
  )
  return readable.filter((file) => file !== null)
}

async function readAcquire(): Promise<string[]> {
  const result = await run('apt-config', ['dump'], { env: plainEnvironment }).catch(() => null)
  if (result?.code !== 0) return []
  return result.stdout
    .toString('utf8')
    .split('\n')
    .filter((line) => handedOver.test(line))
}

async function readText(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '')
}

/** Fields of a Release file, whether inside a clear-signed message or alone. */
export function parseRelease(text: string): Map<string, string> {
  const body = text.replace(/^-----BEGIN PGP SIGNED MESSAGE-----\r?\n(?:[^\n]+\n)*\r?\n/, '')
  return parseStanzas(body)[0] ?? new Map<string, string>()
}

/**
 * The archive from which this machine takes the packages of a suite: its name and address, as a configuration can say
 * it. Null where the machine has no source for it, or one whose address no other machine could use.
 *
 * @param suite that of the machine by default
 */
export async function archiveOfSuite(
  suite?: string,
  host?: Pick<AptHost, 'codename' | 'sources'>
): Promise<{ suite: string; address: string } | null> {
  const { codename, sources } = host ?? (await readAptHost())
  const wanted = suite ?? codename
  if (wanted === null) return null
  const address = sources
    .filter(({ suites, components }) => suites.includes(wanted) && components.includes('main'))
    .flatMap(({ uris }) => uris)
    .find((uri) => /^https?:\/\/[^\s@?#/]+(\/[^\s?#]*)?$/.test(uri))
  return address === undefined ? null : { suite: wanted, address }
}
