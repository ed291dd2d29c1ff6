import { describe, expect, it } from '@jest/globals'
import { normalizeName, parseMetadata } from '../../../src/formats/metadata.ts'

const parse = (text: string): ReturnType<typeof parseMetadata> => parseMetadata(Buffer.from(text), 'METADATA')

describe('parseMetadata', () => {
  it('reads fields, repeated fields and the description', () => {
    const metadata = parse(
      'Metadata-Version: 2.4\nName: Demo.Pkg\nVersion: 1.0\nClassifier: A\nClassifier: B :: C\n\n# Demo\n\nText\n'
    )
    expect(metadata).toMatchObject({ name: 'Demo.Pkg', version: '1.0', metadataVersion: '2.4' })
    expect(metadata.fields.get('classifier')).toEqual(['A', 'B :: C'])
    expect(metadata.body).toBe('# Demo\n\nText\n')
  })

  it('reads folded fields and old descriptions', () => {
    const { fields } = parse(
      'Metadata-Version: 1.1\r\nName: d\r\nVersion: 1\r\nDescription: one\r\n        two\r\n       |three\r\n'
    )
    expect(fields.get('description')).toEqual(['one\ntwo\nthree'])
  })

  it('ends the fields at a line that is none, as Python does', () => {
    const { fields, body } = parse(
      'Metadata-Version: 1.1\nName: d\nVersion: 1\nLicense: The MIT License\nCopyright (c) 2013\n\nLicense: no field\n'
    )
    expect(fields.get('license')).toEqual(['The MIT License'])
    expect(body).toBe('Copyright (c) 2013\n\nLicense: no field\n')
  })

  it.each([
    ['no name', 'Metadata-Version: 2.1\nVersion: 1\n', /Name is there 0 times/],
    ['two versions', 'Metadata-Version: 2.1\nName: d\nVersion: 1\nVersion: 2\n', /Version is there 2 times/],
    ['an empty version', 'Metadata-Version: 2.1\nName: d\nVersion:\n', /Version is there 1 times/],
    ['a field after the end of the fields', 'Metadata-Version: 2.1\nnonsense\nName: d\n', /Name is there 0/],
    ['a field of odd characters', 'Metadata-Version: 2.1\nRequires_Dist: x\n', /line 2 names a field/],
    ['a field without a name', 'Metadata-Version: 2.1\n: x\n', /line 2 names a field/],
    ['an envelope line', 'Metadata-Version: 2.1\nFrom x\nName: d\n', /line 2 begins with "From "/],
    ['a continuation of nothing', ' x\n', /line 1 begins with a continuation/]
  ])('refuses %s', (_, text, message) => {
    expect(() => parse(text)).toThrow(message)
  })

  it('refuses what is not UTF-8', () => {
    expect(() => parseMetadata(Buffer.from([0xff]))).toThrow(/not UTF-8/)
  })
})

describe('normalizeName', () => {
  it.each(['Demo.Pkg', 'demo_pkg', 'demo--pkg', 'DEMO-.pkg'])('knows %s as one project', (name) => {
    expect(normalizeName(name)).toBe('demo-pkg')
  })
})
