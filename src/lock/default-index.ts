import path from 'node:path'
import { TagproofError } from '../platform/errors.ts'
import { withTemporaryFolder } from '../platform/files.ts'
import { plainEnvironment, run } from '../platform/process.ts'

/** Pip's own constant: the index of a pip that nobody has configured. It is asked for, never written down here. */
const question = 'from pip._internal.models.index import PyPI; print(PyPI.simple_url)'

/**
 * Asks a pip which index it uses by default: that of this machine, else the one in a locked Debian package.
 *
 * @param pipPackage path of a `python3-pip-whl` package, if there is one
 * @throws TagproofError `tool-missing` if there is no pip to ask
 */
export function defaultIndexUrl(pipPackage: string | null): Promise<string> {
  const known = asked.get(pipPackage) ?? askForIndex(pipPackage)
  asked.set(pipPackage, known)
  // Another try may find a pip that was installed meanwhile.
  known.catch(() => asked.delete(pipPackage))
  return known
}

/** Every package of a resolution asks at once, and each answer costs a start of Python. */
const asked = new Map<string | null, Promise<string>>()

async function askForIndex(pipPackage: string | null): Promise<string> {
  const own = await ask(null)
  if (own !== null) return own
  const packaged = pipPackage === null ? null : await askPackage(pipPackage)
  if (packaged !== null) return packaged
  throw new TagproofError('tool-missing', 'There is no pip to ask for the default package index.', {
    fix: 'Install python3-pip or python3-pip-whl, or name the index in PIP_INDEX_URL.'
  })
}

async function ask(wheel: string | null): Promise<string | null> {
  const wheels = wheel === null ? [] : [wheel]
  const code = `import sys, glob; sys.path[:0] = sys.argv[1:]; sys.path += sorted(glob.glob('/usr/share/python-wheels/pip-*.whl')); ${question}`
  const result = await run('python3', ['-I', '-c', code, ...wheels], {
    env: { ...plainEnvironment, PATH: process.env.PATH ?? plainEnvironment.PATH ?? '' },
    timeoutSeconds: 30
  }).catch(() => null)
  const url = result?.stdout.toString('utf8').trim() ?? ''
  return result?.code === 0 && /^https?:\/\/\S+$/.test(url) ? url : null
}

async function askPackage(pipPackage: string): Promise<string | null> {
  return withTemporaryFolder('tagproof-pip', async (folder) => {
    const unpacked = await run('dpkg-deb', ['-x', pipPackage, folder], { env: plainEnvironment }).catch(
      () => null
    )
    if (unpacked?.code !== 0) return null
    const wheels = await run('find', [path.join(folder, 'usr/share/python-wheels'), '-name', 'pip-*.whl'], {
      env: plainEnvironment
    })
    const wheel = wheels.stdout.toString('utf8').trim().split('\n')[0] ?? ''
    return wheel === '' ? null : ask(wheel)
  })
}
