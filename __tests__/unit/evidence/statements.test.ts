import { describe, expect, it } from '@jest/globals'
import { objectId, sha256 } from '../../../src/documents/identifiers.ts'
import { provenanceStatement, publishStatement } from '../../../src/evidence/statements.ts'
import type { RunFacts } from '../../../src/platform/github-run-facts.ts'

const file = { name: 'herald-1.2.0.tar.gz', sha256: sha256('b'.repeat(64)) }
const commit = objectId('1'.repeat(40))
const release = { tag: 'v1.2.0', commit, proof: sha256('c'.repeat(64)) }
const run: RunFacts = {
  server: 'https://github.com',
  repository: 'herald-org/herald',
  repositoryId: '4711',
  ownerId: '42',
  workflowRef: 'herald-org/herald/.github/workflows/release.yml@refs/tags/v1.2.0',
  workflowCommit: commit,
  ref: 'refs/tags/v1.2.0',
  commit,
  event: 'push',
  runId: '900',
  runAttempt: '2',
  runnerEnvironment: 'github-hosted'
}

describe('statements', () => {
  it('say that a file was published, and nothing more', () => {
    expect(publishStatement(file).toString('utf8')).toBe(
      `{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"${file.name}","digest":{"sha256":"${file.sha256}"}}],` +
        '"predicateType":"https://docs.pypi.org/attestations/publish/v1","predicate":{}}'
    )
  })

  it('say what a file was built from, in the shape of the provenance that GitHub gives', () => {
    expect(JSON.parse(provenanceStatement(file, run, release).toString('utf8'))).toEqual({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: file.name, digest: { sha256: file.sha256 } }],
      predicateType: 'https://slsa.dev/provenance/v1',
      predicate: {
        buildDefinition: {
          buildType: 'https://actions.github.io/buildtypes/workflow/v1',
          externalParameters: {
            workflow: {
              ref: 'refs/tags/v1.2.0',
              repository: 'https://github.com/herald-org/herald',
              path: '.github/workflows/release.yml'
            }
          },
          internalParameters: {
            github: {
              event_name: 'push',
              repository_id: '4711',
              repository_owner_id: '42',
              runner_environment: 'github-hosted'
            }
          },
          resolvedDependencies: [
            {
              uri: 'git+https://github.com/herald-org/herald@refs/tags/v1.2.0',
              digest: { gitCommit: commit }
            }
          ]
        },
        runDetails: {
          builder: {
            id: 'https://github.com/herald-org/herald/.github/workflows/release.yml@refs/tags/v1.2.0'
          },
          metadata: {
            invocationId: 'https://github.com/herald-org/herald/actions/runs/900/attempts/2'
          },
          byproducts: [{ name: 'proof.json', digest: { sha256: release.proof } }]
        }
      }
    })
  })

  it('are the same bytes for the same release and run', () => {
    expect(provenanceStatement(file, run, release)).toEqual(provenanceStatement(file, { ...run }, release))
  })

  it('name the commit of the workflow where it is another than that of the tag', () => {
    const other = {
      ...run,
      workflowCommit: '2'.repeat(40),
      workflowRef: run.workflowRef.replace('refs/tags/v1.2.0', 'refs/heads/main')
    }
    expect(provenanceStatement(file, other, release).toString('utf8')).toContain(
      `{"uri":"git+https://github.com/herald-org/herald@refs/heads/main","digest":{"gitCommit":"${'2'.repeat(40)}"}}`
    )
  })

  it('are not made for a workflow of another repository', () => {
    const foreign = { ...run, workflowRef: 'mallory/tools/.github/workflows/release.yml@refs/heads/main' }
    expect(() => provenanceStatement(file, foreign, release)).toThrow('what an attestation must hold')
  })
})
