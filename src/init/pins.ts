/** Actions of others that the written workflow uses, by commit. Held together with our own workflows by a test. */
export const pins = {
  checkout: 'actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1'
} as const

/** The image of hosted runners that is written down: one with a name that does not move. */
export const runner = { label: 'ubuntu-24.04', id: 'ubuntu', suite: 'noble' } as const

/**
 * What a hosted runner lacks. `runc` is not among it: there it comes with containerd, and apt would remove Docker to
 * install its own.
 */
export const runnerPackages = ['mmdebstrap', 'dpkg-dev', 'apt-utils', 'gpgv', 'python3-venv'] as const
