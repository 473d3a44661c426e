/**
 * A service that carries its load well, but not everybody at once, dies and comes back while its clients try again and
 * again: with the ramp, or with a limit, it stays up; without them the herd knocks it over again.
 */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type ActingOrigin, startActing } from '../support/acting-origin.ts';
import { startRouterWithApp } from '../support/app.ts';
import { Caller } from '../support/caller.ts';
import { seededDraw } from '../support/draw.ts';
import { watchHandles } from '../support/leaks.ts';
import { storyDocument } from '../support/story-document.ts';
import { until } from '../support/wait.ts';

const CLIENTS = 300;
/** Milliseconds: what a request takes, what a client that was served waits before the next one, and one that was not. */
const SERVICE = 100;
const CONTENT = 1_000;
const IMPATIENT = 100;
/** Under way at once, more of which is the service's end. In peace it is about 30, of a herd nearly all. */
const CAPACITY = 150;
/** Milliseconds until a service that died is there again. */
const RESTART = 200;

/** A service of a capacity. */
class Service {
  crashes = 0;
  served = 0;
  most = 0;
  origin!: ActingOrigin;
  private now = 0;
  private life = 0;
  private timer: NodeJS.Timeout | undefined;

  async start(): Promise<void> {
    this.origin = await startActing((asked) => {
      const { life } = this;
      this.now += 1;
      this.most = Math.max(this.most, this.now);
      if (this.now > CAPACITY) {
        this.crashes += 1;
        void this.die().then(() => {
          this.timer = setTimeout(() => void this.revive(), RESTART);
        });
        return;
      }
      setTimeout(() => {
        if (life !== this.life) return;
        this.now -= 1;
        this.served += 1;
        asked.reply(200, 'ok');
      }, SERVICE);
    });
  }

  async die(): Promise<void> {
    this.life += 1;
    this.now = 0;
    await this.origin.kill();
  }

  async revive(): Promise<void> {
    this.most = 0;
    await this.origin.start();
  }

  async stop(): Promise<void> {
    clearTimeout(this.timer);
    await this.origin.kill();
  }
}

/** Clients that come again after a while: soon where they were not served. */
class Clients {
  failed = 0;
  private stopping = false;
  private readonly draw = seededDraw(5).chance;
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly callers: Caller[];

  constructor(port: number) {
    this.callers = Array.from({ length: CLIENTS }, () => new Caller(port));
    for (const [i, caller] of this.callers.entries()) this.after((i * CONTENT) / CLIENTS, caller);
  }

  private after(ms: number, caller: Caller): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      void caller.ask('GET', '/shop').then(({ status }) => {
        if (status !== 200) this.failed += 1;
        if (!this.stopping) this.after((status === 200 ? CONTENT : IMPATIENT) * (0.5 + this.draw()), caller);
      });
    }, ms);
    this.timers.add(timer);
  }

  stop(): void {
    this.stopping = true;
    for (const timer of this.timers) clearTimeout(timer);
    for (const caller of this.callers) caller.close();
  }
}

async function story(context: TestContext, upstream: object, staysUp: boolean): Promise<void> {
  const closed = watchHandles();
  const service = new Service();
  await service.start();
  const router = await startRouterWithApp(
    storyDocument({ shop: { endpoints: [service.origin.url], outliers: 'off', ...upstream } }),
    { workers: 2 },
  );
  const clients = new Clients(router.port());
  try {
    await until('the clients to be served', () => service.served > CLIENTS, 20_000);
    assert.equal(service.crashes, 0, `it carries its load: ${service.most} under way at most`);
    await service.die();
    const before = clients.failed;
    await until('all clients to come again and again', () => clients.failed > before + 3 * CLIENTS, 20_000);
    await service.revive();
    const { served } = service;
    const enough = () => (staysUp ? service.served > served + 3 * CLIENTS : service.crashes >= 3);
    await until(staysUp ? 'all to be served again' : 'it to be knocked over', enough, 30_000);
    context.diagnostic(
      `knocked over ${service.crashes} times, ${service.most} under way at most, ${service.served - served} served`,
    );
    if (staysUp) assert.equal(service.crashes, 0, 'it stayed up');
  } finally {
    clients.stop();
    await router.stop();
    await service.stop();
  }
  await closed();
}

const OPEN = { openFor: '200ms', maxOpenFor: '200ms' };

test('with the ramp a herd after recovery does not knock the service over again', (context) =>
  story(context, { circuitBreaker: { ...OPEN, recovery: { ramp: '2s' } }, limits: 'off' }, true));

test('with a limit it does not either, even without a ramp', (context) =>
  story(context, { circuitBreaker: { ...OPEN, recovery: { ramp: 0 } }, limits: { concurrency: 80 } }, true));

test('without ramp and limit the herd knocks it over again and again', (context) =>
  story(context, { circuitBreaker: { ...OPEN, recovery: { ramp: 0 } }, limits: 'off' }, false));
