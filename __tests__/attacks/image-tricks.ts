import { tarFolder, tarHardLink, tarLink, tarMember, tarOf } from '../unit/formats/forge.ts'
import { addLayer, layerOf, replaceLayer } from './harness/altered-image.ts'
import { app, configuration, of, program, service } from './harness/altered-parts.ts'
import type { AlteredAttack, AlteredImage } from './harness/altered.ts'

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
