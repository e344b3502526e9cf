import { MmioBus } from '../bus/mmio-bus.js';
import type { EngineKind } from '../cpu/engine.js';
import type { DisplaySource } from '../devices/display/display-source.js';
import type { AbsolutePointerSink, KeySink, RelativePointerSink } from '../devices/input/input-sink.js';
import type { SerialReceiver } from '../devices/serial/serial-port.js';
import { PC_BOARD } from '../firmware/board-map.js';
import type { FirmwareHost } from '../firmware/firmware.js';
import { A20Gate } from '../memory/a20-gate.js';
import { RAM_OFFSET } from '../memory/layout.js';
import { Board, type BoardPorts } from './board.js';
import type { MachineCondition, MachineControl, MachineState, MachineStats, OffCause } from './machine-control.js';
import type { MachinePorts, VcpuFactory } from './machine-ports.js';
import { MachineRequests } from './machine-requests.js';
import type { MachineSpec, SerialPortNumber } from './machine-spec.js';
import { shapeDifference } from '../snapshot/state-shape.js';
import { ShadowMemory } from './shadow-memory.js';
import { SliceClock } from './slice-clock.js';
import { VcpuSocket } from './vcpu-socket.js';
import { VcpuWiring } from './vcpu-wiring.js';

export type * from './machine-control.js';

/** Short enough that a timer armed during a slice is not served noticeably late, long enough to cost nothing. */
const SLICE_INSTRUCTIONS = 20_000;

const LOW_RAM_END = 0xa_0000;
const HIGH_RAM_START = 0x10_0000;

const RUNNING: MachineCondition = { kind: 'running' };
const HALTED: MachineCondition = { kind: 'halted', forGood: false };
const HALTED_FOR_GOOD: MachineCondition = { kind: 'halted', forGood: true };

const EFLAGS_INTERRUPT = 1 << 9;

/** One virtual machine: a board, a processor and firmware, stepped by whoever owns its thread. */
export class Machine implements MachineControl {
  private readonly board: Board;
  private readonly cpu: VcpuSocket;
  private readonly wiring: VcpuWiring;
  private readonly clock: SliceClock;
  private readonly requests = new MachineRequests(() => this.cpu.requestExit());
  private ended: MachineCondition | undefined;
  /** The firmware waits for an event: the slice counts as halted. */
  private yielded = false;
  private slices = 0;
  private halts = 0;
  private resets = 0;

  constructor(
    private readonly spec: MachineSpec,
    private readonly ports: MachinePorts,
  ) {
    const { memory } = ports;
    this.clock = new SliceClock(ports.clock, () => this.cpu.requestExit());
    memory.mapRam(0, RAM_OFFSET, LOW_RAM_END);
    memory.mapRam(HIGH_RAM_START, RAM_OFFSET + HIGH_RAM_START, memory.ramBytes - HIGH_RAM_START);
    const mmio = new MmioBus();
    const shadow = new ShadowMemory(memory, mmio);
    const a20 = new A20Gate((enabled) => this.cpu.setA20(enabled));
    this.board = new Board(spec, ports, this.boardPorts(), { mmio, shadow, a20, clock: this.clock });
    this.clock.watch(this.board.timers);
    this.wiring = new VcpuWiring(
      this.board.ports,
      mmio,
      this.board.localApic,
      this.board.timers,
      this.board.coprocessor,
    );
    this.cpu = new VcpuSocket(ports.createVcpu(memory, this.wiring));
    shadow.installRom(ports.firmware.install(this.firmwareHost()));
    this.powerOn();
  }

  runSlice(): MachineCondition {
    if (this.ended) return this.ended;
    this.slices++;
    try {
      return this.step();
    } catch (error) {
      return this.fail(error instanceof Error ? error.message : String(error));
    }
  }

  get nextDeadlineNs(): number {
    return this.board.timers.nextNs;
  }

  reset(): void {
    if (!this.ended) this.powerOn();
  }

  pressPowerButton(): void {
    this.board.power.pressPowerButton();
  }

  get keyboard(): KeySink {
    return this.board.keyboard;
  }

  get mouse(): RelativePointerSink {
    return this.board.mouse;
  }

  get pointer(): AbsolutePointerSink {
    return this.board.backdoor;
  }

  get display(): DisplaySource {
    return this.board.display.source;
  }

  serial(port: SerialPortNumber): SerialReceiver | undefined {
    return this.board.serial(port);
  }

