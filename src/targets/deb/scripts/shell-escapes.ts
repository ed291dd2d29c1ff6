/** `$'...'`: what printf would make of it. */
export function escaped(text: string): string {
  return text.replace(
    /\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3})|(.))/g,
    (_, hex?: string, octal?: string, one?: string) =>
      hex !== undefined
        ? String.fromCharCode(parseInt(hex, 16))
        : octal !== undefined
          ? String.fromCharCode(parseInt(octal, 8) & 255)
          : ({ n: '\n', t: '\t' }[one ?? ''] ?? one ?? '')
  )
}
