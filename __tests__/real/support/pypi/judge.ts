import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { TinyRelease } from './tiny-release.ts'
import { pythonTool } from './tools.ts'

/**
 * What users would get, asked by a reader that shares no line with `src`: every file that the simple index lists is
 * fetched, and must be one of the release, byte for byte, with the hash that the index says.
 *
 * @returns names of the files that are there, sorted
 * @throws Error where anything is not as it must be
 */
export async function filesForUsers(simpleUrl: URL, release: TinyRelease): Promise<string[]> {
  const accept = 'application/vnd.pypi.simple.v1+json'
  const page = await fetch(new URL(`${release.project}/`, simpleUrl), { headers: { accept } })
  if (page.status === 404) return []
  if (page.headers.get('content-type') !== accept) throw new Error('not the JSON form of the simple index')
  const { files } = (await page.json()) as {
    files: { filename: string; url: string; size: number; hashes: Record<string, string> }[]
  }
  const names = new Set(files.map(({ filename }) => filename))
  if (names.size !== files.length) throw new Error('a file is listed twice')
  for (const { filename, url, size, hashes } of files) {
    const expected = release.bytes.get(filename)
    const bytes = Buffer.from(await (await fetch(url)).arrayBuffer())
    if (expected === undefined) throw new Error(`${filename} is none of ours`)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    if (!bytes.equals(expected) || hashes.sha256 !== sha256 || size !== bytes.length)
      throw new Error(`${filename} is not the file that was published`)
  }
  return [...names].sort()
}

/** Whether pip, with the hashes of the whole release, gets the release. */
export async function pipGets(simpleUrl: URL, release: TinyRelease, scratch: string): Promise<boolean> {
  const hashes = release.uploads.map(({ sha256 }) => `--hash=sha256:${sha256}`)
  const list = path.join(scratch, 'requirements.txt')
  await writeFile(list, `${release.project}==${release.version} ${hashes.join(' ')}\n`)
  const args = ['download', '-q', '--no-deps', '--no-build-isolation', '--require-hashes', '-r', list]
  const { code } = await pythonTool('pip', [...args, '-i', simpleUrl.href, '-d', path.join(scratch, 'got')])
  return code === 0
}
