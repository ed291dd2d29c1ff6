import type { Command } from '../shell.ts'
import { shown, type Fault, type Sight } from './rule.ts'

/** Installers of Python that ask an index, and how to tell that they do not. */
export function pythonFault(command: Command, line: number, sight: Sight): Fault | null {
  const pip = pipWords(command)
  if (pip !== null) return pipFault(pip, command, line, sight)
  const { program, words } = command
  const verb = words.find((word) => !word.startsWith('-')) ?? ''
  const other =
    (program === 'poetry' && /^(install|add|update|sync)$/.test(verb)) ||
    (program === 'pipenv' && /^(install|sync|update)$/.test(verb)) ||
    (program === 'pdm' && /^(install|sync|add|update)$/.test(verb)) ||
    (program === 'uv' && /^(sync|add|tool|run)$/.test(verb)) ||
    (/^(pipx|easy_install)$/.test(program) && verb !== '')
  if (!other || words.includes('--offline') || words.includes('--no-index')) return null
  return {
    code: 'dockerfile-pip',
    severity: 'warn',
    line,
    says: `runs ${shown([program, ...words].join(' '))}, which asks a package index.`,
    cause,
    fix
  }
}

const cause = 'The build has no network, so the step fails; what an index offers is not what the lock names.'
const fix =
  'Write RUN --mount=from=tagproof-wheels,target=/wheels --mount=from=tagproof-wheel,target=/wheel pip install --no-index --find-links=/wheels /wheel/*.whl; the lock names the wheels of `requirements:`, or those that the wheel itself asks for.'

/** What pip is asked for, behind `pip`, `python -m pip` or `uv pip`; null for anything else. */
function pipWords({ program, words }: Command): string[] | null {
  if (/^pip[0-9.]*$/.test(program)) return words
  if (program === 'uv' && words[0] === 'pip') return words.slice(1)
  const at = /^(python|pypy)[0-9.]*$/.test(program) ? words.indexOf('-m') : -1
  return at >= 0 && words[at + 1] === 'pip' ? words.slice(at + 2) : null
}

function pipFault(words: readonly string[], command: Command, line: number, { values }: Sight): Fault | null {
  const verb = words.find((word, at) => !word.startsWith('-') && !takesValue.test(words[at - 1] ?? '')) ?? ''
  if (!/^(install|download|wheel|sync)$/.test(verb)) return null
  const noIndex =
    words.includes('--no-index') ||
    words.includes('--offline') ||
    isOn(command.assignments.get('PIP_NO_INDEX') ?? values.get('PIP_NO_INDEX'))
  if (noIndex || isLocal(words)) return null
  const hashes = words.includes('--require-hashes')
  return {
    code: 'dockerfile-pip',
    severity: 'warn',
    line,
    says: `runs pip ${shown(words.join(' '))}, which asks a package index${hashes ? ' although the hashes are known' : ''}.`,
    cause,
    fix
  }
}

/** Options before the verb whose value is a word of its own. */
const takesValue =
  /^--(python|log|proxy|timeout|retries|cache-dir|cert|client-cert|trusted-host|exists-action)$/

function isOn(value: string | undefined): boolean {
  return value !== undefined && !/^(0|false|no|off|)$/i.test(value)
}

/** `pip install --no-deps x.whl` asks nobody. */
function isLocal(words: readonly string[]): boolean {
  const named = words.filter((word) => !word.startsWith('-') && !/^(install|download|wheel)$/.test(word))
  return words.includes('--no-deps') && named.length > 0 && named.every((word) => word.endsWith('.whl'))
}
