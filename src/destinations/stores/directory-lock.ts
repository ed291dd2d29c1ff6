import { constants } from 'node:fs'
import { copyFile, link, mkdir, readFile, rm, stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { TagproofError } from '../../platform/errors.ts'
import { lives } from './directory-owner.ts'

/** A writer holds the lock for the time of one rename. */
const longestWaitMilliseconds = 20_000
const pauseMilliseconds = 5

/**
 * Runs `use` while no other writer runs theirs. A lock whose owner died is taken over, where that can be told: the owner was a
 * process of this machine.
 *
 * @param file the lock
 * @param own a file beside it that holds the name of this process
 * @throws TagproofError `upload-refused` if somebody holds it for too long
 */
export async function withLock<T>(file: string, own: string, use: () => Promise<T>): Promise<T> {
  const end = Date.now() + longestWaitMilliseconds
  while (!(await placed(own, file))) {
    const owner = await readFile(file, 'utf8').catch(() => null)
    if (owner !== null && !(await lives(owner))) await takeAway(file, owner)
    else if (Date.now() > end) throw held(file, owner)
    else await sleep(pauseMilliseconds * (0.5 + Math.random()))
  }
  try {
    return await use()
  } finally {
    await rm(file, { force: true })
  }
}

/** By link: a lock is never there without the name of its owner. Not every file system has links. */
async function placed(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to).catch((error: unknown) => {
      if (!hasNoLinks(error)) throw error
      return copyFile(from, to, constants.COPYFILE_EXCL)
    })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

export function hasNoLinks(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code ?? ''
  return ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(code)
}

/** One at a time: another process may have taken the lock over, and hold it by now. */
async function takeAway(file: string, owner: string): Promise<void> {
  const guard = `${file}.taking`
  if (!(await first(guard))) return
  try {
    if ((await readFile(file, 'utf8').catch(() => null)) === owner) await rm(file, { force: true })
  } finally {
    await rm(guard, { force: true, recursive: true })
  }
}

/** Whoever dies while taking a lock over is passed over after a while. */
async function first(guard: string): Promise<boolean> {
  try {
    await mkdir(guard)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    const status = await stat(guard).catch(() => null)
    if (status !== null && Date.now() - status.mtimeMs > longestWaitMilliseconds / 2)
      await rm(guard, { force: true, recursive: true })
    else await sleep(pauseMilliseconds)
    return false
  }
}

function held(file: string, owner: string | null): TagproofError {
  return new TagproofError('upload-refused', 'Somebody else holds the lock of the folder.', {
    where: file,
    found: owner ?? 'another release that writes all the time',
    fix: 'Wait until the other release has ended. If there is none, remove the lock, and run publish again.'
  })
}
