import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from '@jest/globals'
import { groupFindings } from '../../../src/evidence/findings.ts'
import { code, text } from '../../../src/evidence/markdown.ts'
import { briefWithout } from '../../../src/proof/brief.ts'
import { formatSummary } from '../../../src/evidence/summary.ts'
import { formatSums } from '../../../src/evidence/sums.ts'
import { formatTable, sizeText } from '../../../src/evidence/table.ts'
import { sha256OfBytes } from '../../../src/platform/files.ts'
import { artifact, finding, proof, refusedProof, release } from './documents.ts'

const summaryOf = (of: ReturnType<typeof proof>): string =>
  formatSummary(of, release(of), briefWithout(of.tag, 'no tag of a lower version'))

describe('SHA256SUMS', () => {
  it('is what sha256sum itself accepts, odd names included', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'tagproof-sums-'))
    try {
      const names = ['b-1.0.tar.gz', 'a 1.0.whl', 'line\nend.tar.gz', 'back\\slash.whl']
      for (const name of names) await writeFile(path.join(folder, name), name)
      await writeFile(
        path.join(folder, 'SUMS'),
        formatSums(names.map((name) => ({ name, sha256: sha256OfBytes(name) })))
      )
      const { stdout } = await promisify(execFile)('sha256sum', ['--check', '--strict', 'SUMS'], {
        cwd: folder
      })
      expect(stdout.trim().split('\n')).toHaveLength(4)
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('is sorted by name, whatever the order of the artifacts', () => {
    const two = [artifact({ name: 'b.whl' }), artifact({ name: 'a.whl' })]
    expect(formatSums(two)).toBe(formatSums([...two].reverse()))
  })
})

describe('the terminal table', () => {
  it('lists artifact, size, SHA-256, a = b and how many members are traced', () => {
    expect(formatTable(proof()).split('\n')).toEqual([
      'v1.4.0  commit 222222222222  version 1.4.0',
      '',
      `artifact                           size  ${'sha256'.padEnd(64)}  a = b  traced`,
      `herald-1.4.0-py3-none-any.whl  12.1 KiB  ${'ab'.repeat(32)}  yes    17/17`,
      `herald-1.4.0.tar.gz               900 B  ${'ab'.repeat(32)}  yes    17/17`,
      '',
      'proven: both worlds made the same bytes, and every member comes from the tag'
    ])
  })

  it('says what keeps a proven release from being published', () => {
    const shown = formatTable(proof({ trust: { config: 'outside', lock: 'resolved', singleJob: true } }))
    expect(shown).toMatch(/to publish: .*--config/)
    expect(shown).toMatch(/to publish: The tag holds no lock/)
  })

  it('tells for a refused release what, where, why and the fix', () => {
    expect(formatTable(refusedProof([finding()])).split('\n\n')).toEqual([
      'v1.4.0  commit 222222222222  version 1.4.0',
      [
        '✗ reproduced: time-embedded  herald-1.4.0-py3-none-any.whl: herald/built.py',
        '    The two worlds made different bytes.',
        '    why  It holds the time of the build: 1789380000 in a, 1823940000 in b.',
        '    fix  Use SOURCE_DATE_EPOCH instead of time.time().'
      ].join('\n'),
      'refused: 1 finding to mend; nothing may be published'
    ])
  })

  it('shows no terminal sequence of a member name', () => {
    const shown = formatTable(refusedProof([finding({ member: 'a\u001b[2Jb\r\n::error::x' })]))
    expect(shown.includes('\u001b') || shown.includes('\r')).toBe(false)
    expect(shown).not.toMatch(/^::/m)
  })

  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [5 * 1024 * 1024, '5.0 MiB'],
    [3 * 1024 ** 4, '3072.0 GiB']
  ])('%i bytes are %s', (bytes, shown) => {
    expect(sizeText(bytes)).toBe(shown)
  })
})

