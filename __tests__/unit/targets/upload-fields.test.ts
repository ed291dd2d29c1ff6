import { describe, expect, it } from '@jest/globals'
import { parseMetadata } from '../../../src/formats/metadata.ts'
import { formFields } from '../../../src/targets/python/upload-fields.ts'
import { inUploadOrder } from '../../../src/targets/python/uploads.ts'
import type { Upload } from '../../../src/documents/uploads.ts'
import { sha256 } from '../../../src/documents/identifiers.ts'

const head = (version: string): string => `Metadata-Version: ${version}\nName: Herald.Ng\nVersion: 1.0\n`

function fields(text: string, version = '2.4'): [string, string][] {
  const found = formFields(parseMetadata(Buffer.from(head(version) + text)))
  return found.filter(([name]) => !['metadata_version', 'name', 'version'].includes(name))
}
const none: [string, string] = ['requires_python', '']

describe('fields of the upload form', () => {
  it('name and version are told as the file has them', () => {
    expect(formFields(parseMetadata(Buffer.from(head('2.1'))))).toEqual([
      ['metadata_version', '2.1'],
      ['name', 'Herald.Ng'],
      ['version', '1.0'],
      none
    ])
  })

  it.each<[string, string, [string, string][]]>([
    [
      'classifiers again and again',
      'Classifier: A\nClassifier: B\n',
      [['classifiers', 'A'], ['classifiers', 'B'], none]
    ],
    ['platform in the singular', 'Platform: any\n', [['platform', 'any'], none]],
    [
      'licence files in the singular',
      'License-File: a\nLicense-File: b\n',
      [['license_file', 'a'], ['license_file', 'b'], none]
    ],
    ['keywords as one', 'Keywords: a,b ,  c d\n', [['keywords', 'a, b, c d'], none]],
    [
      'addresses with their label',
      'Project-URL: Home ,https://a.example/b,c\n',
      [none, ['project_urls', 'Home, https://a.example/b,c']]
    ],
    ['an address without label', 'Project-URL: x\n', [none, ['project_urls', 'x, ']]],
    ['the description in the body', '\nHello\n', [['description', 'Hello\n'], none]],
    [
      'the description in the header',
      'Description: Hello\n        there\n',
      [['description', 'Hello\nthere'], none]
    ],
    [
      'a description said twice, twice',
      'Description: Hello\n\nThere\n',
      [['description', 'Hello'], ['description', 'There\n'], none]
    ],
    ['Python versions', 'Requires-Python: >=3.8\n', [['requires_python', '>=3.8']]],
    ['no empty field', 'Home-page: \nAuthor:\n', [none]],
    [
      'an empty one among others',
      'Classifier:\nClassifier: B\n',
      [['classifiers', ''], ['classifiers', 'B'], none]
    ],
    [
      'import names',
      'Import-Name: a\nImport-Namespace: b\n',
      [none, ['import_name', 'a'], ['import_namespace', 'b']]
    ]
  ])('%s', (_, text, expected) => {
    expect(fields(text, '2.5')).toEqual(expected)
  })

  it('licence files of metadata that has no such field are left out', () => {
    expect(fields('License-File: a\n', '2.3')).toEqual([none])
  })

  it('fields that do not exist are left out', () => {
    expect(fields('Shoe-Size: 44\n')).toEqual([none])
  })
})

it('wheels come first, each kind by name', () => {
  const upload = (name: string, filetype: Upload['filetype']): Upload => ({
    name,
    filetype,
    pyversion: 'py3',
    size: 1,
    sha256: sha256('ab'.repeat(32)),
    blake2b256: 'ab'.repeat(32),
    metadata: null,
    project: 'a',
    version: '1',
    fields: []
  })
  const made = inUploadOrder([
    upload('a-1.tar.gz', 'sdist'),
    upload('c-1-py3-none-any.whl', 'bdist_wheel'),
    upload('b-1-py3-none-any.whl', 'bdist_wheel')
  ])
  expect(made.map(({ name }) => name)).toEqual(['b-1-py3-none-any.whl', 'c-1-py3-none-any.whl', 'a-1.tar.gz'])
})
