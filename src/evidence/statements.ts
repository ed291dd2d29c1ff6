import type { ObjectId, Sha256 } from '../documents/identifiers.ts'
import { workflowOf, type RunFacts } from '../platform/github-run-facts.ts'

/** The two predicate types that an index takes, at most one of each for a file (PEP 740; PyPI, attestations). */
export const predicateTypes = {
  publish: 'https://docs.pypi.org/attestations/publish/v1',
  provenance: 'https://slsa.dev/provenance/v1'
} as const

/** The one file that a statement is about. */
export interface Subject {
  name: string
  sha256: Sha256
}

/** What a provenance says of the release. */
export interface ProvenRelease {
  tag: string
  commit: ObjectId
  /** SHA-256 of `proof.json`. */
  proof: Sha256
}

/** The bytes that say: this file was published by the workflow that signs. */
export function publishStatement(subject: Subject): Buffer {
  return statement(subject, predicateTypes.publish, {})
}

/**
 * The bytes that say what the file was built from, and where: SLSA provenance v1 in the build type that GitHub's own
 * provenance has, with the tag that was built in the place of the ref of the run, and the proof beside it. The same
 * release in the same run gives the same bytes.
 *
 * @throws TagproofError `signing-failed` if the workflow is not a file of the repository
 */
export function provenanceStatement(subject: Subject, run: RunFacts, release: ProvenRelease): Buffer {
  return statement(subject, predicateTypes.provenance, provenance(run, release))
}

function provenance(run: RunFacts, { tag, commit, proof }: ProvenRelease): object {
  const repository = `${run.server}/${run.repository}`
  const workflow = workflowOf(run)
  const sources = [{ uri: `git+${repository}@refs/tags/${tag}`, digest: { gitCommit: commit } }]
  // Dispatched on a tag, the workflow is that of its commit.
  if (run.workflowCommit !== commit)
    sources.push({
      uri: `git+${repository}@${workflow.ref}`,
      digest: { gitCommit: run.workflowCommit as ObjectId }
    })
  return {
    buildDefinition: {
      buildType: 'https://actions.github.io/buildtypes/workflow/v1',
      externalParameters: { workflow: { ref: workflow.ref, repository, path: workflow.path } },
      internalParameters: {
        github: {
          event_name: run.event,
          repository_id: run.repositoryId,
          repository_owner_id: run.ownerId,
          runner_environment: run.runnerEnvironment
        }
      },
      resolvedDependencies: sources
    },
    runDetails: {
      builder: { id: `${run.server}/${run.workflowRef}` },
      metadata: { invocationId: `${repository}/actions/runs/${run.runId}/attempts/${run.runAttempt}` },
      byproducts: [{ name: 'proof.json', digest: { sha256: proof } }]
    }
  }
}

/** in-toto statement v1: JSON without white space, in a fixed order of keys. */
function statement({ name, sha256 }: Subject, predicateType: string, predicate: object): Buffer {
  return Buffer.from(
    JSON.stringify({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name, digest: { sha256 } }],
      predicateType,
      predicate
    })
  )
}
