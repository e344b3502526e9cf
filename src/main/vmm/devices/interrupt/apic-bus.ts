import { DELIVERY_LOWEST_PRIORITY, type ApicMessageSink } from './apic-message.js';
import type { LocalApic } from './local-apic.js';

/** Carries messages to the local APICs they address; a lowest-priority one goes to the least busy (SDM vol. 3, 11.6.2.4). */
export class ApicBus implements ApicMessageSink {
  private readonly processors: LocalApic[] = [];

  add(processor: LocalApic): void {
    this.processors.push(processor);
  }

  deliver(destination: number, logical: boolean, delivery: number, vector: number, level: boolean): void {
    if (delivery === DELIVERY_LOWEST_PRIORITY) {
      this.leastBusy(destination, logical)?.accept(delivery, vector, level);
      return;
    }
    for (const processor of this.processors) {
      if (processor.isAddressed(destination, logical)) processor.accept(delivery, vector, level);
    }
  }

  private leastBusy(destination: number, logical: boolean): LocalApic | undefined {
    let best: LocalApic | undefined;
    for (const processor of this.processors) {
      if (!processor.isAddressed(destination, logical)) continue;
      if (!best || processor.priorityClass < best.priorityClass) best = processor;
    }
    return best;
  }
}
