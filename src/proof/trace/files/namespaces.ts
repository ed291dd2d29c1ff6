import { parseWheelName } from '../../../formats/wheel.ts'
import type { Generator, TraceContext, TracedMember, Verdict } from '../generator.ts'
import { listOf } from '../../../formats/ini.ts'
import { at, asTexts } from '../metadata/toml-values.ts'
import { projectConfiguration } from './project.ts'
import { oneOf } from './verdicts.ts'

/** A line of setuptools' `Installer._nspkg_tmpl` (setuptools/namespaces.py); `if` was dropped in 69.1. */
interface Template {
  hasTest: string
  lines: readonly string[]
}

const finder = (name: string): string =>
  `sys.modules.setdefault(${name}, importlib.util.module_from_spec(importlib.machinery.PathFinder.find_spec(${name}, [os.path.dirname(p)])))`

const templates: readonly Template[] = [
  { hasTest: '', lines: [] },
  { hasTest: 'has_mfs and ', lines: ['has_mfs = sys.version_info > (3, 5)'] }
]

/** `name-1.0-py3.11-nspkg.pth` for packages that are declared as namespaces in the old way. */
export const namespacePackages: Generator = {
  name: 'nspkg-pth',
  reason:
    'setuptools makes namespace packages of the old kind importable by a .pth file with one line for each.',
  matches: ({ inner, kind }, { artifact }) =>
    artifact.kind !== 'sdist' && kind === 'file' && /^[^/]+-py\d\.\d+-nspkg\.pth$/.test(inner),
  derive: deriveNamespaces
}

async function deriveNamespaces(member: TracedMember, context: TraceContext): Promise<Verdict | undefined> {
  if (member.content === null || !isOwnName(member, context)) return undefined
  const { names, from } = await declaredNamespaces(context)
  const all = [...new Set(names.flatMap(withParents))].sort()
  if (all.length === 0 || !all.every((name) => isPackage(name, context))) return undefined
  return oneOf(
    member,
    templates.flatMap((template) => {
      const lines = all.map((name) => lineOf(name, template))
      // Until setuptools 75 a parent that two packages share was written twice.
      const repeated = names
        .flatMap(withParents)
        .sort()
        .map((name) => lineOf(name, template))
      return [lines.join(''), repeated.join('')]
    }),
    { maker: 'setuptools', from }
  )
}

function lineOf(name: string, { hasTest, lines }: Template): string {
  const quoted = `'${name}'`
  const parts = name.split('.')
  const tuple = parts.length === 1 ? `('${name}',)` : `(${parts.map((part) => `'${part}'`).join(', ')})`
  const child = parts.at(-1) ?? ''
  const parent = parts.slice(0, -1).join('.')
  return `${[
    'import sys, types, os',
    ...lines,
    `p = os.path.join(sys._getframe(1).f_locals['sitedir'], *${tuple})`,
    `importlib = ${hasTest}__import__('importlib.util')`,
    `${hasTest}__import__('importlib.machinery')`,
    `m = ${hasTest}${finder(quoted)}`,
    `m = m or sys.modules.setdefault(${quoted}, types.ModuleType(${quoted}))`,
    `mp = (m or []) and m.__dict__.setdefault('__path__',[])`,
    `(p not in mp) and mp.append(p)`,
    ...(parent === '' ? [] : [`m and setattr(sys.modules['${parent}'], '${child}', m)`])
  ].join(';')}\n`
}

/** The file is called after the wheel, with the Python that built it: other names are of no setuptools. */
function isOwnName({ inner }: TracedMember, { artifact, members }: TraceContext): boolean {
  const plain = (text: string): string => text.toLowerCase().replace(/[-_.]+/g, '-')
  if (artifact.kind !== 'wheel') {
    const own = plain(inner.replace(/-py\d\.\d+-nspkg\.pth$/, ''))
    return [...members.values()].some((member) => {
      const [, distribution = ''] = /^([^/]+)\.(?:dist|egg)-info\//.exec(member.inner) ?? []
      return plain(distribution.replace(/-py\d\.\d+$/, '')) === own
    })
  }
  const { name, version } = parseWheelName(artifact.name)
  return plain(inner.replace(/-py\d\.\d+-nspkg\.pth$/, '')) === plain(`${name}-${version}`)
}

/** As the project's files declare them; else as the wheel's own metadata, which has its own rule, lists them. */
async function declaredNamespaces(context: TraceContext): Promise<{ names: string[]; from: string[] }> {
  const { pyproject, setupCfg, setupPy } = await projectConfiguration(context)
  const options = setupCfg.get('options')
  const keyword = /\bnamespace_packages\s*=\s*[[(]([^\])]{0,4000})[\])]/.exec(setupPy)?.[1]
  const sources: [string, string[]][] = [
    ['setup.cfg', listOf(options?.get('namespace_packages') ?? options?.get('namespace-packages') ?? '')],
    ['pyproject.toml', asTexts(at(pyproject, 'tool.setuptools.namespace-packages') ?? [])],
    ['setup.py', [...(keyword ?? '').matchAll(/["']([\w.]+)["']/g)].map(([, name = '']) => name)]
  ]
  for (const [file, names] of sources)
    if (names.length > 0) return { names: names.filter(isDotted), from: [context.folder + file] }
  const listed = [...context.members.values()].find(({ inner }) =>
    /^[^/]+\.dist-info\/namespace_packages\.txt$/.test(inner)
  )?.path
  const text = listed === undefined ? '' : ((await context.content(listed))?.toString('utf8') ?? '')
  const setup = setupPy === '' ? [] : [`${context.folder}setup.py`]
  return {
    names: text
      .split('\n')
      .map((line) => line.trim())
      .filter(isDotted),
    from: setup
  }
}

function isDotted(name: string): boolean {
  return /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/.test(name)
}

function withParents(name: string): string[] {
  const parts = name.split('.')
  return parts.map((_, at) => parts.slice(0, at + 1).join('.'))
}

function isPackage(name: string, { members }: TraceContext): boolean {
  const folder = `${name.replaceAll('.', '/')}/`
  return [...members.values()].some(({ inner }) => inner.startsWith(folder))
}
