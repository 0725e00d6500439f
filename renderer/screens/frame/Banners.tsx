import { Button } from '../../components/Button.tsx';
import { FaultNote } from '../../components/FaultNote.tsx';
import { dismissFault, restartEngine, useApp } from '../../stores/app/app.ts';
import { usePrompts } from '../../stores/prompts/prompts.ts';
import { PromptCard } from './PromptCard.tsx';

/** What can't wait: the engine is gone, the operator is asked something, an action failed that has no place of its own. */
export function Banners() {
  const { engine, fault } = useApp();
  const prompts = usePrompts((it) => it.prompts);
  const [prompt] = prompts;
  return (
    <div className="banners">
      {engine.state === 'lost' ? (
        <FaultNote fault={engine.fault}>
          <Button look="primary" onPress={() => void restartEngine()}>
            Start the engine
          </Button>
        </FaultNote>
      ) : null}
      {fault ? (
        <FaultNote fault={fault}>
          <Button onPress={dismissFault}>Dismiss</Button>
        </FaultNote>
      ) : null}
      {prompt ? <PromptCard key={prompt.promptId} prompt={prompt} more={prompts.length - 1} /> : null}
    </div>
  );
}
