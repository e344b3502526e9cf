import { defineStore } from 'pinia';
import { reactive } from 'vue';
import type { HostEvent } from '../../shared/contract/events.js';
import { useClient } from '../client/client-context.js';

type Light = 'read' | 'write';

/** What a machine's window shows beyond its configuration and state. */
export interface MachineSession {
  /** Drives that moved data within {@link LIGHT_MS}. */
  readonly lights: Map<string, Light>;
  serialActive: boolean;
  screen: { width: number; height: number } | null;
  stalled: boolean;
  /** The console of this machine holds keyboard or mouse. */
  captured: boolean;
}

/** How long a device light stays on after its last activity event, in milliseconds. */
export const LIGHT_MS = 250;

const idle = (): MachineSession => ({
  lights: new Map(),
  serialActive: false,
  screen: null,
  stalled: false,
  captured: false,
});

export const useSessionsStore = defineStore('sessions', () => {
  const sessions = reactive(new Map<string, MachineSession>());
  const timers = new Map<string, ReturnType<typeof setTimeout>>();

  function of(machineId: string): MachineSession {
    let session = sessions.get(machineId);
    if (!session) {
      sessions.set(machineId, idle());
      session = sessions.get(machineId)!;
    }
    return session;
  }

  /** Runs `off` once nothing has asked for the light for {@link LIGHT_MS}. */
  function fade(light: string, off: () => void): void {
    clearTimeout(timers.get(light));
    timers.set(light, setTimeout(off, LIGHT_MS));
  }

  function blink(event: Extract<HostEvent, { type: 'activity' }>): void {
    const session = of(event.machineId);
    for (const [drive, direction] of Object.entries(event.drives)) {
      session.lights.set(drive, direction);
      fade(`${event.machineId} ${drive}`, () => session.lights.delete(drive));
    }
    if (!event.serial) return;
    session.serialActive = true;
    fade(`${event.machineId} serial`, () => (session.serialActive = false));
  }

  useClient().onEvent((event) => {
    if (event.type === 'activity') blink(event);
    else if (event.type === 'screen-size') of(event.machineId).screen = { width: event.width, height: event.height };
    else if (event.type === 'stalled') of(event.machineId).stalled = event.stalled;
    else if (event.type === 'machine-removed') sessions.delete(event.id);
    else if (event.type === 'machine-changed' && event.machine.state !== 'running') {
      const session = of(event.machine.config.id);
      session.stalled = false;
      if (event.machine.state !== 'paused') session.screen = null;
    }
  });

  return { sessions, of };
});
