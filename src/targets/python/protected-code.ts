/** The index looks into files of these names, and into none that is larger (warehouse, `utils/scanner.py`). */
export const scannedSize = 5 * 2 ** 20
export function scannedExtension(path: string): boolean {
  return /[^/]\.pye?$/i.test(path)
}

const protectors: readonly { tool: string; all: readonly string[] }[] = [
  { tool: 'PyArmor', all: ['__pyarmor__(__name__, __file__,'] },
  { tool: 'PyArmor', all: ['__pyarmor_enter__'] },
  { tool: 'PyArmor', all: ['__pyarmor_exit__'] },
  { tool: 'PyArmor', all: ['__pyarmor_assert__'] },
  { tool: 'PyArmor', all: ['__pyarmor_bcc__'] },
  { tool: 'SourceDefender', all: ['---BEGIN PYE FILE---', '---END PYE FILE---'] }
]

/**
 * The tool that has made a source unreadable, by the marks that the index looks for (warehouse,
 * `utils/scanner_rules/`): such code breaks its rules of use, and the upload is refused.
 */
export function protectedBy(content: Buffer): string | null {
  return protectors.find(({ all }) => all.every((mark) => content.includes(mark)))?.tool ?? null
}
