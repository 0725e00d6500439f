// FAST tokens (XEP-0484), each used once and replaced by the next.
import assert from 'node:assert/strict';
import type { NodeUnderTest } from '../clients/node-under-test.ts';
import { logIn2, logInByToken, type Room } from './room.ts';

const AGENT = "<user-agent id='d4565fa7-4d72-4749-b3d3-740edbf87770'><software>Fay</software></user-agent>";
const WISH = `${AGENT}<request-token xmlns='urn:xmpp:fast:0' mechanism='HT-SHA-256-NONE'/>`;
const tokenOf = (answer: string) => /<token [^>]*token='([^']+)'/.exec(answer)?.[1];

export class Tokens implements Room {
  readonly people = ['fay'];
  #token: string | undefined;
  #issued = 0;

  async round(node: NodeUnderTest, _stopped: unknown, over: () => boolean): Promise<void> {
    let first = true;
    while (!over()) {
      const answer: string =
        this.#token === undefined
          ? await logIn2(node, 'fay', WISH)
          : await logInByToken(node, 'fay', this.#token, WISH);
      // a token that was given has to be good, whatever was under way when the server died
      if (first) assert.doesNotMatch(answer, /<failure/, 'the token that was acknowledged is not good');
      const token = tokenOf(answer);
      if (token === undefined) break;
      first = false;
      this.#token = token;
      this.#issued++;
    }
  }

  async end(node: NodeUnderTest): Promise<string> {
    assert.ok(this.#token !== undefined);
    assert.match(await logInByToken(node, 'fay', this.#token, AGENT), /<success/);
    return `tokens: ${this.#issued} issued, each good until the next was used`;
  }
}
