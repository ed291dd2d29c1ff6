/** The platform of a machine as images name it, such as `linux/amd64`. */
export function machinePlatform(architecture: string = process.arch): string {
  const names: Readonly<Record<string, string>> = {
    x64: 'amd64',
    arm: 'arm/v7',
    ia32: '386',
    ppc64: 'ppc64le'
  }
  return `linux/${names[architecture] ?? architecture}`
}

/** `linux/arm64/v8` is how some write `linux/arm64`, and `linux/arm` is `linux/arm/v7` (containerd, `platforms.Normalize`). */
export function normalPlatform(platform: string): string {
  return platform.replace(/^(linux\/arm64)\/v8$/, '$1').replace(/^(linux\/arm)$/, '$1/v7')
}
