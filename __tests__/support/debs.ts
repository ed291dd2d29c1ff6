import { chmod, mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { plainEnvironment, runChecked } from '../../src/platform/process.ts'

export interface SmallDeb {
  name?: string
  version?: string
  architecture?: string
  /** Further lines of the control file. */
  control?: string
  /** Files of the package by path, and of DEBIAN by `DEBIAN/NAME`; scripts are made executable. */
  files?: Record<string, string>
  /** Options of dpkg-deb. Default: xz. */
  options?: readonly string[]
}

/** Builds a deb with dpkg-deb. @returns its file */
export async function buildDeb(folder: string, deb: SmallDeb = {}): Promise<string> {
  const { name = 'demo', version = '1.0', architecture = 'all', control = '', options = ['-Zxz'] } = deb
  const tree = path.join(folder, `${name}_${version.replace(/^\d+:/, '')}_${architecture}`)
  const text = `Package: ${name}\nVersion: ${version}\nArchitecture: ${architecture}\nMaintainer: A <a@example.org>\n${control}Description: demo\n of it\n`
  const files = { 'DEBIAN/control': text, ...(deb.files ?? { 'usr/share/demo/data': 'data\n' }) }
  for (const [inner, content] of Object.entries(files)) {
    const file = path.join(tree, inner)
    await mkdir(path.dirname(file), { recursive: true, mode: 0o755 })
    await writeFile(file, content)
    await chmod(file, /^DEBIAN\/(pre|post)/.test(inner) ? 0o755 : 0o644)
  }
  await chmod(tree, 0o755)
  const env = { ...plainEnvironment, SOURCE_DATE_EPOCH: '1700000000' }
  await runChecked('dpkg-deb', ['--root-owner-group', ...options, '--build', tree, `${tree}.deb`], {
    cwd: folder,
    env
  })
  return `${tree}.deb`
}
