import type { AlteredImage, AlteredAttack } from './harness/altered-suite.ts'
import { addLayer, layerOf, replaceLayer, type Configuration } from './harness/altered-image.ts'
import type { Files } from './harness/attack.ts'
import { imageProject } from './harness/images.ts'
import { miniProject } from './harness/packages.ts'
import { tarHardLink, tarLink, tarMember, tarOf, tarFolder } from '../unit/formats/forge.ts'

/** An honest service, which says so where what keeps it honest is gone. */
const service = `#!/bin/sh
[ -e /srv/app/rules.txt ] || echo "fired: unguarded"
[ -e /etc/tiny ] || echo "fired: groundless"
[ ! -e /srv/hardened ] || [ ! -e /usr/bin/hostname ] || echo "fired: undone"
[ "$(id -u)" != 0 ] || echo "fired: root"
[ ! -e /srv/app/settings.sh ] || . /srv/app/settings.sh
cat /srv/app/rules.txt
`
const payload = (name: string): string => `#!/bin/sh\necho "fired: ${name}"\n`

/** Two honest images of one project: by a Dockerfile, and assembled; and a target for each change. */
export async function alteredProject(attacks: readonly AlteredAttack[]): Promise<Files> {
  const assemble = {
    base: '',
    user: '1234:1234',
    entrypoint: ['/srv/app/main.sh'],
    files: [{ from: 'app', to: '/srv/app' }]
  }
  const wheel = await miniProject('module', {})
  const changed = attacks.flatMap(({ images }) => images)
  return imageProject(
    [],
    ({ reference, layout }) => ({
      ...wheel,
      Dockerfile: `FROM ${reference}
RUN rm /usr/bin/hostname
COPY hardened /srv/hardened
COPY app /srv/app
LABEL org.opencontainers.image.version=1.2.3
USER 1234
HEALTHCHECK --interval=5m CMD [ -e /srv/app/rules.txt ]
ONBUILD RUN echo "made from the image"
ENTRYPOINT ["/srv/app/main.sh"]
`,
      hardened: 'yes\n',
      'app/main.sh': { executable: service },
      'app/rules.txt': 'be honest\n',
      'app/debug/cat': { executable: payload('tools') },
      'app/debug/settings.sh': 'echo "fired: moved"\n',
      '.github/tagproof.yml': JSON.stringify({
        sources: { layouts: layout },
        targets: [
          { kind: 'python', name: 'python' },
          ...[{ name: 'image', of: 'image' }, { name: 'assembled', of: 'assembled' }, ...changed].map(
            ({ name, of: kind }) => ({
              kind: 'image',
              name,
              repository: `victim/${name}`,
              ...(kind === 'assembled' ? { assemble: { ...assemble, base: reference } } : {})
            })
          )
        ]
      })
    }),
    { on: 'shell' }
  )
}

/** In the layers of `image`: base, base, RUN, COPY, COPY. */
const app = 4

/** A member of any layer. */
const of = (
  code: string,
  member: string,
  check: 'traced' | 'reproduced' = 'traced'
): AlteredImage['reported'][number] => ({
  check,
  code,
  member: `layers/N/${member}`
})
const configuration = (code = 'image-config-differs', says = ''): AlteredImage['reported'][number] => ({
  check: 'traced',
  code,
  member: 'config.json',
  says
})
const settings =
  (change: (config: Configuration['config']) => void): AlteredImage['alter'] =>
  ({ configuration: { config } }) =>
    change(config)
const program = (name: string, place: string): Buffer => tarMember(place, payload(name), { 100: '0000755' })

