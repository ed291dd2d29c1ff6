import { createHash } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { mkdir, readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { openGpgHome } from '../__tests__/real/support/apt/gpg-key.ts'
import { startFakeGithub } from '../__tests__/real/support/github/fake-github.ts'
import { startPypiserver } from '../__tests__/real/support/pypi/other-servers.ts'
import { startRegistry } from '../__tests__/real/support/registry.ts'

/** As far as the run changes it. */
export interface CkanConfig {
  sources?: Record<string, unknown>
  destinations?: ({ kind: string } & Record<string, unknown>)[]
}

export interface CkanServers {
  /** Files of the tagged tree: the public key that users trust. */
  files: Record<string, string>
  /** Variables of the publish step. */
  credentials: Record<string, string>
  /** Tells the code host of a tag. */
  pushed(tag: string, commit: string): void
  /** What each holds in the end, seen by others' tools. */
  show(): Promise<void>
  close(): Promise<void>
}

const keyFile = '.github/packages.asc'

/**
 * Starts a server for each destination of the configuration, and puts its address there: pypiserver, Debian's
 * docker-registry, folders for the apt repository and for files, and a stand-in for the code host.
 */
export async function startServers(folder: string, config: CkanConfig): Promise<CkanServers> {
  await mkdir(folder, { recursive: true })
  const closes: (() => Promise<unknown>)[] = []
  const shows: (() => Promise<void>)[] = []
  const credentials: Record<string, string> = {}
  const files: Record<string, string> = {}
  let pushed: CkanServers['pushed'] = () => undefined
  for (const destination of config.destinations ?? []) {
    if (destination.kind === 'pypi') {
      const index = await startPypiserver()
      closes.push(index.close)
      destination.index = { upload: index.upload, simple: index.simple }
      destination['create-project'] = true
      credentials.TAGPROOF_PYPI_TOKEN = index.login
      shows.push(() => listFiles('index', index.folder))
    } else if (destination.kind === 'registry') {
      const registry = await startRegistry()
      closes.push(() => registry.close())
      const [, ...name] = String(destination.image).split('/')
      destination.image = [registry.host, ...name].join('/')
      shows.push(() => listTags(String(destination.image)))
    } else if (destination.kind === 'github') {
      const host = await startFakeGithub({ owner: 'ckan', name: 'ckan' })
      closes.push(host.close)
      destination.api = host.api
      destination.repository = 'ckan/ckan'
      const token = 'a-token'
      host.state.tokens.set(token, 'write')
      credentials.TAGPROOF_GITHUB_TOKEN = token
      pushed = (tag, commit) => void host.state.tags.set(tag, { type: 'commit', sha: commit })
      shows.push(async () => {
        process.stdout.write('\n# GitHub release\n')
        for (const [name, sha256] of Object.entries(await host.content())) told(name, sha256)
      })
    } else {
      const place = path.join(folder, destination.kind)
      await mkdir(place, { recursive: true })
      destination.store = { kind: 'directory', path: place }
      delete destination.url
      shows.push(() => listFiles(destination.kind, place))
    }
  }
  if ((config.destinations ?? []).some(({ kind }) => kind === 'apt' || kind === 'files')) {
    const home = await openGpgHome()
    closes.push(home.close)
    const key = await home.makeKey('ed25519', 'cert')
    await home.addSubkey(key, 'ed25519', 'sign')
    files[keyFile] = await home.exported('--export', key)
    credentials.TAGPROOF_APT_SIGNING_KEY = await home.exported('--export-secret-subkeys', key)
  }
  return {
    files,
    credentials,
    pushed: (tag, commit) => pushed(tag, commit),
    async show() {
      for (const show of shows) await show()
    },
    async close() {
      for (const close of closes) await close()
    }
  }
}

function told(name: string, sha256: string): void {
  process.stdout.write(`${sha256.slice(0, 16)}  ${name}\n`)
}

async function listFiles(title: string, folder: string): Promise<void> {
  process.stdout.write(`\n# ${title}\n`)
  for (const name of (await readdir(folder, { recursive: true })).sort()) {
    const file = path.join(folder, name)
    if (!(await stat(file)).isFile()) continue
    const hash = createHash('sha256')
    for await (const piece of createReadStream(file)) hash.update(piece as Buffer)
    told(name, hash.digest('hex'))
  }
}

/** skopeo asks for each tag by itself. */
function listTags(image: string): Promise<void> {
  process.stdout.write('\n# registry\n')
  const ask = (...args: string[]): string => execFileSync('skopeo', args, { encoding: 'utf8' })
  const { Tags: tags } = JSON.parse(ask('list-tags', '--tls-verify=false', `docker://${image}`)) as {
    Tags: string[]
  }
  for (const tag of tags) {
    const digest = ask(
      'inspect',
      '--tls-verify=false',
      '--format={{.Digest}}',
      `docker://${image}:${tag}`
    ).trim()
    told(`${image.slice(image.indexOf('/') + 1)}:${tag}`, digest.replace('sha256:', ''))
  }
  return Promise.resolve()
}
