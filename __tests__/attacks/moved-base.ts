import type { Report } from './harness/attack.ts'

interface BaseVariant {
  how: string
  reported: string
}

/** What is reported of the image that a builder has made on the base of today, where the lock has that of yesterday. */
export const otherBase: readonly Report[] = [
  {
    check: 'traced',
    code: 'image-config-differs',
    artifact: 'image',
    package: 'victim_tag',
    member: 'config.json'
  },
  {
    check: 'traced',
    code: 'untraced',
    artifact: 'image',
    package: 'victim_tag',
    member: 'layers/N/srv/bin/base'
  }
]

/** What a registry does with a base image once the project has locked it. */
export const movedBase = {
  name: 'moved-base',
  rows: '13',
  title: 'The base of an image is another one on the day of the release',
  caughtBy:
    'The lock: each base by the digests of its manifest, configuration and layers, checked by fetch, again before each build, and in the layers of the finished image.',
  variants: [
    {
      how: 'the tag of the base leads to another image',
      reported: 'nothing to work with: the build gets the base that the lock names'
    },
    { how: 'the Dockerfile takes a base that is not locked', reported: 'error `lock-incomplete`' },
    { how: 'the registry sends another manifest for a digest', reported: 'error `hash-mismatch`' },
    { how: 'the registry sends another configuration for a digest', reported: 'error `hash-mismatch`' },
    { how: 'the registry sends another layer for a digest', reported: 'error `hash-mismatch`' },
    {
      how: 'a layer is changed in the folder of inputs, between fetch and build',
      reported: 'error `input-missing`'
    },
    {
      how: 'a builder takes the base of today, and hands the image on',
      reported:
        '`traced/image-config-differs`: `config.json` in the image victim_tag; `traced/untraced`: `layers/N/srv/bin/base` in the image victim_tag'
    }
  ] satisfies readonly BaseVariant[]
}
