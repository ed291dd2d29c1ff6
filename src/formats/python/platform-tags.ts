const exact = new Set(
  `any win32 win_arm64 win_amd64 win_ia64
   manylinux1_x86_64 manylinux1_i686 manylinux2010_x86_64 manylinux2010_i686
   manylinux2014_x86_64 manylinux2014_i686 manylinux2014_aarch64 manylinux2014_armv7l
   manylinux2014_ppc64 manylinux2014_ppc64le manylinux2014_s390x
   linux_armv6l linux_armv7l`.split(/\s+/)
)
const linuxMachines = 'x86_64|i686|aarch64|armv7l|ppc64le|s390x|riscv64'
const macMachines = 'ppc|ppc64|i386|x86_64|arm64|intel|fat|fat3|fat64|universal|universal2'

/** Families of platform tags that the index takes (warehouse, `forklift/legacy.py`). */
const families: readonly RegExp[] = [
  // 10.x counted its minor versions; since 11 the minor version of a tag is 0 (packaging.python.org issue 1933).
  new RegExp(`^macosx_10_\\d+_(?:${macMachines})$`),
  new RegExp(`^macosx_(?:11|12|13|14|15|26)_0_(?:${macMachines})$`),
  new RegExp(`^manylinux_\\d+_\\d+_(?:${linuxMachines}|ppc64)$`),
  new RegExp(`^musllinux_\\d+_\\d+_(?:${linuxMachines})$`),
  /^ios_\d+_\d+_(?:arm64|x86_64)_(?:iphoneos|iphonesimulator)$/,
  /^android_\d+_(?:armeabi_v7a|arm64_v8a|x86|x86_64)$/,
  /^pyemscripten_\d+_\d+_wasm32$/
]

/** Tags of a compressed set, such as `manylinux1_x86_64.any`, that the index does not take. */
export function refusedPlatforms(platform: string): string[] {
  const tags = platform.toLowerCase().split('.')
  return tags.filter((tag) => !exact.has(tag) && !families.some((family) => family.test(tag)))
}
