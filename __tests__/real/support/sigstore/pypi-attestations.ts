import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeFolder } from '../../../../src/platform/files.ts'
import { plainEnvironment, run, runChecked } from '../../../../src/platform/process.ts'
import { testCache } from '../root.ts'

const here = path.dirname(fileURLToPath(import.meta.url))
const script = path.join(here, 'verify.py')

interface Verifier {
  python: string
  /** Folder with its sdist, in which attestations of published files are its tests' data. */
  sdist: string
}

/**
 * The verifier of the Python packaging authority, with what it needs, from the index that pip is set up for: once per
 * machine and list of versions.
 */
async function install(): Promise<Verifier> {
  const list = path.join(here, 'requirements.txt')
  const text = await readFile(list, 'utf8')
  const own = text.split('\n').find((line) => line.startsWith('pypi-attestations==')) ?? ''
  const digest = createHash('sha256').update(`${text} and the sdist`).digest('hex')
  const venv = path.join(testCache, `pypi-attestations-${digest.slice(0, 16)}`)
  const made: Verifier = { python: path.join(venv, 'bin/python'), sdist: path.join(venv, 'sdist') }
  if (existsSync(made.python)) return made
  await makeFolder(testCache)
  // In the place of the finished one only when it is finished; of two made side by side the first stays.
  const part = await mkdtemp(`${venv}.`)
  const env = { ...process.env } as Record<string, string>
  await runChecked('python3', ['-m', 'venv', part], { env })
  const pip = ['-m', 'pip', '-q', 'install', '--no-deps', '--only-binary', ':all:', '-r', list]
  await runChecked(path.join(part, 'bin/python'), pip, { env })
  const sdist = ['-m', 'pip', '-q', 'download', '--no-deps', '--no-binary', ':all:', own]
  await runChecked(path.join(part, 'bin/python'), [...sdist, '--dest', path.join(part, 'sdist')], { env })
  await rename(part, venv).catch(() => rm(part, { recursive: true, force: true }))
  return made
}

/** Provenance of a file that its project gave to the index in December 2024, signed by the public-good instance. */
export async function publicGoodAttestation(): Promise<unknown> {
  const { sdist } = await install()
  const [name = ''] = await readdir(sdist)
  const member = `${name.slice(0, -'.tar.gz'.length)}/test/assets/pypi_attestations-0.0.19.tar.gz.slsa.attestation`
  const text = await runChecked('tar', ['-xzOf', path.join(sdist, name), member], {
    env: plainEnvironment
  })
  return JSON.parse(text)
}

/** An attestation, and what it must be of. */
export interface Case {
  attestation: unknown
  name: string
  sha256: string
  repository: string
  workflow: string
}

/** `verified` and the predicate type, or `refused` and the reason; one per case. */
export async function verdictsOf(cases: readonly Case[], trustedRoot: string): Promise<string[]> {
  const { python } = await install()
  const stdin = Buffer.from(JSON.stringify({ trusted_root: trustedRoot, cases }))
  const { code, stdout, stderr } = await run(python, [script], { env: {}, stdin })
  if (code !== 0) throw new Error(stderr.toString('utf8'))
  return stdout.toString('utf8').trimEnd().split('\n')
}
