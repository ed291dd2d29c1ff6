import { execFileSync } from 'node:child_process'
import { mkdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, it } from '@jest/globals'
import type { Replace } from '../../../src/formats/replacement.ts'
import { once } from '../../../src/platform/pieces.ts'
import { tarWithOriginals, type TarEnd } from '../../../src/proof/tar-originals.ts'
import { epoch, inFolder } from './packages.ts'

const long = `folder/${'a-long-name-'.repeat(12)}.txt`

interface Tree {
  files: Record<string, string>
  link?: string
}

/** A tar archive of a tree, made by GNU tar. */
async function tarOf(tree: Tree, format: string, more: readonly string[] = []): Promise<Buffer> {
  return inFolder(async (folder) => {
    const top = path.join(folder, 'tree')
    await mkdir(path.join(top, 'folder'), { recursive: true })
    for (const [name, content] of Object.entries(tree.files)) {
      await writeFile(path.join(top, name), content)
      await utimes(path.join(top, name), epoch, epoch)
    }
    if (tree.link !== undefined) await symlink(tree.link, path.join(top, 'link'))
    const out = path.join(folder, 'out.tar')
    const fixed = [
      '--sort=name',
      `--mtime=@${epoch}`,
      '--owner=0',
      '--group=0',
      '--numeric-owner',
      '--mode=a=rX'
    ]
    if (format === 'pax') fixed.push('--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime')
    execFileSync('tar', ['-C', top, '-cf', out, `--format=${format}`, ...fixed, ...more, '.'])
    return readFile(out)
  })
}

async function restored(tar: Buffer, replace: Replace, end?: TarEnd): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  const rules = { replace, ...(end === undefined ? {} : { end }) }
  for await (const piece of tarWithOriginals(once(tar), rules)) pieces.push(Buffer.from(piece))
  return Buffer.concat(pieces)
}

const nothing: Replace = () => Promise.resolve(undefined)
const replacing =
  (name: string, content: string, linkTarget?: string): Replace =>
  ({ path: member }) =>
    Promise.resolve(
      member === name
        ? {
            size: Buffer.byteLength(content),
            content: once(Buffer.from(content)),
            ...(linkTarget === undefined ? {} : { linkTarget })
          }
        : undefined
    )

/** How an archive of GNU tar ends: two empty blocks, and more up to a whole record. */
function endOf(tar: Buffer): TarEnd {
  let zeros = 0
  while (tar.subarray(tar.length - zeros - 512, tar.length - zeros).equals(Buffer.alloc(512))) zeros += 512
  return { size: tar.length, zeros }
}

describe.each(['gnu', 'ustar', 'pax'])('a tar archive in the format %s', (format) => {
  const name = format === 'ustar' ? 'folder/plain.txt' : long
  const tree = (content: string, link = 'x'): Tree => ({
    files: { 'a.txt': 'one', [name]: content, z: 'last' },
    link
  })

  it('is the same where nothing is put back', async () => {
    const tar = await tarOf(tree('content'), format)
    expect((await restored(tar, nothing)).equals(tar)).toBe(true)
  })

  it('is that of the originals once they are put back', async () => {
    const [one, other] = [await tarOf(tree('original'), format), await tarOf(tree('scramble'), format)]
    expect(one.equals(other)).toBe(false)
    expect((await restored(other, replacing(name, 'original'))).equals(one)).toBe(true)
  })

  it('is that of the originals where their size is another one', async () => {
    for (const length of [0, 511, 513, 9000, 20_000]) {
      const [one, other] = [
        await tarOf(tree('o'.repeat(length)), format),
        await tarOf(tree('scramble'), format)
      ]
      const made = await restored(other, replacing(name, 'o'.repeat(length)), endOf(one))
      expect([length, made.equals(one)]).toEqual([length, true])
    }
  })

  it('is that of the original text of a link', async () => {
    const [one, other] = [
      await tarOf(tree('c', 'there/it/is'), format),
      await tarOf(tree('c', 'somewhere'), format)
    ]
    expect((await restored(other, replacing('link', '', 'there/it/is'))).equals(one)).toBe(true)
  })

  it('is not excused where it ends, orders or owns otherwise', async () => {
    const one = await tarOf(tree('original'), format)
    const back = replacing(name, 'original')
    for (const more of [['--record-size=20480'], ['--owner=7'], ['--mode=a=rwX']]) {
      const other = await tarOf(tree('scramble'), format, more)
      expect([more, (await restored(other, back, endOf(one))).equals(one)]).toEqual([more, false])
    }
  })
})
