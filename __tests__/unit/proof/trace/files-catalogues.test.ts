import { describe, expect, it } from '@jest/globals'
import { writeMessageFile } from './message-file-writer.ts'
import { asked, outcome, type Scene } from './scene.ts'

const header = 'Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=(n != 1);\n'
const catalogue = `# German
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

#: demo/a.py:1
msgid "Save"
msgstr "Sichern"

msgctxt "menu"
msgid "Open \\"it\\""
msgstr "Öff"
"nen"

msgid "%d file"
msgid_plural "%d files"
msgstr[0] "%d Datei"
msgstr[1] "%d Dateien"

#, fuzzy, python-format
msgid "Close"
msgstr "Schliessen"

msgid "Untranslated"
msgstr ""

#~ msgid "Gone"
#~ msgstr "Weg"
`
type Pair = [string, string]
const messages: Pair[] = [
  ['', header],
  ['Save', 'Sichern'],
  ['menu\x04Open "it"', 'Öffnen'],
  ['%d file\0%d files', '%d Datei\0%d Dateien']
]
const mo = 'demo/locale/de/LC_MESSAGES/demo.mo'
const po = 'src/demo/locale/de/LC_MESSAGES/demo.po'

function scene(content: Buffer, tree: Record<string, string | Buffer> = { [po]: catalogue }): Scene {
  return { tree, members: { [mo]: content } }
}

function changed(at: number, pair: Pair): Pair[] {
  return messages.map((message, index) => (index === at ? pair : message))
}

describe('a catalogue that was compiled from the .po file of the tag', () => {
  it('is accepted with and without hash table, in both byte orders', async () => {
    for (const options of [
      {},
      { hashTable: true },
      { bigEndian: true },
      { hashTable: true, bigEndian: true }
    ])
      expect(await asked(mo, scene(writeMessageFile(messages, options)))).toMatchObject({
        rule: 'message-catalogue',
        verdict: { traced: true, from: [po] }
      })
  })

  it('may hold the fuzzy translations, but all or none of them', async () => {
    const fuzzy: Pair = ['Close', 'Schliessen']
    expect(await outcome(mo, scene(writeMessageFile([...messages, fuzzy])))).toBe('message-catalogue')
    const two = `${catalogue}\n#, fuzzy\nmsgid "Quit"\nmsgstr "Ende"\n`
    expect(await outcome(mo, scene(writeMessageFile([...messages, fuzzy]), { [po]: two }))).toBe(
      'generated-differs'
    )
  })

  it('may have the header of Babel, and its texts for plurals that are not translated', async () => {
    const babel = `${header}Language: de\nGenerated-By: Babel 2.18.0\n`
    expect(await outcome(mo, scene(writeMessageFile(changed(0, ['', babel]))))).toBe('message-catalogue')
    const more = `${catalogue}\nmsgid "one"\nmsgid_plural "many"\nmsgstr[0] ""\nmsgstr[1] ""\n`
    const filled = writeMessageFile([...messages, ['one\0many', 'one\0many']])
    expect(await outcome(mo, scene(filled, { [po]: more }))).toBe('message-catalogue')
  })

  it('may come from a folder of languages', async () => {
    for (const place of ['po/de.po', 'translations/de/demo.po'])
      expect(await asked(mo, scene(writeMessageFile(messages), { [place]: catalogue }))).toMatchObject({
        verdict: { traced: true, from: [place] }
      })
  })

  it('may be in another character set than UTF-8', async () => {
    const latin = Buffer.from(catalogue.replace('UTF-8', 'ISO-8859-1'), 'latin1')
    const own = changed(0, ['', header.replace('UTF-8', 'ISO-8859-1')])
    const file = writeMessageFile(own.map(([id, text]): Pair => [id, text.replace('Ö', 'O')]))
    const at = file.indexOf('Offnen')
    file[at] = 0xd6
    expect(await outcome(mo, scene(file, { [po]: latin }))).toBe('message-catalogue')
  })
})

describe('a catalogue with anything else', () => {
  it.each<[string, Pair[]]>([
    ['another text', changed(1, ['Save', 'Löschen'])],
    ['another plural', changed(3, ['%d file\0%d files', '%d Datei\0%s Dateien'])],
    ['a message more', [...messages, ['Delete', 'Sichern']]],
    ['a message less', messages.slice(0, 3)],
    ['another plural rule', changed(0, ['', header.replace('n != 1', 'n > 1')])],
    ['a field of the header more', changed(0, ['', `${header}X-Payload: QUJD\n`])],
    ['a form more', changed(1, ['Save', 'Sichern\0Löschen'])],
    ['the translation of an obsolete message', [...messages, ['Gone', 'Weg']]]
  ])('%s is a finding', async (_, pairs) => {
    for (const hashTable of [false, true])
      expect(await asked(mo, scene(writeMessageFile(pairs, { hashTable })))).toMatchObject({
        rule: 'message-catalogue',
        verdict: { traced: false, code: 'generated-differs', message: expect.stringContaining(mo) }
      })
  })

  const right = writeMessageFile(messages, { hashTable: true })
  const patched = (at: number, value: number): Buffer => {
    const copy = Buffer.from(right)
    copy.writeUInt32LE(value, at)
    return copy
  }
  const hashAt = right.readUInt32LE(24)
  const used = [0, 1, 2, 3, 4].find((slot) => right.readUInt32LE(hashAt + slot * 4) !== 0) ?? 0
  it.each<[string, Buffer]>([
    ['bytes behind its end', Buffer.concat([right, Buffer.from('payload')])],
    ['nine zeros behind its end', Buffer.concat([right, Buffer.alloc(9)])],
    ['a hash table that leads elsewhere', patched(hashAt + used * 4, 0)],
    ['a table outside', patched(12, right.length)],
    ['a string of four gigabytes', patched(28, 0xffffffff)],
    ['a billion messages', patched(8, 1_000_000_000)],
    ['two strings in one place', patched(28 + 8 + 4, right.readUInt32LE(28 + 4))],
    ['a revision that nobody knows', patched(4, 1)],
    ['another magic number', patched(0, 1)],
    ['an empty file', Buffer.alloc(0)],
    ['a cut end', right.subarray(0, -3)]
  ])('%s is a finding', async (_, content) => {
    expect(await outcome(mo, scene(content))).toBe('generated-differs')
  })

  it('has no byte that could be another', async () => {
    for (let at = 0; at < right.length; at += 1) {
      const content = Buffer.from(right)
      content[at] = (content[at] ?? 0) ^ 0x41
      expect(`${at} ${await outcome(mo, scene(content))}`).toBe(`${at} generated-differs`)
    }
  })

  it("is nobody's where the tag has no .po file for it", async () => {
    expect(await outcome(mo, scene(right, { 'po/fr.po': catalogue }))).toBe('nobody')
  })

  it('is a finding where the .po file cannot be read', async () => {
    for (const text of [
      'msgid "a\nmsgstr "b"\n',
      'msgstr "b"\n',
      'msgid "a" msgid "b"\nmsgstr "c"\n',
      'msgid "\\q"\nmsgstr "c"\n'
    ])
      expect(await outcome(mo, scene(right, { [po]: text }))).toBe('generated-differs')
  })
})
