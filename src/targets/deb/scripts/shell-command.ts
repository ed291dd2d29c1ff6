/**
 * A word without its quotes. A variable stands there as its name between two {@link variableMark}, any other
 * substitution as {@link substitutionMark}.
 */
export interface ShellWord {
  text: string
}

export interface ShellCommand {
  /** Of its first word, from 1. */
  line: number
  words: ShellWord[]
  /** Files that it reads or writes by redirection. */
  redirects: string[]
  /** What is fed to it: here-documents and here-strings. */
  input: string
}

/** Commands joined by `|`. */
export interface ShellPipeline {
  commands: ShellCommand[]
}

export const variableMark = '\ue000'
export const substitutionMark = '\ue001'
