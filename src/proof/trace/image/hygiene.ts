import type { Generator } from '../generator.ts'
import { installedPlace } from '../installed.ts'

interface Leaving {
  path: RegExp
  what: string
  /** Line of the Dockerfile that avoids it. */
  line: string
}

/**
 * What package managers and accounts leave behind, and what differs from day to day or from machine to machine (measured:
 * one Dockerfile built on two days). Nothing in a running image needs them.
 */
const leavings: readonly Leaving[] = [
  { path: /^var\/log\/(?!journal$).+/, what: 'a log', line: 'RUN … && find /var/log -type f -delete' },
  {
    path: /^var\/cache\/apt\/(.*\.bin|archives\/(.*\.deb|lock|partial\/.*))$/,
    what: 'a cache of apt',
    line: 'RUN apt-get … && apt-get clean && rm -f /var/cache/apt/*.bin'
  },
  {
    path: /^var\/lib\/apt\/lists\/.+/,
    what: 'a list of packages',
    line: 'RUN apt-get … && rm -rf /var/lib/apt/lists/*'
  },
  {
    path: /^var\/cache\/ldconfig\/aux-cache$/,
    what: 'a cache of ldconfig, with times of files',
    line: 'RUN … && rm -f /var/cache/ldconfig/aux-cache'
  },
  {
    path: /^(etc\/machine-id|var\/lib\/dbus\/machine-id)$/,
    what: 'the identity of a machine',
    line: 'RUN … && : > /etc/machine-id && rm -f /var/lib/dbus/machine-id'
  },
  {
    path: /^etc\/(passwd|group|shadow|gshadow|subuid|subgid)-$/,
    what: 'a copy that a tool for accounts has kept',
    line: 'RUN useradd … && rm -f /etc/*-'
  },
  {
    path: /^var\/cache\/fontconfig\/.+/,
    what: 'a cache of fontconfig',
    line: 'RUN … && rm -rf /var/cache/fontconfig/*'
  },
  {
    path: /^(root|home\/[^/]+)\/\.cache\/pip\/.+/,
    what: 'a cache of pip',
    line: 'RUN pip install --no-cache-dir …'
  },
  {
    path: /^(root|home\/[^/]+)\/\.(npm|wget-hsts|python_history|bash_history|node_repl_history).*/,
    what: 'a trace of a tool that was run',
    line: 'RUN … && rm -rf /root/.npm /root/.wget-hsts'
  },
  {
    path: /^var\/cache\/(debconf\/.*-old|man\/.+)$/,
    what: 'a cache',
    line: 'RUN … && rm -rf /var/cache/man /var/cache/debconf/*-old'
  },
  {
    path: /^var\/lib\/dpkg\/(status|available|diversions|statoverride)-old$/,
    what: 'a copy of the database of dpkg',
    line: 'RUN … && rm -f /var/lib/dpkg/*-old'
  },
  { path: /^(tmp|var\/tmp)\/.+/, what: 'a temporary file', line: 'RUN … && rm -rf /tmp/* /var/tmp/*' }
]

/** Caches, logs and identities in a layer: told with the line that leaves them out. */
export const hygiene: Generator = {
  name: 'image-hygiene',
  reason: 'Package managers leave caches, logs and identities behind, which no image needs.',
  matches: ({ path, kind, size }, { artifact }) => {
    const place = kind === 'file' ? installedPlace(path, artifact.kind) : undefined
    return place !== undefined && size > 0 && leavingAt(place.path) !== undefined
  },
  derive(member, { artifact }) {
    const leaving = leavingAt(installedPlace(member.path, artifact.kind)?.path ?? '')
    return Promise.resolve(
      leaving === undefined
        ? undefined
        : {
            traced: false,
            code: 'image-hygiene',
            message: `${member.path} is ${leaving.what}: it differs with the day or the machine, and no image needs it.`,
            cause: 'A RUN leaves it behind.',
            fix: `End the same RUN with its removal: ${leaving.line}`
          }
    )
  }
}

function leavingAt(path: string): Leaving | undefined {
  return leavings.find((leaving) => leaving.path.test(path))
}

/** An empty log, or an empty `machine-id`, holds nothing: packages ship such, and clean-up leaves such. */
export const emptyLeaving: Generator = {
  name: 'emptied-file',
  reason: 'A log or an identity that was emptied holds nothing.',
  matches: ({ path, kind, size }, { artifact }) => {
    const place = kind === 'file' && size === 0 ? installedPlace(path, artifact.kind) : undefined
    return (
      place !== undefined &&
      (leavingAt(place.path) !== undefined ||
        /(^|\/)(\.lock|lock|lock-frontend|\.pwd\.lock)$/.test(place.path))
    )
  },
  derive: () => Promise.resolve({ traced: true, from: [] })
}
