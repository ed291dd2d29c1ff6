import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { describe, expect, it } from '@jest/globals'
import { z } from 'zod'
import { configJsonSchema, schemaAt } from '../../../src/documents/config-json-schema.ts'
import { readConfig } from '../../../src/documents/config-reading.ts'
import { readYaml } from '../../../src/documents/config-text.ts'

/** YAML blocks of a page. */
async function examplesOf(page: string): Promise<string[]> {
  const text = await readFile(page, 'utf8')
  return [...text.matchAll(/```yaml\n(.*?)```/gs)]
    .map((match) => match[1] ?? '')
    .filter((block) => !block.includes('uses:'))
}

describe('what is made from the rules of the program', () => {
  it('is up to date: the schema for editors and the table of keys', async () => {
    await expect(promisify(execFile)(process.execPath, ['scripts/lint-generated.mjs'])).resolves.toBeDefined()
  })

  it('is up to date: the table of attacks', async () => {
    await expect(
      promisify(execFile)(process.execPath, ['scripts/generate-attacks.mjs'])
    ).resolves.toBeDefined()
  })

  it('the published schema and the program accept the same examples of the documentation', async () => {
    const published = JSON.parse(await readFile('schemas/tagproof.schema.json', 'utf8')) as Parameters<
      typeof z.fromJSONSchema
    >[0]
    const fromSchema = z.fromJSONSchema(published)
    const examples = [
      ...(await examplesOf('docs/configuration.md')),
      ...(await examplesOf('docs/migration.md')),
      await readFile('examples/herald/.github/tagproof.yml', 'utf8')
    ]
    expect(examples.length).toBeGreaterThan(5)
    for (const example of examples) {
      expect(() => readConfig(example, 'example.yml')).not.toThrow()
      expect(fromSchema.safeParse(readYaml(example, 'example.yml').value).error).toBeUndefined()
    }
  })

  it.each([
    'targets: [{kind: pyton}]',
    'checks: off',
    'limits: {minutes: 0}',
    'waivers: [{check: traced}]',
    'tag: {pattern: v}'
  ])('the published schema and the program refuse %s', (text) => {
    const fromSchema = z.fromJSONSchema(configJsonSchema() as Parameters<typeof z.fromJSONSchema>[0])
    expect(fromSchema.safeParse(readYaml(text, 'x.yml').value).success).toBe(false)
    expect(() => readConfig(text, 'x.yml')).toThrow()
  })

  it('the example names the schema that lies in this repository', async () => {
    const [line] = (await readFile('examples/herald/.github/tagproof.yml', 'utf8')).split('\n')
    expect(line).toMatch(/^# yaml-language-server: \$schema=(\.\.\/)+schemas\/tagproof\.schema\.json$/)
  })

  it('every key has a description', () => {
    const bare: string[] = []
    const walk = (path: string[]): void => {
      const schema = schemaAt(configJsonSchema(), path)
      for (const [key, value] of Object.entries(schema?.properties ?? {})) {
        if (value.description === undefined) bare.push([...path, key].join('.'))
        walk([...path, key])
      }
    }
    walk([])
    expect(bare).toEqual([])
  })
})
