import type { Generator, TraceContext, TracedMember, Verdict } from './generator.ts'
import { installedPlace, prefixOf } from './installed.ts'
import { memberText } from './metadata/member-text.ts'
import { oneOf } from './files/verdicts.ts'

interface Command {
  /** Installed path, such as `usr/bin/herald`. */
  path: string
  module: string
  attribute: string
  /** The distribution's folder of metadata, for old scripts of setuptools. */
  distribution: string
  from: string
}

/** Scripts in `bin/` that installers write for entry points; the entry points have a rule of their own. */
export const consoleScripts: Generator = {
  name: 'console-script',
  reason:
    'Installers write a small script for each console entry point; it is derived again from entry_points.txt.',
  matches: ({ path, kind, size }, { artifact }) =>
    (artifact.kind === 'deb' || artifact.kind === 'image') &&
    kind === 'file' &&
    size <= 4096 &&
    /(^|\/)s?bin\/[^/]+$/.test(path),
  async derive(member, context) {
    const place = installedPlace(member.path, context.artifact.kind)
    if (place === undefined) return undefined
    const commands = (await commandsOf(context)).filter(({ path }) => path === place.path)
    const [first] = commands
    return first === undefined ? undefined : compare(member, commands, first)
  }
}

function compare(member: TracedMember, commands: readonly Command[], first: Command): Verdict {
  const prefix = first.path.replace(/bin\/[^/]+$/, '')
  const text = member.content?.toString('utf8') ?? ''
  const head = headOf(text, prefix)
  const candidates =
    head === undefined ? [] : commands.flatMap((command) => bodies(command).map((body) => head + body))
  return oneOf(
    member,
    candidates.length === 0
      ? commands.flatMap(bodies).map((body) => `#!/usr/bin/python3\n${body}`)
      : candidates,
    {
      maker: 'an installer',
      from: [],
      reason: `Made from ${first.from}: ${first.module}:${first.attribute}.`
    }
  )
}