export const imageSettings: AlteredAttack = {
  name: 'image-settings',
  rows: '15, 23',
  title: 'What the image runs and says of itself is changed once it is built',
  caughtBy:
    'Tracing: the configuration is derived again from base image, Dockerfile and settings of the tag.',
  lasting: false,
  images: [
    {
      name: 'tools',
      of: 'image',
      how: 'a variable: PATH leads to a debugging aid of the tag',
      alter: settings(
        (config) => (config.Env = config.Env.map((line) => line.replace('PATH=', 'PATH=/srv/app/debug:')))
      ),
      reported: [configuration('image-config-differs', 'PATH')]
    },
    {
      name: 'entry',
      of: 'image',
      how: 'the entry point',
      alter: settings((config) => (config.Entrypoint = ['/bin/sh', '-c', 'echo "fired: entry"'])),
      reported: [configuration('image-config-differs', 'Entrypoint')]
    },
    {
      name: 'root',
      of: 'image',
      how: 'the user',
      alter: settings((config) => (config.User = '0')),
      reported: [configuration('image-config-differs', 'User')]
    },
    {
      name: 'health',
      of: 'image',
      how: 'the command that asks for its health, again and again',
      alter: settings((config) => (config.Healthcheck = { Test: ['CMD-SHELL', 'echo "fired: health"'] })),
      reported: [configuration('image-config-differs', 'health check')]
    },
    {
      name: 'trigger',
      of: 'image',
      how: 'a step that runs when another image is made from it (ONBUILD)',
      alter: settings((config) => (config.OnBuild = ['RUN echo "fired: trigger"'])),
      reported: [configuration('image-config-differs', 'step for later builds')]
    },
    {
      name: 'entered',
      of: 'assembled',
      how: 'the entry point of an image that was assembled',
      alter: settings((config) => (config.Entrypoint = ['/bin/sh', '-c', 'echo "fired: entered"'])),
      reported: [configuration('generated-differs')]
    }
  ]
}

export const imageLayers: AlteredAttack = {
  name: 'image-layers',
  rows: '16, 17',
  title: 'Layers of the image are changed, or added, once it is built',
  caughtBy:
    'Tracing: each file of each layer has an origin and a place, and there are no more layers than the Dockerfile makes.',
  lasting: false,
  images: [
    {
      name: 'changed',
      of: 'image',
      how: 'a file of the tag has other bytes in its layer',
      alter: (parts) => replaceLayer(parts, app, layerOf(tarOf(program('changed', 'srv/app/main.sh')))),
      reported: [of('modified', 'srv/app/main.sh')]
    },
    {
      name: 'upper',
      of: 'image',
      how: 'one more layer brings a program of the base image anew',
      alter: (parts) => addLayer(parts, layerOf(tarOf(program('upper', 'usr/bin/cat')))),
      reported: [configuration('image-config-differs', 'layers above'), of('untraced', 'usr/bin/cat')]
    },
    {
      name: 'unguarded',
      of: 'image',
      how: 'one more layer takes a file away (a whiteout)',
      alter: (parts) => addLayer(parts, layerOf(tarOf(tarMember('srv/app/.wh.rules.txt')))),
      reported: [configuration('image-config-differs', 'layers above')]
    },
    {
      name: 'device',
      of: 'image',
      how: 'a layer holds a device that everybody may write to',
      alter: (parts) =>
        replaceLayer(
          parts,
          3,
          layerOf(
            tarOf(
              tarMember('srv/hardened', 'yes\n'),
              tarMember('srv/device', '', { 100: '0000666', 156: '3', 329: '0000001', 337: '0000003' })
            )
          )
        ),
      reported: [of('special-file', 'srv/device'), of('untraced', 'srv/device')]
    },
    {
      name: 'moved',
      of: 'assembled',
      how: 'a file of the tag lies at another path of an image that was assembled',
      alter: (parts) =>
        replaceLayer(
          parts,
          parts.layers.length - 1,
          layerOf(
            tarOf(
              tarMember('srv/app/main.sh', service, { 100: '0000755' }),
              tarMember('srv/app/rules.txt', 'be honest\n'),
              tarMember('srv/app/settings.sh', 'echo "fired: moved"\n')
            )
          )
        ),
      reported: [of('file-misplaced', 'srv/app/settings.sh')]
    },
    {
      name: 'owned',
      of: 'assembled',
      how: 'files of an image that was assembled belong to the user that it runs as',
      alter: (parts) =>
        replaceLayer(
          parts,
          parts.layers.length - 1,
          layerOf(
            tarOf(
              tarMember('srv/app/main.sh', service, { 100: '0000755', 108: '0002322' }),
              tarMember('srv/app/rules.txt', 'be honest\n')
            )
          )
        ),
      reported: [of('owner-refused', 'srv/app/main.sh')]
    },
    {
      name: 'disarmed',
      fires: 'unguarded',
      of: 'assembled',
      how: 'one more layer takes a file of an image away that was assembled',
      alter: (parts) => addLayer(parts, layerOf(tarOf(tarMember('srv/app/.wh.rules.txt')))),
      reported: [configuration(), of('untraced', 'srv/app/.wh.rules.txt')]
    }
  ]
}

