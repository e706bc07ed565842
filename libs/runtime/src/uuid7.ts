import { v7 } from 'uuid';

/** RFC 9562 version 7: ids sort by the time they were made, also within one millisecond of one process. */
export const uuid7 = (): string => v7();
