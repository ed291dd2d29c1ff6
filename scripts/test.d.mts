export function countsOf(report: unknown, status: number): { passed: number; failed: number }
