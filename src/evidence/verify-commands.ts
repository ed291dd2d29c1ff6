import type { ReleaseArtifact } from '../documents/release.ts'
import { block, text } from './markdown.ts'

/** Kinds of packages have a command each; further packages of a kind are checked in the same way. */
const mostOfKind = 3

/**
 * Commands with which anybody checks a release, to copy into a shell: run beside `packages/` and `SHA256SUMS`. A name
 * is quoted for the shell, and one that a terminal would not show as it is has no command.
 */
export function verifyCommands(tag: string, artifacts: readonly ReleaseArtifact[]): string {
  const debs = artifacts.filter(({ kind }) => kind === 'deb')
  const images = artifacts.filter(({ kind }) => kind === 'image')
  const lines = [
    '# the files are those of this table',
    '(cd packages && sha256sum --check --strict ../SHA256SUMS)',
    ...(isPlain(tag)
      ? ['# in a clone of the project: where every member comes from', traceCommand(tag)]
      : []),
    ...artifacts
      .filter(({ adopted, name }) => adopted?.sets === 1 && isPlain(name))
      .map(({ name }) => `# traced, not proven: ${name} was built once, by another job`),
    ...about('what a package says of itself, and holds', debs, ({ name }) => {
      const file = shellQuoted(`packages/${name}`)
      return [`dpkg-deb --info ${file} && dpkg-deb --contents ${file}`]
    }),
    ...about(
      'the image is in its file under its digest: the same hash comes out',
      images,
      ({ name, image }) => {
        const hash = image?.digest.slice('sha256:'.length)
        const file = shellQuoted(`packages/${name}`)
        return hash === undefined ? [] : [`tar -xOf ${file} blobs/sha256/${hash} | sha256sum # ${hash}`]
      }
    )
  ]
  return [
    'To check it, beside `packages/` and `SHA256SUMS`:',
    block(lines.join('\n'), 'sh'),
    digestLines(images)
  ]
    .filter((part) => part !== '')
    .join('\n\n')
}

function traceCommand(tag: string): string {
  return `tagproof trace packages/* --tag ${shellQuoted(tag)}`
}

function about(
  what: string,
  artifacts: readonly ReleaseArtifact[],
  command: (artifact: ReleaseArtifact) => string[]
): string[] {
  const lines = artifacts
    .filter(({ name }) => isPlain(name))
    .slice(0, mostOfKind)
    .flatMap(command)
  const more = artifacts.length > lines.length ? [`# and ${artifacts.length - lines.length} more`] : []
  return lines.length === 0 ? [] : [`# ${what}`, ...lines, ...more]
}

function digestLines(images: readonly ReleaseArtifact[]): string {
  return images
    .flatMap(({ image }) => (image === undefined ? [] : [`- ${text(image.repository)}@${image.digest}`]))
    .join('\n')
}

/** What a terminal and a reader see as it is. */
function isPlain(value: string): boolean {
  return /^[\x20-\x7e]+$/.test(value)
}

/** One word for a POSIX shell, whatever it holds. */
function shellQuoted(value: string): string {
  return /^[A-Za-z0-9_./:=@%+,~-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`
}
