import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { SigstoreOptions } from '../../../../src/destinations/pypi/attest.ts'
import { objectId, sha256 } from '../../../../src/documents/identifiers.ts'
import type { TagproofError } from '../../../../src/platform/errors.ts'
import { runFacts } from '../../../../src/platform/github-run-facts.ts'
import { silentLog } from '../../../../src/platform/log.ts'
import { sigstoreServer, type SigstoreServer } from './server.ts'
import { run, runEnvironment, tokenIssuer, type TokenIssuer } from './tokens.ts'

export const wheel = { name: 'herald-1.2.0-py3-none-any.whl', sha256: sha256('a'.repeat(64)) }
export const sdist = { name: 'herald-1.2.0.tar.gz', sha256: sha256('b'.repeat(64)) }
export const release = { tag: 'v1.2.0', commit: objectId(run.sha), proof: sha256('c'.repeat(64)) }
/** How an index knows the publisher. */
export const publisher = { repository: run.repository, workflow: 'release.yml' }

/** What a promise is refused with; fails where it is kept. */
export const refusedBy = (promise: Promise<unknown>): Promise<TagproofError> =>
  promise.then(
    () => {
      throw new Error('expected a refusal, and there was none')
    },
    (error: unknown) => error as TagproofError
  )

export interface SigstoreFixture {
  issuer: TokenIssuer
  server: SigstoreServer
  /** What a publication hands to `sigstoreAttest`, against this server. */
  options(more?: Partial<SigstoreOptions>): SigstoreOptions
  close(): Promise<void>
}

export async function sigstoreFixture(): Promise<SigstoreFixture> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tagproof-sigstore-'))
  const program = await signingProgramIn(folder)
  const issuer = tokenIssuer()
  const server = await sigstoreServer(folder, issuer)
  return {
    issuer,
    server,
    options: (more = {}) => ({
      program,
      environment: {},
      run: runFacts(runEnvironment),
      release,
      identityToken: () => Promise.resolve(issuer.token()),
      log: silentLog,
      services: server.services,
      patience: { timeoutMilliseconds: 5_000, attempts: 3, retryMilliseconds: 1 },
      ...more
    }),
    async close() {
      await server.close()
      await rm(folder, { recursive: true, force: true })
    }
  }
}

/** The signing program from its sources, which are compiled once for all the times that it is started. */
async function signingProgramIn(folder: string): Promise<string> {
  const program = path.join(folder, 'signing.mjs')
  const main = path.join(import.meta.dirname, '../../../../src/platform/signing/main.ts')
  await writeFile(
    program,
    `import { enableCompileCache } from 'node:module'
enableCompileCache(${JSON.stringify(path.join(folder, 'compiled'))})
const { main } = await import(${JSON.stringify(main)})
await main()
`
  )
  return program
}