  get stats(): MachineStats {
    const { wiring, slices, resets } = this;
    const { instructions, counters, translator } = this.cpu.stats;
    return {
      instructions,
      translator,
      counters: {
        ...counters,
        'exit.port': wiring.portAccesses,
        'exit.mmio': wiring.mmioAccesses,
        'exit.interrupt': wiring.interrupts,
        'exit.halt': this.halts,
        ...this.board.interruptCounts(),
        slices,
        resets,
      },
    };
  }

  /** The clock must stand still meanwhile. */
  saveState(): MachineState {
    // A chip computes its next event from the time it is loaded at; what is due by then has to have happened.
    this.board.timers.poll();
    return {
      version: 1,
      clockNs: this.ports.clock.nowNs(),
      cpu: this.cpu.saveState(),
      firmware: this.ports.firmware.saveState(),
      devices: this.board.saveState(),
    };
  }

  loadState(state: MachineState): void {
    // The processor's part is common to all engines, and each checks it for itself.
    const difference = shapeDifference({ ...this.saveState(), cpu: null }, { ...state, cpu: null });
    if (difference !== undefined) throw new RangeError(`${difference} is not what this machine has`);
    // The processor first: chips then put it under the interrupt requests and the A20 line of theirs.
    this.cpu.loadState(state.cpu);
    this.board.loadState(state.devices);
    this.ports.firmware.loadState(state.firmware);
  }

  /** What runs the guest. */
  get engine(): EngineKind {
    return this.cpu.kind;
  }

  /**
   * Goes on with another engine, between slices; the guest notices nothing.
   * @throws RangeError or what making the engine throws; the machine runs on as before then
   */
  useEngine(create: VcpuFactory): void {
    const { memory } = this.ports;
    const { observer } = memory;
    try {
      this.cpu.replace(() => create(memory, this.wiring));
    } catch (error) {
      memory.observe(observer);
      throw error;
    }
  }

  /** Gives back what the processor holds of the host; the machine does not run again. */
  close(): void {
    this.cpu.close();
  }

  private boardPorts(): BoardPorts {
    return {
      interruptRequest: (asserted) => this.cpu.setInterruptRequest(asserted),
      nmi: () => this.cpu.raiseNmi(),
      init: () => this.requests.init(),
      reset: () => this.requests.reset(),
      powerOff: () => this.requests.powerOff(),
      registers: {
        get32: (register) => this.cpu.registers.get32(register),
        set32: (register, value) => this.cpu.registers.set32(register, value),
      },
    };
  }

  private firmwareHost(): FirmwareHost {
    const { spec, board } = this;
    return {
      memory: this.ports.memory,
      ports: board.ports,
      mmio: board.mmio,
      timers: board.timers,
      cpu: this.cpu,
      map: PC_BOARD,
      drives: this.ports.drives,
      options: {
        machineId: spec.machineId,
        machineName: spec.name,
        bootOrder: spec.bootOrder,
        bootMenuMs: spec.bootMenuMs,
        serialPorts: spec.serialPorts,
      },
      yieldUntilEvent: () => {
        this.yielded = true;
        this.cpu.requestExit();
      },
      log: (line) => this.ports.log(line),
    };
  }

  private step(): MachineCondition {
    this.board.timers.poll();
    this.yielded = false;
    this.clock.enter();
    const exit = this.cpu.run(SLICE_INSTRUCTIONS);
    this.clock.leave();
    if (exit.reason === 'internal-error') return this.fail(exit.message);
    if (exit.reason === 'shutdown') this.requests.reset('triple-fault');
    if (this.requests.takeInit()) this.cpu.reset(true);
    const cause = this.requests.takeOff();
    if (cause !== undefined) return this.end(cause);
    if (exit.reason !== 'halt' && !this.yielded) return RUNNING;
    this.halts++;
    const deaf = !this.yielded && (this.cpu.registers.eflags & EFLAGS_INTERRUPT) === 0;
    return deaf ? HALTED_FOR_GOOD : HALTED;
  }

  private end(cause: OffCause): MachineCondition {
    if (cause === 'power-off' || this.spec.onReset === 'stop') {
      this.ended = { kind: 'off', cause };
      return this.ended;
    }
    this.ports.log(cause === 'triple-fault' ? 'triple fault: machine reset' : 'machine reset by the guest');
    this.powerOn();
    return RUNNING;
  }

  private fail(message: string): MachineCondition {
    this.ended = { kind: 'failed', message };
    return this.ended;
  }

  private powerOn(): void {
    this.resets++;
    this.board.reset();
    this.cpu.reset();
    this.ports.firmware.reset();
  }
}
