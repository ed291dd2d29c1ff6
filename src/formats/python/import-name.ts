const keywords = new Set(
  `False None True and as assert async await break class continue def del elif else except finally for from global if
   import in is lambda nonlocal not or pass raise return try while with yield`.split(/\s+/)
)

/** What is wrong with a value of Import-Name or Import-Namespace (PEP 794): `herald.news`, `herald._impl; private`. */
export function importNameProblem(value: string): string | null {
  const cut = value.indexOf(';')
  const name = (cut < 0 ? value : value.slice(0, cut)).trimEnd()
  for (const part of name.split('.')) {
    if (!/^[\p{XID_Start}_]\p{XID_Continue}*$/u.test(part))
      return `${JSON.stringify(part)} is no identifier of Python`
    if (keywords.has(part)) return `${JSON.stringify(part)} is a keyword of Python`
  }
  return cut < 0 || value.slice(cut + 1).trimStart() === 'private'
    ? null
    : 'only "private" may follow the semicolon'
}