/** The first line, where it names a Python of the system or of the same installation; long ones go through a shell. */
function headOf(text: string, prefix: string): string | undefined {
  const python = (path: string): boolean => {
    const installed = path.replace(/^\//, '')
    return (
      /^usr\/(local\/)?bin\/(env )?python3?(\.\d+)?$/.test(installed) ||
      (installed.startsWith(`${prefix}bin/`) &&
        /^python3?(\.\d+)?$/.test(installed.slice(`${prefix}bin/`.length)))
    )
  }
  const [line, plain = ''] = /^#!(\/[^\n]{1,400})\n/.exec(text) ?? []
  if (line !== undefined && python(plain.replace(/ -[sEI]+$/, ''))) return line
  const [long, quoted = ''] =
    /^#!\/bin\/sh\n'''exec' "?(\/[^"\n ]{1,400})"? "\$0" "\$@"\n' '''\n/.exec(text) ?? []
  return long !== undefined && python(quoted) ? long : undefined
}

/** Bodies of pip (distlib), installer, setuptools and uv, by quotes and age. */
function bodies({ module, attribute, distribution, path }: Command): string[] {
  const [name = ''] = attribute.split('.')
  const script = path.slice(path.lastIndexOf('/') + 1)
  const coding = '# -*- coding: utf-8 -*-\n'
  const frames = ["'", '"'].flatMap((quote) => {
    const main = `if __name__ == ${quote}__main__${quote}:\n`
    const cut = `    sys.argv[0] = re.sub(r${quote}(-script\\.pyw|\\.exe)?$${quote}, ${quote}${quote}, sys.argv[0])\n`
    const older = `    sys.argv[0] = re.sub(r${quote}(-script\\.pyw?|\\.exe)?$${quote}, ${quote}${quote}, sys.argv[0])\n`
    const removed = `    sys.argv[0] = sys.argv[0].removesuffix(${quote}.exe${quote})\n`
    const suffixes = `    if sys.argv[0].endswith(${quote}-script.pyw${quote}):\n        sys.argv[0] = sys.argv[0][:-11]\n    elif sys.argv[0].endswith(${quote}.exe${quote}):\n        sys.argv[0] = sys.argv[0][:-4]\n`
    const exit = `    sys.exit(${attribute}())\n`
    const start = `from ${module} import ${name}\n`
    return [
      `import re\nimport sys\n${start}${main}${cut}${exit}`,
      `import re\nimport sys\n\n${start}\n${main}${cut}${exit}`,
      `import re\nimport sys\n${start}${main}${older}${exit}`,
      `import sys\n${start}${main}${removed}${exit}`,
      `import sys\n\n${start}\n${main}${removed}${exit}`,
      `import sys\n${start}${main}${suffixes}${exit}`,
      `import sys\n${start}\n${main}${exit}`
    ]
  })
  return [...frames.map((frame) => coding + frame), ...frames, ...easyInstall(distribution, script)]
}

/** Scripts of `setup.py install`, which load the entry point by the distribution's name (setuptools' script template). */
function easyInstall(distribution: string, script: string): string[] {
  const [, name = '', version = ''] = /^(.+?)-([0-9][^-]*)(?:-py[\d.]+)?$/.exec(distribution) ?? []
  return [name, name.replaceAll('_', '-'), name.replaceAll('_', '.')].map((each) => {
    const spec = `${each}==${version}`
    return (
      `# EASY-INSTALL-ENTRY-SCRIPT: '${spec}','console_scripts','${script}'\n` +
      'import re\nimport sys\n\n# for compatibility with easy_install; see #2198\n' +
      `__requires__ = '${spec}'\n\ntry:\n    from importlib.metadata import distribution\nexcept ImportError:\n    try:\n        from importlib_metadata import distribution\n    except ImportError:\n        from pkg_resources import load_entry_point\n\n\n` +
      "def importlib_load_entry_point(spec, group, name):\n    dist_name, _, _ = spec.partition('==')\n    matches = (\n        entry_point\n        for entry_point in distribution(dist_name).entry_points\n        if entry_point.group == group and entry_point.name == name\n    )\n    return next(matches).load()\n\n\n" +
      "globals().setdefault('load_entry_point', importlib_load_entry_point)\n\n\nif __name__ == '__main__':\n    sys.argv[0] = re.sub(r'(-script\\.pyw?|\\.exe)?$', '', sys.argv[0])\n" +
      `    sys.exit(load_entry_point('${spec}', 'console_scripts', '${script}')())\n`
    )
  })
}

const known = new WeakMap<TraceContext, Promise<Command[]>>()

function commandsOf(context: TraceContext): Promise<Command[]> {
  const held = known.get(context)
  if (held !== undefined) return held
  const reading = read(context)
  known.set(context, reading)
  return reading
}

async function read(context: TraceContext): Promise<Command[]> {
  const commands: Command[] = []
  for (const member of context.members.values()) {
    const place = installedPlace(member.path, context.artifact.kind)
    const [, distribution] = /^([^/]+)\.(?:dist|egg)-info\/entry_points\.txt$/.exec(member.inner) ?? []
    if (place?.site == null || distribution === undefined) continue
    const text = (await memberText(member, context))?.toString('utf8') ?? ''
    let group = ''
    for (const line of text.split('\n').map((each) => each.trim())) {
      if (line.startsWith('[')) group = line
      const [, name, module, attribute] = /^([^\s=]+)\s*=\s*([\w.]+)\s*:\s*([\w.]+)/.exec(line) ?? []
      if (name === undefined || module === undefined || attribute === undefined) continue
      if (group !== '[console_scripts]' && group !== '[gui_scripts]') continue
      commands.push({
        path: `${prefixOf(place.site)}bin/${name}`,
        module,
        attribute,
        distribution,
        from: member.path
      })
    }
  }
  return commands
}
