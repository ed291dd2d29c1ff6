/**
 * Waits for all, and throws the first error only then: what is still going on must not outlive the files and
 * handles that it uses.
 */
export async function settleAll<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(promises)
  return settled.map((result) => {
    if (result.status === 'rejected') throw result.reason
    return result.value
  })
}

/** What `work` gives for each item, in their order, so many at a time. What fails is thrown when all have ended. */
export async function settleEach<T, R>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<R>
): Promise<R[]> {
  const begun: Promise<R>[] = []
  const waiting = items.entries()
  const worker = async (): Promise<void> => {
    for (const [at, item] of waiting) {
      begun[at] = work(item)
      await Promise.allSettled([begun[at]])
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return settleAll(begun)
}
