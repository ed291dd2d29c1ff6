/** Name, the archive, the place that must be told, and the problem. */
export type HostileCase = [string, Buffer, string, RegExp]
