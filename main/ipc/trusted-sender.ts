import type { IpcMainInvokeEvent, WebContents } from 'electron';

/** The one page of Parley, served by its own scheme. */
export const PAGE = 'parley://app/index.html';

/** True for the top frame of our window while it shows our page: nothing else may ask for anything. */
export function isTrusted(event: Pick<IpcMainInvokeEvent, 'sender' | 'senderFrame'>, ours: WebContents | undefined) {
  const frame = event.senderFrame;
  return (
    ours !== undefined && event.sender === ours && frame !== null && frame === ours.mainFrame && frame.url === PAGE
  );
}
