import { tarEnd, tarHeader, tarPadding } from '../formats/tar/writer.ts'
import type { RootFiles } from './root-files.ts'

/** Config and files of a world as one tar archive: what goes to the privileged child, with no file on the host. */
export function bundleArchive(config: object, files: RootFiles, folders: readonly string[]): Buffer {
  const blocks = [...file('config.json', JSON.stringify(config))]
  const made = new Set<string>()
  const directory = (path: string): void => {
    if (path === '' || made.has(path)) return
    const cut = path.lastIndexOf('/')
    if (cut > 0) directory(path.slice(0, cut))
    made.add(path)
    blocks.push(tarHeader({ path, kind: 'directory', mode: 0o755, size: 0, mtime: 0 }))
  }
  directory('root')
  for (const folder of folders) directory(`root/${folder}`)
  for (const [path, content] of files) {
    directory(`root/${path.slice(0, path.lastIndexOf('/'))}`)
    blocks.push(...file(`root/${path}`, content))
  }
  return Buffer.concat([...blocks, tarEnd])
}

function file(path: string, content: string): Buffer[] {
  const bytes = Buffer.from(content)
  return [
    tarHeader({ path, kind: 'file', mode: 0o644, size: bytes.length, mtime: 0 }),
    bytes,
    tarPadding(bytes.length)
  ]
}
