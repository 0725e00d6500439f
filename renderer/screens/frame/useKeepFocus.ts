import { useEffect } from 'react';
import { useRoute } from '../../stores/route/route.ts';

const home = () =>
  document.querySelector<HTMLElement>('main [data-home]') ?? document.querySelector<HTMLElement>('main');

/** When what had the focus goes away with its page or its row, the page's first thing has it: a key press always goes somewhere. */
export function useKeepFocus(): void {
  const route = useRoute((it) => it.route);
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is the change of page that counts
  useEffect(() => {
    const main = document.querySelector('main');
    if (main && !main.contains(document.activeElement)) home()?.focus();
  }, [route]);
  useEffect(() => {
    const look = () => {
      const lost = document.activeElement === null || document.activeElement === document.body;
      if (lost && !document.querySelector('dialog[open]')) home()?.focus({ preventScroll: true });
    };
    const observer = new MutationObserver(look);
    observer.observe(document.body, { childList: true, subtree: true });
    return () => observer.disconnect();
  }, []);
}
