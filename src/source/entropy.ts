/** Characters per window, and the step between windows. */
const windowSize = 1024
const windowStep = 512
/** Bits per character: prose and code lie below 5.2, base64 at 6. */
const densest = 5.8
/** Of 10 possible: Chinese and Japanese prose lies near 8, random characters of that range near 10. */
const densestIdeographic = 9.2
const ideographicShare = 0.1

/** log2 n · n, for counts within one window. */
const weight = Float64Array.from({ length: windowSize + 1 }, (_, count) =>
  count < 2 ? 0 : count * Math.log2(count)
)

/** Whether the Shannon entropy of any window of a text is beyond that of anything written by people. */
export function isDense(text: string): boolean {
  if (text.length < windowSize) return false
  const counts = new Uint16Array(65_536)
  for (let start = 0; start + windowSize <= text.length; start += windowStep)
    if (windowIsDense(text, start, counts)) return true
  return windowIsDense(text, text.length - windowSize, counts)
}

function windowIsDense(text: string, start: number, counts: Uint16Array): boolean {
  let sum = 0
  let ideographs = 0
  for (let at = start; at < start + windowSize; at += 1) {
    const unit = text.charCodeAt(at)
    const count = (counts[unit] ?? 0) + 1
    counts[unit] = count
    sum += (weight[count] ?? 0) - (weight[count - 1] ?? 0)
    if (isIdeograph(unit)) ideographs += 1
  }
  for (let at = start; at < start + windowSize; at += 1) counts[text.charCodeAt(at)] = 0
  const entropy = Math.log2(windowSize) - sum / windowSize
  return entropy > (ideographs > windowSize * ideographicShare ? densestIdeographic : densest)
}

/** Kana, Hangul and the CJK ideographs of the basic plane. */
function isIdeograph(unit: number): boolean {
  return (
    (unit >= 0x3040 && unit <= 0x9fff) ||
    (unit >= 0xac00 && unit <= 0xd7af) ||
    (unit >= 0x1100 && unit <= 0x11ff)
  )
}
