import { charsetOf, type Translation } from './catalogue.ts'
import type { MessageFile } from './message-file.ts'

interface Message {
  key: string
  plural: string | null
  texts: readonly string[]
}

/**
 * What a `.mo` file has other than the `.po` file that it was made from; undefined where it has nothing else. GNU
 * msgfmt, Babel, polib and Python's msgfmt.py differ in what they leave out, and in the header.
 */
export function catalogueDifference(
  file: MessageFile,
  catalogue: readonly Translation[]
): string | undefined {
  const messages = decodedMessages(file)
  if (messages === undefined) return 'its texts are not in the character set that it names'
  const known = new Map(catalogue.map((translation) => [translation.key, translation]))
  for (const message of messages) {
    const translation = known.get(message.key)
    if (translation === undefined) return `${quoted(message.key)} is no message of it`
    const same = message.key === '' ? sameHeader : sameTexts
    if (!same(message, translation))
      return message.key === ''
        ? 'its header is another'
        : `the translation of ${quoted(message.key)} is another`
  }
  const there = new Set(messages.map(({ key }) => key))
  const missing = catalogue.find((entry) => !entry.fuzzy && isTranslated(entry) && !there.has(entry.key))
  if (missing !== undefined) return `the translation of ${quoted(missing.key)} is missing`
  const fuzzy = catalogue.filter((entry) => entry.fuzzy && entry.key !== '' && isTranslated(entry))
  const used = fuzzy.filter(({ key }) => there.has(key))
  return used.length === 0 || used.length === fuzzy.length
    ? undefined
    : `of the fuzzy translations some are there and some are not, such as ${quoted(used[0]?.key ?? '')}`
}

function decodedMessages({ messages }: MessageFile): Message[] | undefined {
  const header = messages.find(({ original }) => original.length === 0)
  try {
    const decoder = new TextDecoder(charsetOf(header?.translation.toString('latin1') ?? ''), { fatal: true })
    return messages.map(({ original, translation }) => {
      const [key = '', plural = null, ...rest] = decoder.decode(original).split('\0')
      if (rest.length > 0) throw new TypeError('a message has two plurals')
      return { key, plural, texts: decoder.decode(translation).split('\0') }
    })
  } catch {
    // Unknown character set, or none of its texts: the caller says so.
    return undefined
  }
}

/** GNU msgfmt leaves out what has no first form. */
function isTranslated({ texts }: Translation): boolean {
  return (texts[0] ?? '') !== ''
}

/** Babel puts the message itself in place of a form that is not translated. */
function sameTexts(message: Message, { key, plural, texts }: Translation): boolean {
  if (message.plural !== plural) return false
  const singular = key.slice(key.indexOf('\x04') + 1)
  const fallback = (index: number): string => (index === 0 ? singular : (plural ?? singular))
  if (message.texts.length < texts.length) return false
  return message.texts.every((text, index) => {
    const wanted = texts[index] ?? ''
    return text === wanted || (wanted === '' && plural !== null && text === fallback(index))
  })
}

/** Fields that tools write by themselves, and what they may say. */
const toolFields: Readonly<Record<string, RegExp>> = {
  'generated-by': /^Babel [\w.+-]+$/,
  'mime-version': /^1\.0$/,
  'content-type': /^text\/plain; charset=[\w.-]+$/,
  'content-transfer-encoding': /^(8bit|quoted-printable)$/i,
  'project-id-version': /^PROJECT VERSION$/,
  'report-msgid-bugs-to': /^EMAIL@ADDRESS$/,
  'last-translator': /^FULL NAME <EMAIL@ADDRESS>$/,
  'language-team': /^.{0,60}<LL@li\.org>$/,
  language: /^[A-Za-z_@]{2,20}$/,
  'plural-forms': /^nplurals=[1-6]; plural=[n0-9%=!<>&|?:() ]{1,300};?$/,
  'pot-creation-date': /^[0-9+:. -]{10,30}$/,
  'po-revision-date': /^(YEAR-MO-DA HO:MI\+ZONE|[0-9+:. -]{10,30})$/
}

/** GNU msgfmt copies the header; Babel and polib write it anew, with the same values and some of their own. */
function sameHeader(message: Message, translation: Translation): boolean {
  const [found = ''] = message.texts
  const [wanted = ''] = translation.texts
  if (message.plural !== null || message.texts.length !== 1) return false
  if (found === wanted) return true
  const known = headerFields(wanted)
  return [...headerFields(found)].every(([name, value]) => {
    if (known.get(name) === value) return true
    const own = toolFields[name]
    return own?.test(value) === true && (!known.has(name) || name !== 'plural-forms')
  })
}

function headerFields(header: string): Map<string, string> {
  const lines = header.split('\n').filter((line) => line.trim() !== '')
  return new Map(
    lines.map((line) => {
      const cut = line.indexOf(':')
      return cut < 0
        ? [line, line]
        : [
            line.slice(0, cut).trim().toLowerCase(),
            line
              .slice(cut + 1)
              .trim()
              .replace(/;$/, '')
          ]
    })
  )
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}...` : text)
}
