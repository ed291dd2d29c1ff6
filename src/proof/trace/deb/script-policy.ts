import type { Finding } from '../../../documents/proof.ts'
import { scriptFindings, type ScriptFinding } from '../../../targets/deb/scripts/script-findings.ts'
import type { TraceContext } from '../generator.ts'
import { refusal } from '../policy.ts'
import { debianFiles, debPackage } from './package.ts'

const scriptNames = ['preinst', 'postinst', 'prerm', 'postrm', 'config'] as const

/**
 * What the maintainer scripts that are in a deb must not do, whoever wrote them: those of the tree, what debhelper adds,
 * and what the settings of the target give. A script whose content cannot be seen is refused.
 */
export async function maintainerScriptFindings(context: TraceContext): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const name of scriptNames) {
    const member = context.members.get(`DEBIAN/${name}`)
    if (member === undefined) continue
    const text = (await context.content(member.path))?.toString('utf8')
    if (text === undefined) {
      findings.push(unseen(context, member.path))
      continue
    }
    for (const found of scriptFindings(text, member.path))
      findings.push(told(context, found, member.path, await sourceOf(context, name, text, found.line)))
  }
  return findings
}

function told({ artifact }: TraceContext, found: ScriptFinding, path: string, source: string): Finding {
  const { severity, code, where, message, fix } = found
  return {
    ...refusal(artifact.name, path, {
      code,
      message: `${where}${source}: ${message} ${JSON.stringify(found.found)}`,
      cause: 'The script runs as root on every machine that installs the package.',
      fix
    }),
    severity
  }
}

function unseen({ artifact }: TraceContext, path: string): Finding {
  return refusal(artifact.name, path, {
    code: 'maintainer-script',
    message: `${path} is too large to be read.`,
    cause: 'The script runs as root on every machine that installs the package.',
    fix: 'Write it as a shell script of at most 256 KiB.'
  })
}

/** Where the line stands in the tree: a script of `debian/` gets lines of debhelper, one of the settings lines of ours. */
async function sourceOf(
  context: TraceContext,
  name: (typeof scriptNames)[number],
  text: string,
  line: number
): Promise<string> {
  const wanted = text.split('\n')[line - 1] ?? ''
  for (const path of await candidates(context, name)) {
    const lines = (await context.tree.read(path))?.toString('utf8').split('\n') ?? []
    const at = lines.indexOf(wanted)
    if (at >= 0 && wanted.trim() !== '') return ` (${path}:${at + 1})`
  }
  return ''
}

async function candidates(context: TraceContext, name: (typeof scriptNames)[number]): Promise<string[]> {
  const settings = context.target?.deb?.mode === 'venv' ? context.target.deb.venv : undefined
  const own = name === 'config' ? undefined : settings?.scripts[name]
  if (settings !== undefined) return own === undefined ? [] : [own]
  const deb = await debPackage(context)
  return deb === undefined ? [] : debianFiles(context, deb, name)
}
