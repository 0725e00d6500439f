import { Copy } from 'lucide-react';
import { Button } from '../../components/Button.tsx';
import { copy } from '../../stores/app/app.ts';
import { dismissPasswords } from '../../stores/domain/people.ts';

interface NewPasswordsProps {
  readonly domain: string;
  readonly passwords: readonly { readonly jid: string; readonly password: string }[];
}

/** Passwords that were just made: Parley keeps none, so they are handed over now. */
export function NewPasswords({ domain, passwords }: NewPasswordsProps) {
  const text = (it: { jid: string; password: string }) => `${it.jid} ${it.password}`;
  return (
    <div className="box passwords" role="status">
      <h2>{passwords.length === 1 ? 'A new password, shown this once' : 'New passwords, shown this once'}</h2>
      <table>
        <tbody>
          {passwords.map((it) => (
            <tr key={it.jid}>
              <td className="mono">{it.jid}</td>
              <td className="mono password">{it.password}</td>
              <td>
                <Button
                  look="quiet"
                  icon={<Copy size={16} aria-hidden />}
                  onPress={() => copy(text(it), `${it.jid} and its password`)}
                >
                  {`Copy ${it.jid.split('@')[0]}`}
                </Button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <div className="buttons">
        {passwords.length > 1 ? (
          <Button onPress={() => copy(passwords.map(text).join('\n'), 'all new passwords')}>Copy all</Button>
        ) : null}
        <Button onPress={() => dismissPasswords(domain)}>{passwords.length === 1 ? 'I have it' : 'I have them'}</Button>
      </div>
    </div>
  );
}
