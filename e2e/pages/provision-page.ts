import type { Page } from 'playwright-core';

/** The pages on which a domain comes to be. */
export const provisionPage = (page: Page) => ({
  field: (label: string) => page.getByLabel(label, { exact: true }),
  button: (name: string | RegExp) => page.getByRole('button', { name }),
  choose: (label: string) => page.getByRole('radio', { name: label }).check(),
  async fill(domain: string, host: string) {
    await page.getByLabel('Domain', { exact: true }).fill(domain);
    await page.getByLabel('Host', { exact: true }).fill(host);
  },
  key: () => page.getByRole('heading', { name: /^Its key/ }),
  async answer(title: RegExp, text: string) {
    const form = page.getByRole('form', { name: title });
    await form.getByRole('textbox').or(form.locator('input[type=password]')).first().fill(text);
    await form.getByRole('button', { name: 'Answer', exact: true }).click();
  },
  /** the certificate's fingerprint as the result shows it */
  fingerprint: async () =>
    ((await page.locator('main .fingerprint .groups').first().textContent()) ?? '').replace(/\s/g, ''),
});
