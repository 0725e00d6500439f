import type { Page } from 'playwright-core';

/** One domain's page. */
export const domainPage = (page: Page) => ({
  async add(name: string) {
    const field = page.getByLabel('Add a person', { exact: true });
    await field.fill(name);
    await field.press('Enter');
    return this.passwordOf(name);
  },
  /** shown once, after it was made */
  async passwordOf(name: string): Promise<string> {
    const row = page.locator('.passwords tr', { hasText: new RegExp(`^${name}@`) });
    return (await row.locator('td.password').textContent()) ?? '';
  },
  tab: (name: string) => page.getByRole('tab', { name }).click(),
  row: (text: string) => page.locator('[role=grid] [role=row]').filter({ hasText: text }),
});
