import type { Variant } from './harness/attack.ts'
import { inImage, type ImageClass } from './harness/image-class.ts'

/** Programs that read what only root may, whoever starts them; each is a copy of `cat`. */
const rights: Record<string, { how: string; step: string; code: string }> = {
  setuid: { how: 'a set-user-id bit', step: 'chmod 4755 $0', code: 'mode-refused' },
  setgid: { how: 'a set-group-id bit', step: 'chmod 2755 $0', code: 'mode-refused' },
  capability: {
    how: 'a capability (cap_dac_read_search) as an extended attribute, with no bit in the mode',
    step: "python3 -c \"import os, struct; os.setxattr('$0', 'security.capability', struct.pack('<5I', 0x02000001, 4, 0, 0, 0))\"",
    code: 'attribute-refused'
  }
}

export const imageRights: ImageClass = {
  name: 'image-rights',
  rows: '17',
  title: 'Files of the image get rights that no file of a tag has',
  caughtBy: 'Tracing: modes, devices and extended attributes are refused whatever the origin of the file.',
  files: () => ({ 'shared.py': '"""Clean source."""\n' }),
  steps: (site) => `${Object.entries(rights)
    .map(
      ([name, { step }]) =>
        `cp /usr/bin/cat /srv/rights/${name} && ${step.replaceAll('$0', `/srv/rights/${name}`)}`
    )
    .map((step) => `RUN ${step}`)
    .join('\n')}
COPY --chmod=666 shared.py ${site}/shared.py`,
  variants: [
    ...Object.entries(rights).map(([name, { how, code }]): Variant => ({
      name,
      how: `${how}, on a copy of a program of the base image`,
      reported: [inImage(code, `srv/rights/${name}`), inImage('compiled-misplaced', `srv/rights/${name}`)]
    })),
    {
      name: 'shared',
      how: 'a module that everybody may write to: COPY --chmod=666',
      reported: [inImage('mode-refused', 'SITE/shared.py')]
    }
  ]
}
