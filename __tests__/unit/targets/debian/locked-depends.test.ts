import { expect, it } from '@jest/globals'
import { parseControl } from '../../../../src/formats/control.ts'
import { lockedDepends } from '../../../../src/targets/deb/locked-depends.ts'

const control = (lines: string): ReturnType<typeof parseControl> =>
  parseControl(Buffer.from(`Package: xx\nVersion: 1\nArchitecture: all\n${lines}Description: x\n`))

it('takes of alternatives the first that the lock has, and leaves the rest to apt', () => {
  const debs = [
    control('Pre-Depends: dpkg (>= 1.20)\nDepends: b | a, python3:any,\n libc6 (>= 2.36)\n'),
    control('Depends: mail-transport-agent, a\nRecommends: nginx\n')
  ]
  expect(lockedDepends(debs, ['a', 'dpkg', 'libc6', 'nginx', 'python3'])).toEqual([
    'a',
    'dpkg',
    'libc6',
    'python3'
  ])
})

it('a field that cannot be read names nothing', () => {
  expect(lockedDepends([control('Depends: a ((\n')], ['a'])).toEqual([])
})
