import { chooseMediaType } from './choose-media-type.js';

const short = 'application/json';
const whole = 'application/vnd.openclaw.status+json';

describe('the media type that an Accept header chooses', () => {
  it.each([
    [undefined, short],
    ['', short],
    ['*/*', short],
    ['application/*', short],
    [short, short],
    [whole, whole],
    ['Application/Vnd.OpenClaw.Status+JSON', whole],
    [`${whole}; charset=utf-8`, whole],
    [`${whole}, */*`, whole],
    [`*/*, ${whole}`, whole],
    [`${whole}, ${short}`, short],
    [`${whole};q=0.5, ${short}`, short],
    [`${whole}, ${short};q=0.9`, whole],
    [`${whole};q=0, */*`, short],
    [`${short};q=0, */*`, whole],
    ['text/html,application/xhtml+xml,*/*;q=0.8', short],
    [`text/html, ${whole};q=0.1`, whole],
    ['text/html', null],
    ['*/*;q=0', null],
    [`${whole};q=7, nonsense`, null],
  ])('of %j is %s', (accept, expected) => {
    expect(chooseMediaType(accept, [short, whole])).toBe(expected);
  });
});
