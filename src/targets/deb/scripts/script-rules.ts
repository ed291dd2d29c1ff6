/** What no maintainer script may run, by the name of the program. Returns why, or null. */
type Rule = (words: readonly string[]) => string | null

const always =
  (why: string): Rule =>
  () =>
    why

const fetches = 'fetches from a network'
const opens = 'opens a connection'

/** Refused with one of these as its first word that is no option. */
const withSubcommand =
  (names: readonly string[], why: string): Rule =>
  (words) =>
    words.some((word) => names.includes(word)) ? why : null

/** Refused unless all it is asked for is what it has. */
const exceptAsking =
  (harmless: readonly string[], why: string): Rule =>
  (words) => {
    const [first] = words.filter((word) => !word.startsWith('-'))
    return first === undefined || harmless.includes(first) ? null : why
  }

const pip = exceptAsking(
  ['list', 'freeze', 'show', 'check', 'uninstall', 'help'],
  'installs packages from an index'
)
const node = exceptAsking(
  ['ls', 'list', 'prefix', 'root', 'config'],
  'installs or runs packages from a registry'
)
const apt = withSubcommand(
  [
    'update',
    'install',
    'reinstall',
    'upgrade',
    'dist-upgrade',
    'full-upgrade',
    'safe-upgrade',
    'source',
    'download',
    'build-dep',
    'satisfy'
  ],
  'installs packages from an archive while dpkg is at work'
)

const rules: readonly [RegExp, Rule][] = [
  [
    /^(curl|wget2?|aria2c|axel|lynx|w3m|e?links|l?ftp|tftp|lwp-(request|download)|https?|httpie|GET|POST)$/,
    always(fetches)
  ],
  [/^(scp|sftp|rsync|ssh|rsh|telnet|socat|ncat|netcat|nc(\.(openbsd|traditional))?)$/, always(opens)],
  [
    /^git$/,
    withSubcommand(['clone', 'fetch', 'pull', 'submodule', 'ls-remote', 'remote', 'archive'], fetches)
  ],
  [/^(hg|svn|bzr|fossil)$/, always(fetches)],
  [/^apt-helper$/, withSubcommand(['download-file'], fetches)],
  [/^(pip|pip3|pip[23]\.[0-9]+|pipx|uv|uvx|poetry|pdm|conda|mamba|easy_install(-.*)?)$/, pip],
  [/^(npx|pnpx|bunx|uvx)$/, always('runs packages from a registry')],
  [/^(npm|pnpm|yarn|yarnpkg|bun|corepack|bower)$/, node],
  [
    /^(gem|bundle|bundler|cargo|go|composer|cpan|cpanm|luarocks|opam|stack|cabal)$/,
    exceptAsking(['list', 'version', 'env'], fetches)
  ],
  [/^(apt|apt-get|aptitude)$/, apt],
  [/^(add-apt-repository|apt-add-repository)$/, always('changes where the system takes packages from')],
  [
    /^apt-key$/,
    withSubcommand(['add', 'adv', 'update', 'net-update'], 'changes whose packages the system trusts')
  ],
  [/^dpkg$/, withSubcommand(['-i', '--install', '--unpack'], 'installs packages while dpkg is at work')],
  [/^(snap|flatpak)$/, withSubcommand(['install', 'refresh', 'update'], fetches)],
  [
    /^(docker|podman|buildah|skopeo|crane|nerdctl)$/,
    withSubcommand(['pull', 'run', 'build', 'copy', 'create', 'load'], fetches)
  ],
  [
    /^(gpg|gpg2)$/,
    withSubcommand(
      [
        '--recv-keys',
        '--recv-key',
        '--receive-keys',
        '--keyserver',
        '--search-keys',
        '--fetch-keys',
        '--refresh-keys'
      ],
      fetches
    )
  ],
  [/^openssl$/, withSubcommand(['s_client', 's_time', 'ocsp'], opens)],
  [/^(python[0-9.]*|pypy[0-9]*)$/, (words) => interpreted(words, ['-m', '-c'], pythonModules, pythonCode)],
  [
    /^(perl|ruby|node|nodejs|php|lua)$/,
    (words) => interpreted(words, ['-e', '-E', '-r', '--eval'], null, otherCode)
  ]
]

