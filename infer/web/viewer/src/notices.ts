// What the page tells a person: what went wrong, until something else is opened; and notes, each once.
import { html } from './dom.js';

export interface Action {
  readonly label: string;
  run(): void;
}

export interface Notices {
  /** Something failed: what, and what to do; `action` mends it. */
  fail(error: unknown, action?: Action): void;
  /** Something to know. */
  note(text: string): void;
  /** Takes away what failed. */
  clear(): void;
}

export function makeNotices({ alerts, notes }: { readonly alerts: HTMLElement; readonly notes: HTMLElement }): Notices {
  const said = new Set<string>();
  const add = (box: HTMLElement, text: string, action?: Action) => {
    const close = html('button', { type: 'button', class: 'close', 'aria-label': 'Dismiss' }, '×');
    const notice = html('div', { class: 'notice' }, html('p', {}, text), close);
    close.addEventListener('click', () => notice.remove());
    if (action) {
      const button = html('button', { type: 'button' }, action.label);
      button.addEventListener('click', () => action.run());
      notice.append(button);
    }
    box.append(notice);
  };
  const shows = (text: string) => [...alerts.querySelectorAll('p')].some((one) => one.textContent === text);
  return {
    fail(error, action) {
      const text = error instanceof Error ? error.message : String(error);
      if (!shows(text)) add(alerts, text, action);
    },
    note(text) {
      if (!said.has(text)) add(notes, text);
      said.add(text);
    },
    clear: () => alerts.replaceChildren(),
  };
}
