import { type Account, type DigitalOcean } from '@trawling/digitalocean';

export type FleetAccountDeps = {
  client: Pick<DigitalOcean, 'account'>;
  /** Answers with the account that the fleet's machines are in; the first one that asks is. */
  claimAccount: (account: string) => Promise<string>;
};

/** What droplets belong to: the team, or the user where there is none. */
export const accountId = ({ team, uuid }: Account): string => team?.uuid ?? uuid;

/**
 * Whether our token is one of the account that the fleet's droplets are in. With another one's DigitalOcean says of each
 * of them, truthfully, that there is none; so until this is known nothing that it says counts. A token never changes
 * accounts: once is enough for a process.
 */
export function createFleetAccount({ client, claimAccount }: FleetAccountDeps) {
  let isOurs = false;
  let asking: Promise<void> | null = null;

  /** Null, or why nothing may be done with this account. */
  const claim = async (account: Account): Promise<string | null> => {
    const id = accountId(account);
    const fleets = await claimAccount(id);
    isOurs = fleets === id;
    if (isOurs) return null;
    return `the token is of team ${id}, but the machines of this installation are in team ${fleets}: nothing is made, destroyed or believed gone. `
      + 'Give the provisioner a token of that team; once no machine is left there, "admin adopt-fleet" lets it have another one';
  };
  const ask = async (): Promise<void> => {
    // Nothing can be deleted without it.
    const why = await claim(await client.account({ kind: 'delete' }));
    if (why !== null) throw new Error(`DigitalOcean: ${why}`);
  };

  return {
    claim,
    /** Throws while it is not, or not known yet. */
    async assertOurs(): Promise<void> {
      if (isOurs) return;
      asking ??= ask().finally(() => void (asking = null));
      await asking;
    },
  };
}

export type FleetAccount = ReturnType<typeof createFleetAccount>;
