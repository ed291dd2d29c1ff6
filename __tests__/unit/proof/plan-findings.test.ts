import { describe, expect, it } from '@jest/globals'
import type { Notice, Plan } from '../../../src/documents/plan.ts'
import { planFindings } from '../../../src/proof/plan-findings.ts'
import { scrambledFile } from './packages.ts'

/** As much of a plan as these findings look at. */
function planWith(part: { notices?: Notice[]; scramble?: Partial<Plan['scramble']> }): Plan {
  const scramble = { inputs: [], files: [], links: [], paired: [], ...part.scramble }
  return { skipped: [], notices: part.notices ?? [], scramble } as unknown as Plan
}

const notice = (code: Notice['code'], severity: Notice['severity'] = 'refuse'): Notice => ({
  code,
  severity,
  path: 'setup.py',
  line: 3,
  column: 9,
  found: 'U+202E',
  count: 2
})

describe('what the plan has to say', () => {
  it.each([
    ['opaque-build-file', 'uninfluenced', /inputs:/],
    ['bidi-control', 'source', /escapes/],
    ['invisible-character', 'source', /escapes/],
    ['encoded-message', 'source', /message in words/]
  ] as const)('%s: where, what, why and what to do', (code, check, fix) => {
    const [found] = planFindings(planWith({ notices: [notice(code)] }))
    expect(found).toMatchObject({ check, code, severity: 'refuse', member: 'setup.py', artifact: null })
    expect(found?.message).toMatch(/^setup\.py:3:9 .*U\+202E.* \(2 times\)\.$/)
    expect(found?.cause).not.toBeNull()
    expect(found?.fix).toMatch(fix)
  })

  it('a warning stays one, and a name with hidden characters is safe to print', () => {
    const hostile = {
      ...notice('bidi-control', 'warn'),
      path: 'a\u202eb\u001b[2J.py',
      line: null,
      column: null
    }
    const [found] = planFindings(planWith({ notices: [hostile] }))
    expect(found?.severity).toBe('warn')
    expect(found?.message).toMatch(/^[ -~]*$/)
  })

  it('declared inputs with their reason', () => {
    const inputs = [{ path: 'docs/codes.csv', reason: 'setup.py makes codes.py from it.' }]
    expect(planFindings(planWith({ scramble: { inputs } }))).toMatchObject(
      [{ code: 'inputs-declared', severity: 'warn', message: /docs\/codes\.csv.*makes codes\.py/ }].map(
        (finding) => ({ ...finding, message: expect.stringMatching(finding.message) })
      )
    )
  })

  it('files whose form was kept, and none for noise', () => {
    const noise = scrambledFile('a.bin', 'one', 'two')
    expect(planFindings(planWith({ scramble: { files: [noise] } }))).toEqual([])
    const files = Array.from({ length: 12 }, (_, at) => ({
      ...scrambledFile(`pictures/${at}.png`, 'one', 'two'),
      form: 'png' as const
    }))
    const [found] = planFindings(planWith({ scramble: { files: [noise, ...files] } }))
    expect(found).toMatchObject({ code: 'form-kept', severity: 'warn' })
    expect(found?.message).toContain('12 opaque files')
    expect(found?.message).toContain('pictures/0.png (png)')
    expect(found?.message).toContain('and 2 more')
  })
})
