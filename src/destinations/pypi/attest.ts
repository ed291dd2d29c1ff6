import type { Sha256 } from '../../documents/identifiers.ts'
import { provenanceStatement, publishStatement, type ProvenRelease } from '../../evidence/statements.ts'
import { withTemporaryFolder } from '../../platform/files.ts'
import type { RunFacts } from '../../platform/github-run-facts.ts'
import type { Log } from '../../platform/log.ts'
import type { Patience, SigningServices } from '../../platform/signing/messages.ts'
import { signingFailed, signingProgram } from '../../platform/signing/program.ts'
import { attestationOf, type Attestation } from './attestation.ts'
import { signerOfRun } from './signer.ts'
import { verifyAttestations } from './verify-attestation.ts'

/** A file to attest. */
export interface AttestRequest {
  name: string
  sha256: Sha256
}

/**
 * Makes the attestations of files, verified. File name → objects of PEP 740, as they are uploaded with the file.
 *
 * @throws TagproofError `signing-failed`; no file may have been sent before
 */
export type Attest = (files: readonly AttestRequest[]) => Promise<ReadonlyMap<string, readonly object[]>>

export interface SigstoreOptions {
  /** Program of the signing clients, dist/signing.cjs. */
  program: string
  /** Where proxy and certificate variables are looked up. */
  environment: NodeJS.ProcessEnv
  run: RunFacts
  release: ProvenRelease
  /** A new identity token of the runner for an audience, already masked. */
  identityToken: (audience: string) => Promise<string>
  log: Log
  /** The public-good instance by default: no other is known to indexes. */
  services?: SigningServices
  patience?: Patience
  /** Issuer of the identity tokens, as certificates name it. */
  issuer?: string
  /** What is sent is verified first; a test shows what gets through where it is not. */
  verify?: typeof verifyAttestations
  signal?: AbortSignal
}

/** What Sigstore's authority wants its tokens to be for. */
const audience = 'sigstore'
/** With one token, which lives for minutes: a statement takes about a second. */
const statementsPerToken = 16
/** A token can end while a service is slow; another is asked for that often without a new signature. */
const mostRefusals = 2

const usualPatience: Patience = { timeoutMilliseconds: 30_000, attempts: 5, retryMilliseconds: 1_000 }

interface Wanted {
  file: AttestRequest
  statement: Buffer
}

/**
 * Attests by Sigstore: of each file that it is published, and what it was built from, one statement, signature and log
 * entry each. All of them are made and verified before the first is given out.
 */
export function sigstoreAttest(options: SigstoreOptions): Attest {
  const { run, release, log } = options
  return async (files) => {
    const wanted = files.flatMap((file): Wanted[] => [
      { file, statement: publishStatement(file) },
      { file, statement: provenanceStatement(file, run, release) }
    ])
    const attestations = await signAll(wanted, options)
    const attested = wanted.map(({ file }, index) => ({ file, attestation: attestations[index] }))
    await verifyAll(attested, options)
    log.info(`Attestations: ${attestations.length} of ${files.length} files, verified.`)
    return new Map(
      files.map(({ name }) => [
        name,
        attested.flatMap(({ file, attestation }) =>
          file.name === name && attestation !== undefined ? [attestation] : []
        )
      ])
    )
  }
}

async function signAll(wanted: readonly Wanted[], options: SigstoreOptions): Promise<Attestation[]> {
  const signing = signingProgram(options)
  const made: Attestation[] = []
  for (let refusals = 0; made.length < wanted.length;) {
    const batch = wanted.slice(made.length, made.length + statementsPerToken)
    const { bundles, failure } = await signing.sign({
      services: options.services ?? null,
      patience: options.patience ?? usualPatience,
      identityToken: await options.identityToken(audience),
      statements: batch.map(({ statement }) => statement.toString('base64'))
    })
    for (const [index, { statement }] of batch.slice(0, bundles.length).entries())
      made.push(attestationOf(bundles[index], statement))
    if (failure === null && bundles.length === batch.length) continue
    refusals = bundles.length > 0 ? 1 : refusals + 1
    const refusedToken = failure?.service === 'certificates' && (failure.status ?? 500) < 500
    if (refusals >= mostRefusals || !refusedToken)
      throw signingFailed(failure ?? { service: 'program', status: null, message: 'too few signatures' })
    options.log.info('The identity token for signing was refused, perhaps it ended: another is asked for.')
  }
  return made
}

/** The root of trust is fetched anew for each publication: a kept one could have been planted. */
async function verifyAll(
  attested: Parameters<typeof verifyAttestations>[0],
  options: SigstoreOptions
): Promise<void> {
  await withTemporaryFolder('tagproof-trust', (cache) =>
    (options.verify ?? verifyAttestations)(attested, {
      signing: signingProgram(options),
      services: options.services ?? null,
      patience: options.patience ?? usualPatience,
      cache,
      signer: signerOfRun(options.run, options.issuer)
    })
  )
}
