// What is being opened, and what came of it.
import type { Notices } from './notices.js';
import type { Place } from './opening.js';

const nameOf = (place: Place): string =>
  typeof place === 'string' ? place.replace(/[?#].*$/, '').replace(/^.*\//, '') : place[0]!.name;

/** Does one attempt after another to open something: says which are under way, and what failed. */
export function makeAttempts(status: HTMLElement, notices: Notices): (place: Place, open: () => Promise<void>) => void {
  const opening = new Set<string>();
  const say = () => {
    status.textContent = [...opening].map((name) => `Opening ${name} …`).join(' ');
  };
  return (place, open) => {
    const name = nameOf(place);
    notices.clear();
    opening.add(name);
    say();
    open()
      .catch(notices.fail)
      .finally(() => {
        opening.delete(name);
        say();
      });
  };
}
