import { beforeAll, describe, expect, it } from '@jest/globals'
import { fileURLToPath } from 'node:url'
import { parseMetadata } from '../../../src/formats/metadata.ts'
import { licenseRules } from '../../../src/proof/pypi/license-rules.ts'
import type { Candidate } from '../../../src/proof/pypi/rule.ts'
import { metadataRules } from '../../../src/proof/pypi/rules.ts'
import { run } from '../../../src/platform/process.ts'
import { formFields } from '../../../src/targets/python/upload-fields.ts'
import { toolEnvironment } from '../support/pypi/tools.ts'
import { metadataCases } from './metadata-cases.ts'

/** No SPDX expressions: packaging takes them still in 26.2, and no more in what comes after. */
const stricter = [
  'MIT WITH Classpath-exception-2.0 WITH Classpath-exception-2.0',
  '(MIT) WITH Classpath-exception-2.0',
  'LicenseRef-'
]

const judge = fileURLToPath(new URL('judge.py', import.meta.url))

type Form = [string, string][]

function formOf(about: string, text: string): Form {
  const head = { version: '2.5', name: 'herald', release: '1.0' }
  let rest = ''
  if (about === 'Metadata-Version') head.version = text
  else if (about === 'Name') head.name = text
  else if (about === 'Version') head.release = text
  else if (about === 'too new') {
    const cut = text.indexOf('\n')
    head.version = text.slice(0, cut)
    rest = text.slice(cut + 1)
  } else if (about === 'Twice') rest = `Author: ${text}`
  else if (about !== 'description') rest = `${about}: ${text}`
  const body = about === 'description' ? text : ''
  const lines = [`Metadata-Version: ${head.version}`, `Name: ${head.name}`, `Version: ${head.release}`, rest]
  return formFields(
    parseMetadata(Buffer.from(`${lines.filter((line) => line !== '').join('\n')}\n\n${body}`))
  )
}

/** What our rules say, with the severity that is meant for the release. */
function verdict(form: Form): string[] {
  const files = form.filter(([name]) => name === 'license_file').map(([, file]) => `herald-1.0/${file}`)
  const candidate = {
    upload: { fields: form },
    distribution: { kind: 'sdist', folder: 'herald-1.0', members: new Set(files) }
  } as unknown as Candidate
  const problems = [
    ...metadataRules.flatMap((rule) => rule.check(form).map((problem) => ({ code: rule.code, ...problem }))),
    ...licenseRules.flatMap((rule) =>
      rule.check(candidate).map((problem) => ({ code: rule.code, ...problem }))
    )
  ]
  // Of unknown classifiers the index itself decides.
  return problems
    .filter(
      ({ severity = 'refuse', code }) =>
        severity === 'refuse' || (severity === 'warn' && code === 'index-classifier')
    )
    .map(({ message }) => message)
}

const cases = Object.entries(metadataCases).flatMap(([about, texts]) =>
  texts.map((text) => ({ about, text, form: formOf(about, text) }))
)

describe('rules about metadata', () => {
  let said: string[][]
  beforeAll(async () => {
    const stdin = JSON.stringify(cases.map(({ form }) => form))
    const ended = await run('python3', [judge], { env: await toolEnvironment(), stdin: Buffer.from(stdin) })
    if (ended.code !== 0) throw new Error(ended.stderr.toString('utf8'))
    said = JSON.parse(ended.stdout.toString('utf8')) as string[][]
  }, 300_000)

  it('are those of the libraries that the index asks, in every case', () => {
    const differences = cases.flatMap(({ about, text }, at) => {
      const ours = verdict(cases[at]?.form ?? [])
      const theirs = said[at] ?? []
      if (ours.length > 0 === theirs.length > 0 || stricter.includes(text)) return []
      // Of descriptions we say what is sure, and that it is not all.
      return about === 'description' && ours.length === 0 ? [] : [{ about, text, ours, theirs }]
    })
    expect(differences).toEqual([])
  })

  it('find what is wrong with most descriptions that are not rendered', () => {
    const descriptions = cases.flatMap(({ about, form }, at) =>
      about === 'description' ? [{ form, theirs: said[at] ?? [] }] : []
    )
    const refused = descriptions.filter(({ theirs }) => theirs.length > 0)
    expect(refused.length).toBeGreaterThan(15)
    expect(refused.filter(({ form }) => verdict(form).length === 0).length).toBeLessThan(5)
  })

  it('are tried with what is taken and with what is refused', () => {
    const refused = said.filter((fields) => fields.length > 0).length
    expect(refused).toBeGreaterThan(100)
    expect(said.length - refused).toBeGreaterThan(100)
  })
})
