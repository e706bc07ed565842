/** A droplet as the cloud knows it, and as it is billed. */
export type CloudDroplet = { id: number; name: string; status: 'new' | 'active' | 'off'; tags: readonly string[]; userData: string; createdAtMs: number };

/** The cloud of a schedule, seen from inside. */
export type Cloud = {
  /** Where requests go. */
  url: () => string;
  /** Everything that is billed now. */
  droplets: () => CloudDroplet[];
  /** Somebody switches it off in the cloud's own console. */
  switchOff: (id: number) => void;
  /** It is gone, and nobody was asked. */
  vanish: (id: number) => void;
  /** Our fleet's tag on a droplet that no database knows. */
  stray: (droplet: { name: string; tags: string[] }) => Promise<void>;
  /** What becomes of the next droplet. */
  nextFate: (fate: 'tag_late' | 'hidden' | 'vanishes' | 'errored' | 'stuck') => void;
  /** No more faults. */
  calm: () => void;
  /** How much of its two rate windows was used, and how often they were full. */
  rates: () => { peak_minute: number; peak_hour: number; refused: number };
  tags: () => string[];
  /** What was not as DigitalOcean describes it; known only behind Prism. */
  offSpec: () => string[];
  close: () => Promise<void>;
};

/** For which bot and generation a droplet was made: its name says so, whatever became of its tags. */
export function keyOf({ name }: Pick<CloudDroplet, 'name'>): { botId: string; generation: number } {
  const [, botId = 'none', generation = '0'] = /^bot-(.+)-g(\d+)$/.exec(name) ?? [];
  return { botId, generation: Number(generation) };
}
