import { sha256OfBytes } from '../../platform/files.ts'
import type { Generator, TraceContext, TracedMember, Verdict } from './generator.ts'
import { installedPlace, layerOf } from './installed.ts'
import { oneOf } from './files/verdicts.ts'

const scripts = /^(.*\/)?bin\/(activate|activate\.csh|activate\.fish|Activate\.ps1)$/

/**
 * `bin/activate` and its like (PEP 405 leaves them to the tool; `venv.EnvBuilder.install_scripts`): templates of Python's
 * own module with the place of the environment in them.
 */
export const environmentScripts: Generator = {
  name: 'venv-activate',
  reason: 'The module venv of Python writes its scripts from templates, with the path of the environment.',
  matches: ({ path, kind }, { artifact }) =>
    kind === 'file' && scripts.test(installedPlace(path, artifact.kind)?.path ?? ''),
  derive: (member, context) => Promise.resolve(deriveScript(member, context))
}

function deriveScript(member: TracedMember, context: TraceContext): Verdict | undefined {
  const place = installedPlace(member.path, context.artifact.kind)
  const [, folder = '', name = ''] = scripts.exec(place?.path ?? '') ?? []
  const settings = context.members.get(`${layerOf(member.path)}${folder}pyvenv.cfg`)
  const templates = templatesOf(name, context)
  if (settings === undefined || templates.length === 0) return undefined
  const prompt = /^prompt = '?([\w.-]+)'?$/m.exec(settings.content?.toString('utf8') ?? '')?.[1]
  const values = variablesOf(`/${folder.replace(/\/$/, '')}`, prompt)
  // Python has put quotes around what it fills in since gh-124651; templates of before have quotes of their own.
  const written = templates.flatMap((template) => [
    filled(template, values, name.endsWith('.ps1') ? quotedForPowerShell : quotedForShell),
    filled(template, values, (value) => value)
  ])
  // A template without variables is a file of the root, whose content is not held.
  if (written.some((text) => sha256OfBytes(text) === member.sha256)) return { traced: true, from: [] }
  return oneOf(member, written, { maker: 'the module venv', from: [] })
}

/** Templates in the clean root; the text of another Python than the lock's is not known. */
function templatesOf(name: string, { evidence }: TraceContext): string[] {
  return (evidence?.roots ?? []).flatMap(({ texts }) =>
    [...texts].flatMap(([path, text]) =>
      path.includes('/venv/scripts/') && path.endsWith(`/${name}`) ? [text] : []
    )
  )
}

function variablesOf(environment: string, prompt: string | undefined): [string, string][] {
  const own = environment.slice(environment.lastIndexOf('/') + 1)
  return [
    ['__VENV_DIR__', environment],
    ['__VENV_NAME__', own],
    ['__VENV_PROMPT__', `(${prompt ?? own}) `],
    ['__VENV_BIN_NAME__', 'bin'],
    ['__VENV_PYTHON__', `${environment}/bin/python3`]
  ]
}

function filled(
  template: string,
  values: readonly [string, string][],
  quote: (value: string) => string
): string {
  return values.reduce((text, [name, value]) => text.replaceAll(name, () => quote(value)), template)
}

/** `shlex.quote` of Python. */
function quotedForShell(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", `'"'"'`)}'`
}

function quotedForPowerShell(value: string): string {
  return `'${value.replaceAll("'", "''")}'`
}
