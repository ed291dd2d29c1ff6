import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeFolder } from '../../../../src/platform/files.ts'
import { run, runChecked } from '../../../../src/platform/process.ts'
import { testCache } from '../root.ts'

const here = path.dirname(fileURLToPath(import.meta.url))
const script = path.join(here, 'verify.py')

/**
 * The verifier of the Python packaging authority, with what it needs, from the index that pip is set up for: once per
 * machine and list of versions. Returns its Python.
 */
async function install(): Promise<string> {
  const list = path.join(here, 'requirements.txt')
  const digest = createHash('sha256')
    .update(await readFile(list))
    .digest('hex')
  const venv = path.join(testCache, `pypi-attestations-${digest.slice(0, 16)}`)
  const python = path.join(venv, 'bin/python')
  if (existsSync(python)) return python
  await makeFolder(testCache)
  // In the place of the finished one only when it is finished; of two made side by side the first stays.
  const part = await mkdtemp(`${venv}.`)
  const env = { ...process.env } as Record<string, string>
  await runChecked('python3', ['-m', 'venv', part], { env })
  const pip = ['-m', 'pip', '-q', 'install', '--no-deps', '--only-binary', ':all:', '-r', list]
  await runChecked(path.join(part, 'bin/python'), pip, { env })
  await rename(part, venv).catch(() => rm(part, { recursive: true, force: true }))
  return python
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
  const python = await install()
  const stdin = Buffer.from(JSON.stringify({ trusted_root: trustedRoot, cases }))
  const { code, stdout, stderr } = await run(python, [script], { env: {}, stdin })
  if (code !== 0) throw new Error(stderr.toString('utf8'))
  return stdout.toString('utf8').trimEnd().split('\n')
}
