import type { Attack, Variant } from './harness/attack.ts'
import { debProject, inDeb, staged } from './harness/deb-project.ts'

interface Part {
  how: string
  /** Shell of debian/rules before and after dh_installdeb. */
  before?: string
  after?: string
  files?: Record<string, string>
  /** Options of dpkg-gencontrol. */
  fields?: string
  paragraph?: string
  code: string
  member: string
}

const says = (name: string): string => `echo "fired: ${name}"`

/** A whole script where debhelper has none. */
const script = (
  name: string,
  file: string
): string => `printf '#!/bin/sh\\necho "fired: ${name}"\\n' >${staged(name)}/DEBIAN/${file}
chmod 755 ${staged(name)}/DEBIAN/${file}`

/** A section as debhelper's tools write them, for dh_installdeb to put in. */
const section = (name: string, text: string): string => `cat >>${staged(name)}.postinst.debhelper <<'END'
# Automatically added by dh_installxfonts/13.11.4
${text}
# End automatically added section
END`

const undeclared = (file: string): Pick<Part, 'code' | 'member'> => ({
  code: 'script-undeclared',
  member: `DEBIAN/${file}`
})

const own = (name: string, text: string): Record<string, string> => ({
  [`debian/victim-${name}.postinst`]: text
})

const initScript = { initd: '#!/bin/sh\n### BEGIN INIT INFO\n### END INIT INFO\nexit 1\n' }

const parts: Record<string, Part> = {
  postinst: {
    how: 'a postinst that debian/rules writes',
    after: script('postinst', 'postinst'),
    ...undeclared('postinst')
  },
  preinst: {
    how: 'a preinst that debian/rules writes',
    after: script('preinst', 'preinst'),
    ...undeclared('preinst')
  },
  prerm: { how: 'a prerm that debian/rules writes', after: script('prerm', 'prerm'), ...undeclared('prerm') },
  postrm: {
    how: 'a postrm that debian/rules writes',
    after: script('postrm', 'postrm'),
    ...undeclared('postrm')
  },
  appended: {
    how: 'a line behind the end of the committed postinst',
    files: own('appended', '#!/bin/sh\nset -e\n#DEBHELPER#\n'),
    after: `echo '${says('appended')}' >>${staged('appended')}/DEBIAN/postinst`,
    ...undeclared('postinst')
  },
  replaced: {
    how: 'another line in the place of one of the committed postinst',
    files: own('replaced', '#!/bin/sh\nset -e\n#DEBHELPER#\necho ready\n'),
    after: `sed -i 's/^echo ready$/${says('replaced')}/' ${staged('replaced')}/DEBIAN/postinst`,
    ...undeclared('postinst')
  },
  token: {
    how: 'a word between # of the committed postinst, which dh_installdeb is told to replace',
    files: own('token', '#!/bin/sh\nset -e\n#DEBHELPER#\n#READY#\n'),
    after: `DH_NO_ACT= dh_installdeb -pvictim-token --define='READY=${says('token')}'`,
    ...undeclared('postinst')
  },
  section: {
    how: 'a section in the form of debhelper with a text that is no snippet',
    before: section('section', says('section')),
    ...undeclared('postinst')
  },
  between: {
    how: 'a line between two sections of debhelper',
    before: `${section('between', 'dpkg-maintscript-helper rm_conffile /etc/victim -- "$@"')}
echo '${says('between')}' >>${staged('between')}.postinst.debhelper`,
    ...undeclared('postinst')
  },
  fonts: {
    how: 'the snippet of dh_installxfonts with a command of the attacker',
    before: section('fonts', "if command -v update-fonts-dir >/dev/null; then\n\techo 'fired: fonts'\nfi"),
    ...undeclared('postinst')
  },
  handler: {
    how: 'the snippet of dh_installinit, whose error handler is the attacker’s',
    files: { 'debian/victim-handler.init': initScript.initd },
    before: `sed -i 's/|| exit 1/|| echo '"'fired: handler'"'/' debian/.debhelper/generated/victim-handler/postinst*`,
    ...undeclared('postinst')
  },
  assigned: {
    how: 'the snippet of dh_installmenu, with a command behind the value of a variable',
    before: section(
      'assigned',
      `inst=/etc/menu-methods/victim echo 'fired: assigned'
if [ -f $inst ]; then
	chmod a+x $inst
	if [ -x "\`command -v update-menus\`" ] && [ -x "$DPKG_ROOT\`command -v update-menus\`" ]; then
		update-menus
	fi
fi`
    ),
    ...undeclared('postinst')
  },
  expanded: {
    how: 'the snippet of dh_installalternatives, with a command in the default of a variable',
    before: section(
      'expanded',
      `if [ "$1" = "configure" ] || [ "$1" = "abort-upgrade" ] || [ "$1" = "abort-deconfigure" ] || [ "$1" = "abort-remove" ]; then
        update-alternatives --help \${DPKG_ROOT:-$(echo 'fired: expanded'>&2)}
fi`
    ),
    ...undeclared('postinst')
  },
  triggers: {
    how: 'a trigger that brings a branch of the committed postinst to life',
    files: own(
      'triggers',
      `#!/bin/sh\nset -e\nif [ "$1" = triggered ]; then\n  ${says('triggers')}\nfi\n#DEBHELPER#\n`
    ),
    after: `echo 'interest-noawait /usr/share/doc' >${staged('triggers')}/DEBIAN/triggers`,
    code: 'generated-differs',
    member: 'DEBIAN/triggers'
  },
  depends: {
    how: 'a dependency that dpkg-gencontrol is told',
    fields: '-Vmisc:Depends=fired-depends',
    code: 'metadata-undeclared',
    member: 'DEBIAN/control'
  },
  provides: {
    how: 'a name that the package takes from another (Provides, Replaces)',
    fields: '-DProvides=fired-provides -DReplaces=fired-provides',
    code: 'metadata-undeclared',
    member: 'DEBIAN/control'
  },
  homepage: {
    how: 'another home page than that of debian/control',
    paragraph: 'Homepage: https://example.org/\n',
    fields: '-DHomepage=https://example.net/fired-homepage',
    code: 'metadata-differs',
    member: 'DEBIAN/control'
  }
}

const names = Object.keys(parts)

const variants = Object.entries(parts).map(([name, { how, code, member }]): Variant => ({
  name,
  how,
  reported: [inDeb(name, code, member)]
}))

const joined = (step: 'before' | 'after'): string =>
  names.flatMap((name) => parts[name]?.[step] ?? []).join('\n')

export const debControlPart: Attack = {
  name: 'deb-control-part',
  rows: '10, 23',
  title: 'The control part of a deb, which dpkg runs as root, is not what debian/ says',
  caughtBy:
    'Tracing: a maintainer script is that of debian/ with snippets of the locked debhelper, and every field of control is derived again. Nothing else may be there.',
  scenes: [
    {
      name: 'debian/rules',
      files: debProject({
        packages: names,
        files: Object.assign({}, ...names.map((name) => parts[name]?.files ?? {})) as Record<string, string>,
        paragraph: (name) => parts[name]?.paragraph ?? '',
        steps: {
          scripts: joined('before'),
          control: joined('after'),
          gencontrol: names
            .map((name) => `dh_gencontrol -pvictim-${name} -- ${parts[name]?.fields ?? ''}`)
            .join('\n')
        }
      }),
      variants
    }
  ]
}
