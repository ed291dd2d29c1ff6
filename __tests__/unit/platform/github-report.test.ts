import { describe, expect, it } from '@jest/globals'
import type { Finding } from '../../../src/documents/proof.ts'
import type { Release, ReleaseArtifact } from '../../../src/documents/release.ts'
import { TagproofError } from '../../../src/platform/errors.ts'
import {
  annotationLimit,
  failureSentence,
  failureSummary,
  findingAnnotations,
  fitSummary,
  refusal,
  releaseOutputs,
  summaryLimitBytes
} from '../../../src/platform/github-report.ts'

const finding = (severity: Finding['severity'], code: string): Finding => ({
  check: 'reproduced',
  code,
  severity,
  artifact: 'demo-1.0.tar.gz',
  member: 'demo-1.0/stamp.txt',
  message: 'a and b differ',
  cause: null,
  fix: 'Take the time from SOURCE_DATE_EPOCH.',
  waiver: null
})

describe('annotations', () => {
  it('tell refusals first, then warnings, no notes, and leave room for the failure itself', () => {
    const many = Array.from({ length: 20 }, (_, index) => finding('refuse', `r${index}`))
    const chosen = findingAnnotations([finding('note', 'n'), finding('warn', 'w'), ...many])
    expect(chosen).toHaveLength(annotationLimit)
    expect(chosen.every((annotation) => annotation.severity === 'error')).toBe(true)
    expect(findingAnnotations([finding('note', 'n'), finding('warn', 'w')])).toEqual([
      {
        severity: 'warning',
        title: 'reproduced: w',
        message:
          'demo-1.0.tar.gz: demo-1.0/stamp.txt: a and b differ Fix: Take the time from SOURCE_DATE_EPOCH.'
      }
    ])
  })
})

describe('a failure', () => {
  it('is one sentence and its remedy', () => {
    const error = new TagproofError('lock-missing', 'There is no lock.', { where: 'x:1', fix: 'Make one.' })
    expect(failureSentence(error)).toBe('lock-missing: There is no lock. (x:1) Fix: Make one.')
    expect(failureSentence(new TagproofError('internal', 'x'.repeat(5000)))).toHaveLength(1000)
  })

  it('of a refused release counts the findings and names the first', () => {
    const tag = { name: 'v1' } as Parameters<typeof refusal>[0]['tag']
    const error = refusal({
      tag,
      findings: [finding('warn', 'w'), finding('refuse', 'r'), finding('refuse', 's')]
    })
    expect(failureSentence(error)).toBe(
      'release-refused: The release v1 is refused for 2 findings. (demo-1.0.tar.gz: demo-1.0/stamp.txt) Fix: Take the time from SOURCE_DATE_EPOCH.'
    )
  })

  it('has a summary in which foreign text stays text', () => {
    const error = new TagproofError('build-failed', '<img src=x> [link](javascript:x)\n# heading', {
      output: 'line\n```\n# not a heading'
    })
    const lines = failureSummary('build', error).split('\n')
    expect(lines[2]).toBe('**build-failed**: \\<img src=x\\> \\[link\\](javascript:x) \\# heading')
    expect(lines.filter((line) => line === '````')).toHaveLength(2)
  })
})

describe('a summary', () => {
  it('that fits is not touched', () => {
    expect(fitSummary('short\n', 'x')).toBe('short\n')
  })

  it('that is too long is cut between lines, with its code block closed, and says so', () => {
    const long = `# Title\n\n\`\`\`\`\n${'ä line of output\n'.repeat(100_000)}\`\`\`\`\n`
    const cut = fitSummary(long, '`out/summary.md`')
    expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(summaryLimitBytes)
    expect(Buffer.byteLength(cut)).toBeGreaterThan(summaryLimitBytes - 500)
    expect(cut).toMatch(
      /ä line of output\n````\n\n_Cut here: the last \d+ of 100005 lines are not shown \(.* 1048576 bytes .*\). The whole text is in `out\/summary\.md`\._\n$/
    )
  })
})

describe('the output image', () => {
  const image = (name: string): ReleaseArtifact => ({
    ...({ kind: 'image', name } as ReleaseArtifact),
    image: { repository: 'acme/herald', digest: `sha256:${'ab'.repeat(32)}` }
  })
  const outputOf = (artifacts: ReleaseArtifact[]): string | undefined =>
    releaseOutputs({ artifacts } as Release, '').image

  it('names the only image by digest, and is empty for none or several', () => {
    const wheel = { kind: 'wheel', name: 'a.whl' } as ReleaseArtifact
    expect(outputOf([wheel, image('a.oci.tar')])).toBe(`acme/herald@sha256:${'ab'.repeat(32)}`)
    expect(outputOf([wheel])).toBe('')
    expect(outputOf([image('a.oci.tar'), image('b.oci.tar')])).toBe('')
  })
})
