import type { Page } from 'playwright-core';

/** The nodes of a domain, and what is done with one. */
export const clusterPage = (page: Page) => {
  const nodes = page.getByRole('table', { name: 'Nodes' });
  return {
    /** of the node on this address; NATS's address may stand in others' rows */
    row: (address: string) => nodes.getByRole('row').filter({ hasText: `root@${address}` }),
    choose: (node: string) => nodes.getByRole('radio', { name: node, exact: true }).check(),
    links: page.getByRole('table', { name: 'Links' }).getByRole('row'),
    button: (name: string) => page.getByRole('button', { name, exact: true }),
    async confirm(word: string, action: string) {
      await page.getByLabel(`Type ${word} to confirm`).fill(word);
      await page.getByRole('dialog').getByRole('button', { name: action, exact: true }).click();
    },
  };
};
