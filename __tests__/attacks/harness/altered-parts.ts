import { tarMember } from '../../unit/formats/forge.ts'
import type { Configuration } from './altered-image.ts'
import type { AlteredImage } from './altered.ts'

/** An honest service, which says so where what keeps it honest is gone. */
export const service = `#!/bin/sh
[ -e /srv/app/rules.txt ] || echo "fired: unguarded"
[ -e /etc/tiny ] || echo "fired: groundless"
[ ! -e /srv/hardened ] || [ ! -e /usr/bin/hostname ] || echo "fired: undone"
[ "$(id -u)" != 0 ] || echo "fired: root"
[ ! -e /srv/app/settings.sh ] || . /srv/app/settings.sh
cat /srv/app/rules.txt
`
export const payload = (name: string): string => `#!/bin/sh\necho "fired: ${name}"\n`

/** In the layers of `image`: base, base, RUN, COPY, COPY. */
export const app = 4

/** A member of any layer. */
export const of = (
  code: string,
  member: string,
  check: 'traced' | 'reproduced' = 'traced'
): AlteredImage['reported'][number] => ({
  check,
  code,
  member: `layers/N/${member}`
})
export const configuration = (
  code = 'image-config-differs',
  says = ''
): AlteredImage['reported'][number] => ({
  check: 'traced',
  code,
  member: 'config.json',
  says
})
export const settings =
  (change: (config: Configuration['config']) => void): AlteredImage['alter'] =>
  ({ configuration: { config } }) =>
    change(config)
export const program = (name: string, place: string): Buffer =>
  tarMember(place, payload(name), { 100: '0000755' })
