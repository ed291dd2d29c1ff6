import { clean } from '@renovatebot/pep440'
import { normalise } from './state.ts'

const platforms = [
  /^any$/,
  /^win(32|_arm64|_amd64|_ia64)$/,
  /^macosx_10_\d+_(ppc|ppc64|i386|x86_64|arm64|intel|fat|fat3|fat64|universal|universal2)$/,
  /^macosx_(11|12|13|14|15|26)_0_(x86_64|arm64|universal2)$/,
  /^manylinux(1|2010|2014)_(x86_64|i686|aarch64|armv7l|ppc64|ppc64le|s390x)$/,
  /^(many|musl)linux_\d+_\d+_(x86_64|i686|aarch64|armv7l|ppc64|ppc64le|s390x|riscv64)$/,
  /^linux_armv[67]l$/
]

/** What is wrong with the name of a file for this project and version, in the words of the index; null: nothing. */
export function nameProblem(
  filename: string,
  filetype: string,
  project: string,
  version: string
): string | null {
  const expected = normalise(project).replaceAll('-', '_')
  if (filetype === 'sdist') {
    const right = `${expected}-${clean(version) ?? version}.tar.gz`
    return filename === right ? null : `Filename '${filename}' is invalid, should be '${right}'.`
  }
  const parts = filename.slice(0, -'.whl'.length).split('-')
  if (parts.length < 5 || parts.length > 6)
    return `Invalid wheel filename (wrong number of parts): '${filename}'`
  const bad = (parts.at(-1) ?? '').split('.').find((tag) => !platforms.some((one) => one.test(tag)))
  if (bad !== undefined) return `Binary wheel '${filename}' has an unsupported platform tag '${bad}'.`
  if (parts[0] !== expected)
    return `Filename '${filename}' should contain the normalized project name '${expected}', not '${parts[0] ?? ''}'.`
  return clean(parts[1] ?? '') === clean(version)
    ? null
    : `Version in filename should be '${version}' not '${parts[1] ?? ''}'.`
}

/** What no name of a file may hold, and which endings go with which type. */
export function fileProblem(filename: string, filetype: string): string | null {
  if (/\p{Cc}/u.test(filename)) return 'Cannot upload a file with non-printable characters in the name.'
  if (/[/\\]/.test(filename)) return "Cannot upload a file with '/' or '\\' in the name."
  const extension = /\.(tar\.gz|zip|whl)$/i.exec(filename)?.[0]
  if (extension === undefined) return 'Invalid file extension: Use .tar.gz, .whl or .zip extension.'
  return (filetype === 'bdist_wheel') === (extension === '.whl')
    ? null
    : `Invalid file extension: Extension ${extension} is invalid for filetype ${filetype}.`
}
