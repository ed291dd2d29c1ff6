import { normalizeName } from '../../../formats/metadata.ts'
import { parseWheelName } from '../../../formats/wheel.ts'
import { asTagproofError } from '../../../platform/errors.ts'
import { sameVersion } from '../../../source/version.ts'
import type { Generator, TraceContext } from '../generator.ts'
import { quotedList } from './judgement.ts'
import { memberLines } from './member-text.ts'

/** Distributions that write a wheel under another name than their own. */
const generatorNames: Readonly<Record<string, readonly string[]>> = {
  'bdist-wheel': ['wheel', 'setuptools'],
  flit: ['flit-core'],
  meson: ['meson-python'],
  mesonpy: ['meson-python'],
  skbuild: ['scikit-build'],
  uv: ['uv-build', 'uv'],
  'pdm-pep517': ['pdm-pep517', 'pdm-backend'],
  poetry: ['poetry-core', 'poetry']
}

/** WHEEL: the tags of the file name, spelled out, and the backend that made it. */
export const wheelFile: Generator = {
  name: 'wheel-file',
  reason: 'Backends write WHEEL from the file name and their own name; each field is derived again.',
  matches: ({ inner, kind }, { artifact }) =>
    artifact.kind !== 'sdist' && kind === 'file' && /^[^/]+\.dist-info\/WHEEL$/.test(inner),
  async derive(member, context) {
    const lines = await memberLines(member, context)
    if (lines === undefined) return undefined
    const wrong = mistakes(lines, context)
    if (wrong.length === 0) return { traced: true, from: [] }
    return {
      traced: false,
      code: 'wheel-file-differs',
      message: `${member.inner}: ${wrong.slice(0, 5).join('; ')}.`,
      cause:
        'The wheel was packed or renamed by something else than its backend, or the backend is not the locked one.',
      fix: 'Let the backend alone write the wheel: no renaming, no tags set by hand after the build.'
    }
  }
}

function mistakes(lines: readonly string[], context: TraceContext): string[] {
  const wrong: string[] = []
  const tags: string[] = []
  const seen = new Set<string>()
  for (const line of lines) {
    const [, field = '', value = ''] = /^([A-Za-z-]+):\s*(.*)$/.exec(line) ?? []
    const key = field.toLowerCase()
    if (key !== 'tag' && seen.has(key)) wrong.push(`${field} is there twice`)
    seen.add(key)
    if (key === 'tag') tags.push(value)
    else wrong.push(...fieldMistakes(key, line, value, context))
  }
  // What was installed has no file name any more: its tags must have the form of tags.
  const expected = context.artifact.kind === 'wheel' ? tagsOf(context.artifact.name) : tags.filter(isTag)
  if (expected === undefined) return [...wrong, 'the file name is none of a wheel']
  if (!seen.has('wheel-version')) wrong.push('Wheel-Version is missing')
  if (!seen.has('root-is-purelib')) wrong.push('Root-Is-Purelib is missing')
  const [added, missing] = [
    tags.filter((tag) => !expected.includes(tag)),
    expected.filter((tag) => !tags.includes(tag))
  ]
  if (added.length > 0) wrong.push(`Tag ${quotedList(added)} is none of the file name`)
  if (missing.length > 0) wrong.push(`Tag ${quotedList(missing)} of the file name is missing`)
  return wrong
}

function isTag(tag: string): boolean {
  return /^[a-z]{2}\d*(?:\.[a-z]{2}\d+)*-[a-z0-9_.]+-[A-Za-z0-9_.]+$/.test(tag)
}

function fieldMistakes(key: string, line: string, value: string, context: TraceContext): string[] {
  switch (key) {
    case 'wheel-version':
      return /^1\.\d$/.test(value) ? [] : [`Wheel-Version is ${quotedList([value])}`]
    case 'root-is-purelib':
      return /^(true|false)$/i.test(value) ? [] : [`Root-Is-Purelib is ${quotedList([value])}`]
    case 'build': {
      if (context.artifact.kind !== 'wheel')
        return /^\d\w*$/.test(value) ? [] : [`Build is ${quotedList([value])}`]
      const build = wheelName(context.artifact.name)?.build ?? 'none'
      return build === value ? [] : [`Build is ${quotedList([value])}, and the file name says ${build}`]
    }
    case 'generator':
      return generatorMistakes(value, context)
    default:
      return [`${quotedList([line])} is no field of a backend`]
  }
}

/** With a known build environment: the generator is one of its packages, in its version. */
function generatorMistakes(value: string, { build }: TraceContext): string[] {
  const [, name = '', version = ''] = /^([\w.-]+)\s*\(?\s*v?(\d[\w.!+-]*)?\s*\)?$/.exec(value) ?? []
  if (name === '') return [`Generator is ${quotedList([value])}`]
  if (build === null) return []
  const normal = normalizeName(name)
  const candidates = generatorNames[normal] ?? [normal]
  const locked = candidates.flatMap((each) => build.environment.get(each) ?? [])
  // A backend of the project's own may call itself as it likes; what it writes is compared all the same.
  if (locked.length === 0) return []
  if (version === '' || locked.some((each) => sameVersion(each, version))) return []
  return [
    `Generator is ${quotedList([value])}, and the lock has ${candidates[0] ?? ''} ${locked.join(' and ')}`
  ]
}

/** Every combination of the compressed tags in a wheel's file name (PEP 425). */
export function tagsOf(fileName: string): string[] | undefined {
  const name = wheelName(fileName)
  if (name === undefined) return undefined
  const { python, abi, platform } = name
  return python
    .split('.')
    .flatMap((one) =>
      abi.split('.').flatMap((two) => platform.split('.').map((three) => `${one}-${two}-${three}`))
    )
}

function wheelName(fileName: string): ReturnType<typeof parseWheelName> | undefined {
  try {
    return parseWheelName(fileName)
  } catch (thrown) {
    if (asTagproofError(thrown).code === 'archive-invalid') return undefined
    throw thrown
  }
}
