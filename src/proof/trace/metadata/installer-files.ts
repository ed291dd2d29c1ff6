import type { Generator } from '../generator.ts'

/** What installers write into `.dist-info`: a wheel that brings it lies about how it was installed. */
export const installerFiles: Generator = {
  name: 'installer-file',
  reason: 'Only an installer writes this file; no backend does.',
  matches: ({ inner }, { artifact }) =>
    artifact.kind === 'wheel' &&
    /^[^/]+\.dist-info\/(INSTALLER|REQUESTED|direct_url\.json|RECORD\.jws|RECORD\.p7s)$/.test(inner),
  derive: (member) =>
    Promise.resolve({
      traced: false,
      code: 'metadata-unexpected',
      message: `${member.inner} is a file that an installer or a signer writes, and no build.`,
      cause: 'The wheel was packed from an installed package, or something added the file.',
      fix: 'Let the backend alone pack the wheel; find what adds the file.'
    })
}