const pythonModules = /^(pip|ensurepip|pipx|uv|easy_install|http\.|urllib|ftplib|poetry|pdm)/
const pythonCode =
  /\b(urllib|urlopen|http\.client|httplib|requests|httpx|aiohttp|socket|ftplib|smtplib|telnetlib|asyncio|ssl|xmlrpc|imaplib|poplib|nntplib|__import__|pip|ensurepip|b64decode|a85decode|fromhex|unhexlify|exec|eval|marshal)\b/
const otherCode =
  /(LWP|HTTP::|IO::Socket|Net::|open-uri|net\/http|require\(['"](https?|net|child_process)|fetch\(|fsockopen|curl_init|file_get_contents\(['"]https?|decode_base64|MIME::Base64|unpack|\beval\b|\b[sS]ocket\b|\bTCPSocket\b)/

function interpreted(
  words: readonly string[],
  options: readonly string[],
  modules: RegExp | null,
  code: RegExp
): string | null {
  for (const [at, word] of words.entries()) {
    const option = options.find((name) => word === name || (name.length === 2 && word.startsWith(name)))
    if (option === undefined) continue
    const text = word === option ? (words[at + 1] ?? '') : word.slice(option.length)
    if (option === '-m' && modules?.test(text) === true) return 'runs a module that fetches or installs'
    if (option !== '-m' && code.test(text)) return 'runs code that opens connections, or code that it decodes'
  }
  return null
}

/** Why an interpreter must not be fed this text; null for what may, and for other programs. */
export function ruleAgainstCode(program: string, text: string): string | null {
  const option = program.startsWith('py') ? '-c' : '-e'
  return shells.test(program) ? null : ruleAgainst(program, [option, text])
}

/** Why this program must not run in a maintainer script; null for what may. */
export function ruleAgainst(program: string, words: readonly string[]): string | null {
  for (const [name, rule] of rules)
    if (name.test(program)) {
      const why = rule(words)
      if (why !== null) return why
    }
  return null
}

/** Programs that run what they are given on standard input. */
export const interpreters =
  /^(sh|bash|dash|ash|ksh|mksh|zsh|fish|python[0-9.]*|perl|ruby|node|nodejs|php|lua|tclsh|source|\.)$/
/** Those of them that read the language of the scripts themselves. */
export const shells = /^(sh|bash|dash|ash|ksh|mksh|zsh|fish|source|\.)$/
/** Programs that make readable text out of unreadable. */
export const decoders =
  /^(base64|base32|basenc|xxd|uudecode|openssl|gunzip|zcat|xz|xzcat|unxz|bunzip2|bzcat|zstd|zstdcat|gzip|rev|tr|od|awk|sed|printf)$/
/** Those of them that have no other use: what they write is hidden from a reader. */
export const unpackers =
  /^(base64|base32|basenc|xxd|uudecode|openssl|gunzip|zcat|xzcat|unxz|bunzip2|bzcat|zstdcat)$/
/** Programs that run another: how many words of their own come first is found by looking for the next program. */
export const wrappers =
  /^(sudo|doas|env|exec|command|builtin|nohup|nice|ionice|setsid|stdbuf|time|timeout|xargs|runuser|su|chroot|unshare|busybox|fakeroot|setpriv|flock|strace|script|watch|parallel|systemd-run|start-stop-daemon|trap)$/
/** Words of the shell's own grammar, behind which a command begins. */
export const reserved = new Set(['if', 'then', 'elif', 'else', 'while', 'until', 'do', '!', '{', '}', 'time'])
