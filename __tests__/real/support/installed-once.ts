import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import path from 'node:path'

/**
 * A folder that is made once per machine. Two test files may come here at once: one of them is first, and both are the same.
 *
 * @param fill makes `content` of the room that it is given
 */
export async function installedOnce(
  folder: string,
  fill: (room: string, content: string) => Promise<void>
): Promise<string> {
  if (await isThere(folder)) return folder
  await mkdir(path.dirname(folder), { recursive: true })
  const room = await mkdtemp(`${folder}.part-`)
  try {
    const content = path.join(room, 'content')
    await fill(room, content)
    await rename(content, folder).catch(async (error: unknown) => {
      if (!(await isThere(folder))) throw error
    })
  } finally {
    await rm(room, { recursive: true, force: true })
  }
  return folder
}

function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false
  )
}
