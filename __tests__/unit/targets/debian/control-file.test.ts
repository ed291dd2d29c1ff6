import { describe, expect, it } from '@jest/globals'
import { fieldText, parseControlFile } from '../../../../src/targets/deb/debian/control-file.ts'

const binary = '\nPackage: bell\nArchitecture: any\n'

describe('debian/control', () => {
  it('is one stanza for the source and one for each package, with lines, comments and continuations', () => {
    const { source, binaries } = parseControlFile(
      `# comment\nSource: bell\nBuild-Depends:\n one,\n# why two\n two\n${binary}${binary}`,
      'debian/control'
    )
    expect(source.get('build-depends')).toEqual({ value: '\n one,\n two', lines: [3, 4, 6] })
    expect(fieldText(source, 'Source')).toBe('bell')
    expect(fieldText(source, 'Homepage')).toBeNull()
    expect(binaries).toHaveLength(2)
  })

  it.each([
    ['nothing', '', 1],
    ['no source', `Package: bell\nArchitecture: any\n`, 1],
    ['no package', 'Source: bell\n', 1],
    ['a package for no architecture', 'Source: bell\n\nPackage: bell\n', 3],
    ['a field twice', `Source: bell\nSource: other\n${binary}`, 2],
    ['a line that is no field', `Source: bell\nwhat is this\n${binary}`, 2],
    ['a continuation of nothing', ` x\nSource: bell\n${binary}`, 1],
    ['a name with a control character', `Source: bell\nA\u0001B: x\n${binary}`, 2]
  ])('is refused with file and line: %s', (_, text, line) => {
    expect(() => parseControlFile(text, 'pkg/debian/control')).toThrow(
      expect.objectContaining({
        code: 'config-invalid',
        detail: expect.objectContaining({ where: `pkg/debian/control:${line}` })
      })
    )
  })

  it('is refused where it is larger than any', () => {
    expect(() => parseControlFile('x'.repeat(2_000_000), 'debian/control')).toThrow(/too large/)
  })
})
