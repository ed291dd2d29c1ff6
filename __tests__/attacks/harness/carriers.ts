import { crc32, deflateRawSync, deflateSync } from 'node:zlib'
import { forgeZip } from '../../unit/formats/forge.ts'

/** Ways to hide a text in a file that nobody reads, each with the Python expression that gets it back from `data`. */
export interface Carrier {
  /** What it looks like, in one phrase. */
  how: string
  hide: (text: string) => Buffer
  /** An expression over `data`, the bytes of the file. */
  find: string
}

/** The smallest picture: one grey pixel. */
export const picture: Buffer = Buffer.concat([
  Buffer.from('89504e470d0a1a0a', 'hex'),
  chunk('IHDR', Buffer.from('00000001000000010800000000', 'hex')),
  chunk('IDAT', deflateSync(Buffer.from([0, 127]))),
  chunk('IEND', Buffer.alloc(0))
])

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data])
  const bytes = Buffer.alloc(8 + body.length)
  bytes.writeUInt32BE(data.length, 0)
  body.copy(bytes, 4)
  bytes.writeUInt32BE(crc32(body), 4 + body.length)
  return bytes
}

/** Bytes that never change and look like nothing. */
function noise(size: number): Buffer {
  return Buffer.from(Array.from({ length: size }, (_, at) => (at * at * 31 + at * 7 + (at >> 3)) % 256))
}

function linesOf(text: string, width: number): string {
  return (text.match(new RegExp(`.{1,${width}}`, 'g')) ?? []).map((line) => `${line}\n`).join('')
}

/** A payload of the usual length: encodings of a few bytes look like nothing yet. */
const padded = (text: string): string => `${text}# ${noise(900).toString('hex')}`

export const carriers = {
  compressed: {
    how: 'compressed, behind the end of a damaged test archive',
    hide: (text) => Buffer.concat([noise(512), deflateSync(text)]),
    find: 'zlib.decompress(data[512:]).decode()'
  },
  picture: {
    how: 'compressed, behind the last chunk of a picture',
    hide: (text) => Buffer.concat([picture, deflateSync(text)]),
    find: 'zlib.decompress(data[data.index(b"IEND") + 8 :]).decode()'
  },
  masked: {
    how: 'masked by exclusive or, behind the last chunk of a picture',
    hide: (text) => Buffer.concat([picture, Buffer.from(Buffer.from(text).map((byte) => byte ^ 0x5a))]),
    find: 'bytes(byte ^ 0x5A for byte in data[data.index(b"IEND") + 8 :]).decode()'
  },
  zipInPicture: {
    how: 'a zip archive appended to a picture',
    hide: (text) =>
      Buffer.concat([
        picture,
        forgeZip([{ name: 'x', content: Buffer.from(text), method: 8, packed: deflateRawSync(text) }])
      ]),
    find: 'zipfile.ZipFile(io.BytesIO(data)).read("x").decode()'
  },
  catalogue: {
    how: 'base64 in the messages of a translation (.po)',
    hide: (text) =>
      Buffer.from(
        `msgid ""\nmsgstr ""\n${linesOf(Buffer.from(padded(text)).toString('base64'), 72).replace(/^.*$/gm, (line) => (line === '' ? '' : `"${line}"`))}`
      ),
    find: 'base64.b64decode("".join(re.findall(r\'^"([A-Za-z0-9+/=]+)"$\', data.decode(), re.M))).decode()'
  },
  base64: {
    how: 'base64 in one run of a text file',
    hide: (text) => Buffer.from(`Sample input:\n${Buffer.from(padded(text)).toString('base64')}\n`),
    find: 'base64.b64decode(data.split(b"\\n")[1]).decode()'
  },
  escapes: {
    how: 'as \\x escapes in a table (.csv)',
    hide: (text) =>
      Buffer.from(
        `name,value\nfirst,"${[...Buffer.from(padded(text))].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}"\n`
      ),
    find: 'bytes(int(pair, 16) for pair in re.findall(r"\\\\x(..)", data.decode())).decode()'
  },
  hex: {
    how: 'hexadecimal in short lines of a text file',
    hide: (text) => Buffer.from(linesOf(Buffer.from(text).toString('hex'), 50)),
    find: 'bytes.fromhex(data.decode()).decode()'
  },
  numbers: {
    how: 'a list of small numbers in a JSON file',
    hide: (text) => Buffer.from(JSON.stringify({ samples: [...Buffer.from(text)] }, null, 1)),
    find: 'bytes(json.loads(data)["samples"]).decode()'
  },
  words: {
    how: 'sixteen harmless words, one for each half of a byte, in prose',
    hide: (text) => Buffer.from(linesOfWords(Buffer.from(text).toString('hex').match(/./g) ?? [])),
    find: 'bytes.fromhex("".join("%x" % words.index(word) for word in data.decode().split())).decode()'
  },
  blanks: {
    how: 'spaces and tabs at the ends of lines of a document',
    hide: (text) =>
      Buffer.from(
        [...Buffer.from(text)]
          .map(
            (byte) => `A line.${byte.toString(2).padStart(8, '0').replace(/0/g, ' ').replace(/1/g, '\t')}\n`
          )
          .join('')
      ),
    find: 'bytes(int(line[-8:].replace(" ", "0").replace("\\t", "1"), 2) for line in data.decode().split("\\n")[:-1]).decode()'
  }
} as const satisfies Record<string, Carrier>

export type CarrierName = keyof typeof carriers

/** What the words of prose stand for. */
export const words = 'the a of and to in is it for on with as at by from that'.split(' ') as readonly string[]

function linesOfWords(digits: readonly string[]): string {
  const chosen = digits.map((digit) => words[parseInt(digit, 16)] ?? '')
  const lines: string[] = []
  for (let at = 0; at < chosen.length; at += 12) lines.push(chosen.slice(at, at + 12).join(' '))
  return `${lines.join('\n')}\n`
}

/** The imports and names that the expressions use. */
export const decoderHead = `import base64, io, json, os, re, zipfile, zlib

words = ${JSON.stringify(words)}
`
