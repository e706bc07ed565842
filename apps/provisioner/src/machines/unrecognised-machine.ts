import { type FoundMachine } from './machine-driver.js';

/**
 * The provider has a machine of that id, but nothing about it says any more that it is ours. So it is not gone, and it is
 * not destroyed either. The message is for whoever owns the bot and whoever runs the fleet.
 */
export class UnrecognisedMachine extends Error {
  constructor(message: string, readonly machine: Pick<FoundMachine, 'providerId' | 'state' | 'createdAt'>) {
    super(message);
    this.name = 'UnrecognisedMachine';
  }
}
