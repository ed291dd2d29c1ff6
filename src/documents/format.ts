/** The one form in which documents are written: two spaces, keys as given, a final line end. */
export function formatDocument(document: object): string {
  return `${JSON.stringify(document, null, 2)}\n`
}
