import {
  decoders,
  interpreters,
  reserved,
  ruleAgainst,
  ruleAgainstCode,
  shells,
  unpackers,
  wrappers
} from './script-rules.ts'
import { escaped } from './shell-escapes.ts'
import { substitutionMark, variableMark, type ShellCommand, type ShellPipeline } from './shell-command.ts'
import { shellPipelines } from './shell-words.ts'

/** One thing that is said of a maintainer script. */
export interface ScriptFinding {
  code: 'maintainer-script'
  severity: 'refuse' | 'warn'
  /** `path:line`. */
  where: string
  /** From 1. */
  line: number
  /** The command, shortened. */
  found: string
  message: string
  fix: string
}

const largestScript = 256 * 1024
const longestFound = 160
const mostFindings = 50
const shebang = /^#![ \t]*\/(?:usr\/)?bin\/(?:sh|dash|bash)(?:[ \t]+(-[a-z]+))?[ \t]*$/

/**
 * What a maintainer script must not do: fetch or run something from a network, install packages, run text that it
 * decodes; and what makes it unclean. It runs as root on every machine that installs the package, so nothing in it may
 * depend on what a server says that day. Pure.
 *
 * @param path how the script is called in findings
 */
export function scriptFindings(text: string, path: string): ScriptFinding[] {
  const findings: ScriptFinding[] = []
  const add = (
    severity: ScriptFinding['severity'],
    line: number,
    found: string,
    message: string,
    fix: string
  ): void => {
    const where = `${path}:${line}`
    const shown = shorten(found)
    const known = findings.some((one) => one.where === where && one.message === message)
    if (!known && findings.length < mostFindings)
      findings.push({ code: 'maintainer-script', severity, where, line, found: shown, message, fix })
  }
  const [first = ''] = text.split('\n', 1)
  if (
    text.length > largestScript ||
    text.includes('\0') ||
    text.includes('\ufffd') ||
    /[\r\ue000\ue001]/.test(text)
  ) {
    add(
      'refuse',
      1,
      `${text.length} characters`,
      'The script is no plain text with Unix line ends.',
      'Write it as a shell script of at most 256 KiB in UTF-8.'
    )
    return findings
  }
  const options = shebang.exec(first)
  if (options === null) {
    add(
      'refuse',
      1,
      first,
      'The script does not begin with #!/bin/sh or #!/bin/bash, so what it runs cannot be told.',
      'Write it as a shell script (Debian Policy 6.1); or add a waiver with a reason for check traced, code maintainer-script.'
    )
    return findings
  }
  let pipelines: ShellPipeline[]
  try {
    pipelines = shellPipelines(text)
  } catch (error) {
    add(
      'refuse',
      1,
      first,
      `The script cannot be read: ${(error as Error).message}.`,
      'Correct it; sh -n says where.'
    )
    return findings
  }
  const commands = pipelines.flatMap((pipeline) => pipeline.commands)
  const unpacked = commands.filter(({ words }) =>
    words.some(({ text: word }) => unpackers.test(baseName(word)))
  )
  const state: Walk = { variables: new Map(), unpacked: new Set(unpacked.map(({ line }) => line)), add }
  for (const pipeline of inOrder(pipelines)) checkPipeline(pipeline, state)
  if (options[1]?.includes('e') !== true && !pipelines.some(setsErrexit))
    add(
      'warn',
      1,
      first,
      'The script does not stop at the first error.',
      'Add a line `set -e` (Debian Policy 10.4).'
    )
  return findings
}

type Add = (
  severity: ScriptFinding['severity'],
  line: number,
  found: string,
  message: string,
  fix: string
) => void

interface Walk {
  /** Constant values of variables, as far as they were assigned. */
  variables: Map<string, string>
  /** Lines in which something is decoded. */
  unpacked: ReadonlySet<number>
  add: Add
}

const bring = 'Ship what it needs in the package, or name the package that has it in `depends`.'

/** Assignments count for what follows, also for substitutions that are read apart. */
function inOrder(pipelines: readonly ShellPipeline[]): ShellPipeline[] {
  const line = ({ commands }: ShellPipeline): number => commands[0]?.line ?? 0
  return [...pipelines].sort((one, other) => line(one) - line(other))
}

function checkPipeline({ commands }: ShellPipeline, walk: Walk): void {
  const programs = commands.map((command) => checkCommand(command, walk))
  for (const [at, command] of commands.entries()) {
    const [program = ''] = programs[at] ?? []
    const fed = at > 0 || command.input !== ''
    const takesInput = (programs[at] ?? []).slice(1).every((word) => word.startsWith('-') && word !== '-c')
    if (!interpreters.test(program) || !fed || !takesInput) continue
    const decoded = commands.slice(0, at).some((_, before) => decoders.test(programs[before]?.[0] ?? ''))
    const text = commands.map(textOf).join(' | ')
    if (at > 0)
      walk.add(
        'refuse',
        command.line,
        text,
        decoded ? 'It runs text that it decodes.' : 'It runs text that another program writes.',
        bring
      )
    else if (shells.test(program))
      for (const pipeline of nestedScript(command.input, command.line)) checkPipeline(pipeline, walk)
    else {
      const why = ruleAgainstCode(program, command.input)
      if (why !== null) walk.add('refuse', command.line, text, `It ${why}.`, bring)
    }
  }
}

