import { contextBridge, ipcRenderer } from 'electron';
import { type Bridge, CHANNELS } from '../shared/console-api/window.ts';

/** All that the page can reach. What it sends is checked on the other side. */
const bridge: Bridge = {
  call: (method, params) => ipcRenderer.invoke(CHANNELS.call, method, params),
  window: (method, params) => ipcRenderer.invoke(CHANNELS.window, method, params),
  on(listener) {
    const hear = (_event: unknown, batch: string) => listener(batch);
    ipcRenderer.on(CHANNELS.event, hear);
    return () => void ipcRenderer.off(CHANNELS.event, hear);
  },
};
contextBridge.exposeInMainWorld('parley', Object.freeze(bridge));
