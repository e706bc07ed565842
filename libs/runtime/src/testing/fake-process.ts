import { EventEmitter } from 'node:events';
import { type ProcessLike, type StopEvent } from '../run-main.js';

export type FakeProcess = ProcessLike & {
  out: () => string;
  err: () => string;
  exits: number[];
  emit: (event: StopEvent, detail?: unknown) => void;
  listeners: () => number;
};

/** A process for runMain that writes to memory and does not really exit. */
export function createFakeProcess(): FakeProcess {
  const events = new EventEmitter();
  const exits: number[] = [];
  let out = '';
  let err = '';
  return {
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    on: (event, listener) => events.on(event, listener),
    off: (event, listener) => events.off(event, listener),
    exit: (code) => exits.push(code),
    out: () => out,
    err: () => err,
    exits,
    emit: (event, detail) => void events.emit(event, detail),
    listeners: () => events.eventNames().reduce((sum, name) => sum + events.listenerCount(name), 0),
  };
}
