import { FolderOpen } from 'lucide-react';
import { Button } from '../../components/Button.tsx';
import { chooseFile, tellFault } from '../../stores/app/app.ts';

interface ChooseProps {
  readonly title: string;
  readonly what: 'ssh-key' | 'pem' | 'any';
  readonly onChosen: (path: string) => void;
}

/** Finds a file of this computer. */
export function Choose({ title, what, onChosen }: ChooseProps) {
  const choose = () => void chooseFile(title, what).then((path) => path !== null && onChosen(path), tellFault);
  return (
    <Button icon={<FolderOpen size={16} aria-hidden />} onPress={choose}>
      Choose a file
    </Button>
  );
}
