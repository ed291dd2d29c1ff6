export function makeRepository(folder: string): Promise<void>
