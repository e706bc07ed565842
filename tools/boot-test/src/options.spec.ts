import { parseOptions } from './options.js';

describe('the options of the boot test', () => {
  it('keeps image and programs in the cache of the user, outside the checkout', () => {
    expect(parseOptions([], { XDG_CACHE_HOME: '/var/cache/me' }).cache).toBe('/var/cache/me/trawling-traders/boot-test');
    expect(parseOptions(['--cache', '/elsewhere'], {}).cache).toBe('/elsewhere');
  });

  it('takes the mirror of the image as a setting', () => {
    expect(parseOptions(['--mirror', 'http://mirror.example/debian'], {}).mirror).toBe('http://mirror.example/debian');
  });
});