/** Checks one command and returns its words with the program first, once wrappers and assignments are off. */
function checkCommand(command: ShellCommand, walk: Walk, depth = 0): string[] {
  const words = command.words.map(({ text }) => expand(text, walk.variables))
  const shown = textOf(command)
  for (const place of [...words, ...command.redirects.map((text) => expand(text, walk.variables))])
    if (/\/dev\/(tcp|udp)\//.test(place))
      walk.add('refuse', command.line, shown, 'It opens a connection through /dev/tcp.', bring)
  while (words.length > 0 && (reserved.has(words[0] ?? '') || assign(words[0] ?? '', walk.variables)))
    words.shift()
  const [first = '', ...rest] = words
  if (first === '' || depth > 10) return words
  const program = baseName(first)
  // Asks whether there is such a program.
  if (program === 'command' && /^-[vV]$/.test(rest[0] ?? '')) return [program, ...rest]
  if (first.includes(variableMark) || first.includes(substitutionMark)) {
    const known = /^["']?\ue000(DPKG_MAINTSCRIPT_\w+|@)\ue000$/.test(first)
    if (!known)
      walk.add(
        'warn',
        command.line,
        shown,
        'It runs a program whose name is not in the script.',
        'Write the name of the program.'
      )
    return [program, ...rest]
  }
  const why = ruleAgainst(program, rest)
  if (why !== null) walk.add('refuse', command.line, shown, `It ${why}.`, bring)
  checkInner(command, program, rest, walk, depth)
  if (wrappers.test(program)) {
    // Which words are options of the wrapper's own is not known: any of them may be the program.
    for (const [at] of rest.entries()) {
      const inner = { ...command, words: rest.slice(at).map((text) => ({ text })), input: '' }
      const name = baseName(rest[at] ?? '')
      if (ruleAgainst(name, rest.slice(at + 1)) !== null || wrappers.test(name) || interpreters.test(name))
        return checkCommand(inner, walk, depth + 1)
    }
  }
  return [program, ...rest]
}

/** `sh -c TEXT`, `eval TEXT`, `su -c TEXT`, `trap TEXT`: the text is a script. */
function checkInner(
  command: ShellCommand,
  program: string,
  words: readonly string[],
  walk: Walk,
  depth: number
): void {
  const flag = words.findIndex((word) => /^-[a-z]*c$/.test(word))
  const isShell = interpreters.test(program) && !/^(python|perl|ruby|node|php|lua|tclsh)/.test(program)
  const text =
    program === 'eval' || program === 'trap'
      ? words.join(' ')
      : (isShell || program === 'su' || program === 'runuser') && flag >= 0
        ? (words[flag + 1] ?? '')
        : ''
  if (text === '') return
  const hidden = text.includes(substitutionMark) || text.includes(variableMark)
  if (hidden && program === 'eval') {
    const decoded = walk.unpacked.has(command.line)
    walk.add(
      decoded ? 'refuse' : 'warn',
      command.line,
      textOf(command),
      decoded ? 'It runs text that it decodes.' : 'It runs text that is not in the script.',
      'Write the commands themselves.'
    )
  }
  if (depth < 5) for (const pipeline of nestedScript(text, command.line)) checkPipeline(pipeline, walk)
}

function nestedScript(text: string, line: number): ShellPipeline[] {
  try {
    return shellPipelines(text, line, 1)
  } catch {
    return []
  }
}

/** Whether a word assigns; a constant is kept for later. */
function assign(word: string, variables: Map<string, string>): boolean {
  const [, name = '', value = ''] = /^([A-Za-z_]\w*)\+?=([^]*)$/.exec(word) ?? []
  if (name === '') return false
  if (value.includes(variableMark) || value.includes(substitutionMark)) variables.delete(name)
  else variables.set(name, value)
  return true
}

/** Constants for variables; what is not known stays marked. */
function expand(text: string, variables: ReadonlyMap<string, string>): string {
  const whole = text.replace(/\ue000([^\ue000]*)\ue000/g, (mark, name: string) => variables.get(name) ?? mark)
  return /\\(x[0-9a-fA-F]|[0-7]{3})/.test(whole) ? escaped(whole) : whole
}

function baseName(word: string): string {
  return word.slice(word.lastIndexOf('/') + 1)
}

function setsErrexit({ commands }: ShellPipeline): boolean {
  return commands.some(
    ({ words: [first, ...rest] }) =>
      first?.text === 'set' && rest.some(({ text }) => /^-[a-z]*e/.test(text) || text === 'errexit')
  )
}

function textOf({ words }: ShellCommand): string {
  return words
    .map(({ text }) => text.replace(/\ue000([^\ue000]*)\ue000/g, '$$$1').replaceAll(substitutionMark, '$(…)'))
    .join(' ')
}

function shorten(text: string): string {
  const line = text.replace(/\s+/g, ' ')
  return line.length > longestFound ? `${line.slice(0, longestFound)}…` : line
}
