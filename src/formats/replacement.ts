/** Bytes that take the place of a member's own. */
export interface Replacement {
  size: number
  content: AsyncIterable<Uint8Array>
  /** Text of a symbolic link, where the member is one. */
  linkTarget?: string
}

/** Asked for each file and symbolic link: other bytes, or undefined to leave it as it is. */
export type Replace = (member: { path: string; size: number }) => Promise<Replacement | undefined>

export const replaceNothing: Replace = () => Promise.resolve(undefined)
