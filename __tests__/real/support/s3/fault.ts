/** What the server answers in its own words instead of a success. */
export class S3Fault extends Error {
  readonly status: number
  readonly code: string
  readonly more: Readonly<Record<string, string>>

  constructor(status: number, code: string, message: string, more: Readonly<Record<string, string>> = {}) {
    super(message)
    this.status = status
    this.code = code
    this.more = more
  }

  body(): string {
    const more = Object.entries(this.more).map(([name, value]) => `<${name}>${escaped(value)}</${name}>`)
    return `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${this.code}</Code><Message>${escaped(this.message)}</Message>${more.join('')}</Error>`
  }
}

export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`)
}
