export function findingCodes(root: string, files: readonly string[]): Promise<Map<string, Set<string>>>
