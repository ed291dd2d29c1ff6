export interface Annotation {
  kind: 'error' | 'warning' | 'notice'
  title: string
  message: string
}

/** The runner shows this many of a kind, and cuts each message (ExecutionContext.cs). */
const annotationsOfAKind = 10
const messageLength = 4096

/** The words that must not show in logs, annotations and summaries. One for the whole job. */
export class Masker {
  private readonly secrets = new Set<string>()

  /** The value, and every line of it that is not empty (ActionCommandManager.cs, add-mask). */
  add(value: string): void {
    for (const text of [value, ...value.split(/\r?\n/)]) if (text.trim() !== '') this.secrets.add(text.trim())
  }

  mask(text: string): string {
    const longestFirst = [...this.secrets].sort((a, b) => b.length - a.length)
    return longestFirst.reduce((masked, secret) => masked.replaceAll(secret, '***'), text)
  }
}

/** Reads the output of one step line by line, obeys the commands in it, and keeps the log that a reader would see. */
export class CommandReader {
  readonly log: string[] = []
  private readonly raised: Annotation[] = []
  private stopToken: string | null = null
  private readonly masker: Masker

  constructor(masker: Masker) {
    this.masker = masker
  }

  line(text: string): void {
    const command = parseCommand(text)
    if (command === null || !this.obey(command)) this.log.push(this.masker.mask(text))
  }

  raise(annotation: Annotation): void {
    this.raised.push({ ...annotation, message: this.masker.mask(annotation.message).slice(0, messageLength) })
  }

  /** What is left of the annotations after the runner's caps. */
  annotations(): Annotation[] {
    return (['error', 'warning', 'notice'] as const).flatMap((kind) =>
      this.raised.filter((annotation) => annotation.kind === kind).slice(0, annotationsOfAKind)
    )
  }

  private obey(command: Command): boolean {
    if (this.stopToken !== null) {
      if (command.name !== this.stopToken) return false
      this.stopToken = null
      return true
    }
    switch (command.name) {
      case 'stop-commands':
        this.stopToken = command.value
        return true
      case 'add-mask':
        this.masker.add(command.value)
        return true
      case 'error':
      case 'warning':
      case 'notice':
        this.raise({
          kind: command.name,
          title: command.properties.get('title') ?? '',
          message: command.value
        })
        return true
      case 'group':
      case 'endgroup':
      case 'debug':
        return true
      case 'set-output':
      case 'save-state':
      case 'set-env':
      case 'add-path':
        throw new Error(`the step used the disabled command ${command.name}`)
      default:
        return false
    }
  }
}

interface Command {
  name: string
  properties: Map<string, string>
  value: string
}

/** `::name key=value,key=value::text`, or the older `##[name key=value;]text` (ActionCommand.cs). */
function parseCommand(line: string): Command | null {
  const match =
    /^\s*::([^\s:]+)(?: (.*?))?::(.*)$/.exec(line) ?? /##\[([^\s\]]+)(?: (.*?))?\](.*)$/.exec(line)
  if (match === null) return null
  const properties = new Map<string, string>()
  for (const pair of (match[2] ?? '').split(/[,;]/)) {
    const [key, value] = pair.split(/=(.*)/s)
    if (key !== undefined && value !== undefined) properties.set(key.trim(), unescape(value))
  }
  return { name: match[1] ?? '', properties, value: unescape(match[3] ?? '') }
}

function unescape(text: string): string {
  const characters: Record<string, string> = { '%0D': '\r', '%0A': '\n', '%3A': ':', '%2C': ',', '%25': '%' }
  return text.replace(/%(0D|0A|3A|2C|25)/g, (escaped) => characters[escaped] ?? escaped)
}
