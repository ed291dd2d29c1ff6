import type { RunFacts } from '../../platform/github-run-facts.ts'
import type { SignerClaims } from '../../platform/signing/messages.ts'
import { TagproofError } from '../../platform/errors.ts'

/** Who must have signed. Texts of a certificate of Fulcio, by the names of oid-info.md. */
export interface Signer {
  issuer: string
  sourceRepository: string
  /** Address of the workflow file that the run was started from, with its ref: what an index compares. */
  buildConfig: string
  sourceCommit: string
  sourceRef: string
}

/** Issuer of the identity tokens of GitHub's own runners. */
const githubIssuer = 'https://token.actions.githubusercontent.com'

/** This run, as its certificate must name it. */
export function signerOfRun(run: RunFacts, issuer: string = githubIssuer): Signer {
  return {
    issuer,
    sourceRepository: `${run.server}/${run.repository}`,
    buildConfig: `${run.server}/${run.workflowRef}`,
    sourceCommit: run.commit,
    sourceRef: run.ref
  }
}

const extensionOf: Readonly<Record<keyof Signer, string>> = {
  issuer: '1.3.6.1.4.1.57264.1.8',
  sourceRepository: '1.3.6.1.4.1.57264.1.12',
  sourceCommit: '1.3.6.1.4.1.57264.1.13',
  sourceRef: '1.3.6.1.4.1.57264.1.14',
  buildConfig: '1.3.6.1.4.1.57264.1.18'
}

/**
 * The certificate must name this repository, workflow, commit and ref: another would be refused by the index, or be
 * somebody else's.
 *
 * @throws TagproofError `signing-failed`
 */
export function requireSigner({ extensions }: SignerClaims, expected: Signer): void {
  for (const [name, oid] of Object.entries(extensionOf)) {
    const wanted = expected[name as keyof Signer]
    const found = extensions[oid] ?? ''
    if (found === wanted) continue
    throw new TagproofError('signing-failed', 'A signature was certified for somebody else.', {
      found: `${name}: ${found === '' ? 'nothing' : found}`,
      expected: wanted,
      fix: 'Nothing was sent. Publish from a workflow file of this repository itself, not from a reusable one.'
    })
  }
}
