import { payload, service } from './altered-parts.ts'
import type { AlteredAttack } from './altered.ts'
import type { Files } from './attack.ts'
import { imageProject } from './images.ts'
import { miniProject } from './packages.ts'

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
