import { create } from 'zustand';
import type { Prompt } from '../../../shared/console-api/secrets.ts';
import { call, on } from '../../api.ts';

interface PromptsState {
  readonly prompts: readonly Prompt[];
}

export const usePrompts = create<PromptsState>()(() => ({ prompts: [] }));

export function listenToPrompts(): void {
  on('prompts.asked', (prompt) =>
    usePrompts.setState(({ prompts }) => ({ prompts: [...without(prompts, prompt.promptId), prompt] })),
  );
  on('prompts.settled', ({ promptId }) =>
    usePrompts.setState(({ prompts }) => ({ prompts: without(prompts, promptId) })),
  );
}

export async function loadPrompts(): Promise<void> {
  usePrompts.setState(await call('prompts.list', {}));
}

/** null: the operator declines. What is answered is gone from here at once and kept nowhere. */
export async function answer(promptId: string, answers: string[] | null, remember: boolean): Promise<void> {
  await call('prompts.answer', { promptId, answers, remember });
}

const without = (prompts: readonly Prompt[], id: string) => prompts.filter((it) => it.promptId !== id);
