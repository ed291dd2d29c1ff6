import { jsonWords } from '../dockerfile.ts'
import { commandOfWords, commandsOf, type Command } from '../shell.ts'
import { pythonFault } from './python-packages.ts'
import { shown, type Fault, type Sight } from './rule.ts'

/** Programs of a RUN that fetch what no lock names: the build without a network fails there, and would be right to. */
export function downloadFaults(sight: Sight): Fault[] {
  const { instruction } = sight
  if (instruction.keyword !== 'RUN') return []
  const words = jsonWords(instruction.text)
  const commands = words === null ? commandsOf(instruction.text) : commandOfWords(words)
  const faults = commands.flatMap((command, index) => {
    const line = instruction.lineOf(command.offset)
    const next = command.piped ? commands[index + 1] : undefined
    return [pipeFault(command, next, line) ?? fetchFault(command, line, sight) ?? []].flat()
  })
  // Each line is told once for each thing.
  const told = new Set<string>()
  return faults.filter(({ code, line }) => {
    const key = `${code} ${line}`
    return !told.has(key) && told.add(key)
  })
}

const fetchers = /^(curl|wget|aria2c|fetch|lynx|axel)$/
const interpreters = /^((ba|da|a|z|k)?sh|python[0-9.]*|perl|ruby|node|php|sudo)$/

function pipeFault(command: Command, next: Command | undefined, line: number): Fault | null {
  if (!fetchers.test(command.program) || next === undefined || !interpreters.test(next.program)) return null
  return {
    code: 'dockerfile-pipe',
    severity: 'warn',
    line,
    says: `runs what a server sends: ${command.program} … | ${next.program}`,
    cause: 'Nobody can review or lock such a script; the build has no network, so the step fails.',
    fix: 'Commit the script and COPY it, or install the Debian package of the program from tagproof-debs.'
  }
}

function fetchFault(command: Command, line: number, sight: Sight): Fault | null {
  return (
    debianFault(command, line, sight) ??
    pythonFault(command, line, sight) ??
    nodeFault(command, line) ??
    otherFault(command, line)
  )
}

const debianPrograms = /^(apt|apt-get|aptitude)$/
const debianVerbs = /^(update|install|upgrade|dist-upgrade|full-upgrade|build-dep|satisfy|source|download)$/

function debianFault({ program, words }: Command, line: number, { has }: Sight): Fault | null {
  const verb = words.find((word) => debianVerbs.test(word))
  if (!debianPrograms.test(program) || verb === undefined || has('tagproof-debs')) return null
  return {
    code: 'dockerfile-packages',
    severity: 'warn',
    line,
    says: `runs ${program} ${verb}, and the packages do not come from tagproof-debs.`,
    cause: 'The build has no network, so the step fails. Versions of an archive change each day.',
    fix: 'List the packages under `packages:` of the target, and write RUN --mount=from=tagproof-debs,target=/debs with deb [trusted=yes] file:/debs ./ as the only source of apt; or begin with FROM tagproof-root, which holds them.'
  }
}

/** Package managers that fetch, with the words that make them. */
const managers: readonly { program: RegExp; verb: RegExp; unless?: RegExp; lists: string }[] = [
  { program: /^apk$/, verb: /^(add|update|upgrade|fetch)$/, unless: /^--no-network$/, lists: 'Alpine' },
  {
    program: /^(dnf|yum|microdnf|tdnf)$/,
    verb: /^(install|update|upgrade|makecache|groupinstall)$/,
    lists: 'RPM'
  },
  { program: /^zypper$/, verb: /^(in|install|up|update|ref|refresh)$/, lists: 'RPM' },
  { program: /^pacman$/, verb: /^-S/, lists: 'Arch' }
]

function otherFault({ program, words }: Command, line: number): Fault | null {
  const manager = managers.find(
    (one) =>
      one.program.test(program) &&
      words.some((word) => one.verb.test(word)) &&
      !words.some((word) => one.unless?.test(word) === true)
  )
  if (manager !== undefined)
    return {
      code: 'dockerfile-packages',
      severity: 'warn',
      line,
      says: `runs ${shown([program, ...words].join(' '))}`,
      cause: `The build has no network, so the step fails; packages of ${manager.lists} cannot be locked.`,
      fix: 'Use a base image that holds them already, pinned by digest, or FROM tagproof-root with Debian packages.'
    }
  const kind = downloads.find((one) => one.fits(program, words))
  if (kind === undefined) return null
  return {
    code: kind.code,
    severity: 'warn',
    line,
    says: `runs ${shown([program, ...words].join(' ').replace(/\/\/[^/@\s]*@/g, '//'))}`,
    cause: `The build has no network, so the step fails. ${kind.cause}`,
    fix: kind.fix
  }
}

const downloads: readonly {
  code: string
  fits: (program: string, words: readonly string[]) => boolean
  cause: string
  fix: string
}[] = [
  {
    code: 'dockerfile-git',
    fits: (program, words) =>
      program === 'git' && words.some((word) => /^(clone|fetch|pull|ls-remote|submodule)$/.test(word)),
    cause: 'What a branch or tag leads to changes.',
    fix: 'Make it a submodule of this repository, and COPY it.'
  },
  {
    code: 'dockerfile-go',
    fits: (program, words) =>
      program === 'go' &&
      (words[0] === 'get' ||
        (words[0] === 'install' && words.some((word) => word.includes('@'))) ||
        (words[0] === 'mod' && words[1] === 'download')),
    cause: 'Modules of Go are not locked; @latest is another version tomorrow.',
    fix: 'Commit the modules with go mod vendor, and build with go build -mod=vendor.'
  },
  {
    code: 'dockerfile-download',
    fits: (program, words) =>
      (fetchers.test(program) &&
        words.some((word) => !word.startsWith('-') && !/localhost|127\.0\.0\.1/.test(word))) ||
      (/^(gem|cargo|bundle|composer|cpan|cpanm|luarocks|conda|mamba|R|Rscript|mvn|gradle|rustup)$/.test(
        program
      ) &&
        words.some((word) => /^(install|add|require|update|fetch|create|toolchain|package)$/.test(word)) &&
        !words.includes('--offline') &&
        !words.includes('--local')),
    cause: 'What it fetches is in no lock.',
    fix: 'Commit the file and COPY it, or take what it holds from a Debian package or a requirement that the lock names.'
  }
]

function nodeFault({ program, words }: Command, line: number): Fault | null {
  const verb = words.find((word) => !word.startsWith('-'))
  const fetching =
    (/^(npm|pnpm)$/.test(program) && verb !== undefined && /^(install|i|ci|add|update|exec)$/.test(verb)) ||
    (program === 'yarn' && (verb === undefined || /^(install|add|global|dlx)$/.test(verb))) ||
    /^(npx|corepack|bun)$/.test(program)
  if (!fetching || words.includes('--offline')) return null
  return {
    code: 'dockerfile-npm',
    severity: 'warn',
    line,
    says: `runs ${shown([program, ...words].join(' '))}`,
    cause: 'The build has no network, so the step fails; packages of npm are not locked by Tagproof.',
    fix: 'Build the assets before the tag and commit them, or ship them in the wheel; then nothing of npm is needed here.'
  }
}
