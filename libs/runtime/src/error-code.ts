/** By its code alone: an error may come from another realm, where `instanceof` says nothing. */
export const isErrorWithCode = (error: unknown, ...codes: string[]): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' && codes.includes(error.code);
