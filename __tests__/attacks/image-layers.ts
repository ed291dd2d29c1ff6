import { tarMember, tarOf } from '../unit/formats/forge.ts'
import { addLayer, layerOf, replaceLayer } from './harness/altered-image.ts'
import { app, configuration, of, program, service } from './harness/altered-parts.ts'
import type { AlteredAttack } from './harness/altered.ts'

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
