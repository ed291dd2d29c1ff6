import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import type { MemberOrigin } from '../src/documents/origins.ts'
import { readDocument } from '../src/documents/reading.ts'

/** Shows what was proven: each artifact with its size and hash, and how many of its members come from where. */
export async function showRelease(out: string): Promise<void> {
  const { document } = await readDocument('release', path.join(out, 'release.json'))
  process.stdout.write(`\n# ${document.verdict}: ${document.tag}, commit ${document.commit}\n`)
  for (const { name, size, sha256, packing } of document.artifacts)
    process.stdout.write(`${sha256.slice(0, 16)}  ${(size / 1e6).toFixed(1)} MB  ${packing}  ${name}\n`)
  for (const file of (await readdir(path.join(out, 'origins'))).sort()) {
    const lines = (await readFile(path.join(out, 'origins', file), 'utf8')).trim().split('\n')
    const origins = lines.map((line) => JSON.parse(line) as MemberOrigin)
    const counts = new Map<string, number>()
    for (const { origin, rule } of origins) {
      const what = rule === 'git-input' ? 'git input' : origin
      counts.set(what, (counts.get(what) ?? 0) + 1)
    }
    const told = [...counts].map(([what, count]) => `${count} ${what}`).join(', ')
    process.stdout.write(`${file.replace(/\.jsonl$/, '')}: ${origins.length} members: ${told}\n`)
    for (const { member, from } of origins.filter(({ rule }) => rule === 'git-input'))
      process.stdout.write(`  ${member}  <-  ${from.join(', ')}\n`)
  }
}
