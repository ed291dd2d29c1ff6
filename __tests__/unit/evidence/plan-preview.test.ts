import { describe, expect, it } from '@jest/globals'
import { sha256 } from '../../../src/documents/identifiers.ts'
import type { Plan } from '../../../src/documents/plan.ts'
import {
  formatPlan,
  formatPlanSummary,
  planMatrix,
  type ExpectedArtifact,
  type PlanPreview
} from '../../../src/evidence/plan-preview.ts'
import { artifact, proof } from './documents.ts'

const digest = sha256('ab'.repeat(32))
const plan: Plan = {
  schema: 'tagproof/plan/1',
  tag: proof().tag,
  version: '1.4.0',
  targets: [{ kind: 'python', name: 'python', path: '.', root: 'python' }],
  skipped: [],
  config: { from: 'default', sha256: null },
  lock: { from: 'tag', sha256: digest },
  sources: {},
  limits: {} as Plan['limits'],
  generated: [],
  waivers: [],
  exports: {
    a: { file: 'export-a.tar', sha256: digest, size: 1 },
    b: { file: 'export-b.tar', sha256: digest, size: 1 }
  },
  scramble: { seed: digest, tier: 1, inputs: [], files: [], links: [], paired: [] },
  notices: []
}

const wheel: ExpectedArtifact = {
  target: 'python',
  kind: 'wheel',
  name: 'herald-1.4.0-*-*-*.whl',
  version: { stated: '1.4.0', from: 'pyproject.toml', agrees: true },
  destination: 'local/simple/herald'
}

function preview(change: Partial<PlanPreview> = {}): PlanPreview {
  return {
    plan,
    artifacts: [wheel],
    destinations: [],
    previous: { name: 'v1.3.0' },
    earlier: null,
    ...change
  }
}

describe('the plan for people', () => {
  it('says artifact, version, destination, state and that there is no earlier record', () => {
    const shown = formatPlan(preview())
    expect(shown).toMatch(
      /^python {2}herald-1\.4\.0-\*-\*-\*\.whl {2}1\.4\.0 \(pyproject\.toml\) {2}local\/simple\/herald {2}absent {2}no earlier record {2}not recorded$/m
    )
    expect(shown).toContain('- Last release: v1.3.0.')
    expect(shown).toContain('- Sizes: no earlier record.')
  })

  it('says what destinations tell of this version already, and which were not asked', () => {
    expect(formatPlan(preview())).toContain(
      'The configuration lists no others, so nothing leaves the machine.'
    )
    const files = (state: 'absent' | 'there' | 'no such project') => [{ artifact: wheel.name ?? '', state }]
    const shown = formatPlan(
      preview({
        destinations: [
          { name: 'pypi', address: 'https://one/simple', files: files('there'), note: null },
          { name: 'own', address: 'https://two/simple', files: files('absent'), note: null },
          { name: 'new', address: 'https://three/simple', files: files('no such project'), note: null },
          { name: 'away', address: 'https://four/simple', files: [], note: 'not asked: it cannot be reached' }
        ]
      })
    )
    expect(shown).toContain('  pypi: there, own: absent, new: no such project  ')
    expect(shown).toMatch(
      /- Destination pypi \(https:\/\/one\/simple\): has 1 of 1 files of version 1\.4\.0 already/
    )
    expect(shown).toContain('(https://two/simple): has no file of version 1.4.0 yet.')
    expect(shown).toContain('(https://three/simple): has no such project yet.')
    expect(shown).toContain('(https://four/simple): not asked: it cannot be reached.')
  })

  it('compares sizes with a record by target, kind and name', () => {
    const earlier = {
      tag: 'v1.3.0',
      artifacts: [
        artifact({ kind: 'sdist', name: 'herald-1.3.0.tar.gz', size: 1 }),
        artifact({ name: 'herald-1.3.0-py3-none-any.whl', size: 2048 })
      ]
    }
    expect(formatPlan(preview({ earlier }))).toContain('2.0 KiB in v1.3.0')
    const other = { ...wheel, name: 'lantern-1.0-*-*-*.whl' }
    expect(formatPlan(preview({ earlier, artifacts: [other] }))).toContain('not in v1.3.0')
  })

  it('says what cannot be known, and a version that prove will refuse', () => {
    const unknown = { ...wheel, name: null, destination: null, version: { unknown: 'the build computes it' } }
    expect(formatPlan(preview({ artifacts: [unknown] }))).toContain('unknown: the build computes it')
    const wrong = { ...wheel, version: { stated: '1.3.9', from: 'pyproject.toml', agrees: false } }
    const shown = formatPlan(preview({ artifacts: [wrong] }))
    expect(shown).toContain('1.3.9 (pyproject.toml), NOT that of the tag')
    expect(shown).toContain('prove will refuse it (version-mismatch)')
  })

  it('of a commit without a tag says that nothing of it can be published', () => {
    const untagged = { ...plan, version: null, tag: { ...plan.tag, name: 'HEAD', kind: 'untagged' as const } }
    expect(formatPlanSummary(preview({ plan: untagged }))).toContain('To publish: The commit has no tag.')
  })

  it('lets foreign text be nothing but text, in Markdown and in a terminal', () => {
    const version = { stated: '1.0\u001b[2J<img src=x>|[l](x)', from: 'pyproject.toml', agrees: true }
    const foreign = preview({ artifacts: [{ ...wheel, version }] })
    expect(formatPlan(foreign)).not.toContain('\u001b')
    const summary = formatPlanSummary(foreign)
    expect(summary).not.toContain('<img')
    expect(summary).toContain('\\|\\[l\\](x)')
  })
})

describe('the matrix of a plan', () => {
  it.each([
    ['x64', 'linux/amd64', 'ubuntu-24.04'],
    ['arm64', 'linux/arm64', 'ubuntu-24.04-arm']
  ] as const)('on %s has each target in both worlds', (arch, platform, runner) => {
    expect(planMatrix(plan, { arch })).toEqual({
      include: [
        { target: 'python', world: 'a', platform, runner },
        { target: 'python', world: 'b', platform, runner }
      ]
    })
  })
})
