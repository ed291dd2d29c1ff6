import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { aptDirectory } from '../../../src/destinations/apt/directory.ts'
import { ephemeralSigner, type ReleaseSigner } from '../../../src/destinations/apt/signer.ts'
import { hashFile } from '../../../src/platform/files.ts'
import { plainEnvironment, run } from '../../../src/platform/process.ts'
import { buildDeb } from '../../support/debs.ts'

const date = 1_700_000_000
let folder: string
let debs: string[]
let signer: ReleaseSigner
let source: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tagproof-apt-'))
  debs = [
    await buildDeb(folder, { name: 'demo', control: 'Depends: libdemo (>= 2:1)\n' }),
    await buildDeb(folder, { name: 'libdemo', version: '2:1.1-1', architecture: 'amd64' })
  ]
  signer = await ephemeralSigner(date)
  ;({ source } = await aptDirectory({
    debs,
    folder: path.join(folder, 'apt'),
    suite: 'stable',
    date,
    signer
  }))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

let roots = 0
/** apt with nothing of this machine but its program: no sources, keys or packages. */
async function apt(
  line: string,
  ...args: readonly string[]
): Promise<{ status: number; output: string; at: string }> {
  const at = path.join(folder, `root-${(roots += 1)}`)
  await mkdir(path.join(at, 'lists', 'partial'), { recursive: true })
  await mkdir(path.join(at, 'archives', 'partial'), { recursive: true })
  await writeFile(path.join(at, 'status'), '')
  await writeFile(path.join(at, 'sources.list'), `${line}\n`)
  const configuration = `
APT::Architecture "amd64"; APT::Architectures { "amd64"; }; APT::Sandbox::User "root"; Acquire::Languages "none";
Dir::State::lists "${at}/lists/"; Dir::State::status "${at}/status"; Dir::Cache "${at}"; Dir::Cache::archives "${at}/archives/";
Dir::Etc::sourcelist "${at}/sources.list"; Dir::Etc::sourceparts "/dev/null"; Dir::Etc::trusted "/dev/null"; Dir::Etc::trustedparts "/dev/null";
Dir::Etc::main "/dev/null"; Dir::Etc::parts "/dev/null"; Dir::Etc::preferences "/dev/null"; Dir::Etc::preferencesparts "/dev/null"; Dir::State "${at}";
`
  await writeFile(path.join(at, 'apt.conf'), configuration)
  const env = { ...plainEnvironment, APT_CONFIG: path.join(at, 'apt.conf') }
  let output = ''
  for (const command of [['update', '--error-on=any'], args]) {
    if (command.length === 0) continue
    const result = await run('apt-get', [...command], { cwd: at, env })
    output += result.stdout.toString() + result.stderr.toString()
    if (result.code !== 0) return { status: result.code ?? -1, output, at }
  }
  return { status: 0, output, at }
}

/** The repository again, something in it changed. */
async function changed(file: string, edit: (bytes: Buffer) => Buffer): Promise<string> {
  const copy = path.join(folder, `changed-${(roots += 1)}`)
  await cp(path.join(folder, 'apt'), copy, { recursive: true })
  await writeFile(path.join(copy, file), edit(await readFile(path.join(copy, file))))
  return source.replaceAll(path.join(folder, 'apt'), copy)
}

it('apt updates, resolves and downloads from it, byte for byte', async () => {
  const { status, output, at } = await apt(source, 'install', '--download-only', '--yes', 'demo')
  expect([status, output]).toEqual([0, expect.not.stringMatching(/^[WE]:/m)])
  const names = (await readdir(path.join(at, 'archives'))).filter((name) => name.endsWith('.deb'))
  expect(names.sort()).toEqual(['demo_1.0_all.deb', 'libdemo_2%3a1.1-1_amd64.deb'])
  expect(await hashFile(path.join(at, 'archives', 'demo_1.0_all.deb'))).toEqual(await hashFile(debs[0] ?? ''))
})

