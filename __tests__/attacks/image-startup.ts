import { forgeZip } from '../unit/formats/forge.ts'
import { marker, type Files } from './harness/attack.ts'
import { inImage, type ImageClass } from './harness/image-class.ts'

/** A module of the standard library that nearly everything imports, and that a zip archive before it can stand for. */
const keyword = `${marker('archive')}kwlist = softkwlist = []
iskeyword = issoftkeyword = frozenset(kwlist).__contains__
`

const files = (): Files => ({
  'hooks/startup.pth': `import sys; ${marker('committed')}`,
  'hooks/usercustomize.py': marker('usercustomize'),
  'hooks/sitecustomize.py': marker('sitecustomize'),
  'tests/data/library.zip': forgeZip([{ name: 'keyword.py', content: Buffer.from(keyword) }])
})

export const imageStartup: ImageClass = {
  name: 'image-startup',
  rows: '22',
  title: 'The image gets files that run at each start of Python, imported or not',
  caughtBy: 'Tracing: startup files are refused whatever made them, and files of the tag are no exception.',
  files,
  steps: (site, python) => `COPY hooks/startup.pth hooks/usercustomize.py ${site}/
COPY hooks/sitecustomize.py /etc/python${python}/sitecustomize.py
RUN echo 'import sys; print("fired: made")' >${site}/made.pth
COPY tests/data/library.zip /usr/lib/python${python.replace('.', '')}.zip`,
  variants: [
    { name: 'committed', how: 'a .pth file of the tag', reported: [inImage('pth-file', 'SITE/startup.pth')] },
    {
      name: 'usercustomize',
      how: 'usercustomize.py of the tag, beside the modules',
      reported: [inImage('pth-file', 'SITE/usercustomize.py')]
    },
    {
      name: 'sitecustomize',
      how: 'sitecustomize.py of the tag, over that of the base image',
      reported: [inImage('pth-file', 'etc/python3.X/sitecustomize.py')]
    },
    { name: 'made', how: 'a .pth file that a RUN writes', reported: [inImage('pth-file', 'SITE/made.pth')] },
    {
      name: 'archive',
      how: 'a fixture becomes the archive that comes before the standard library: python3X.zip',
      reported: [inImage('pth-file', 'usr/lib/python3X.zip')]
    }
  ]
}
