import { createHash } from 'node:crypto'
import { lstat, mkdir, readdir, readFile, readlink, rm } from 'node:fs/promises'
import path from 'node:path'
import { plainEnvironment, run } from '../../../src/platform/process.ts'
import type { Tree } from './peers.ts'

/** What skopeo and umoci made of an image: the digest that skopeo sees, and the tree that umoci unpacks. */
export interface PeersAnswer {
  digest: string | null
  tree: Tree | null
  /** The complaint of the one that gave up. */
  complaint: string
}

/**
 * Copies the image into a layout folder with skopeo, which checks every digest, and unpacks that with umoci.
 *
 * @param folder for their files; emptied afterwards
 */
export async function askImagePeers(file: string, folder: string): Promise<PeersAnswer> {
  const place = path.join(folder, 'peers')
  await mkdir(place, { recursive: true })
  try {
    const layout = path.join(place, 'layout')
    const temporary = path.join(place, 'tmp')
    await mkdir(temporary)
    const digests = path.join(place, 'digest')
    const copied = await tool('skopeo', ['--insecure-policy', '--tmpdir', temporary, 'copy', '--quiet', '--digestfile', digests, `oci-archive:${file}`, `oci:${layout}:x`]) // prettier-ignore
    if (copied !== null) return { digest: null, tree: null, complaint: `skopeo: ${copied}` }
    const digest = await readFile(digests, 'utf8')
    const root = path.join(place, 'root')
    const unpacked = await tool('umoci', ['raw', 'unpack', '--rootless', '--image', `${layout}:x`, root])
    if (unpacked !== null) return { digest, tree: null, complaint: `umoci: ${unpacked}` }
    return { digest, tree: await walk(root, ''), complaint: '' }
  } finally {
    await rm(place, { recursive: true, force: true })
  }
}

/** Runs a tool; its complaint, or null if there is none. */
async function tool(command: string, args: readonly string[]): Promise<string | null> {
  const env = { ...plainEnvironment, HOME: '/nonexistent' }
  const { code, stderr } = await run(command, args, { env, timeoutSeconds: 60 })
  if (code === 0) return null
  const lines = stderr.toString('utf8').trim().split('\n')
  return (lines.at(-1) ?? '').replace(/^time="[^"]*" /, '')
}

async function walk(root: string, below: string): Promise<Tree> {
  const tree: Tree = []
  for (const name of await readdir(path.join(root, below))) {
    const relative = below === '' ? name : `${below}/${name}`
    const full = path.join(root, relative)
    const status = await lstat(full)
    if (status.isDirectory()) tree.push([relative, 'directory', ''], ...(await walk(root, relative)))
    else if (status.isSymbolicLink()) tree.push([relative, 'symlink', await readlink(full)])
    else if (status.isFile()) {
      const hash = createHash('sha256')
        .update(await readFile(full))
        .digest('hex')
      tree.push([relative, 'file', `${(status.mode & 0o100) === 0 ? '-' : 'x'} ${hash}`])
    } else tree.push([relative, 'other', ''])
  }
  return tree.sort(([one], [other]) => Buffer.compare(Buffer.from(one), Buffer.from(other)))
}
