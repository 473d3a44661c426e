/**
 * Where edits through the API are kept: in the file, or beside it in the state folder.
 *
 * Rule: `look` says what is there now, as far as it is not what runs; `stage` puts the new text beside it, and nothing that
 * was there is lost before `commit`. The two kinds differ in nothing that an edit sees.
 */

import type { DocumentFile, Staging } from './document-file.ts';

/** What stands where edits go: the text that runs, or another one that came meanwhile. */
export type Standing = { readonly is: 'same' | 'other'; readonly text: string };

export type Look = Standing | { readonly is: 'gone'; readonly reason: string };

export interface Keeper {
  readonly to: 'file' | 'state';
  /** The text of the file, where it is another one than that which edits change. */
  readonly inFile?: string;
  look(running: string): Promise<Look>;
  /** `over`: the text that it is to replace, as `look` had it. */
  stage(text: string, over: string): Promise<Staging>;
}

/** Edits become edits of the file. `expect` hears of a text before it is there. */
export function fileKeeper(file: DocumentFile, expect: (text: string) => void): Keeper {
  return {
    to: 'file',
    look: async (running) => {
      try {
        const text = await file.read();
        return { is: text === running ? 'same' : 'other', text };
      } catch (error) {
        return {
          is: 'gone',
          reason: `the file cannot be read: ${(error as Error).message}; put it back, or give the router leave to read it`,
        };
      }
    },
    stage: async (text, over) => {
      const answer = await file.stage(text, over);
      if (!answer.ok) return answer;
      const { staged } = answer;
      const commit = () => {
        expect(text);
        return staged.commit();
      };
      return { ok: true, staged: { commit, drop: () => staged.drop() } };
    },
  };
}
