/** What a form of the upload came with. Fields in the order sent; a name may come again. */
export interface Form {
  fields: [string, string][]
  file: { field: string; filename: string; type: string; bytes: Buffer } | null
}

export class FormError extends Error {}

const mostFields = 2_000
const largestField = 1 << 24
const endOfHeaders = Buffer.from('\r\n\r\n')

/**
 * Reads multipart/form-data (RFC 7578, RFC 2046 section 5.1) as it arrives, and strictly: CRLF alone, no preamble, no
 * epilogue, every part a `form-data` with a quoted name, one file at most.
 *
 * @throws FormError for anything else, and where the body ends too early
 */
export async function readForm(contentType: string, body: AsyncIterable<Buffer>): Promise<Form> {
  const [, quoted, plain] =
    /^multipart\/form-data; ?boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))$/i.exec(contentType) ?? []
  const boundary = quoted ?? plain
  if (boundary === undefined) throw new FormError(`no form: ${contentType}`)
  const reader = new Reader(body)
  const form: Form = { fields: [], file: null }
  if ((await reader.exactly(boundary.length + 2)).toString('latin1') !== `--${boundary}`)
    throw new FormError('the body does not start with the boundary')
  const delimiter = Buffer.from(`\r\n--${boundary}`)
  for (let count = 0; ; count += 1) {
    const next = (await reader.exactly(2)).toString('latin1')
    if (next === '--') break
    if (next !== '\r\n' || count > mostFields) throw new FormError('a boundary is followed by something else')
    const headers = headersOf((await reader.until(endOfHeaders, 4_096)).toString('utf8'))
    const { name, filename } = dispositionOf(headers.get('content-disposition') ?? '')
    const bytes = await reader.until(delimiter, filename === undefined ? largestField : Infinity)
    if (filename === undefined) form.fields.push([name, bytes.toString('utf8')])
    else if (form.file === null)
      form.file = { field: name, filename, type: headers.get('content-type') ?? 'text/plain', bytes }
    else throw new FormError('more than one file')
  }
  const rest = (await reader.rest()).toString('latin1')
  if (rest !== '' && rest !== '\r\n') throw new FormError('something follows the last boundary')
  return form
}

function headersOf(text: string): Map<string, string> {
  const headers = new Map<string, string>()
  for (const line of text.split('\r\n')) {
    const [, name, value] = /^([!#$%&'*+.^_`|~0-9a-z-]+):[ \t]*(.*?)[ \t]*$/i.exec(line) ?? []
    if (name === undefined || value === undefined || headers.has(name.toLowerCase()))
      throw new FormError(`a header of a part cannot be read: ${line}`)
    headers.set(name.toLowerCase(), value)
  }
  return headers
}

function dispositionOf(value: string): { name: string; filename: string | undefined } {
  const [, name, filename] = /^form-data; name="([^"\r\n]+)"(?:; filename="([^"\r\n]*)")?$/.exec(value) ?? []
  if (name === undefined) throw new FormError(`no form-data: ${value}`)
  return { name, filename }
}

class Reader {
  private readonly source: AsyncIterator<Buffer>
  private held: Buffer = Buffer.alloc(0)

  constructor(body: AsyncIterable<Buffer>) {
    this.source = body[Symbol.asyncIterator]()
  }

  /** @returns whether there was more */
  private async more(): Promise<boolean> {
    const next = await this.source.next()
    if (next.done === true) return false
    this.held = this.held.length === 0 ? next.value : Buffer.concat([this.held, next.value])
    return true
  }

  async exactly(count: number): Promise<Buffer> {
    while (this.held.length < count) if (!(await this.more())) throw new FormError('the body ends too early')
    const taken = this.held.subarray(0, count)
    this.held = this.held.subarray(count)
    return taken
  }

  /** Everything before a delimiter, which is taken away; what came is let go of as it is known to be before it. */
  async until(delimiter: Buffer, largest: number): Promise<Buffer> {
    const parts: Buffer[] = []
    let size = 0
    for (;;) {
      const found = this.held.indexOf(delimiter)
      const safe = found >= 0 ? found : Math.max(0, this.held.length - delimiter.length + 1)
      parts.push(this.held.subarray(0, safe))
      size += safe
      if (size > largest) throw new FormError('a field is too large')
      this.held = this.held.subarray(found >= 0 ? found + delimiter.length : safe)
      if (found >= 0) return Buffer.concat(parts)
      if (!(await this.more())) throw new FormError('the body ends too early')
    }
  }

  async rest(): Promise<Buffer> {
    while (await this.more());
    return this.held
  }
}
