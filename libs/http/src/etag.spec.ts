import { namesEtag } from './etag.js';

describe('If-None-Match', () => {
  it.each([
    ['the ETag itself', 'W/"a"', true],
    ['its strong form', '"a"', true],
    ['several, one of them it', '"b", W/"a" ,"c"', true],
    ['any', ' * ', true],
    ['another', '"b"', false],
    ['a part of it', '"ab"', false],
    ['it without quotes', 'a', false],
    ['nothing', undefined, false],
  ])('names %s', (_what, header, known) => {
    expect(namesEtag(header, 'W/"a"')).toBe(known);
  });
});
