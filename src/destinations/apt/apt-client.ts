import { mkdir, readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { NameReadBack } from '../../documents/receipt.ts'
import { TagproofError } from '../../platform/errors.ts'
import { hashFile, withTemporaryFolder } from '../../platform/files.ts'
import { lastLines, plainEnvironment, run, type Environment } from '../../platform/process.ts'
import type { AptRequest } from './destination.ts'
import type { ReleaseSuite } from './suite-names.ts'

type Check = NameReadBack['checks'][number]

/** Caches before a repository may show the state before for a while. */
const usualPatience = [1000, 3000, 6000, 10_000, 20_000, 30_000]
const proxyNames = ['http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY']
const longestSeconds = 900

/**
 * Reads a suite as its users do: an apt with nothing of this machine but its program, which knows the public key alone, asks
 * for the index, and fetches each deb of the release. Nothing is installed, and no script of a package runs: credentials
 * are near.
 *
 * @throws TagproofError `readback-missing`, `hash-mismatch`
 */
export async function askApt(request: AptRequest, suite: ReleaseSuite): Promise<Check> {
  const { url, patience = usualPatience } = request
  const none = (note: string): Check => ({ what: 'apt', result: 'none', note })
  if (url === null) return none('no url is set at which readers find the store')
  for (const wait of [...patience, null]) {
    const problem = await withTemporaryFolder('tagproof-apt-client', (folder) =>
      ask(request, url, suite, folder)
    )
    if (problem === null) return { what: 'apt', result: 'agrees', note: '' }
    if (problem === 'missing') return none('apt-get is not installed here')
    if (wait === null) throw notThere(request, url, suite, problem)
    await sleep(wait, undefined, request.signal === undefined ? {} : { signal: request.signal })
  }
  return none('')
}

/** @returns null where all is well, else the last words of apt */
async function ask(
  request: AptRequest,
  url: string,
  suite: ReleaseSuite,
  folder: string
): Promise<string | null> {
  const env = await aptRoot(request, url, suite, folder)
  const downloads = path.join(folder, 'downloads')
  await mkdir(downloads)
  const chosen = suite.added.map(({ package: name, version, architecture }) =>
    architecture === 'all' ? `${name}=${version}` : `${name}:${architecture}=${version}`
  )
  const { signal } = request
  const options = {
    env,
    cwd: downloads,
    timeoutSeconds: longestSeconds,
    ...(signal === undefined ? {} : { signal })
  }
  for (const args of [
    ['update', '--error-on=any'],
    ['download', ...chosen]
  ]) {
    const result = await run('apt-get', args, options).catch((error: unknown) => {
      if (error instanceof TagproofError && error.code === 'tool-missing') return null
      throw error
    })
    if (result === null) return 'missing'
    if (result.code !== 0) return lastLines(result.stderr.toString('utf8'), 12)
  }
  await requireSameDebs(request.name, suite, downloads)
  return null
}

/** apt checks hashes itself; it is asked what it has fetched all the same. */
async function requireSameDebs(destination: string, suite: ReleaseSuite, downloads: string): Promise<void> {
  const found = new Set<string>()
  for (const name of await readdir(downloads)) found.add((await hashFile(path.join(downloads, name))).sha256)
  const missing = suite.added.find(({ sha256 }) => !found.has(sha256))
  if (missing === undefined) return
  throw new TagproofError(
    'hash-mismatch',
    `apt gets another ${path.posix.basename(missing.filename)} than was sent.`,
    {
      where: `${destination}: ${missing.filename}`,
      found: [...found].join(', ') || 'nothing',
      expected: missing.sha256,
      fix: 'Warn your users at once, and find out who changed what the address gives out.'
    }
  )
}

/** The folders and settings of an apt of its own. @returns its environment */
async function aptRoot(
  { signer, environment }: AptRequest,
  url: string,
  suite: ReleaseSuite,
  folder: string
): Promise<Environment> {
  for (const inner of ['lists/partial', 'archives/partial', 'empty'])
    await mkdir(path.join(folder, inner), { recursive: true })
  const architectures = [...new Set(suite.added.map(({ architecture }) => architecture))].filter(
    (one) => one !== 'all'
  )
  const native = architectures[0] ?? 'amd64'
  await writeFile(path.join(folder, 'status'), '')
  await writeFile(path.join(folder, 'key.asc'), signer.publicKey)
  const options = `signed-by=${path.join(folder, 'key.asc')} arch=${[native, ...architectures.slice(1)].join(',')}`
  await writeFile(
    path.join(folder, 'sources.list'),
    `deb [${options}] ${encodeURI(url)} ${suite.suite} ${suite.component}\n`
  )
  await writeFile(path.join(folder, 'apt.conf'), aptSettings(folder, [native, ...architectures.slice(1)]))
  const proxies = proxyNames.flatMap((name) =>
    environment[name] === undefined ? [] : [[name, environment[name]]]
  )
  return {
    ...plainEnvironment,
    ...(Object.fromEntries(proxies) as Environment),
    APT_CONFIG: path.join(folder, 'apt.conf')
  }
}

/** apt.conf(5). Nothing of /etc/apt is read, no list or package of the machine is seen. */
export function aptSettings(folder: string, architectures: readonly string[]): string {
  const empty = path.join(folder, 'empty')
  return `APT::Architecture "${architectures[0] ?? 'amd64'}";
APT::Architectures { ${architectures.map((name) => `"${name}";`).join(' ')} };
APT::Sandbox::User "root";
Acquire::Languages "none";
Dir::State "${folder}"; Dir::State::lists "${folder}/lists/"; Dir::State::status "${folder}/status";
Dir::Cache "${folder}"; Dir::Cache::archives "${folder}/archives/";
Dir::Etc "${empty}"; Dir::Etc::sourcelist "${folder}/sources.list"; Dir::Etc::sourceparts "${empty}";
Dir::Etc::trusted "/dev/null"; Dir::Etc::trustedparts "${empty}"; Dir::Etc::main "/dev/null"; Dir::Etc::parts "${empty}";
Dir::Etc::preferences "/dev/null"; Dir::Etc::preferencesparts "${empty}"; Dir::Log "${folder}";
`
}

function notThere({ name }: AptRequest, url: string, { suite }: ReleaseSuite, output: string): TagproofError {
  const where = `${name}: ${url}`
  if (output.includes('Hash Sum mismatch'))
    return new TagproofError(
      'hash-mismatch',
      `The address of the suite ${suite} gives out other files than were sent.`,
      {
        where,
        output,
        fix: 'Warn your users at once, and find out who changed what the address gives out; what the store has is right.'
      }
    )
  return new TagproofError('readback-missing', `apt does not find this release in the suite ${suite}.`, {
    where,
    expected: 'apt-get update --error-on=any, and apt-get download of each deb',
    output,
    fix: 'If a cache is before the repository, run publish again in a few minutes: nothing is written twice. Else see whether url is the address of the store.'
  })
}
