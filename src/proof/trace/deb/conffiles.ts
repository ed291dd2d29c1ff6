import type { Generator } from '../generator.ts'
import { quotedList } from '../metadata/judgement.ts'
import { memberLines } from '../metadata/member-text.ts'
import { debianText, debPackage } from './package.ts'

/** `DEBIAN/conffiles`: every file below /etc, and what `debian/PKG.conffiles` names (dh_installdeb(1)). */
export const conffilesFile: Generator = {
  name: 'deb-conffiles',
  reason: 'dh_installdeb makes every file below /etc a conffile; the list is derived again.',
  matches: ({ path, kind }) => path === 'DEBIAN/conffiles' && kind === 'file',
  async derive(member, context) {
    const lines = await memberLines(member, context)
    const deb = await debPackage(context)
    if (lines === undefined || deb === undefined) return undefined
    const stated = await debianText(context, deb, 'conffiles')
    const declared = [
      ...(stated?.text.split('\n').map((line) => line.trim()) ?? []),
      ...(context.target?.deb?.mode === 'venv' ? context.target.deb.venv.conffiles : [])
    ].filter((line) => line !== '')
    const below = [...context.members.values()]
      .filter(({ path, kind }) => kind === 'file' && path.startsWith('etc/'))
      .map(({ path }) => `/${path}`)
    const expected = new Set([...declared, ...below])
    const added = lines.filter((line) => !expected.has(line))
    const missing = [...expected].filter((line) => !lines.includes(line))
    const twice = new Set(lines).size < lines.length
    if (added.length === 0 && missing.length === 0 && !twice)
      return { traced: true, from: stated === undefined ? [] : [stated.path] }
    return {
      traced: false,
      code: 'generated-differs',
      message: `${member.path}: ${[
        ...(added.length > 0 ? [`${quotedList(added)} is no file below /etc, nor stated`] : []),
        ...(missing.length > 0 ? [`${quotedList(missing)} is missing`] : []),
        ...(twice ? ['a line is there twice'] : [])
      ].join('; ')}.`,
      cause: 'Something else than dh_installdeb writes it.',
      fix: 'State further conffiles in debian/conffiles, and let dh_installdeb write the list.'
    }
  }
}
