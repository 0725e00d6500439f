import { Menu, type MenuItemConstructorOptions } from 'electron';
import type { MenuItem } from '../../shared/console-api/window.ts';

/** The menu shows the actions that the page has now; choosing one tells the page. */
export function showMenu(items: readonly MenuItem[], choose: (id: string) => void): void {
  const of = (menu: MenuItem['menu']): MenuItemConstructorOptions[] =>
    items
      .filter((item) => item.menu === menu)
      .map(({ id, label, accelerator, enabled }) => ({
        label,
        enabled,
        click: () => choose(id),
        // The page hears the keys itself: registered here too, one press would count twice.
        ...(accelerator === null ? {} : { accelerator, registerAccelerator: false }),
      }));
  const domain = of('Domain');
  const template: MenuItemConstructorOptions[] = [
    ...(process.platform === 'darwin' ? [{ role: 'appMenu' } as const] : []),
    { label: 'Go', submenu: [...of('Go'), { type: 'separator' }, { role: 'quit' }] },
    { role: 'editMenu' },
    ...(domain.length > 0 ? [{ label: 'Domain', submenu: domain }] : []),
    {
      label: 'View',
      submenu: [
        ...of('View'),
        { type: 'separator' },
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        { type: 'separator' },
        { role: 'togglefullscreen' },
        { role: 'toggleDevTools' },
      ],
    },
    { role: 'windowMenu' },
  ];
  Menu.setApplicationMenu(Menu.buildFromTemplate(template));
}
