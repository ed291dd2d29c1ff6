/** The tar archives of a deb, unpacked, in the order of the file. @throws TagproofError `archive-invalid` */
export async function* debStreams(
  file: string
): AsyncGenerator<{ name: 'control' | 'data'; tar: AsyncIterable<Buffer> }> {
  await Promise.reject(new Error(file))
}
