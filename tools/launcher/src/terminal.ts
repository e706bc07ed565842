/** What the launcher tells a person. */
export type Terminal = {
  say: (text: string) => void;
  /** The same text again is not repeated: for polling loops. */
  progress: (key: string, text: string) => void;
};

/** With --json stdout carries one JSON object and nothing else, so people read stderr. */
export function createTerminal({ toStderr }: { toStderr: boolean }): Terminal {
  const out = toStderr ? process.stderr : process.stdout;
  const last = new Map<string, string>();
  const say = (text: string): void => void out.write(`${text}\n`);
  return {
    say,
    progress: (key, text) => {
      if (last.get(key) === text) return;
      last.set(key, text);
      say(`  ${text}`);
    },
  };
}
