/** A droplet that was asked for. */
export type OrderedDroplet = { id: string; name: string; userData: string };

/** What makes machines for bots here: the provisioner, and what stands in for DigitalOcean. */
export type Cloud = {
  /** The droplet that was ordered for a bot; null while there is none. */
  dropletOf: (botId: string) => Promise<OrderedDroplet | null>;
};
