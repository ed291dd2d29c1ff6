/**
 * Whether a changelog is another one without its oldest entries: dh_installchangelogs keeps those of the last years and
 * says so in two lines at the end (debhelper 13.10 and later).
 */
export function isTrimmed(whole: string, found: string, packageName: string): boolean {
  const note = `# Older entries have been removed from this changelog.\n# To read the complete changelog use \`apt changelog ${packageName}\`.\n`
  const at = found.indexOf(note)
  if (at < 0 || at + note.length !== found.length) return false
  const kept = found.slice(0, at).trimEnd()
  const rest = whole.slice(kept.length)
  return whole.startsWith(kept) && (/^\s*\n[a-z0-9]/.test(rest) || /^\s*$/.test(rest))
}
