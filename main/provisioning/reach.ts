import { type Command, sh } from '../ssh/shell.ts';
import type { Layout } from './layout.ts';

/** How the node of a domain is spoken to on its host: its socket, or its own program for who may not open that. */
export function reachOf({ adminSocket, data, unitFile, user }: Layout): { adminSocket: string; pipe: Command } {
  const binary = sh`"$(awk -F '[= ]' '/^ExecStart=/ {print $2; exit}' ${unitFile})"`;
  return { adminSocket, pipe: sh`cd ${data} && exec runuser -u ${user ?? ''} -- ${binary} pipe --data ${data}` };
}
