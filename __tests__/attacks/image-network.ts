import type { Report } from './harness/attack.ts'

/** How a Dockerfile gets at what no commit and no lock holds. */
export interface FetchedImage {
  /** Name of its target; the marker prints it. */
  name: string
  how: string
  /** Lines below FROM, given the address of a server. */
  steps: (server: string) => string
  /** How the error of the build without a network names the step; null where it goes on without. */
  fails: string | null
  /** What is reported of an image that a builder with a network has made. */
  reported: readonly Omit<Report, 'package'>[]
  /** Why the step finds nothing, where the build goes on. */
  held?: string
}

const untraced = (member: string): FetchedImage['reported'][number] => ({
  check: 'traced',
  code: 'untraced',
  artifact: 'image',
  member: `layers/N/${member}`
})
const rule = (code: string, name: string): FetchedImage['reported'][number] => ({
  check: 'policy',
  code,
  artifact: 'release',
  member: `Dockerfile.${name}`
})
const asking = (server: string, name: string): string =>
  `python3 -c 'import os, urllib.request as r; text = r.urlopen("${server}/${name}", timeout=5).read(); os.makedirs("/srv/bin"); open("/srv/bin/${name}", "wb").write(text)' && chmod 755 /srv/bin/${name}`

export const imageNetwork = {
  name: 'image-network',
  rows: '11, P4',
  title:
    'The Dockerfile takes what no commit holds: from servers, from earlier builds, from the working folder',
  caughtBy:
    'No step has a network, a cache or the working folder: the build fails at the step, or goes on without. What was fetched elsewhere is no blob.',
  images: [
    {
      name: 'run',
      how: 'a RUN fetches a program from a server',
      steps: (server) => `RUN true\nRUN ${asking(server, 'run')}`,
      fails: 'Dockerfile.run:4',
      reported: [untraced('srv/bin/run')]
    },
    {
      name: 'add',
      how: 'an ADD takes a program from a server',
      steps: (server) => `ADD --chmod=755 ${server}/add /srv/bin/add`,
      fails: '] ADD --chmod=755 http://127.0.0.1',
      reported: [untraced('srv/bin/add'), rule('dockerfile-remote-add', 'add')]
    },
    {
      name: 'quiet',
      how: 'a RUN fetches a program where there is a network, and says nothing where there is none',
      steps: (server) => `RUN ${asking(server, 'quiet')} || true`,
      fails: null,
      reported: [untraced('srv/bin/quiet')],
      held: 'no step has a network'
    },
    {
      name: 'cache',
      how: 'a RUN takes a program out of a cache that an earlier build has filled',
      steps: () =>
        'RUN --mount=type=cache,target=/var/cache/tools mkdir -p /srv/bin; [ ! -e /var/cache/tools/cache ] || cp /var/cache/tools/cache /srv/bin/cache',
      fails: null,
      reported: [untraced('srv/bin/cache'), rule('dockerfile-cache-mount', 'cache')]
    },
    {
      name: 'folder',
      how: 'a COPY takes a file that lies in the working folder, and in no commit',
      steps: () => 'COPY bin/ /srv/bin/',
      fails: null,
      reported: [untraced('srv/bin/folder')],
      held: 'the context is written from the blobs of the tag'
    }
  ] satisfies readonly FetchedImage[]
}
