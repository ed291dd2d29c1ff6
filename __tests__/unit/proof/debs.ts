import { createHash } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { chmod, link, mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { epoch, type Files } from './packages.ts'

export interface DebForm {
  files: Files
  links?: Record<string, string>
  /** Paths by hard link. */
  hardlinks?: Record<string, string>
  /** Lines of the control file besides the usual ones. */
  control?: string
  /** Of the members of the package file. */
  time?: number
  /** Of the files in it. */
  mtime?: number
  mode?: number
  owner?: number
  /** Sorted otherwise than by name. */
  reverse?: boolean
  /** Of gzip. */
  level?: number
  /** Made by dpkg-deb itself, in xz. */
  real?: boolean
  /** Of dpkg-deb, besides those. */
  options?: readonly string[]
}

/** What dpkg-gencontrol says of a tree of plain files in folders. */
function installedSize(files: Files): number {
  const folders = new Set(['.'])
  for (const name of Object.keys(files))
    for (let at = name.lastIndexOf('/'); at > 0; at = name.lastIndexOf('/', at - 1))
      folders.add(name.slice(0, at))
  const sizes = Object.values(files).map((content) => Math.ceil(Buffer.from(content).length / 1024))
  return folders.size + sizes.reduce((sum, size) => sum + size, 0)
}

/** A package `pkg` with md5sums, put together from GNU tar's archives, or by dpkg-deb. */
export async function writeDeb(file: string, form: DebForm): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tagproof-deb-'))
  try {
    const tree = path.join(folder, 'tree')
    await mkdir(path.join(tree, 'DEBIAN'), { recursive: true })
    const all = { ...form.files }
    for (const [name, target] of Object.entries(form.hardlinks ?? {})) all[name] = form.files[target] ?? ''
    const sums = Object.keys(all)
      .sort()
      .map(
        (name) =>
          `${createHash('md5')
            .update(all[name] ?? '')
            .digest('hex')}  ${name}\n`
      )
      .join('')
    const control = `Package: pkg\nVersion: 1.0-1\nArchitecture: all\nMaintainer: A <a@example.org>\nInstalled-Size: ${installedSize(form.files)}\n${form.control ?? ''}Description: none\n`
    await fill(tree, { ...form.files, 'DEBIAN/control': control, 'DEBIAN/md5sums': sums }, form)
    if (form.real === true) {
      const env = { PATH: process.env.PATH, SOURCE_DATE_EPOCH: String(form.time ?? epoch) }
      execFileSync('dpkg-deb', ['--root-owner-group', '-Zxz', ...(form.options ?? []), '-b', tree, file], {
        env,
        stdio: 'pipe'
      })
      return
    }
    const packed = (name: string, at: string, except: string[]): Buffer =>
      gzipSync(tarOf(path.join(folder, `${name}.tar`), at, form, except), { level: form.level ?? 6 })
    const members: [string, Buffer][] = [
      ['debian-binary', Buffer.from('2.0\n')],
      ['control.tar.gz', packed('control', path.join(tree, 'DEBIAN'), [])],
      ['data.tar.gz', packed('data', tree, ['./DEBIAN'])]
    ]
    await writeFile(file, arOf(members, form.time ?? epoch))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function fill(tree: string, files: Files, form: DebForm): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const at = path.join(tree, name)
    await mkdir(path.dirname(at), { recursive: true })
    await writeFile(at, content)
    await chmod(at, name.startsWith('DEBIAN/') ? 0o644 : (form.mode ?? 0o644))
    await utimes(at, form.mtime ?? epoch, form.mtime ?? epoch)
  }
  for (const [name, target] of Object.entries(form.hardlinks ?? {}))
    await link(path.join(tree, target), path.join(tree, name))
  for (const [name, target] of Object.entries(form.links ?? {})) await symlink(target, path.join(tree, name))
}

function tarOf(
  out: string,
  folder: string,
  { mtime = epoch, owner = 0, reverse }: DebForm,
  except: string[]
): Buffer {
  const owners = [`--owner=${owner}`, '--group=0', '--numeric-owner']
  const names = execFileSync('find', ['.', '-print'], { cwd: folder, encoding: 'utf8' })
    .trim()
    .split('\n')
    .filter((name) => !except.some((top) => name === top || name.startsWith(`${top}/`)))
    .sort()
  const [top = '.', ...rest] = names
  const list = [top, ...(reverse === true ? byDepth(rest) : rest)]
  const format = ['--format=gnu', `--mtime=@${mtime}`, '--no-recursion']
  execFileSync('tar', ['-C', folder, '-cf', out, ...format, ...owners, ...list])
  return execFileSync('cat', [out], { maxBuffer: 1 << 30 })
}

/** Folders before their files, files of a folder backwards. */
function byDepth(names: readonly string[]): string[] {
  const depth = (name: string): number => name.split('/').length
  return [...names].sort((one, other) => depth(one) - depth(other) || (one < other ? 1 : -1))
}

/** The archive format of deb(5). */
export function arOf(members: readonly [string, Buffer][], time: number): Buffer {
  const field = (value: string | number, size: number): string => String(value).padEnd(size)
  return Buffer.concat([
    Buffer.from('!<arch>\n'),
    ...members.flatMap(([name, bytes]) => [
      Buffer.from(
        `${field(name, 16)}${field(time, 12)}${field(0, 6)}${field(0, 6)}${field('100644', 8)}${field(bytes.length, 10)}\`\n`
      ),
      bytes,
      Buffer.from(bytes.length % 2 === 0 ? '' : '\n')
    ])
  ])
}
