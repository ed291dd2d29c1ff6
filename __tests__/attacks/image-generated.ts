import { inImage, type ImageClass } from './harness/image-class.ts'

const program = (name: string): string => `#!/bin/sh\\necho "fired: ${name}"\\n`

export const imageGenerated: ImageClass = {
  name: 'image-generated',
  rows: '1',
  title: 'The build writes files into the image that no commit holds',
  caughtBy:
    'Tracing: each file of each layer is a blob, a file of a locked package, or what a known generator makes.',
  files: () => ({
    'build/module.py': 'import sys\nprint(\'print("fired: module")\', file=open(sys.argv[1], "w"))\n'
  }),
  steps: (site) => `RUN printf '${program('shell')}' >/srv/bin/shell && chmod 755 /srv/bin/shell
RUN --mount=type=bind,target=/src python3 /src/build/module.py ${site}/_made.py
COPY --chmod=755 <<EOF /srv/bin/inline
#!/bin/sh
echo "fired: inline"
EOF
RUN cp /usr/bin/env /srv/bin/env && printf '#!/bin/sh\\necho "fired: replaced"\\n' >/usr/bin/env && cp /usr/bin/env /srv/bin/env`,
  variants: [
    { name: 'shell', how: 'a RUN prints a program', reported: [inImage('untraced', 'srv/bin/shell')] },
    {
      name: 'module',
      how: 'a script of the tag writes a module beside those of the wheel',
      reported: [inImage('untraced', 'SITE/_made.py')]
    },
    {
      name: 'inline',
      how: 'a COPY brings a text that stands in the Dockerfile',
      reported: [inImage('untraced', 'srv/bin/inline')]
    },
    {
      name: 'replaced',
      how: 'a RUN writes over a program of the base image',
      reported: [inImage('untraced', 'usr/bin/env'), inImage('untraced', 'srv/bin/env')]
    }
  ]
}