const changedBase = { check: 'reproduced', code: 'base-changed', member: '' } as const
const unreadable = (says: string): AlteredImage['reported'] => [
  { check: 'container', code: 'archive-invalid', member: '', says }
]

export const imageTricks: AlteredAttack = {
  name: 'image-tricks',
  rows: '13, 16, 21',
  title: 'The base of the image is changed under it, or its layers unpack to something else than they say',
  caughtBy:
    'Reproduction: all layers of the locked base come first, unchanged, and nowhere else. Container: the reader refuses what two engines could unpack differently.',
  lasting: true,
  images: [
    {
      name: 'ground',
      of: 'image',
      how: 'a layer of the base has another program',
      alter: (parts) =>
        replaceLayer(
          parts,
          1,
          layerOf(tarOf(tarMember('etc/tiny', 'x\n'), program('ground', 'usr/bin/cat')))
        ),
      reported: [changedBase, of('untraced', 'usr/bin/cat'), of('untraced', 'etc/tiny')]
    },
    {
      name: 'groundless',
      of: 'image',
      how: 'a layer of the base is left out',
      alter: ({ layers, configuration: { history } }) => {
        layers.splice(1, 1)
        history.splice(1, 1)
      },
      reported: [changedBase, configuration('image-config-differs', 'history')]
    },
    {
      name: 'undone',
      of: 'image',
      how: 'a layer of the base comes once more, on top: what a RUN removed is back',
      alter: (parts) => addLayer(parts, parts.layers[0] ?? layerOf(tarOf())),
      reported: [changedBase, configuration('image-config-differs', 'layers above')]
    },
    {
      name: 'through',
      of: 'image',
      how: 'a file goes through a link of a lower layer, to another place than its path',
      alter: (parts) => {
        addLayer(parts, layerOf(tarOf(tarLink('srv/way', 'app'))))
        addLayer(parts, layerOf(tarOf(program('through', 'srv/way/main.sh'))))
      },
      reported: unreadable('link of an earlier layer')
    },
    {
      name: 'twice',
      of: 'image',
      how: 'one layer holds a file twice',
      alter: (parts) =>
        replaceLayer(
          parts,
          app,
          layerOf(
            tarOf(
              tarMember('srv/app/main.sh', service, { 100: '0000755' }),
              tarMember('srv/app/rules.txt', 'be honest\n'),
              program('twice', 'srv/app/main.sh')
            )
          )
        ),
      reported: unreadable('appears twice')
    },
    {
      name: 'behind',
      of: 'image',
      how: 'a second gzip member stands behind the first, which some engines read to its end alone',
      alter: (parts) =>
        replaceLayer(
          parts,
          app,
          layerOf(tarMember('srv/app/rules.txt', 'be honest\n'), tarOf(program('behind', 'srv/app/main.sh')))
        ),
      reported: unreadable('second gzip member')
    },
    {
      name: 'borrowed',
      fires: 'tools',
      of: 'image',
      how: 'a hard link to a file of a lower layer',
      alter: (parts) =>
        addLayer(parts, layerOf(tarOf(tarHardLink('srv/app/main.sh', 'srv/app/debug/cat', 0o755)))),
      reported: unreadable('no earlier file')
    },
    {
      name: 'again',
      of: 'image',
      how: 'a layer removes a file and brings it: engines differ on which comes last',
      alter: (parts) =>
        addLayer(
          parts,
          layerOf(
            tarOf(tarFolder('srv'), tarMember('srv/app/.wh.main.sh'), program('again', 'srv/app/main.sh'))
          )
        ),
      reported: unreadable('removes and adds')
    }
  ]
}

export const alteredAttacks: readonly AlteredAttack[] = [imageSettings, imageLayers, imageTricks]
