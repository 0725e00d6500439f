import { type ReactNode, useEffect, useState } from 'react';
import { type Action, actionFor, offer, onMac, perform } from '../../stores/actions/actions.ts';
import { nextTheme, useApp } from '../../stores/app/app.ts';
import { startAnew } from '../../stores/provisioning/provision.ts';
import { back, canGoBack, go, useRoute } from '../../stores/route/route.ts';
import { Banners } from './Banners.tsx';
import { KeysHelp } from './KeysHelp.tsx';
import { Palette } from './Palette.tsx';
import { Rail } from './Rail.tsx';
import { TopLine } from './TopLine.tsx';
import { useKeepFocus } from './useKeepFocus.ts';

type Over = 'palette' | 'keys' | null;

/** What stands around every page, and hears the keys. */
export function Frame({ children }: { readonly children: ReactNode }) {
  const [over, setOver] = useState<Over>(null);
  const { screen } = useRoute((it) => it.route);
  const theme = useApp((it) => it.theme);
  useKeepFocus();

  useEffect(() => {
    const actions: readonly Action[] = [
      {
        id: 'go.fleet',
        label: 'Go to the fleet',
        keys: 'mod+1',
        enabled: true,
        menu: 'Go',
        perform: () => go({ screen: 'fleet' }),
      },
      {
        ...{ id: 'go.provision', label: 'Provision a domain', keys: 'mod+n', enabled: true, menu: 'Go' },
        perform: () => {
          if (screen !== 'provision') startAnew();
          go({ screen: 'provision' });
        },
      },
      {
        id: 'palette',
        label: 'Find anything',
        keys: 'mod+k',
        enabled: true,
        menu: 'Go',
        perform: () => setOver('palette'),
      },
      { id: 'back', label: 'Go back', keys: null, enabled: canGoBack(), menu: 'Go', perform: back },
      {
        id: 'theme',
        label: `Change colours (now ${theme})`,
        keys: null,
        enabled: true,
        menu: 'View',
        perform: nextTheme,
      },
      {
        id: 'keys',
        label: 'Show the keys of this page',
        keys: '?',
        enabled: true,
        menu: 'View',
        perform: () => setOver('keys'),
      },
    ];
    return offer('frame', actions);
  }, [screen, theme]);

  useEffect(() => {
    const hear = (event: KeyboardEvent) => {
      if (event.defaultPrevented || document.querySelector('dialog[open]')) return;
      const typing = isTyping(event.target);
      if (event.key === 'Escape') {
        if (typing) (document.querySelector<HTMLElement>('[data-home]') ?? document.querySelector('main'))?.focus();
        else back();
        event.preventDefault();
        return;
      }
      const action = actionFor(event, typing, onMac());
      if (action === undefined) return;
      event.preventDefault();
      action.perform();
    };
    window.addEventListener('keydown', hear);
    return () => window.removeEventListener('keydown', hear);
  }, []);

  return (
    <div className="frame">
      <Rail />
      <TopLine onFind={() => setOver('palette')} />
      <div className="content">
        <Banners />
        {children}
      </div>
      {over === 'palette' ? <Palette onClose={() => setOver(null)} onPerform={perform} /> : null}
      {over === 'keys' ? <KeysHelp onClose={() => setOver(null)} /> : null}
    </div>
  );
}

function isTyping(target: EventTarget | null): boolean {
  if (target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  return target instanceof HTMLInputElement && target.type !== 'radio' && target.type !== 'checkbox';
}