it('has a pool, indexes by hash, and a Release of the given date', async () => {
  const files = await readdir(path.join(folder, 'apt'), { recursive: true })
  expect(files).toEqual(
    expect.arrayContaining([
      'key.asc',
      'pool/main/d/demo/demo_1.0_all.deb',
      'pool/main/libd/libdemo/libdemo_1.1-1_amd64.deb',
      'dists/stable/InRelease',
      'dists/stable/Release.gpg',
      'dists/stable/main/binary-amd64/Packages.gz'
    ])
  )
  const index = await hashFile(path.join(folder, 'apt/dists/stable/main/binary-amd64/Packages'))
  expect(files).toContain(`dists/stable/main/binary-amd64/by-hash/SHA256/${index.sha256}`)
  const release = await readFile(path.join(folder, 'apt/dists/stable/Release'), 'utf8')
  expect(release).toContain('Date: Tue, 14 Nov 2023 22:13:20 UTC\n')
  expect(release).toContain(` ${index.sha256} ${index.size} main/binary-amd64/Packages\n`)
})

it('is the same again from the same debs, date and key', async () => {
  const again = path.join(folder, 'again')
  await aptDirectory({ debs: [...debs].reverse(), folder: again, suite: 'stable', date, signer })
  for (const file of await readdir(path.join(folder, 'apt'), { recursive: true, withFileTypes: true })) {
    if (!file.isFile()) continue
    const one = path.join(file.parentPath, file.name)
    expect(await hashFile(one.replace(path.join(folder, 'apt'), again))).toEqual(await hashFile(one))
  }
})

it('gpgv accepts the detached signature, too', async () => {
  const dists = path.join(folder, 'apt/dists/stable')
  const env = { ...plainEnvironment, HOME: folder }
  const key = path.join(folder, 'key.gpg')
  const dearmored = await run('gpg', ['--batch', '--homedir', folder, '--output', key, '--dearmor', path.join(folder, 'apt/key.asc')], { cwd: folder, env }) // prettier-ignore
  expect(dearmored.code).toBe(0)
  const checked = await run('gpgv', ['--homedir', folder, '--keyring', key, path.join(dists, 'Release.gpg'), path.join(dists, 'Release')], { cwd: folder, env }) // prettier-ignore
  expect([checked.code, checked.stderr.toString()]).toEqual([0, expect.stringContaining(signer.fingerprint)])
})

describe('refused by apt', () => {
  it('a deb with a flipped byte', async () => {
    const line = await changed('pool/main/d/demo/demo_1.0_all.deb', (bytes) => {
      bytes[200] = (bytes[200] ?? 0) ^ 1
      return bytes
    })
    const { status, output } = await apt(line, 'download', 'demo')
    expect([status, output]).toEqual([100, expect.stringMatching(/Hash Sum mismatch/)])
  })

  it('an InRelease that was edited', async () => {
    const line = await changed('dists/stable/InRelease', (bytes) =>
      Buffer.from(bytes.toString().replace('Suite: stable', 'Suite: stably'))
    )
    const { status, output } = await apt(line)
    expect([status, output]).toEqual([100, expect.stringMatching(/BADSIG|not signed|invalid/)])
  })

  it('another key', async () => {
    const { publicKey } = await ephemeralSigner(date)
    const { status, output } = await apt(await changed('key.asc', () => Buffer.from(publicKey)))
    expect([status, output]).toEqual([100, expect.stringMatching(/NO_PUBKEY|not signed/)])
  })
})

describe('refused by us', () => {
  it('two debs of one package and version', async () => {
    const twin = await buildDeb(await mkdtemp(path.join(folder, 'twin-')), { files: { 'usr/share/x': 'x' } })
    const target = path.join(folder, 'twins')
    const made = aptDirectory({ debs: [...debs, twin], folder: target, suite: 'stable', date })
    await expect(made).rejects.toMatchObject({ code: 'destination-different' })
    expect(await readdir(folder)).not.toContain('twins')
  })

  it('a suite that is no name', async () => {
    const made = aptDirectory({ debs, folder: path.join(folder, 'x'), suite: '../x', date })
    await expect(made).rejects.toMatchObject({ code: 'config-invalid' })
  })
})
