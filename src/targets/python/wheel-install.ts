import { parseRecord, type RecordLine } from '../../formats/record.ts'
import type { ZipArchive } from '../../formats/zip/reader.ts'
import { TagproofError } from '../../platform/errors.ts'
import { whole } from '../../platform/pieces.ts'

/** What an installer must know of a wheel before it writes the first file. */
export interface WheelHead {
  /** `name-version`, as its folders say it. */
  name: string
  /** By member; RECORD itself has no hash. */
  record: ReadonlyMap<string, RecordLine>
  /** Text of `entry_points.txt`, empty if there is none. */
  entryPoints: string
}

const largestMetadata = 16 * 1024 * 1024

/**
 * Finds and reads `.dist-info` of a wheel.
 *
 * @throws TagproofError `archive-invalid`
 */
export async function readWheelHead(file: string, archive: ZipArchive): Promise<WheelHead> {
  const infos = new Set(
    archive.entries.flatMap((entry) => /^[^/]+\.dist-info(?=\/)/.exec(entry.path)?.slice(0, 1) ?? [])
  )
  const [info] = [...infos]
  if (info === undefined || infos.size !== 1)
    throw broken(file, `${infos.size} .dist-info folders`, 'exactly one')
  const wheel = await text(archive, `${info}/WHEEL`, file)
  const format = /^Wheel-Version:\s*(\d+)\./m.exec(wheel)?.[1]
  if (format !== '1') throw broken(file, `Wheel-Version ${format ?? 'missing'}`, 'Wheel-Version 1.x')
  const hasEntryPoints = archive.entries.some((entry) => entry.path === `${info}/entry_points.txt`)
  return {
    name: info.slice(0, -'.dist-info'.length),
    record: new Map(
      parseRecord(await text(archive, `${info}/RECORD`, file)).map((line) => [line.path, line])
    ),
    entryPoints: hasEntryPoints ? await text(archive, `${info}/entry_points.txt`, file) : ''
  }
}

/**
 * Where a member goes, relative to the environment, and whether it is a script. purelib and platlib are one folder
 * in a virtual environment.
 *
 * @param minor the interpreter, `3.11`
 */
export function schemeOf(
  member: string,
  { name }: Pick<WheelHead, 'name'>,
  minor: string
): { path: string; script: boolean } {
  const site = `lib/python${minor}/site-packages`
  if (!member.startsWith(`${name}.data/`)) return { path: `${site}/${member}`, script: false }
  const [scheme = '', ...parts] = member.slice(`${name}.data/`.length).split('/')
  const rest = parts.join('/')
  switch (scheme) {
    case 'purelib':
    case 'platlib':
      return { path: `${site}/${rest}`, script: false }
    case 'scripts':
      return { path: `bin/${rest}`, script: true }
    case 'headers':
      return { path: `include/site/python${minor}/${name.split('-')[0] ?? name}/${rest}`, script: false }
    case 'data':
      return { path: rest, script: false }
    default:
      throw new TagproofError('archive-invalid', `A wheel has an unknown data scheme.`, { where: member })
  }
}

/** A script that starts with `#!python` gets the environment's interpreter (PEP 427). */
export function rewriteShebang(bytes: Buffer, environment: string): Buffer {
  const end = bytes.indexOf(0x0a) < 0 ? bytes.length : bytes.indexOf(0x0a)
  const match = /^#!pythonw?( .*)?\r?$/.exec(bytes.subarray(0, end).toString('latin1'))
  if (match === null) return bytes
  const shebang = Buffer.from(`#!${environment}/bin/python3${match[1] ?? ''}`, 'latin1')
  return Buffer.concat([shebang, bytes.subarray(end)])
}

/**
 * The scripts that `console_scripts` and `gui_scripts` ask for, as pip writes them.
 *
 * @see https://packaging.python.org/en/latest/specifications/entry-points/
 */
export function entryPointScripts(
  entryPoints: string,
  environment: string
): { name: string; text: string }[] {
  const scripts: { name: string; text: string }[] = []
  let section = ''
  for (const line of entryPoints.split(/\r?\n/).map((raw) => raw.trim())) {
    section = /^\[(.*)\]$/.exec(line)?.[1]?.trim() ?? section
    const match = /^([^=#;[]+?)\s*=\s*([\w.]+)\s*:\s*([\w.]+)\s*(\[.*\])?$/.exec(line)
    if (match === null || !['console_scripts', 'gui_scripts'].includes(section)) continue
    const [, name = '', module = '', object = ''] = match
    scripts.push({ name, text: scriptText(environment, module, object) })
  }
  return scripts
}

function scriptText(environment: string, module: string, object: string): string {
  return [
    `#!${environment}/bin/python3`,
    'import re',
    'import sys',
    `from ${module} import ${object.split('.')[0] ?? object}`,
    "if __name__ == '__main__':",
    "    sys.argv[0] = re.sub(r'(-script\\.pyw|\\.exe)?$', '', sys.argv[0])",
    `    sys.exit(${object}())`,
    ''
  ].join('\n')
}

async function text(archive: ZipArchive, member: string, name: string): Promise<string> {
  const entry = archive.entries.find((candidate) => candidate.path === member)
  if (entry === undefined || entry.size > largestMetadata) throw broken(name, `no usable ${member}`, member)
  return (await whole(archive.content(entry))).toString('utf8')
}

function broken(name: string, found: string, expected: string): TagproofError {
  return new TagproofError('archive-invalid', `${name} is not a wheel that can be installed.`, {
    found,
    expected,
    fix: 'The file on the index is broken; lock another version of it.'
  })
}
