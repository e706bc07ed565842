/** OpenClaw cannot be installed here; the message is one sentence that says what to do. */
export class RuntimeUnavailable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RuntimeUnavailable';
  }
}
