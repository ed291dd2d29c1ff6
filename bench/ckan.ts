/**
 * The release of docs/migration.md, made for real: CKAN from its tag, with files of its packaging and docker repositories
 * as git inputs, to servers of this machine. Nothing is fetched but what the lock names.
 *
 *   node bench/ckan.ts CKAN PACKAGING DOCKER_BASE [--work FOLDER] [--only KIND,...]
 *
 * CKAN, PACKAGING and DOCKER_BASE are clones or mirrors. The configuration is the one that the page shows; addresses of
 * destinations become those of the servers that are started here. TAGPROOF_BENCH_COMMAND as in run.ts.
 */
import { execFileSync, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { parse, stringify } from 'yaml'
import { startServers, type CkanConfig } from './ckan-servers.ts'
import { showRelease } from './ckan-figures.ts'
import { command } from './projects.ts'

const tag = 'ckan-2.11.5'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { work: { type: 'string' }, only: { type: 'string' } }
})
const [ckan, packaging, dockerBase] = positionals
if (ckan === undefined || packaging === undefined || dockerBase === undefined)
  throw new Error('node bench/ckan.ts CKAN PACKAGING DOCKER_BASE [--work FOLDER] [--only KIND,...]')

const work = values.work ?? (await mkdtemp(path.join(tmpdir(), 'tagproof-ckan-')))
await mkdir(work, { recursive: true })
const repository = path.join(work, 'ckan')
const out = path.join(work, 'out')
/** A lock that an earlier run has made in this folder is used as it is: plan says where it does not fit. */
const kept = path.join(work, 'tagproof.lock')

/** The blocks of the page are what is run: it cannot show anything else. */
async function pageBlock(name: string): Promise<string> {
  const page = await readFile('docs/migration.md', 'utf8')
  const text = new RegExp(`<!-- ckan: ${name} -->\\s*\`\`\`\\w*\\n([\\s\\S]*?)\`\`\``).exec(page)?.[1]
  if (text === undefined) throw new Error(`docs/migration.md has no block ${name}`)
  return text
}

const git = (...args: string[]): string =>
  execFileSync('git', ['-C', repository, ...args], {
    encoding: 'utf8',
    env: { ...process.env, ...dates }
  }).trim()
let dates: Record<string, string> = {}

function clone(): void {
  if (existsSync(repository)) return
  execFileSync('git', ['clone', '--quiet', '--no-checkout', ckan ?? '', repository])
  git('checkout', '--quiet', tag)
}

/** A commit on top of CKAN's own has the configuration and the lock, and the tag is made there, in this clone alone. */
async function commitOnTop(files: Record<string, string>, message: string): Promise<void> {
  const committed = git('log', '-1', '--format=%cI')
  const person = { NAME: 'Release', EMAIL: 'release@example.org', DATE: committed }
  dates = Object.fromEntries(
    Object.entries(person).flatMap(([key, value]) => [
      [`GIT_AUTHOR_${key}`, value],
      [`GIT_COMMITTER_${key}`, value]
    ])
  )
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(repository, name)), { recursive: true })
    await writeFile(path.join(repository, name), text)
    git('add', '--force', name)
  }
  git('commit', '--quiet', '--allow-empty', '-m', message)
}

/** Runs a step, shows what it prints, and says how long it took. The servers of this process go on meanwhile. */
async function step(
  name: string,
  args: readonly string[],
  environment: Record<string, string> = {}
): Promise<void> {
  const since = performance.now()
  process.stdout.write(`\n$ tagproof ${name}\n`)
  const child = spawn(process.execPath, [command, name, '--repository', repository, '--out', out, ...args], {
    stdio: 'inherit',
    env: { ...process.env, ...environment }
  })
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve))
  process.stdout.write(`# ${name}: ${((performance.now() - since) / 1000).toFixed(0)} s\n`)
  if (code !== 0) throw new Error(`${name} ended with ${String(code)}`)
}

clone()
const config = parse(await pageBlock('configuration')) as CkanConfig
const only = values.only?.split(',') ?? null
config.destinations = (config.destinations ?? []).filter(({ kind }) => only === null || only.includes(kind))
const servers = await startServers(path.join(work, 'servers'), config)
config.sources = {
  ...config.sources,
  git: {
    'https://github.com/ckan/ckan-packaging': path.resolve(packaging),
    'https://github.com/ckan/ckan-docker-base': path.resolve(dockerBase)
  }
}
try {
  git(
    'checkout',
    '--quiet',
    '--detach',
    git('rev-list', '-1', '--grep=^Release by Tagproof$', '--invert-grep', 'HEAD')
  )
  await commitOnTop(
    {
      '.github/tagproof.yml': stringify(config),
      ...servers.files,
      '.github/postinst': await pageBlock('postinst')
    },
    'Release by Tagproof'
  )
  if (!existsSync(kept)) {
    await step('lock', [])
    await copyFile(path.join(repository, '.github/tagproof.lock'), kept)
  }
  const lock = await readFile(kept, 'utf8')
  await commitOnTop({ '.github/tagproof.lock': lock }, 'Release by Tagproof')
  git('tag', '--force', tag)
  servers.pushed(tag, git('rev-parse', 'HEAD'))
  await step('rehearse', ['--tag', tag])
  await showRelease(out)
  for (const time of ['publish', 'publish again'] as const) {
    process.stdout.write(`\n# ${time}\n`)
    await step('publish', [], servers.credentials)
  }
  await servers.show()
} finally {
  await servers.close()
  if (values.work === undefined) await rm(work, { recursive: true, force: true })
}
