import { INSTANCE_STATUS_MEDIA_TYPE, InstanceStatus, ShortStatus } from '@trawling/contracts';
import { answerCapabilities, answerStatus, wantsWholeStatus } from './answer-status.js';
import { anyStatus } from './testing/any-status.js';

describe('GET /status', () => {
  it.each([
    [undefined],
    [''],
    ['*/*'],
    ['application/*'],
    ['application/json'],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'],
    ['image/png'],
    [`${INSTANCE_STATUS_MEDIA_TYPE};q=0`],
    [`${INSTANCE_STATUS_MEDIA_TYPE};q=0.5, application/json`],
    [`${INSTANCE_STATUS_MEDIA_TYPE};q=0.5, */*;q=0.9`],
    [`${INSTANCE_STATUS_MEDIA_TYPE};q=much`],
  ])('answers the short form to Accept: %s', (accept) => {
    expect(wantsWholeStatus(accept)).toBe(false);
  });

  it.each([
    [INSTANCE_STATUS_MEDIA_TYPE],
    [INSTANCE_STATUS_MEDIA_TYPE.toUpperCase()],
    [`${INSTANCE_STATUS_MEDIA_TYPE}; charset=utf-8`],
    [`${INSTANCE_STATUS_MEDIA_TYPE}, application/json`],
    [`application/json;q=0.5, ${INSTANCE_STATUS_MEDIA_TYPE};q=0.9`],
    [`${INSTANCE_STATUS_MEDIA_TYPE};q=0.2, application/json;q=0.1, */*`],
  ])('answers the whole payload to Accept: %s', (accept) => {
    expect(wantsWholeStatus(accept)).toBe(true);
  });

  it('says which of the two it is, and that caches must not mix them up', () => {
    const instance = { status: () => anyStatus() };

    const short = answerStatus(instance, undefined);
    const whole = answerStatus(instance, INSTANCE_STATUS_MEDIA_TYPE);

    expect(short).toMatchObject({ status: 200, headers: { 'Content-Type': 'application/json', Vary: 'Accept', 'Cache-Control': 'no-store' } });
    expect(ShortStatus.parse(JSON.parse(short.body))).toMatchObject({ agent_name: 'thumbnailer' });
    expect(whole.headers['Content-Type']).toBe(INSTANCE_STATUS_MEDIA_TYPE);
    expect(InstanceStatus.parse(JSON.parse(whole.body))).toEqual(anyStatus());
  });
});

describe('GET /capabilities', () => {
  it('answers what the instance can do', () => {
    const view = { service_name: 'thumbnailer', version: '1.2.3', capabilities: [{ name: 'resize', description: 'Makes pictures smaller' }] };

    const answer = answerCapabilities({ capabilities: () => view });

    expect(answer).toMatchObject({ status: 200, headers: { 'Content-Type': 'application/json' } });
    expect(JSON.parse(answer.body)).toEqual(view);
  });
});
