/**
 * Asks before anything is done, and says what it would do.
 *
 * Rule: the button works once the effect is known and while the router answers; figures from before it went are no reason
 * to act on, so that the effect is asked for anew once it is back. What the router would refuse is shown with its reason and
 * cannot be confirmed. After it a toast says what came of it.
 */

import type { TargetedSubmitEvent } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Refusal } from '../browser/api.ts';
import type { Answers, Plan } from '../browser/plan.ts';
import { change, tell, useStore } from '../browser/store.ts';
import { Dialog } from './dialog.tsx';

type Effect =
  | { readonly is: 'asking' }
  | { readonly is: 'known'; readonly words: readonly string[] }
  | { readonly is: 'refused'; readonly text: string; readonly more: readonly string[] };

/** For how long a circuit may be held; '' is without end. */
const LASTING: readonly (readonly [string, string])[] = [
  ['10m', '10 minutes'],
  ['1h', '1 hour'],
  ['8h', '8 hours'],
  ['', 'until somebody lets it go'],
];

function refusedBy(error: unknown): { text: string; more: readonly string[] } {
  if (error instanceof Refusal) return { text: error.message, more: [...error.more, ...remedyFor(error)] };
  return { text: String(error), more: [] };
}

/** What to do about the refusals that have one remedy. */
function remedyFor({ problem }: Refusal): string[] {
  if (problem.code === 'stale')
    return ['The document has changed meanwhile: close this, look at it again, then repeat.'];
  if (problem.code === 'forbidden') return ['Ask somebody with a higher role.'];
  return [];
}

/** An answer that did not come says nothing of what was asked. */
const UNSURE = 'Whether it was done is not known: look again when the page is live, and repeat it if it was not.';

const NAME = 'signalbox-name';

/** Where there are no tokens, people say their names themselves; once is enough. */
function keptName(): string {
  try {
    return localStorage.getItem(NAME) ?? '';
  } catch {
    return '';
  }
}

function keepName(name: string): void {
  try {
    if (name !== '') localStorage.setItem(NAME, name);
  } catch {
    // Then it is asked for again.
  }
}

function closeDialog(): void {
  change({ plan: undefined });
}

export function Confirm({ plan }: { readonly plan: Plan }) {
  const { connection } = useStore();
  const away = connection !== 'live';
  const { effect, fresh } = useEffectOf(plan, away);
  const [busy, setBusy] = useState(false);
  const ready = !busy && fresh && effect.is === 'known';
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    if (!ready) return;
    const form = new FormData(event.currentTarget);
    const said = (name: string): string => String(form.get(name) ?? '').trim();
    const answers: Answers = { reason: said('reason'), lasting: said('lasting'), author: said('author') };
    keepName(answers.author);
    setBusy(true);
    await carryOut(plan, answers);
  };
  return (
    <Dialog title={plan.title} onClose={closeDialog}>
      <form onSubmit={(event) => void submit(event)}>
        <EffectWords effect={effect} away={away} />
        <Fields asksHowLong={plan.asksHowLong} />
        <div class="buttons">
          <button type="button" onClick={closeDialog}>
            Cancel
          </button>
          <button type="submit" class={plan.dangerous ? 'danger' : 'primary'} disabled={!ready}>
            {plan.verb}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** What the plan would do; while the router is away, as it was last known, and asked for anew after it. */
function useEffectOf(plan: Plan, away: boolean): { effect: Effect; fresh: boolean } {
  const [effect, setEffect] = useState<Effect>({ is: 'asking' });
  const [fresh, setFresh] = useState(false);
  useEffect(() => {
    if (away) return;
    let here = true;
    const know = (found: Effect): void => {
      if (!here) return;
      setEffect(found);
      setFresh(true);
    };
    setEffect({ is: 'asking' });
    plan.effect().then(
      (words) => know({ is: 'known', words }),
      (error: unknown) => know({ is: 'refused', ...refusedBy(error) }),
    );
    return () => {
      here = false;
      setFresh(false);
    };
  }, [plan, away]);
  return { effect, fresh: fresh && !away };
}

async function carryOut(plan: Plan, answers: Answers): Promise<void> {
  try {
    const done = await plan.run(answers);
    closeDialog();
    tell('ok', done);
  } catch (error) {
    const { text, more } = refusedBy(error);
    closeDialog();
    const unsure = error instanceof Refusal && error.problem.code === 'gone' ? [UNSURE] : [];
    tell('bad', `${plan.title}: ${text}`, [...more, ...unsure]);
  }
}

function EffectWords({ effect, away }: { readonly effect: Effect; readonly away: boolean }) {
  return (
    <div class={`effect ${away ? 'away' : ''}`} role="status">
      {away && <p class="first bad-text">▲ The router does not answer: this can be confirmed once it is back.</p>}
      {away && effect.is === 'known' && <p>As it was before it went:</p>}
      {effect.is === 'asking' && !away && <p class="dim">Asking the router what this would do…</p>}
      {effect.is === 'known' &&
        effect.words.map((word, i) => (
          <p key={word} class={i === 0 ? 'first' : ''}>
            {word}
          </p>
        ))}
      {effect.is === 'refused' && !away && (
        <>
          <p class="first bad-text">▲ {effect.text}</p>
          {effect.more.map((word) => (
            <p key={word}>{word}</p>
          ))}
        </>
      )}
    </div>
  );
}

function Fields({ asksHowLong }: { readonly asksHowLong: boolean }) {
  const { status } = useStore();
  return (
    <div class="fields">
      <label class="wide">
        Reason
        <input name="reason" type="text" maxLength={200} placeholder="goes into the record" autocomplete="off" />
      </label>
      {status?.you.name === '' && (
        <label>
          Your name
          <input name="author" type="text" maxLength={100} defaultValue={keptName()} autocomplete="off" />
        </label>
      )}
      {asksHowLong && (
        <label>
          For
          <select name="lasting">
            {LASTING.map(([value, words]) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </select>
        </label>
      )}
    </div>
  );
}
