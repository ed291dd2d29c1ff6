/**
 * Finds one of several suspects that something depends on, with at most log2 of their number further questions. It is
 * known that leaving out all of them clears it, and leaving out none does not.
 *
 * @param clears whether it goes once these suspects, a beginning of the list, are left out
 * @returns the first suspect without which the beginning that ends with it would not clear it
 */
export async function bisect<Suspect>(
  suspects: readonly Suspect[],
  clears: (leftOut: readonly Suspect[]) => Promise<boolean>
): Promise<Suspect | undefined> {
  let [stays, goes] = [0, suspects.length]
  while (goes - stays > 1) {
    const middle = (stays + goes) >> 1
    if (await clears(suspects.slice(0, middle))) goes = middle
    else stays = middle
  }
  return suspects[goes - 1]
}
