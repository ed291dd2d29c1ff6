import { differs } from '../files/verdicts.ts'
import type { Generator } from '../generator.ts'
import { memberText } from '../metadata/member-text.ts'
import { debianText, debPackage } from './package.ts'

const ldconfig = /^# Triggers added by dh_makeshlibs\/[A-Za-z0-9.+~]+\nactivate-noawait ldconfig\n$/

/** `DEBIAN/triggers`: that of `debian/`, and the one that dh_makeshlibs adds for libraries. */
export const triggersFile: Generator = {
  name: 'deb-triggers',
  reason: 'dh_installdeb copies the triggers of debian/, and dh_makeshlibs adds that of ldconfig.',
  matches: ({ path, kind }) => path === 'DEBIAN/triggers' && kind === 'file',
  async derive(member, context) {
    const deb = await debPackage(context)
    const bytes = await memberText(member, context)
    if (deb === undefined || bytes === undefined) return undefined
    const stated = await debianText(context, deb, 'triggers')
    const text = bytes.toString('utf8')
    const head = stated?.text ?? ''
    const rest = text.startsWith(head) ? text.slice(head.length) : text
    if (text.startsWith(head) && (rest === '' || ldconfig.test(rest)))
      return { traced: true, from: stated === undefined ? [] : [stated.path] }
    return differs({ ...member, content: bytes }, Buffer.from(head), 'debhelper')
  }
}

/** `DEBIAN/shlibs`: a line for each library of the package (deb-shlibs(5)). */
export const shlibsFile: Generator = {
  name: 'deb-shlibs',
  reason: 'dh_makeshlibs lists the libraries of the package, each with a relation to the package itself.',
  matches: ({ path, kind }) => path === 'DEBIAN/shlibs' && kind === 'file',
  async derive(member, context) {
    const deb = await debPackage(context)
    const bytes = await memberText(member, context)
    if (deb === undefined || bytes === undefined) return undefined
    const paths = [...context.members.keys()]
    const wrong = bytes
      .toString('utf8')
      .split('\n')
      .filter((line) => line !== '')
      .find((line) => {
        const [, name = '', soname = '', relation = ''] = /^(?:udeb: )?(\S+) (\S+) ([^\n]+)$/.exec(line) ?? []
        const there = paths.some(
          (path) => path.includes(`/${name}.so.${soname}`) || path.includes(`/${name}-${soname}.so`)
        )
        return !there || !relation.split(/[ ,|]+/).includes(deb.name)
      })
    return wrong === undefined
      ? { traced: true, from: [] }
      : differs({ ...member, content: bytes }, undefined, 'dh_makeshlibs')
  }
}

/** `DEBIAN/symbols`: of the libraries, taken from them by dpkg-gensymbols. */
export const symbolsFile: Generator = {
  name: 'deb-symbols',
  reason: 'dpkg-gensymbols lists the symbols of compiled libraries; both worlds gave the same.',
  matches: ({ path, kind }) => path === 'DEBIAN/symbols' && kind === 'file',
  async derive(member, context) {
    const deb = await debPackage(context)
    const bytes = await memberText(member, context)
    if (deb === undefined || bytes === undefined || context.build?.reproduced(member.path) !== true)
      return undefined
    const form = /^(\S+ [a-z0-9+.-]+ #MINVER#.*|[|*] .*| \S+@\S+ \S+( \d+)?)$/
    const lines = bytes
      .toString('utf8')
      .split('\n')
      .filter((line) => line !== '')
    return lines.every((line) => form.test(line)) ? { traced: true, from: [] } : undefined
  }
}

/** Files of `debian/` that are put into control.tar under a name of their own: templates of debconf and others. */
export const copiedControlFile: Generator = {
  name: 'deb-control-copy',
  reason: 'dh_installdeb copies the file of debian/ into the control part as it is.',
  matches: ({ path, kind }) => /^DEBIAN\/(templates|isinstallable|menutest)$/.test(path) && kind === 'file',
  async derive(member, context) {
    const deb = await debPackage(context)
    const bytes = await memberText(member, context)
    if (deb === undefined || bytes === undefined) return undefined
    const stated = await debianText(context, deb, member.path.slice('DEBIAN/'.length))
    if (stated === undefined) return undefined
    return Buffer.from(stated.text).equals(bytes)
      ? { traced: true, from: [stated.path] }
      : differs({ ...member, content: bytes }, Buffer.from(stated.text), 'dh_installdebconf')
  }
}

/** What else lies in the control part is run or read by dpkg's tools, and no rule knows it. */
export const unknownControlFile: Generator = {
  name: 'deb-control-part',
  reason: 'Only files of known generators belong into the control part of a package.',
  matches: ({ path }) => path.startsWith('DEBIAN/'),
  derive: (member) =>
    Promise.resolve({
      traced: false,
      code: 'untraced',
      message: `${member.path} is in the control part of the package, and no known generator makes it from debian/.`,
      cause: 'The build writes it, or it was added by hand; dpkg and its tools may run it.',
      fix: 'Leave it out, or keep it in debian/ under the name that debhelper takes.'
    })
}
