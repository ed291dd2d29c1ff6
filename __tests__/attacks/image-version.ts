import type { ImageClass } from './harness/image-class.ts'

export const imageVersion: ImageClass = {
  name: 'image-version',
  rows: '15',
  title: 'The label of the image says another version than the tag',
  caughtBy: 'Source: the label that the project states must agree with the tag, by the rules of PEP 440.',
  files: () => ({}),
  steps: () => 'LABEL org.opencontainers.image.version="6.6.6+fired-label"',
  variants: [
    {
      name: 'label',
      how: 'a LABEL of the Dockerfile says 6.6.6',
      reported: [
        {
          check: 'source',
          code: 'version-mismatch',
          artifact: 'image',
          package: 'victim_image',
          member: 'config.json',
          says: '6.6.6'
        }
      ]
    }
  ]
}
