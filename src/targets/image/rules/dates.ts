import { jsonWords } from '../dockerfile.ts'
import { expand } from '../expansion.ts'
import { commandOfWords, commandsOf } from '../shell.ts'
import { assignmentsOf } from '../stages.ts'
import { shown, type Fault, type Sight } from './rule.ts'

/** Names under which people keep the time of a build, such as `BUILD_DATE` or `org.opencontainers.image.created`. */
const timeNames =
  /(^|[._-])(created|built|(build|vcs|commit)[._-]?(date|time|timestamp)|(date|time)[._-]?(built|created))$|^(date|timestamp|now)$/i
const timeValues = /\b(19|20)\d\d-?[01]\d-?[0-3]\d([T ]|\b)/

/** The time of a build, which is another one each time, in variables, labels and files. */
export function dateFaults(sight: Sight): Fault[] {
  const { keyword } = sight.instruction
  if (keyword === 'RUN') return programFaults(sight)
  return ['ARG', 'ENV', 'LABEL'].includes(keyword) ? valueFaults(sight) : []
}

function valueFaults({ instruction, all, values, given }: Sight): Fault[] {
  const { keyword, line } = instruction
  return assignmentsOf(instruction, all.escape).flatMap(({ name, written }): Fault[] => {
    const key = name.replace(/^(["'])(.*)\1$/, '$2')
    if (written !== null && /\$\(|`/.test(written))
      return [
        {
          code: 'dockerfile-date',
          severity: 'warn',
          line,
          says: `gives ${shown(key)} the text ${shown(written)}, in which no command is run.`,
          cause: `${keyword} knows variables, and no commands: the text itself goes into the image.`,
          fix: 'Write the value, or take it in a RUN; the time of the release is in SOURCE_DATE_EPOCH, behind ARG SOURCE_DATE_EPOCH.'
        }
      ]
    if (!timeNames.test(key)) return []
    if (keyword === 'ARG' && (given.arguments[key] ?? written ?? all.globals.get(key)) === undefined)
      return [
        {
          code: 'dockerfile-date',
          severity: 'warn',
          line,
          says: `asks for ${shown(key)}, which has no value in a build of a release.`,
          cause: 'The time of a build is another one each time, so no two builds would make the same image.',
          fix: 'Write ARG SOURCE_DATE_EPOCH in its place: every build of the tag has its value, the time of the commit.'
        }
      ]
    const value = expand(written ?? '', values, all.escape).text
    if (!timeValues.test(value)) return []
    return [
      {
        code: 'dockerfile-date',
        severity: 'note',
        line,
        says: `states a time: ${shown(key)} is ${shown(value)}.`,
        cause: 'It is the same in each build, and is true of one of them at most.',
        fix: 'Leave it out: registries and the evidence of the release tell the time of the commit.'
      }
    ]
  })
}

/** Forms that tell another time than that of the step: a given one, that of a file, or how `date` is used. */
const otherTime = /^(-d|--date|-r|--reference|-f|--file|--help|--version|-s|--set)/

function programFaults({ instruction }: Sight): Fault[] {
  const words = jsonWords(instruction.text)
  const commands = words === null ? commandsOf(instruction.text) : commandOfWords(words)
  const lines = commands
    .filter(({ program, words: given }) => program === 'date' && !given.some((word) => otherTime.test(word)))
    .map(({ offset }) => instruction.lineOf(offset))
  return [...new Set(lines)].map((line) => ({
    code: 'dockerfile-date',
    severity: 'warn',
    line,
    says: 'asks for the time of the build.',
    cause: 'World b has a later clock, so what is written with it differs, and the proof refuses it.',
    fix: 'Write ARG SOURCE_DATE_EPOCH before the step, and date --utc --date=@$SOURCE_DATE_EPOCH in it.'
  }))
}
