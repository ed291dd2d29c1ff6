import type { ArchiveKind } from '../../formats/archive.ts'
import { memberRules } from '../member-rules.ts'
import type { Evidence, Explained, Rule } from './evidence.ts'

/** A file that package managers and system tools leave in an image, and that no two builds share. */
interface SystemFile {
  name: string
  /** Of the path in the file system, without leading `/`. */
  path: RegExp
  cause: string
  /** The line for the Dockerfile. */
  fix: string
}

/**
 * What `RUN` steps leave behind (measured with two builds of one Dockerfile 40 days apart), with the line that ends it.
 * Each belongs into the RUN that makes the file: a later one leaves it in the layer below.
 */
const systemFiles: readonly SystemFile[] = [
  {
    name: 'shadow-day',
    path: /^etc\/g?shadow-?$/,
    cause: 'The database of passwords holds the day on which a user was made or changed.',
    fix: "Write `ARG SOURCE_DATE_EPOCH` into the stage, which newer useradd goes by; for older ones add to the same RUN: `&& sed -i -E 's/^(NAME:[^:]*):[0-9]*:/\\1::/' /etc/shadow && rm -f /etc/*-`."
  },
  {
    name: 'machine-id',
    path: /^(etc\/machine-id|var\/lib\/dbus\/machine-id)$/,
    cause: 'The machine id is drawn at random when a package is configured.',
    fix: 'Add to the RUN that installs packages: `&& : > /etc/machine-id && rm -f /var/lib/dbus/machine-id`.'
  },
  {
    name: 'account-backup',
    path: /^etc\/(passwd|group|subuid|subgid)-$/,
    cause: 'A backup of a database of accounts follows the order in which packages made users.',
    fix: 'Add to the RUN that makes users or installs packages: `&& rm -f /etc/*-`.'
  },
  {
    name: 'host-keys',
    path: /^(etc\/ssh\/ssh_host_|etc\/ssl\/(private|certs)\/ssl-cert-snakeoil)/,
    cause: 'A key is drawn at random when a package is configured. Everybody who has the image has it too.',
    fix: 'Add to the RUN that installs packages: `&& rm -f /etc/ssh/ssh_host_* /etc/ssl/*/ssl-cert-snakeoil.*`; make keys when the container starts.'
  },
  {
    name: 'ldconfig-cache',
    path: /^var\/cache\/ldconfig\/aux-cache$/,
    cause: 'The cache of ldconfig holds numbers of inodes and times of libraries.',
    fix: 'Add to the RUN that installs packages: `&& rm -f /var/cache/ldconfig/aux-cache`.'
  },
  {
    name: 'fontconfig-cache',
    path: /^(var\/cache\/fontconfig|.*\/\.cache\/fontconfig)\//,
    cause: 'The cache of fontconfig holds times of folders.',
    fix: 'Add to the RUN that installs fonts: `&& rm -rf /var/cache/fontconfig/*`.'
  },
  {
    name: 'apt-cache',
    path: /^var\/(cache\/apt|lib\/apt)\//,
    cause: 'Caches and lists of apt hold times and follow the state of the mirrors.',
    fix: 'Add to each RUN that calls apt-get: `&& apt-get clean && rm -rf /var/cache/apt/*.bin /var/lib/apt/lists/*`.'
  },
  {
    name: 'apk-state',
    path: /^(etc\/apk\/world|lib\/apk\/db\/|var\/(cache|log)\/apk)/,
    cause: 'The state of apk holds times and names of virtual packages that it draws itself.',
    fix: 'Use `apk add --no-cache`, and give virtual packages a name (`--virtual .build`).'
  },
  {
    name: 'package-log',
    path: /^var\/log\//,
    cause: 'A log holds the times of what was done.',
    fix: 'Add to the RUN that writes it, most often the one that installs packages: `&& rm -rf /var/log/apt /var/log/dpkg.log /var/log/alternatives.log /var/log/bootstrap.log`.'
  },
  {
    name: 'debconf-backup',
    path: /^var\/(cache\/debconf|lib\/dpkg)\/.*-old$/,
    cause: 'A backup of a package database follows the order in which packages were configured.',
    fix: 'Add to the RUN that installs packages: `&& rm -f /var/cache/debconf/*-old /var/lib/dpkg/*-old`.'
  },
  {
    name: 'tool-cache',
    path: /(^|\/)(\.cache\/|\.npm\/|\.wget-hsts$|\.python_history$|\.bash_history$)/,
    cause: 'A tool left its cache or history in the home folder.',
    fix: 'Use `pip install --no-cache-dir`, or remove it in the same RUN: `&& rm -rf ~/.cache ~/.npm ~/.wget-hsts`.'
  },
  {
    name: 'temporary-file',
    path: /^(var\/)?tmp\//,
    cause: 'A temporary file was left behind, most often with a random name.',
    fix: 'Remove it in the same RUN: `&& rm -rf /tmp/* /var/tmp/*`.'
  }
]

/** What is to be said of a member because of where it lies alone, if anything is. */
export function systemFileAt(member: string, kind: ArchiveKind): Explained | undefined {
  for (const { explain } of systemRules) {
    const found = explain({ member, kind })
    if (found !== undefined) return found
  }
  return undefined
}

interface SystemRule extends Rule {
  explain: (evidence: Pick<Evidence, 'member' | 'kind'>) => Explained | undefined
}

export const systemRules: readonly SystemRule[] = systemFiles.map(({ name, path, cause, fix }) => ({
  name,
  explain({ member, kind }) {
    const { exact, inner } = memberRules[kind]
    if (!exact || !path.test(inner(member))) return undefined
    return {
      cause,
      fix:
        kind === 'image'
          ? fix
          : 'No package may ship this file: leave it out, or let a maintainer script make it.'
    }
  }
}))
