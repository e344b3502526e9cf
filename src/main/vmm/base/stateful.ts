/** A chip whose state is plain, versioned data: what a saved machine is made of. */
export interface Stateful<State = unknown> {
  saveState(): State;
  /** Makes the chip exactly what it was when `state` was saved, timers and interrupt lines included. */
  loadState(state: State): void;
}

/** A chip on a board: it also has a reset pin. */
export interface BoardDevice<State = unknown> extends Stateful<State> {
  /** Power-on and board reset. */
  reset(): void;
}
