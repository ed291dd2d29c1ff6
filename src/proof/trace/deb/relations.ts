/** One relation of a field such as Depends: alternatives, each a package with its restrictions. */
export interface Relation {
  text: string
  names: readonly string[]
}

/** `a (>= 1) | b [amd64] <!nocheck>`: what stands in brackets is of the source alone. */
export function parseRelations(value: string): Relation[] {
  return value
    .split(',')
    .map((each) => each.replace(/\s+/g, ' ').trim())
    .filter((each) => each !== '')
    .map((text) => ({ text, names: text.split('|').map((each) => nameOf(each.trim())) }))
}

function nameOf(alternative: string): string {
  return /^[A-Za-z0-9.+-]+/.exec(alternative)?.[0] ?? alternative
}

/** A relation of `debian/control` as the package has it: without architectures and profiles; undefined if not for it. */
export function forArchitecture(relation: Relation, architecture: string): Relation | undefined {
  const kept = relation.text.split('|').flatMap((each): string[] => {
    const list = /\[([^\]]*)\]/.exec(each)?.[1]?.trim().split(/\s+/)
    if (list !== undefined && !restrictsTo(list, architecture)) return []
    // Profiles hold for one build alone: `nocheck` is the one that is in force here.
    return [
      each
        .replace(/\[[^\]]*\]/g, '')
        .replace(/<[^>]*>/g, '')
        .replace(/\s+/g, ' ')
        .trim()
    ]
  })
  return kept.length === 0 ? undefined : parseRelations(kept.join(' | '))[0]
}

function restrictsTo(list: readonly string[], architecture: string): boolean {
  const matches = (each: string): boolean =>
    each === architecture ||
    each === 'any' ||
    each === 'linux-any' ||
    each === `any-${architecture}` ||
    each === `linux-${architecture}`
  const negative = list.every((each) => each.startsWith('!'))
  return negative ? !list.some((each) => matches(each.slice(1))) : list.some(matches)
}

/** Substitution variables whose values the trace cannot know, and what they may bring (deb-substvars(5)). */
const substitutions: Readonly<Record<string, RegExp>> = {
  'python3:Depends':
    /^(python3(-[a-z0-9.+-]+)?|python3\.\d+(-[a-z0-9.+-]+)?|libpython3[a-z0-9.-]*|dh-python)$/,
  'python3:Recommends': /^python3-[a-z0-9.+-]+$/,
  'python3:Suggests': /^python3-[a-z0-9.+-]+$/,
  'python3:Provides': /^python3\.\d+-[a-z0-9.+-]+$/,
  'shlibs:Depends': /^(lib[a-z0-9.+-]+|zlib1g|[a-z0-9.+-]+t64)$/,
  'shlibs:Recommends': /^lib[a-z0-9.+-]+$/,
  'perl:Depends': /^(perl|perl-base|perlapi-[0-9.]+|libperl[0-9.]+)$/,
  'misc:Depends':
    /^(debconf|debconf-2\.0|cdebconf|init-system-helpers|adduser|ucf|systemd(-standalone)?-(sysusers|tmpfiles)|default-systemd(-sysusers|-tmpfiles)?|dpkg|python3|sgml-base|xfonts-utils|dbconfig-[a-z0-9]+)$/,
  'misc:Pre-Depends': /^(init-system-helpers|dpkg|multiarch-support)$/,
  'misc:Recommends': /^(dbconfig-[a-z0-9]+|logrotate|cron|cron-daemon)$/,
  'sphinxdoc:Depends': /^(libjs-sphinxdoc|sphinx-rtd-theme-common)$/,
  'sphinxdoc:Built-Using': /^[a-z0-9.+-]+$/
}

/** Whether a relation may come out of one of the variables that a field names. */
export function comesFromSubstitution(relation: Relation, value: string): boolean {
  const variables = [...value.matchAll(/\$\{([A-Za-z0-9:_-]+)\}/g)].map(([, name = '']) => name)
  return variables.some((name) => {
    const allowed = substitutions[name]
    return allowed !== undefined && relation.names.every((each) => allowed.test(each))
  })
}

/** Values that follow from the version alone. */
export function withVersions(value: string, version: string): string {
  const upstream = version.replace(/^\d+:/, '').replace(/-[^-]*$/, '')
  return value
    .replaceAll('${binary:Version}', version)
    .replaceAll('${source:Version}', version)
    .replaceAll('${Source-Version}', version)
    .replaceAll('${source:Upstream-Version}', upstream)
    .replaceAll('${Newline}', '\n')
    .replaceAll('${Space}', ' ')
    .replaceAll('${Tab}', '\t')
    .replaceAll('${}', '$')
}
