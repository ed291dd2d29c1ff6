import { describe, expect, it } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { unifiedDiff } from '../../../src/evidence/unified-diff.ts'
import { plainEnvironment } from '../../../src/platform/process.ts'

describe('a unified diff', () => {
  it('is empty where nothing changes', () => {
    expect(unifiedDiff('a.yml', 'x\n', 'x\n')).toBe('')
  })

  it('shows what goes, what comes, and three lines around', () => {
    expect(unifiedDiff('a.yml', '1\n2\n3\n4\n5\n6\n7\n8\n9\n', '1\n2\n3\n4\nfive\n6\n7\n8\n9\n')).toBe(
      '--- a/a.yml\n+++ b/a.yml\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n'
    )
  })

  it('calls a file that is new by its name, and says where a last line has no end', () => {
    expect(unifiedDiff('a.yml', '', 'x')).toBe(
      '--- /dev/null\n+++ b/a.yml\n@@ -0,0 +1,1 @@\n+x\n\\ No newline at end of file\n'
    )
  })

  it('git apply makes the one text of the other with it', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'tagproof-diff-'))
    const file = path.join(folder, 'a.yml')
    const line = fc.constantFrom('', 'a', 'b', 'c', '- x', '+ y', ' z')
    const text = fc
      .tuple(fc.array(line, { minLength: 1, maxLength: 30 }), fc.boolean())
      .map(([lines, ended]) => `${lines.join('\n')}${ended ? '\n' : '.'}`)
    try {
      fc.assert(
        fc.property(text, text, (before, after) => {
          if (before === after) return
          writeFileSync(file, before)
          execFileSync('git', ['apply', '--unsafe-paths', '--whitespace=nowarn', '-'], {
            cwd: folder,
            env: { ...plainEnvironment, GIT_CEILING_DIRECTORIES: tmpdir() },
            input: unifiedDiff('a.yml', before, after)
          })
          expect(readFileSync(file, 'utf8')).toBe(after)
        }),
        { numRuns: 60 }
      )
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