describe('the summary', () => {
  it('of a clean release fits one screen and holds every hash', () => {
    const shown = summaryOf(proof())
    expect(shown.split('\n').length).toBeLessThan(30)
    expect(shown).toMatch(/^# ✅ v1\.4\.0: proven\n/)
    expect(shown).toContain(
      `| \`herald-1.4.0.tar.gz\` | 900 B | \`${'ab'.repeat(32)}\` | ✅ | 17/17 | canonical | \`local/simple/herald\` |`
    )
    expect(shown).toContain('sha256sum --check')
  })

  it('says which variations were not applied, and why', () => {
    expect(summaryOf(proof())).toContain(
      'World b of `python` differed in timezone; **not** in clock (the root has no faketime).'
    )
  })

  it('shows an artifact that is not the same in both worlds', () => {
    const other = artifact({ built: { a: sha256OfBytes('a'), b: sha256OfBytes('b') } })
    expect(summaryOf(proof({ artifacts: [other] }))).toContain('❌')
  })

  it('of a refused release puts what explains the rest first, and the same things together', () => {
    const shown = summaryOf(
      refusedProof([
        finding({
          severity: 'note',
          check: 'source',
          code: 'tag-lightweight',
          message: 'The tag is lightweight.'
        }),
        finding(),
        finding({ member: 'herald/other.py' }),
        finding({ check: 'container', code: 'name-duplicate', message: 'A name is there twice.' })
      ])
    )
    expect(shown).toMatch(/^# ❌ v1\.4\.0: refused\n\n3 findings have to be mended first/)
    const order = ['name-duplicate', 'time-embedded', 'tag-lightweight'].map((word) => shown.indexOf(word))
    expect(order).toEqual([...order].sort((left, right) => left - right))
    expect(order.every((position) => position > 0)).toBe(true)
    expect(shown).toContain('`herald-1.4.0-py3-none-any.whl: herald/built.py` and 1 more: `herald/other.py`')
    expect(shown.match(/time-embedded/g)).toHaveLength(1)
  })

  it('stays readable with thousands of findings', () => {
    const many = Array.from({ length: 3000 }, (_, index) =>
      finding({ code: `code-${index % 40}`, member: `m${index}` })
    )
    const shown = summaryOf(refusedProof(many))
    expect(shown.length).toBeLessThan(10_000)
    expect(shown).toContain('30 more kinds of findings are in `proof.json`')
  })

  it('keeps a hostile member name from becoming a link, HTML, a mention or a new cell', () => {
    const hostile = 'x`|<img src=a>[a](https://example.org)\n# @everyone'
    const shown = summaryOf(
      refusedProof([finding({ member: hostile, message: hostile, cause: hostile, fix: hostile })])
    )
    const outside = shown.replace(/(`+)(?!`).*?[^`]\1(?!`)/g, '')
    expect(outside).not.toMatch(/<img|(?<!\\)\]\(|@everyone|https:\/\//)
    expect(shown.split('\n').filter((line) => line.startsWith('# '))).toHaveLength(1)
  })
})

describe('Markdown', () => {
  it('code keeps any run of backticks inside its fence', () => {
    expect(code('a`b')).toBe('``a`b``')
    expect(code('``')).toBe('``` `` ```')
  })

  it('text is escaped once', () => {
    expect(text('a_b <c> & @d')).toBe('a\\_b &#60;c&#62; &#38; &#64;d')
  })
})

describe('grouping', () => {
  it('keeps waived findings apart from those that stop the release', () => {
    const groups = groupFindings([finding(), finding({ severity: 'note', waiver: 'Known and harmless.' })])
    expect(groups.map((group) => group.first.severity)).toEqual(['refuse', 'note'])
  })
})

describe('notes', () => {
  const notes = [
    finding({ severity: 'note', check: 'traced', code: 'moved', member: null, message: 'One file.' }),
    finding({
      severity: 'note',
      check: 'traced',
      code: 'moved',
      member: null,
      artifact: 'b',
      message: 'Two.'
    }),
    finding({ severity: 'note', check: 'traced', code: 'untraced', waiver: 'made by tools/tables.py' })
  ]

  it('take one line for each kind in a terminal, and a waiver shows its reason', () => {
    expect(formatTable(proof({ findings: notes }))).toContain(
      [
        'notes (tagproof explain tells more)',
        '- traced: moved ×2  herald-1.4.0-py3-none-any.whl: One file.',
        '- waived traced: untraced  herald-1.4.0-py3-none-any.whl: herald/built.py: made by tools/tables.py'
      ].join('\n')
    )
  })

  it('are folded away in the summary', () => {
    const shown = summaryOf(proof({ findings: notes }))
    expect(shown).toMatch(/<details><summary>Notes<\/summary>\n\n- traced: moved ×2: .*One file\.\n/)
  })
})
