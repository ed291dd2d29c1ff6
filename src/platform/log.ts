/** What stages tell the user while they work. Everything goes to stderr; documents go to stdout. */
export interface Log {
  /** One line that stays. */
  info(line: string): void
  warn(line: string): void
  /** A stage or part of one begins; the returned handle says what it is doing and how it ended. */
  begin(title: string): Progress
}

export interface Progress {
  /** The last line of output of what runs now. */
  line(text: string): void
  done(summary?: string): void
  failed(summary?: string): void
}

/** For tests and for library use. */
export const silentLog: Log = {
  info: () => undefined,
  warn: () => undefined,
  begin: () => ({ line: () => undefined, done: () => undefined, failed: () => undefined })
}
