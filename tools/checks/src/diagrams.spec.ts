import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { readText, root } from './repository-files.js';

describe('the pictures of docs/diagrams', () => {
  it('are what their text sources say', () => {
    const { status, stderr } = spawnSync(process.execPath, [join(root, 'tools/diagrams.mjs'), '--check'], { encoding: 'utf8' });

    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});

describe('docs/diagrams/openclaw_integration.svg', () => {
  const picture = readText('docs/diagrams/openclaw_integration.svg');
  const texts = [...picture.matchAll(/<text ([^>]*)>([^<]*)<\/text>/g)].map(([, attributes = '', text = '']) => ({ attributes, text: text.replaceAll(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code))) }));

  it.each(['Heartbeat', 'Backoff', 'Shutdown', 'POST /openclaw/status', 'wait 30 s ±10 %', '5 s, 10 s, 20 s … 5 min', 'Retry-After', 'draining', 'offline', 'SIGTERM', 'second signal'])(
    'shows %s',
    (what) => {
      expect(texts.some(({ text }) => text.includes(what))).toBe(true);
    },
  );

  it('is legible: nothing is written smaller than 14 points, nor outside of the picture', () => {
    const [, width, height] = /viewBox="0\.00 0\.00 ([\d.]+) ([\d.]+)"/.exec(picture) ?? [];
    const [, left, top] = /translate\(([\d.-]+) ([\d.-]+)\)/.exec(picture) ?? [];
    const number = (attributes: string, name: string): number => Number(new RegExp(`\\b${name}="([\\d.-]+)"`).exec(attributes)?.[1]);

    expect(texts.length).toBeGreaterThan(20);
    for (const { attributes, text } of texts) {
      const [x, y, size] = ['x', 'y', 'font-size'].map((name) => number(attributes, name)) as [number, number, number];
      // Six tenths of its height is what a letter is wide, in a wide font.
      const half = (text.length * size * 0.6) / 2;
      expect(size).toBeGreaterThanOrEqual(14);
      expect(x + Number(left) - half).toBeGreaterThanOrEqual(0);
      expect(x + Number(left) + half).toBeLessThanOrEqual(Number(width));
      expect(y + Number(top) - size).toBeGreaterThanOrEqual(0);
      expect(y + Number(top)).toBeLessThanOrEqual(Number(height));
    }
  });
});
