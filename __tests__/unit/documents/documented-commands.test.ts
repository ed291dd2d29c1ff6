import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it, jest } from '@jest/globals'
import { main } from '../../../src/cli.ts'

const pages = [
  'README.md',
  ...readdirSync('docs')
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`)
]
const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => `src/${name}`)

/** What the command says of itself. */
async function help(...words: string[]): Promise<string> {
  let text = ''
  const write = jest.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    text += String(chunk)
    return true
  })
  try {
    await main([...words, '--help'])
  } finally {
    write.mockRestore()
  }
  return text
}

/** Each `tagproof NAME ...` with the options that follow it: of pages in code alone, since in prose any verb may follow. */
function commandsIn(file: string): { name: string; options: string[]; where: string }[] {
  const text = readFileSync(file, 'utf8')
  const code = file.endsWith('.md')
    ? [...text.matchAll(/```(?:sh|)\n(.*?)```|`([^`\n]+)`/gs)]
    : [[text, text]]
  return code.flatMap(([, block, inline]) =>
    (block ?? inline ?? '').split('\n').flatMap((line) =>
      [...line.matchAll(/(?:^|[\s'"`(])(?:tagproof|\S*cli\.cjs) ([a-z]+)((?:\s+[^\s#|;'"`,)]+)*)/g)].map(
        ([, name = '', rest = '']) => ({
          name,
          options: rest.split(/\s+/).filter((word) => /^--[a-z-]+$/.test(word)),
          where: path.basename(file)
        })
      )
    )
  )
}

it('names commands and options that there are', async () => {
  const overview = await help()
  const names = [...overview.matchAll(/^ {2}([a-z]+) (?:\[options\]|<)/gm)].map(([, name = '']) => name)
  expect(names.length).toBeGreaterThan(12)
  const texts = new Map<string, string>()
  for (const name of names) texts.set(name, await help(name))
  const told = pages.flatMap(commandsIn)
  expect(new Set(told.map(({ name }) => name)).size).toBeGreaterThan(8)
  const wrong = [
    ...told.filter(({ name }) => !texts.has(name)).map(({ name, where }) => `${where}: tagproof ${name}`),
    // Sentences of the program, such as the remedy of an error.
    ...[...told, ...sources.flatMap(commandsIn)].flatMap(({ name, options, where }) =>
      options
        .filter(
          (option) =>
            texts.has(name) && !new RegExp(`(^|[\\s,])${option}(\\s|$)`, 'm').test(texts.get(name) ?? '')
        )
        .map((option) => `${where}: tagproof ${name} ${option}`)
    )
  ]
  expect(wrong).toEqual([])
})
