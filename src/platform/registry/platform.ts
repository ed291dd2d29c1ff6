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
