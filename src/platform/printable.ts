/** Foreign output, made harmless for a terminal. */
export function printable(text: string): string {
  return (
    text
      // eslint-disable-next-line no-control-regex -- terminal sequences are what is removed here
      .replace(/\u001b(\[[0-9;?]*[ -/]*[@-~]|\][^\u0007\u001b]*(\u0007|\u001b\\)?|.)/g, '')
      .replace(/[\p{Cc}\p{Cf}]/gu, ' ')
      .trim()
  )
}
