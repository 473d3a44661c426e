/**
 * An ejected member as the one request sees it that tries it.
 *
 * Rule: a member knows nothing of attempts, so a probe is a member of its own to the attempt that holds it; what other
 * attempts that began before the ejection say goes to the member and brings nobody back. Once what it says is told, or
 * where it was taken for lost, the probe is the plain member.
 */

import { EJECTION_CAUSES, MEMBER_BLOCK } from '../core/lanes.ts';
import { type Company, endProbe, returnProbe } from './ejection.ts';
import type { PooledMember } from './member.ts';
import type { Link, LinkSink, Member } from './upstream.ts';

const PROBE_FAILED = MEMBER_BLOCK.ejections + EJECTION_CAUSES.indexOf('probe');

export class Probe implements Member {
  readonly member: PooledMember;
  private readonly company: Company;
  private readonly mark: number;
  private told = false;

  /** `mark`: what `takeProbe` gave. */
  constructor(member: PooledMember, company: Company, mark: number) {
    this.member = member;
    this.company = company;
    this.mark = mark;
  }

  get id(): string {
    return this.member.id;
  }

  get authority(): string {
    return this.member.authority;
  }

  get probing(): boolean {
    return !this.told;
  }

  get out(): boolean {
    return this.member.out;
  }

  get inFlight(): number {
    return this.member.inFlight;
  }

  set inFlight(count: number) {
    this.member.inFlight = count;
  }

  link(sink: LinkSink, connectTimeout: number, fresh: boolean, now: number): Link {
    return this.member.link(sink, connectTimeout, fresh, now);
  }

  judge(failed: boolean, now: number): void {
    const { member, company, mark } = this;
    const says = !this.told && endProbe(company, member, mark, failed, now);
    this.told = true;
    // Counted like any attempt; the failure changes nothing more, because the member is out by now.
    member.judge(failed, now);
    if (says && failed) member.count(PROBE_FAILED);
  }

  forgive(now: number): void {
    if (!this.told) returnProbe(this.company, this.member, this.mark, now);
    this.told = true;
  }
}
