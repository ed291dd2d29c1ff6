import { inImage, type ImageClass } from './harness/image-class.ts'

export const imageWheel: ImageClass = {
  name: 'image-wheel',
  rows: '5, 22',
  title: 'What the wheel has installed is changed afterwards',
  caughtBy: 'Tracing: each file is compared with the wheel of the same tag, and with the tag itself.',
  files: () => ({}),
  steps: (site) =>
    `RUN echo 'print("fired: altered")' >>${site}/victim_module/honest.py && cp ${site}/victim_module/honest.py ${site}/victim_module/added.py`,
  variants: [
    {
      name: 'altered',
      how: 'a RUN appends to a module, and copies it beside itself',
      reported: [
        inImage('modified', 'SITE/victim_module/honest.py'),
        inImage('untraced', 'SITE/victim_module/added.py')
      ]
    }
  ]
}
