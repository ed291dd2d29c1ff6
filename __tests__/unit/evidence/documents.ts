import { objectId, sha256 } from '../../../src/documents/identifiers.ts'
import type { Finding, Proof } from '../../../src/documents/proof.ts'
import type { Release, ReleaseArtifact } from '../../../src/documents/release.ts'

/** Documents that tests of reports start from. */
export function artifact(change: Partial<ReleaseArtifact> = {}): ReleaseArtifact {
  const digest = sha256('ab'.repeat(32))
  return {
    target: 'python',
    kind: 'wheel',
    name: 'herald-1.4.0-py3-none-any.whl',
    version: '1.4.0',
    size: 12_345,
    sha256: digest,
    contentDigest: digest,
    packing: 'canonical',
    built: { a: digest, b: digest },
    members: 17,
    traced: 17,
    ...change
  }
}

export function finding(change: Partial<Finding> = {}): Finding {
  return {
    check: 'reproduced',
    code: 'time-embedded',
    severity: 'refuse',
    artifact: 'herald-1.4.0-py3-none-any.whl',
    member: 'herald/built.py',
    message: 'The two worlds made different bytes.',
    cause: 'It holds the time of the build: 1789380000 in a, 1823940000 in b.',
    fix: 'Use SOURCE_DATE_EPOCH instead of time.time().',
    waiver: null,
    ...change
  }
}

export function proof(change: Partial<Proof> = {}): Proof {
  return {
    schema: 'tagproof/proof/1',
    tag: {
      name: 'v1.4.0',
      object: objectId('1'.repeat(40)),
      kind: 'annotated',
      commit: objectId('2'.repeat(40)),
      tree: objectId('3'.repeat(40)),
      epoch: 1_789_380_000
    },
    version: '1.4.0',
    verdict: 'proven',
    findings: [],
    artifacts: [artifact(), artifact({ kind: 'sdist', name: 'herald-1.4.0.tar.gz', size: 900 })],
    variations: [
      {
        target: 'python',
        world: 'b',
        variations: [
          { name: 'timezone', value: 'Pacific/Kiritimati', applied: true, reason: '' },
          { name: 'clock', value: '', applied: false, reason: 'the root has no faketime' }
        ]
      }
    ],
    trust: { config: 'tag', lock: 'tag', singleJob: false },
    plan: sha256('cd'.repeat(32)),
    brief: sha256('ba'.repeat(32)),
    uploads: null,
    tools: [],
    ...change
  }
}

export function refusedProof(findings: Finding[]): Proof {
  return proof({ verdict: 'refused', artifacts: [], findings })
}

export function release(from: Proof): Release {
  return {
    schema: 'tagproof/release/1',
    tag: from.tag.name,
    commit: from.tag.commit,
    tree: from.tag.tree,
    epoch: from.tag.epoch,
    version: from.version,
    verdict: from.verdict,
    proof: sha256('ef'.repeat(32)),
    try: null,
    artifacts: from.artifacts
  }
}
