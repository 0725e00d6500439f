import * as v from 'valibot';

const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** Why a text can't be the name of a domain, in words for the person who typed it; undefined when it can. */
export function domainNameProblem(text: string): string | undefined {
  if (text === '') return 'Type the domain that people will write behind the @, such as chat.example.org.';
  if (text !== text.toLowerCase()) return `Write it in small letters: ${text.toLowerCase()}.`;
  if (text.includes('@')) return 'Leave out the name and the @: only the domain itself.';
  if (/[^\x20-\x7e]/.test(text)) return 'Write it in its ASCII form, which begins with xn--.';
  if (text.length > 253) return `It is ${text.length} characters long; a domain has at most 253.`;
  const bad = text.split('.').find((label) => !LABEL.test(label));
  if (bad === '') return 'A dot stands at the beginning, at the end, or twice in a row.';
  if (bad !== undefined)
    return `'${bad}' can't be part of a domain: letters, digits and hyphens, 63 at most, no hyphen at either end.`;
  if (/^[0-9.]+$/.test(text)) return 'This is an address. A domain needs a name, such as chat.example.org.';
  return undefined;
}

/** A domain in its ASCII form (RFC 7622 §3.2, RFC 1035 §2.3.1). */
export const DomainName = v.pipe(
  v.string(),
  v.rawCheck(({ dataset, addIssue }) => {
    const problem = dataset.typed ? domainNameProblem(dataset.value) : undefined;
    if (problem !== undefined) addIssue({ message: problem });
  }),
);
