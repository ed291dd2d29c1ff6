import { configuration, settings } from './harness/altered-parts.ts'
import type { AlteredAttack } from './harness/altered.ts'

export const imageSettings: AlteredAttack = {
  name: 'image-settings',
  rows: '15, 23',
  title: 'What the image runs and says of itself is changed once it is built',
  caughtBy:
    'Tracing: the configuration is derived again from base image, Dockerfile and settings of the tag.',
  lasting: false,
  images: [
    {
      name: 'tools',
      of: 'image',
      how: 'a variable: PATH leads to a debugging aid of the tag',
      alter: settings(
        (config) => (config.Env = config.Env.map((line) => line.replace('PATH=', 'PATH=/srv/app/debug:')))
      ),
      reported: [configuration('image-config-differs', 'PATH')]
    },
    {
      name: 'entry',
      of: 'image',
      how: 'the entry point',
      alter: settings((config) => (config.Entrypoint = ['/bin/sh', '-c', 'echo "fired: entry"'])),
      reported: [configuration('image-config-differs', 'Entrypoint')]
    },
    {
      name: 'root',
      of: 'image',
      how: 'the user',
      alter: settings((config) => (config.User = '0')),
      reported: [configuration('image-config-differs', 'User')]
    },
    {
      name: 'health',
      of: 'image',
      how: 'the command that asks for its health, again and again',
      alter: settings((config) => (config.Healthcheck = { Test: ['CMD-SHELL', 'echo "fired: health"'] })),
      reported: [configuration('image-config-differs', 'health check')]
    },
    {
      name: 'trigger',
      of: 'image',
      how: 'a step that runs when another image is made from it (ONBUILD)',
      alter: settings((config) => (config.OnBuild = ['RUN echo "fired: trigger"'])),
      reported: [configuration('image-config-differs', 'step for later builds')]
    },
    {
      name: 'entered',
      of: 'assembled',
      how: 'the entry point of an image that was assembled',
      alter: settings((config) => (config.Entrypoint = ['/bin/sh', '-c', 'echo "fired: entered"'])),
      reported: [configuration('generated-differs')]
    }
  ]
}
